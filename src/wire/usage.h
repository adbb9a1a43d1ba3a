// Token counts of one answer, by the classes that providers price apart. The classes do not overlap:
//   total input = input_uncached + input_cached + input_cache_write; total output = output (reasoning is a part of it).
// Thread rule: plain values.
#pragma once

#include "base/units.h"

namespace weir::wire {

struct Usage {
    Tokens input_uncached = 0;
    Tokens input_cached = 0;       // read from the provider's prompt cache
    Tokens input_cache_write = 0;  // written to it (Anthropic; 0 elsewhere)
    Tokens output = 0;             // everything generated, reasoning included
    Tokens reasoning = 0;          // of which reasoning: for information
    bool reported = false;         // false: the provider said nothing, the counts are estimates

    Tokens input() const { return input_uncached + input_cached + input_cache_write; }
    friend bool operator==(const Usage&, const Usage&) = default;
};

}  // namespace weir::wire
