// The price table's built-in rows: built_in_prices.cpp has them, with what they were read from and when.
// Thread rule: constants.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

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

std::span<const BuiltInVendor> built_in_prices();

}  // namespace weir::prices
