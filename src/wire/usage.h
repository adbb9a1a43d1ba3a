// Token counts of one answer, by the classes that providers price apart. The classes do not overlap:
//   total input = input_uncached + input_cached + input_cache_write + input_cache_write_1h; total output = output
//   (reasoning is a part of it).
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <optional>

#include "base/units.h"

namespace weir::wire {

// At which rates the provider says that it answered; standard: it says nothing, or so.
enum class ServiceTier : std::uint8_t { standard, batch, flex, priority };

struct Usage {
    Tokens input_uncached = 0;
    Tokens input_cached = 0;          // read from the provider's prompt cache
    Tokens input_cache_write = 0;     // written to it for five minutes (Anthropic), or as long as the provider likes
    Tokens input_cache_write_1h = 0;  // ... for an hour
    Tokens output = 0;                // everything generated, reasoning included
    Tokens reasoning = 0;             // of which reasoning: for information
    std::uint32_t web_searches = 0;   // server tools that are billed by the piece
    ServiceTier tier = ServiceTier::standard;
    std::optional<Usd> stated = std::nullopt;  // what the provider itself says that the answer cost
    bool reported = false;                     // false: the provider said nothing, the counts are estimates

    Tokens input() const { return input_uncached + input_cached + input_cache_write + input_cache_write_1h; }
    friend bool operator==(const Usage&, const Usage&) = default;
};

}  // namespace weir::wire
