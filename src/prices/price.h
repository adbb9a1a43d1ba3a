// What a model costs: rates by class of tokens, by service tier and by the length of the prompt, and prices of what is
// billed by the piece. docs/usage.md says where each comes from and what is left unpriced.
// An unknown rate is unknown: an answer that needs one has no cost, which is not 0.
// Thread rule: plain values; what `more` points to never changes.
// Limits: kMaxRateVariants a price.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "wire/usage.h"

namespace weir::prices {

constexpr std::size_t kMaxRateVariants = 24;

using Rate = std::optional<PicoUsdPerToken>;
using PiecePrice = std::optional<PicoUsdPerToken>;  // pico-dollars a piece

// A rate for each class of wire::Usage.
struct TokenRates {
    Rate input, output, input_cached, input_cache_write, input_cache_write_1h;
    Rate reasoning;                  // absent: as other output
    Rate audio_input, audio_cached;  // absent: unknown
    Rate audio_output, image_output;
    Rate image_input;  // absent: as other input
    friend bool operator==(const TokenRates&, const TokenRates&) = default;
};

// The rates of a service tier, from a length of the prompt on. The length of the whole prompt, cached tokens among it,
// decides for all tokens, input and output.
struct RateVariant {
    wire::ServiceTier tier = wire::ServiceTier::standard;
    Tokens least_prompt = 0;
    TokenRates rates;  // input and output are known; other absent ones: only where the base has none either as the base
    friend bool operator==(const RateVariant&, const RateVariant&) = default;
};

struct PriceMore {
    TokenRates rare;                       // of the base; the four of Price are not set here
    std::vector<RateVariant> variants;     // the tier standard from length 0 is the base
    std::array<PiecePrice, 3> web_search;  // by wire::SearchContext: low, medium, high
    PiecePrice file_search, code_session, search_unit, image, request;
    PiecePrice audio_second;
    bool every_tier = false;  // the base holds for every service tier
    bool no_tokens = false;   // tokens have no price, Price::input and output are nothing
    friend bool operator==(const PriceMore&, const PriceMore&) = default;
};

struct Price {
    PicoUsdPerToken input;
    PicoUsdPerToken output;
    Rate input_cached;       // absent: cached input costs as much as other input
    Rate input_cache_write;  // absent: likewise; for an hour: the same, where neither has a rate
    std::string source;      // where the row comes from: an address, a file, "configuration"
    std::string as_of;       // YYYY-MM-DD, or empty
    std::shared_ptr<const PriceMore> more = nullptr;  // nullptr: nothing more is known

    friend bool operator==(const Price& a, const Price& b);
};

// All that the table makes of an answer: tokens times rates and pieces times prices, rounded once, half up, to
// nano-dollars; saturates at the range of Usd. nullopt: a rate or price that the answer needs is unknown. What the
// provider states itself (Usage::stated) is not looked at.
std::optional<Usd> cost_of(const wire::Usage& usage, const Price& price);

// What another model's answer would have cost at this price: as cost_of(), but at the usual rates where the price has
// none for the answer's tier.
std::optional<Usd> reprice(wire::Usage usage, const Price& price);

}  // namespace weir::prices
