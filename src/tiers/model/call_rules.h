// How calls to a provider are spread over its endpoints, when they are made once more, and when an endpoint is left
// out. Thread rule: plain values.
#pragma once

#include <cstdint>

#include "base/units.h"

namespace weir::tiers {

enum class Balance : std::uint8_t { least_busy, weighted };

// Endpoints that fail are left out for a while (endpoint_health.h).
struct EjectionRules {
    std::uint32_t failures = 5;           // in a row; 0: never left out
    Micros first_micros = 10'000'000;     // how long, the first time
    Micros longest_micros = 300'000'000;  // ... at most
};

// When a call that came to nothing is made once more at the same provider (gateway/attempts.h).
struct RetryRules {
    unsigned most = 2;                  // per request; 0: never
    Micros first_micros = 250'000;      // the back-off before the first one, at most; twice that before the next
    Micros longest_micros = 8'000'000;  // ... and what a provider's Retry-After may ask for
    double budget = 0.2;                // retries for a request, over all requests (retry_budget.h)
    bool executed_too = false;          // also what the provider may have executed, and bill
};

}  // namespace weir::tiers
