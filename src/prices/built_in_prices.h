// The price table's built-in rows: built_in_prices.cpp has them, with what they were read from and when.
// Thread rule: constants.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "wire/usage.h"

namespace weir::prices {

struct BuiltInSource {
    std::string_view address;
    std::string_view as_of;  // YYYY-MM-DD
};

struct BuiltInPrice {
    static constexpr std::int64_t kNone = -1;

    std::string_view model;  // as the vendor's API calls it; "vendor/model" where several sell a model of that name
    const BuiltInSource* source;
    std::int64_t input;              // pico-dollars a token
    std::int64_t output;             // likewise
    std::int64_t input_cached;       // likewise; kNone: as other input
    std::int64_t input_cache_write;  // likewise
};

struct BuiltInVendor {
    std::string_view name;  // LiteLLM's litellm_provider
    std::span<const BuiltInPrice> prices;
};

// Rates of one service tier beyond a length of the prompt; absent ones are unknown.
struct BuiltInVariant {
    std::string_view models;  // names with a space between; empty: those of the row above
    const BuiltInSource* source;
    wire::ServiceTier tier;
    std::int64_t above;                                           // tokens of prompt; 0: from the first on
    std::int64_t input, output, input_cached, input_cache_write;  // pico-dollars a token; kNone
};

// What is priced besides.
struct BuiltInExtra {
    std::string_view models;  // as above, never empty
    const BuiltInSource* source;
    std::int64_t web_search;                              // pico-dollars a search; kNone
    std::int64_t audio_input, audio_cached, image_input;  // pico-dollars a token; kNone
};

std::span<const BuiltInVendor> built_in_prices();
std::span<const BuiltInVariant> built_in_variants();
std::span<const BuiltInExtra> built_in_extras();

// LiteLLM's list as released on the Python package index: it names the providers' own pages row by row. Anthropic's
// current rows were compared with https://platform.claude.com/docs/en/about-claude/pricing.
inline constexpr BuiltInSource nov26{"https://pypi.org/project/litellm/1.109.1/", "2026-11-12"};
inline constexpr BuiltInSource nov25{"https://pypi.org/project/litellm/1.80.7/", "2025-11-27"};

}  // namespace weir::prices
