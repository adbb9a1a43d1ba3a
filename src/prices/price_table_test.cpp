#include "prices/price_table.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <stdlib.h>  // mkdtemp

#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include "prices/built_in_prices.h"
#include "prices/paper_testing.h"

using namespace weir;
using namespace weir::prices;
using namespace weir::prices::testing;

namespace {

Price make_price(std::int64_t input, std::int64_t output) {
    return Price{{input}, {output}, {}, {}, "test", "", nullptr};
}

wire::Usage make_usage(Tokens uncached, Tokens cached, Tokens written, Tokens output) {
    wire::Usage usage;
    usage.input_uncached = uncached;
    usage.input_cached = cached;
    usage.input_cache_write = written;
    usage.output = output;
    return usage;
}

std::int64_t picos_of(std::string_view number) {
    PriceTable table;
    const std::string text =
        R"({"m":{"input_cost_per_token":)" + std::string(number) + R"(,"output_cost_per_token":0}})";
    const auto merged = table.merge_json(text, "t");
    REQUIRE_MESSAGE(merged, merged.error().message);
    return table.find("", "m")->input.picos;
}

std::string refusal(std::string_view text) {
    PriceTable table;
    table.set("kept", make_price(1, 1));
    const auto merged = table.merge_json(text, "prices.json");
    REQUIRE_FALSE(merged);
    CHECK(merged.error().code == ErrorCode::invalid);
    CHECK(table.size() == 1);  // all or nothing
    return merged.error().message;
}

}  // namespace

TEST_CASE("an answer's cost, worked out by hand") {
    const PriceTable table = PriceTable::built_in();
    // 1,000 x 2.50 + 500 x 10.00 USD per million
    CHECK(cost_of(make_usage(1000, 0, 0, 500), *table.find("openai", "gpt-4o")) == Usd{7'500'000});
    // 76 x 2.50 + 1,024 x 1.25 + 10 x 10.00
    CHECK(cost_of(make_usage(76, 1024, 0, 10), *table.find("openai", "gpt-4o")) == Usd{1'570'000});
    // 100 x 3.00 + 2,000 x 0.30 + 400 x 3.75 + 50 x 15.00
    CHECK(cost_of(make_usage(100, 2000, 400, 50), *table.find("anthropic", "claude-sonnet-4-5")) == Usd{3'150'000});
    // 3 x 0.05 + 1 x 0.40, of which one was cached at 0.005: 0.505 millionths of a dollar
    CHECK(cost_of(make_usage(2, 1, 0, 1), *table.find("openai", "gpt-5-nano")) == Usd{505});
    CHECK(cost_of(make_usage(0, 0, 0, 0), *table.find("openai", "gpt-4o")) == Usd{0});
    CHECK(cost_of(make_usage(1'000'000, 0, 0, 0), *table.find("openai", "text-embedding-3-small")) == Usd{20'000'000});
}

TEST_CASE("costs are rounded once, half up, and stay in range") {
    CHECK(cost_of(make_usage(1, 0, 0, 0), make_price(499, 0)) == Usd{0});
    CHECK(cost_of(make_usage(1, 0, 0, 0), make_price(500, 0)) == Usd{1});
    CHECK(cost_of(make_usage(1, 0, 0, 1), make_price(250, 250)) == Usd{1});  // the sum is rounded, not its parts
    CHECK(cost_of(make_usage(3, 0, 0, 0), make_price(500, 0)) == Usd{2});    // 1.5
    CHECK(cost_of(make_usage(-1, 0, 0, 0), make_price(500, 0)) == Usd{0});   // -0.5
    CHECK(cost_of(make_usage(-1, 0, 0, 0), make_price(501, 0)) == Usd{-1});
    constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
    CHECK(cost_of(make_usage(kMax, kMax, kMax, kMax), make_price(kMax, kMax)) == Usd{kMax});
    CHECK(cost_of(make_usage(kMin, kMin, kMin, kMin), make_price(kMax, kMax)) == Usd{kMin});
    CHECK(cost_of(make_usage(kMax, 0, 0, 0), make_price(1000, 0)) == Usd{kMax});
    CHECK(cost_of(make_usage(kMax - 1, 0, 0, 0), make_price(1000, 0)) == Usd{kMax - 1});
}

TEST_CASE("cached and written input cost as other input where no price is named, and nothing where it is zero") {
    Price price = make_price(4000, 0);
    CHECK(cost_of(make_usage(0, 1, 1, 0), price) == Usd{8});
    price.input_cached = PicoUsdPerToken{0};
    price.input_cache_write = PicoUsdPerToken{5000};
    CHECK(cost_of(make_usage(0, 1, 1, 0), price) == Usd{5});
}

TEST_CASE("a property: cost_of equals long arithmetic on paper") {
    CHECK(rc::check([] {
        // Any width, so that small and enormous ones meet.
        const auto any = [] {
            const auto bits = *rc::gen::inRange(1, 64);
            return static_cast<std::int64_t>(*rc::gen::arbitrary<std::uint64_t>() >> (64 - bits));
        };
        const wire::Usage usage = make_usage(any(), any(), any(), any());
        Price price = make_price(any(), any());
        if (*rc::gen::arbitrary<bool>()) price.input_cached = PicoUsdPerToken{any()};
        if (*rc::gen::arbitrary<bool>()) price.input_cache_write = PicoUsdPerToken{any()};
        const auto u = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
        Digits sum;
        add_product(sum, u(usage.input_uncached), u(price.input.picos));
        add_product(sum, u(usage.input_cached), u(price.input_cached.value_or(price.input).picos));
        add_product(sum, u(usage.input_cache_write), u(price.input_cache_write.value_or(price.input).picos));
        add_product(sum, u(usage.output), u(price.output.picos));
        RC_ASSERT(cost_of(usage, price)->nanos == to_nanos(sum, 3));
    }));
}

TEST_CASE("numbers are read exactly, as they are written") {
    CHECK(picos_of("1.5e-07") == 150'000);
    CHECK(picos_of("0.00000015") == 150'000);
    CHECK(picos_of("15E-8") == 150'000);
    CHECK(picos_of("2.5e-06") == 2'500'000);
    CHECK(picos_of("0") == 0);
    CHECK(picos_of("-0.0") == 0);
    CHECK(picos_of("0.0e99") == 0);
    CHECK(picos_of("1") == 1'000'000'000'000);
    CHECK(picos_of("1e-12") == 1);
    CHECK(picos_of("5e-13") == 1);  // half up
    CHECK(picos_of("4.99999999999999999999999e-13") == 0);
    CHECK(picos_of("1.8749999999999999e-08") == 18'750);  // how some files spell 1.875e-08
    CHECK(picos_of("1e-400") == 0);
}

TEST_CASE("a file in LiteLLM's form is laid over the table") {
    PriceTable table = PriceTable::built_in();
    const std::size_t before = table.size();
    REQUIRE(table.merge_json(R"({
      "sample_spec": {"input_cost_per_token": "USD", "mode": "one of"},
      "gpt-4o": {"input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06, "litellm_provider": "openai",
                 "mode": "chat", "supports_vision": true, "search_context_cost_per_query": {"low": -1}},
      "acme/big": {"input_cost_per_token": 3e-06, "output_cost_per_token": 4e-06, "litellm_provider": "acme",
                   "cache_read_input_token_cost": 0, "cache_creation_input_token_cost": 3.75e-06},
      "acme/embed": {"input_cost_per_token": 1e-08, "mode": "embedding"},
      "acme/half": {"input_cost_per_token": 1e-08, "mode": "chat"},
      "acme/null": {"input_cost_per_token": null, "output_cost_per_token": 1e-06},
      "acme/picture": {"output_cost_per_image": 0.06, "mode": "image_generation"},
      "acme/\u00e9": {"input_cost_per_token": 0, "output_cost_per_token": 0}
    })",
                             "prices.json"));
    CHECK(table.size() == before + 4);
    const Price* gpt = table.find("openai", "gpt-4o");
    REQUIRE(gpt);
    CHECK(*gpt ==
          Price{{1'000'000}, {2'000'000}, {}, {}, "prices.json", "", nullptr});  // the whole row, not field by field
    const Price* big = table.find("acme", "big");
    REQUIRE(big);
    CHECK(big->input_cached == PicoUsdPerToken{0});
    CHECK(big->input_cache_write == PicoUsdPerToken{3'750'000});
    CHECK(table.find("acme", "embed")->output == PicoUsdPerToken{0});
    CHECK(table.find("acme", "half") == nullptr);
    CHECK(table.find("acme", "null") == nullptr);
    REQUIRE(table.find("acme", "picture"));
    CHECK_FALSE(cost_of(make_usage(1, 0, 0, 0), *table.find("acme", "picture")));
    CHECK(table.find("", "sample_spec") == nullptr);
    CHECK(table.find("acme", "\xC3\xA9")->input == PicoUsdPerToken{0});
    CHECK(table.vendor_of("acme/big") == "acme");
    CHECK(table.vendor_of("gpt-4o") == "openai");
    CHECK(table.vendor_of("acme/embed") == "");
    CHECK(table.vendor_of("nobody") == "");
}

TEST_CASE("of two rows of one name the later one holds") {
    PriceTable table;
    REQUIRE(table.merge_json(R"({"m":{"input_cost_per_token":1e-6,"output_cost_per_token":1e-6},
                                 "m":{"input_cost_per_token":2e-6,"output_cost_per_token":2e-6}})",
                             "t"));
    CHECK(table.find("", "m")->input.picos == 2'000'000);
}

TEST_CASE("what is wrong with a price file is said with its place") {
    const auto with = [](std::string_view value) {
        return "{\n \"a\": {\"mode\": \"chat\"},\n \"m\": {\n  \"input_cost_per_token\": " + std::string(value) + "}}";
    };
    const std::string place = "prices.json:4: input_cost_per_token ";
    CHECK(refusal(with("-1e-06")) == place + "is negative (model \"m\")");
    CHECK(refusal(with("-1e9")) == place + "is negative (model \"m\")");
    CHECK(refusal(with("-1e999999999999")).starts_with(place + "is negative"));
    CHECK(refusal(with("\"1e-06\"")) == place + "is not a number (model \"m\")");
    CHECK(refusal(with("true")).starts_with(place + "is not a number"));
    CHECK(refusal(with("{}")).starts_with(place + "is not a number"));
    CHECK(refusal(with("1.000000000001")).starts_with(place + "is above 1 USD a token"));
    CHECK(refusal(with("2.5")).starts_with(place + "is above 1 USD a token"));
    CHECK(refusal(with("1e99")).starts_with(place + "is above 1 USD a token"));
    CHECK(refusal("{\n\"m\": 5}") == "prices.json:2: a model's value is not an object (model \"m\")");
    CHECK(refusal(R"({"m":{"input_cost_per_token":1e-6,"output_cost_per_token":-1}})")
              .starts_with("prices.json:1: output_"));
    for (const char* broken : {"", "[]", "{", "{\"m\":{}} x", "{\"m\":{\"input_cost_per_token\":01}}",
                               "{\"m\":{\"a\":1,}}", "{\"m\":{\"input_cost_per_token\":NaN}}"}) {
        CHECK_MESSAGE(refusal(broken).starts_with("prices.json: "), broken);
    }
}

TEST_CASE("limits on a file: rows and bytes") {
    std::string text = "{";
    for (std::size_t i = 0; i <= kMaxPriceRows; ++i) text += (i ? ",\"" : "\"") + std::to_string(i) + "\":{}";
    text += "}";
    PriceTable table;
    const auto merged = table.merge_json(text, "many");
    REQUIRE_FALSE(merged);
    CHECK(merged.error().code == ErrorCode::too_large);
    CHECK(merged.error().message.starts_with("many: "));

    std::string folder = (std::filesystem::temp_directory_path() / "weir_prices_XXXXXX").string();
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    const std::string path = folder + "/prices.json";
    CHECK(table.merge_file(path).error().code == ErrorCode::not_found);
    CHECK(table.merge_file(folder).error().code == ErrorCode::io);
    std::ofstream(path) << R"({"m": {"input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06}})";
    REQUIRE(table.merge_file(path));
    CHECK(table.find("x", "m")->source == path);
    std::ofstream(path) << "{\n\n \"m\": {\"input_cost_per_token\": 7, \"output_cost_per_token\": 2e-06}}";
    CHECK(table.merge_file(path).error().message.starts_with(path + ":3: input_cost_per_token is above"));
    CHECK(table.find("x", "m")->input.picos == 1'000'000);
    std::filesystem::resize_file(path, kMaxPriceFileBytes + 1);  // sparse
    CHECK(table.merge_file(path).error().code == ErrorCode::too_large);
    std::filesystem::remove_all(folder);
}

TEST_CASE("a model is looked up with its provider first, and a snapshot never borrows another's price") {
    PriceTable table = PriceTable::built_in();
    CHECK(table.find("groq", "openai/gpt-oss-20b") != nullptr);
    CHECK(table.find("together_ai", "openai/gpt-oss-20b") != nullptr);
    CHECK(*table.find("groq", "openai/gpt-oss-20b") != *table.find("together_ai", "openai/gpt-oss-20b"));
    CHECK(table.find("elsewhere", "openai/gpt-oss-20b") == nullptr);
    CHECK(table.find("openai", "gpt-4o") == table.find("mine", "gpt-4o"));
    CHECK(table.find("openai", "gpt-4o-2024-08-06") != nullptr);
    CHECK(table.find("openai", "gpt-4o-2031-01-01") == nullptr);
    CHECK(table.find("openai", "") == nullptr);
    table.set("local/smollm2", make_price(10'000, 40'000));
    CHECK(table.find("local", "smollm2")->output.picos == 40'000);
    table.set("gpt-4o", make_price(1, 2));
    CHECK(table.find("openai", "gpt-4o")->input.picos == 1);
    CHECK(table.vendor_of("gpt-4o") == "openai");
}

TEST_CASE("the built-in rows are plausible, each with its source and date") {
    const PriceTable table = PriceTable::built_in();
    CHECK(table.size() >= 150);
    std::set<std::string_view> names;
    for (const BuiltInVendor& vendor : built_in_prices()) {
        for (const BuiltInPrice& row : vendor.prices) {
            CAPTURE(row.model);
            CHECK(names.insert(row.model).second);
            CHECK(row.source->address.starts_with("https://"));
            CHECK(row.source->as_of.size() == 10);
            CHECK(row.input > 0);
            CHECK(row.input <= 200'000'000);  // 200 USD per million
            const bool embeds =
                row.model.find("embed") != std::string_view::npos || row.model.find("bge") != std::string_view::npos;
            CHECK((row.output == 0) == embeds);
            CHECK(row.output <= 1'000'000'000);
            CHECK(row.input_cached < row.input);  // kNone is -1
            CHECK((row.input_cache_write == BuiltInPrice::kNone || row.input_cache_write > row.input));
            CHECK(table.vendor_of(row.model) == vendor.name);
        }
    }
    CHECK(names.size() == table.size());
    for (const char* model : {"gpt-4o",
                              "gpt-4o-mini",
                              "gpt-4.1",
                              "gpt-4.1-nano",
                              "gpt-5",
                              "gpt-5-mini",
                              "o1",
                              "o3",
                              "o4-mini",
                              "claude-opus-4-5",
                              "claude-sonnet-4-5",
                              "claude-haiku-4-5",
                              "claude-3-haiku-20240307",
                              "gemini-1.5-pro",
                              "gemini-2.0-flash",
                              "gemini-2.5-pro",
                              "mistral-large-latest",
                              "deepseek-chat",
                              "groq/llama-3.3-70b-versatile",
                              "text-embedding-3-small"}) {
        CHECK_MESSAGE(table.find("x", model) != nullptr, model);
    }
}
