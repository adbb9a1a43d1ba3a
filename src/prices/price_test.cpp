#include "prices/price.h"

#include <doctest/doctest.h>

#include <map>
#include <random>

#include "prices/paper_testing.h"
#include "prices/price_table.h"

using namespace weir;
using namespace weir::prices;
using namespace weir::prices::testing;
using wire::ServiceTier;
using wire::Usage;

namespace {

// A price as a plain list: what a class costs in a tier from a length on; nothing: unknown.
struct PaperPrice {
    using Key = std::tuple<int, Tokens, std::string>;  // tier, least prompt, class
    std::map<Key, std::uint64_t> rates;
    std::map<std::string, std::uint64_t> pieces;
};

const std::pair<const char*, Rate TokenRates::*> kClasses[] = {
    {"input", &TokenRates::input},
    {"output", &TokenRates::output},
    {"cached", &TokenRates::input_cached},
    {"write", &TokenRates::input_cache_write},
    {"write_1h", &TokenRates::input_cache_write_1h},
    {"reasoning", &TokenRates::reasoning},
    {"audio_input", &TokenRates::audio_input},
    {"audio_cached", &TokenRates::audio_cached},
    {"audio_output", &TokenRates::audio_output},
    {"image_input", &TokenRates::image_input},
    {"image_output", &TokenRates::image_output},
};

struct Case {
    Usage usage;
    Price price;
    PaperPrice paper;
};

// Prices whose tiers and lengths have all rates that the base has, so that the paper needs no rules for what is absent.
Case any_case(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t limit) { return static_cast<std::int64_t>(random() % limit); };
    Case made;
    PriceMore more;
    std::vector<bool> known;
    for (std::size_t i = 0; i < std::size(kClasses); ++i) known.push_back(i < 2 || below(4) != 0);
    const auto fill = [&](int tier, Tokens from, TokenRates& rates) {
        for (std::size_t i = 0; i < std::size(kClasses); ++i) {
            if (!known[i]) continue;
            const std::int64_t picos = below(200'000'000);
            rates.*kClasses[i].second = PicoUsdPerToken{picos};
            made.paper.rates[{tier, from, kClasses[i].first}] = static_cast<std::uint64_t>(picos);
        }
    };
    TokenRates base;
    fill(0, 0, base);
    made.price.input = *base.input;
    made.price.output = *base.output;
    made.price.input_cached = base.input_cached;
    made.price.input_cache_write = base.input_cache_write;
    more.rare = base;
    more.rare.input = more.rare.output = more.rare.input_cached = more.rare.input_cache_write = Rate();
    for (const Tokens from : {Tokens{0}, Tokens{1001}, Tokens{5001}}) {
        for (int tier = 0; tier < 4; ++tier) {
            if (from + tier == 0 || (tier > 0 && below(3) == 0)) continue;
            RateVariant variant{static_cast<ServiceTier>(tier), from, {}};
            fill(tier, from, variant.rates);
            more.variants.push_back(variant);
        }
    }
    const auto piece = [&](const char* name, PiecePrice& to) {
        if (below(3) == 0) return;
        to = PicoUsdPerToken{below(100'000'000'000)};
        made.paper.pieces[name] = static_cast<std::uint64_t>(to->picos);
    };
    piece("search", more.web_search[0]);
    more.web_search.fill(more.web_search[0]);
    piece("file", more.file_search);
    piece("code", more.code_session);
    piece("unit", more.search_unit);
    piece("image", more.image);
    piece("second", more.audio_second);
    made.price.more = std::make_shared<const PriceMore>(more);

    Usage& usage = made.usage;
    const auto count = [&] { return below(2) == 0 ? 0 : below(std::uint64_t{1} << (1 + below(13))); };
    usage.audio_input = count();
    usage.image_input = count();
    usage.input_uncached = usage.audio_input + usage.image_input + count();
    usage.audio_cached = count();
    usage.input_cached = usage.audio_cached + count();
    usage.input_cache_write = count();
    usage.input_cache_write_1h = count();
    usage.reasoning = count();
    usage.audio_output = count();
    usage.image_output = count();
    usage.output = usage.reasoning + usage.audio_output + usage.image_output + count();
    usage.tier = static_cast<ServiceTier>(below(4));
    usage.us_only = below(3) == 0;
    if (below(3) == 0) usage.longest_prompt = 1 + below(8000);
    const auto pieces = [&] { return static_cast<std::uint32_t>(below(4) == 0 ? below(1000) : 0); };
    usage.web_searches = pieces();
    usage.file_searches = pieces();
    usage.code_sessions = pieces();
    usage.search_units = pieces();
    usage.images = pieces();
    usage.audio_ms = pieces();
    return made;
}

// The sum on paper, in hundredths of a thousandth of a pico-dollar; nullopt: unknown.
std::optional<std::int64_t> on_paper(const Case& made) {
    const Usage& usage = made.usage;
    const Tokens prompt = usage.longest_prompt > 0 ? usage.longest_prompt : usage.input();
    const Tokens from = prompt > 5000 ? 5001 : prompt > 1000 ? 1001 : 0;
    const int tier = static_cast<int>(usage.tier);
    const auto& rates = made.paper.rates;
    const auto rate = [&](const char* name, const char* otherwise) -> std::optional<std::uint64_t> {
        for (const char* const one : {name, otherwise}) {
            const auto found = rates.find({tier, from, one});
            if (found != rates.end()) return found->second;
        }
        return std::nullopt;
    };
    Digits sum;
    bool unknown = false;
    const Digits percent = to_digits(usage.us_only ? 110'000 : 100'000);
    const auto tokens = [&](Tokens number, const char* name, const char* otherwise) {
        if (number == 0) return;
        const auto one = rate(name, otherwise);
        unknown |= !one;
        Digits product;
        if (one) add_product(product, static_cast<std::uint64_t>(number), *one);
        add_product(sum, product, percent);
    };
    const bool writes = rates.contains({0, 0, "write"}) || rates.contains({0, 0, "write_1h"});
    tokens(usage.input_uncached - usage.audio_input - usage.image_input, "input", "");
    tokens(usage.audio_input, "audio_input", "");
    tokens(usage.image_input, "image_input", "input");
    tokens(usage.input_cached - usage.audio_cached, "cached", "input");
    tokens(usage.audio_cached, "audio_cached", "");
    tokens(usage.input_cache_write, "write", writes ? "" : "input");
    tokens(usage.input_cache_write_1h, "write_1h", writes ? "" : "input");
    tokens(usage.output - usage.reasoning - usage.audio_output - usage.image_output, "output", "");
    tokens(usage.reasoning, "reasoning", "output");
    tokens(usage.audio_output, "audio_output", "");
    tokens(usage.image_output, "image_output", "");
    const auto pieces = [&](std::uint32_t number, const char* name, std::uint64_t scale) {
        if (number == 0) return;
        const auto found = made.paper.pieces.find(name);
        unknown |= found == made.paper.pieces.end();
        Digits product;
        if (found != made.paper.pieces.end()) add_product(product, number, found->second);
        add_product(sum, product, to_digits(scale));
    };
    pieces(usage.web_searches, "search", 100'000);
    pieces(usage.file_searches, "file", 100'000);
    pieces(usage.code_sessions, "code", 100'000);
    pieces(usage.search_units, "unit", 100'000);
    pieces(usage.images, "image", 100'000);
    pieces(usage.audio_ms, "second", 100);
    if (unknown) return std::nullopt;
    return to_nanos(sum, 8);
}

Price priced(std::string_view row) {
    PriceTable table;
    const auto merged = table.merge_json(R"({"m":)" + std::string(row) + "}", "t");
    REQUIRE_MESSAGE(merged, merged.error().message);
    REQUIRE(table.find("", "m"));
    return *table.find("", "m");
}

}  // namespace

TEST_CASE("a property: tiers, lengths, classes and pieces cost what long arithmetic on paper says") {
    int known = 0;
    for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
        const Case made = any_case(seed);
        const std::optional<std::int64_t> paper = on_paper(made);
        const std::optional<Usd> cost = cost_of(made.usage, made.price);
        known += paper.has_value();
        if (cost.has_value() == paper.has_value() && (!cost || cost->nanos == *paper)) continue;
        FAIL_CHECK("seed " << seed << ": " << (cost ? cost->nanos : -1) << ", on paper " << paper.value_or(-1));
        return;
    }
    CHECK(known > 3'000);
}

TEST_CASE("another model's answer is priced at the usual rates where its tier has none") {
    const Price price = priced(R"({"input_cost_per_token":2e-6,"output_cost_per_token":1e-5,
        "input_cost_per_token_flex":1e-6,"output_cost_per_token_flex":5e-6})");
    Usage usage{.input_uncached = 10, .tier = ServiceTier::batch, .reported = true, .us_only = true};
    CHECK_FALSE(cost_of(usage, price));
    CHECK(reprice(usage, price) == Usd{20'000});
    usage.tier = ServiceTier::flex;
    CHECK(reprice(usage, price) == Usd{10'000});
    usage.other_pieces = 1;
    CHECK_FALSE(reprice(usage, price));
}

TEST_CASE("field names: tiers and lengths in any order, any length, and what is not read") {
    const Price price = priced(R"({"input_cost_per_token":1e-6,"output_cost_per_token":2e-6,
        "input_cost_per_token_above_7k_tokens":3e-6,"output_cost_per_token_above_7k_tokens":4e-6,
        "input_cost_per_token_priority_above_7k_tokens":5e-6,"output_cost_per_token_above_7k_tokens_priority":6e-6,
        "cache_creation_input_token_cost":7e-6,"cache_creation_input_token_cost_above_1hr":8e-6,
        "cache_creation_input_token_cost_above_1hr_above_7k_tokens":9e-6,
        "input_cost_per_token_above_99_tokens":9e-6,
        "input_cost_per_token_ultrafast":1e-3,"input_cost_per_token_above_12hr":1e-3,
        "input_cost_per_token_above_xk_tokens":1e-3,"output_cost_per_token_batches":1e-3,
        "input_cost_per_token_flex":null,"output_cost_per_token_flex":null,"input_cost_per_video_token":1e-3})");
    REQUIRE(price.more);
    CHECK(price.more->rare.input_cache_write_1h == PicoUsdPerToken{8'000'000});
    REQUIRE(price.more->variants.size() == 2);  // a tier or length with one of two rates is no offer
    CHECK(price.more->variants[0].tier == ServiceTier::standard);
    CHECK(price.more->variants[0].least_prompt == 7001);
    CHECK(price.more->variants[0].rates.input_cache_write_1h == PicoUsdPerToken{9'000'000});
    CHECK(price.more->variants[1].tier == ServiceTier::priority);
    CHECK(price.more->variants[1].rates.input == PicoUsdPerToken{5'000'000});
    CHECK(cost_of({.input_uncached = 7000}, price) == Usd{7'000'000});
    CHECK(cost_of({.input_uncached = 7001}, price) == Usd{21'003'000});
    CHECK_FALSE(cost_of({.input_uncached = 7000, .input_cache_write = 1}, price));  // the length has no such rate
}

TEST_CASE("pieces: a search by its context, a thousand file searches, a request, seconds") {
    const Price price = priced(R"({"mode":"chat","input_cost_per_request":0.001,"input_cost_per_second":0.0001,
        "search_context_cost_per_query":{"search_context_size_low":0.005,"search_context_size_high":0.012},
        "file_search_cost_per_1k_calls":2.5})");
    CHECK(cost_of({}, price) == Usd{1'000'000});
    CHECK(cost_of({.web_searches = 2, .search_context = wire::SearchContext::low}, price) == Usd{11'000'000});
    CHECK_FALSE(cost_of({.web_searches = 2}, price));  // which of them nobody said
    CHECK_FALSE(cost_of({.web_searches = 2, .search_context = wire::SearchContext::medium}, price));
    CHECK(cost_of({.file_searches = 3}, price) == Usd{8'500'000});
    CHECK(cost_of({.audio_ms = 1}, price) == Usd{1'000'100});
    CHECK_FALSE(cost_of({.input_uncached = 1}, price));  // tokens have no price here
    PriceTable table;
    CHECK_FALSE(table.merge_json(R"({"m":{"input_cost_per_request":1001}})", "t"));
    CHECK_FALSE(table.merge_json(R"({"m":{"search_context_cost_per_query":{"search_context_size_low":-1}}})", "t"));
    CHECK(table.merge_json(R"({"m":{"search_context_cost_per_query":{"low":-1}}})", "t").has_value());
    CHECK(table.find("", "m") == nullptr);
}

TEST_CASE("what vendors document for all their models") {
    const Price claude = priced(R"({"litellm_provider":"anthropic","input_cost_per_token":3e-6,
        "output_cost_per_token":1.5e-5,"cache_read_input_token_cost":1e-7})");
    CHECK(claude.input_cached == PicoUsdPerToken{100'000});  // its own holds
    CHECK(claude.input_cache_write == PicoUsdPerToken{3'750'000});
    CHECK(claude.more->rare.input_cache_write_1h == PicoUsdPerToken{6'000'000});
    const Price grok = priced(R"({"litellm_provider":"xai","input_cost_per_token":3e-6,"output_cost_per_token":1.5e-5,
        "input_cost_per_token_above_200k_tokens":6e-6,"output_cost_per_token_above_200k_tokens":3e-5})");
    CHECK(cost_of({.input_uncached = 199'999}, grok) == Usd{199'999 * 3'000ll});
    CHECK(cost_of({.input_uncached = 200'000}, grok) == Usd{200'000 * 6'000ll});
    const Price groq =
        priced(R"({"litellm_provider":"groq","input_cost_per_token":3e-6,"output_cost_per_token":1.5e-5})");
    CHECK(cost_of({.input_uncached = 1, .tier = ServiceTier::flex}, groq) == Usd{3'000});
    CHECK_FALSE(cost_of({.input_uncached = 1, .tier = ServiceTier::batch}, groq));
    const Price gemini =
        priced(R"({"litellm_provider":"gemini","input_cost_per_token":3e-6,"output_cost_per_token":1.5e-5})");
    CHECK(cost_of({.input_uncached = 2, .audio_input = 1}, gemini) == Usd{6'000});
}

TEST_CASE("the built-in table knows long prompts, tiers, an hour's writes and searches") {
    const PriceTable table = PriceTable::built_in();
    const auto cost = [&](const char* model, const Usage& usage) { return cost_of(usage, *table.find("", model)); };
    CHECK(cost("gpt-5.4", {.input_uncached = 272'000}) == Usd{272'000 * 2'500ll});
    CHECK(cost("gpt-5.4-2026-03-05", {.input_uncached = 272'001, .output = 1}) == Usd{272'001 * 5'000ll + 22'500});
    CHECK(cost("gpt-5", {.input_uncached = 8, .output = 1, .tier = ServiceTier::flex}) == Usd{10'000});
    CHECK(cost("gpt-5", {.web_searches = 1}) == Usd{10'000'000});
    CHECK_FALSE(cost("gpt-4", {.input_uncached = 8, .tier = ServiceTier::flex}));
    CHECK(cost("claude-opus-4-5", {.input_cache_write_1h = 1}) == Usd{10'000});
    CHECK(cost("claude-opus-4-5", {.input_cache_write_1h = 1, .tier = ServiceTier::batch}) == Usd{5'000});
    CHECK(cost("claude-sonnet-4-20250514", {.input_uncached = 1, .input_cached = 200'000}) ==
          Usd{6'000 + 200'000 * 600ll});
    CHECK(cost("gemini-2.5-pro", {.input_uncached = 200'001}) == Usd{200'001 * 2'500ll});
    CHECK(cost("gemini-2.5-flash", {.input_uncached = 2, .audio_input = 1}) == Usd{1'300});
    CHECK_FALSE(cost("gpt-4o", {.input_uncached = 2, .audio_input = 1}));
}
