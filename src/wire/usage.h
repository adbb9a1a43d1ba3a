// Token counts of one answer, by the classes that providers price apart, and what else of it is billed. The classes do
// not overlap:
//   total input = input_uncached + input_cached + input_cache_write + input_cache_write_1h; total output = output.
// Within a class some tokens have rates of their own; these parts do not overlap either:
//   audio_input + image_input <= input_uncached; audio_cached <= input_cached;
//   reasoning + audio_output + image_output <= output.
// docs/usage.md says which provider's words go into which class.
// Thread rule: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/units.h"

namespace weir::wire {

// At which rates the provider says that it answered; standard: it says nothing, or so; other: at some that Weir has no
// name for.
enum class ServiceTier : std::uint8_t { standard, batch, flex, priority, other };
inline constexpr std::size_t kServiceTiers = 5;

constexpr std::string_view to_string(ServiceTier tier) {
    constexpr std::string_view kNames[kServiceTiers] = {"standard", "batch", "flex", "priority", "other"};
    return kNames[static_cast<std::size_t>(tier)];
}

// How much of what a web search found was read, where that changes the search's price.
enum class SearchContext : std::uint8_t { unnamed, low, medium, high };

struct Usage {
    Tokens input_uncached = 0;
    Tokens input_cached = 0;          // read from the provider's prompt cache
    Tokens input_cache_write = 0;     // written to it for five minutes (Anthropic), or as long as the provider likes
    Tokens input_cache_write_1h = 0;  // ... for an hour
    Tokens output = 0;                // everything generated, reasoning included
    Tokens reasoning = 0;             // of which reasoning
    std::uint32_t web_searches = 0;   // server tools that are billed by the piece
    ServiceTier tier = ServiceTier::standard;
    std::optional<Usd> stated = std::nullopt;  // what the provider itself says that the answer cost
    bool reported = false;                     // false: the provider said nothing, the counts are estimates

    Tokens audio_input = 0, image_input = 0;    // of input_uncached
    Tokens audio_cached = 0;                    // of input_cached
    Tokens audio_output = 0, image_output = 0;  // of output
    Tokens longest_prompt = 0;                  // of several questions that the provider asked itself; 0: there was one
    std::uint32_t file_searches = 0;
    std::uint32_t code_sessions = 0;  // containers in which code ran
    std::uint32_t search_units = 0;   // of rerankers
    std::uint32_t images = 0;         // made, where no tokens are told
    std::uint32_t audio_ms = 0;       // of speech that was read, where no tokens are told
    std::uint32_t other_pieces = 0;   // billed, but not at a rate of the price table: the cost is unknown then
    SearchContext search_context = SearchContext::unnamed;
    bool us_only = false;  // Anthropic: inference in the US alone, for which all its token rates are higher

    Tokens input() const { return input_uncached + input_cached + input_cache_write + input_cache_write_1h; }
    friend bool operator==(const Usage&, const Usage&) = default;
};

}  // namespace weir::wire
