#include "gateway/wish.h"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::gateway;

namespace {

prices::Price price(std::int64_t input, std::int64_t output) {
    prices::Price made;
    made.input.picos = input;
    made.output.picos = output;
    return made;
}

tiers::ModelUpstream model(std::int64_t input, std::int64_t output) {
    tiers::ModelUpstream made;
    made.price = price(input, output);
    return made;
}

std::optional<Tokens> limit_of(std::string_view api, std::string_view members) {
    return wish_of(api, "{" + std::string(members) + "}").max_output;
}

}  // namespace

TEST_CASE("a limit is what its own API calls so, the largest of several") {
    CHECK(limit_of("openai.chat", R"("max_tokens":5)") == 5);
    CHECK(limit_of("openai.chat", R"("max_tokens":5,"max_completion_tokens":7)") == 7);
    CHECK(limit_of("openai.chat", R"("max_completion_tokens":7,"max_tokens":5)") == 7);
    CHECK(limit_of("openai.chat", R"("max_output_tokens":5)") == std::nullopt);
    CHECK(limit_of("openai.responses", R"("max_output_tokens":5,"max_tokens":9)") == 5);
    CHECK(limit_of("anthropic.messages", R"("max_tokens":5)") == 5);
    CHECK(limit_of("", R"("max_tokens":5)") == std::nullopt);
    for (const std::string_view odd : {R"("max_tokens":0)", R"("max_tokens":-1)", R"("max_tokens":"5")",
                                       R"("max_tokens":10000001)", R"("max_tokens":1,"max_tokens":1)", "]"}) {
        CAPTURE(odd);
        CHECK(limit_of("openai.chat", odd) == std::nullopt);
    }
}

TEST_CASE("answers are counted, and the best of many") {
    CHECK(wish_of("openai.chat", R"({"n":3,"best_of":9})").answers == 3);
    CHECK(wish_of("openai.completions", R"({"n":3,"best_of":9})").answers == 9);
    CHECK(wish_of("anthropic.messages", R"({"n":3})").answers == 1);
    const Wish many = wish_of("openai.chat", R"({"n":10000000,"max_tokens":100})");
    const tiers::ModelUpstream priced = model(0, 1'000'000);
    CHECK(bound(priced, many) == Usd{1'000'000'000'000});
    CHECK(guess(priced, many) == Usd{12'800'000});  // of as many as anybody gives
}

TEST_CASE("what is free costs nothing, whatever it is asked") {
    CHECK(is_free(model(0, 0)));
    CHECK_FALSE(is_free(model(0, 1)));
    CHECK_FALSE(is_free(tiers::ModelUpstream{}));
    tiers::ModelUpstream by_request = model(0, 0);
    prices::PriceMore more;
    more.every_tier = true;
    by_request.price->more = std::make_shared<prices::PriceMore>(more);
    CHECK(is_free(by_request));
    more.request = PicoUsdPerToken{1};
    by_request.price->more = std::make_shared<prices::PriceMore>(more);
    CHECK_FALSE(is_free(by_request));
}

TEST_CASE("what few requests cost bounds the next, within what tokens do") {
    limits::CostBook book;
    CHECK(claim_of(book.usual(1), Usd{5}, Usd{900}, false).most == Usd{900});
    CHECK(claim_of(book.usual(1), Usd{5}, Usd{}, false).most == Usd{20});
    for (int i = 0; i < 40; ++i) book.add(1, Usd{10'000});
    const limits::Claim known = claim_of(book.usual(1), Usd{5}, Usd{900'000}, false);
    CHECK(known.reserve == Usd{10'000});
    CHECK(known.likely == Usd{50'000});
    CHECK(known.most == Usd{900'000});
    CHECK(claim_of(book.usual(1), Usd{5}, Usd{900'000}, true).most == Usd{10'000});
    CHECK(claim_of(book.usual(1), Usd{5}, Usd{9'000}, false).reserve == Usd{9'000});
}
