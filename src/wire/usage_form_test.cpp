#include "wire/usage_form.h"

#include <doctest/doctest.h>

#include <random>

using namespace weir;
using namespace weir::wire;

namespace {

Usage read(std::string_view text) {
    return read_usage(text, {0, text.size()}).value_or(Usage{});
}

// Any usage that keeps the rules of usage.h.
Usage any_usage(std::mt19937_64& random) {
    const auto below = [&](std::uint64_t limit) { return static_cast<Tokens>(random() % limit); };
    // Zero as often as not, small and large alike.
    const auto count = [&] { return below(2) == 0 ? 0 : below(std::uint64_t{1} << (1 + below(36))); };
    const auto piece = [&] { return static_cast<std::uint32_t>(below(3) == 0 ? below(1'000'000'000) : 0); };
    Usage usage;
    usage.reported = true;
    usage.input_uncached = count();
    usage.input_cached = count();
    usage.input_cache_write = count();
    usage.input_cache_write_1h = count();
    usage.output = count();
    usage.reasoning = below(static_cast<std::uint64_t>(usage.output) + 1);
    usage.audio_output = below(static_cast<std::uint64_t>(usage.output - usage.reasoning) + 1);
    usage.image_output = below(static_cast<std::uint64_t>(usage.output - usage.reasoning - usage.audio_output) + 1);
    usage.audio_input = below(static_cast<std::uint64_t>(usage.input_uncached) + 1);
    usage.image_input = below(static_cast<std::uint64_t>(usage.input_uncached - usage.audio_input) + 1);
    usage.audio_cached = below(static_cast<std::uint64_t>(usage.input_cached) + 1);
    usage.longest_prompt = count();
    for (std::uint32_t Usage::*const of :
         {&Usage::web_searches, &Usage::file_searches, &Usage::code_sessions, &Usage::search_units, &Usage::images,
          &Usage::audio_ms, &Usage::other_pieces}) {
        usage.*of = piece();
    }
    usage.tier = static_cast<ServiceTier>(below(kServiceTiers));
    usage.search_context = static_cast<SearchContext>(below(4));
    usage.us_only = below(2) == 0;
    if (below(2) == 0) usage.stated = Usd{below(std::uint64_t{1} << (1 + below(60)))};
    return usage;
}

}  // namespace

TEST_CASE("a property: what append_chat_usage() writes read_usage() reads as it was") {
    for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
        std::mt19937_64 random(seed);
        const Usage usage = any_usage(random);
        std::string text;
        append_chat_usage(usage, text);
        if (read(text) == usage) continue;
        std::string again;
        append_chat_usage(read(text), again);
        FAIL_CHECK("seed " << seed << ": " << text << " became " << again);
        return;
    }
}

TEST_CASE("a property: bytes of any kind are read within the rules") {
    const std::string_view names[] = {
        "prompt_tokens",           "completion_tokens", "total_tokens", "cached_tokens", "cache_creation_input_tokens",
        "cache_read_input_tokens", "reasoning_tokens",  "input_tokens", "output_tokens", "citation_tokens",
        "num_sources_used"};
    for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
        std::mt19937_64 random(seed);
        std::string text = "{";
        for (std::uint64_t left = random() % 8; left > 0; --left) {
            if (text.size() > 1) text += ',';
            const std::uint64_t kind = random() % 4;
            (text += '"').append(names[random() % std::size(names)]) += "\":";
            text += kind == 0 ? "-1" : kind == 1 ? "null" : std::to_string(random() % 100);
        }
        text += '}';
        CAPTURE(text);
        const Usage usage = read(text);
        const auto at_most = [](Tokens part, Tokens whole) { return part >= 0 && part <= whole; };
        if (at_most(usage.audio_input + usage.image_input, usage.input_uncached) &&
            at_most(usage.audio_cached, usage.input_cached) && usage.input_cache_write >= 0 &&
            usage.input_cache_write_1h >= 0 &&
            at_most(usage.reasoning + usage.audio_output + usage.image_output, usage.output)) {
            continue;
        }
        FAIL_CHECK("beyond the rules");
        return;
    }
}

TEST_CASE("service tiers, however they are spelled") {
    const auto tier = [](std::string_view raw) { return read_service_tier(raw); };
    for (const char* raw : {R"("default")", R"("auto")", R"("standard")", R"("STANDARD")", R"("on_demand")",
                            R"("ON_DEMAND")", R"("")", R"("SERVICE_TIER_UNSPECIFIED")"}) {
        CHECK_MESSAGE(tier(raw) == ServiceTier::standard, raw);
    }
    CHECK(tier(R"("flex")") == ServiceTier::flex);
    CHECK(tier(R"("ON_DEMAND_FLEX")") == ServiceTier::flex);
    CHECK(tier(R"("priority")") == ServiceTier::priority);
    CHECK(tier(R"("ON_DEMAND_PRIORITY")") == ServiceTier::priority);
    CHECK(tier(R"("batch")") == ServiceTier::batch);
    CHECK(tier(R"("PROVISIONED_THROUGHPUT")") == ServiceTier::other);
    CHECK_FALSE(tier("null"));
    CHECK_FALSE(tier("1"));
}

TEST_CASE("a provider's cost that is none is left out") {
    for (const char* text :
         {R"({"cost":-1})", R"({"cost":"0.1"})", R"({"cost":null})", R"({"cost":{}})", R"({"cost_in_usd_ticks":-5})",
          R"({"cost_in_usd_ticks":0.5})", R"({"cost":1e99})", R"({"cost":0.1,"is_byok":true})"}) {
        CHECK_MESSAGE(!read(text).stated, text);
    }
    CHECK(read(R"({"cost":0})").stated == Usd{0});
    CHECK(read(R"({"cost_in_usd_ticks":15})").stated == Usd{2});  // half up
    CHECK(read(R"({"cost":1,"cost_in_usd_ticks":10})").stated == Usd{1});
}
