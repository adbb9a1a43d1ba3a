// How much of something a key or a tenant may ask for.
// Thread rule: plain values. Limits: kMostPerMinute, kMostParallel.
#pragma once

#include <cstdint>

namespace weir::limits {

inline constexpr std::int64_t kMostPerMinute = 100'000'000;  // of requests or tokens
inline constexpr std::int64_t kMostParallel = 100'000;

// 0: no limit.
struct Rates {
    std::int64_t requests_per_minute = 0;
    std::int64_t tokens_per_minute = 0;
    std::int64_t parallel = 0;  // requests at the same time

    bool any() const { return requests_per_minute > 0 || tokens_per_minute > 0 || parallel > 0; }
    friend bool operator==(const Rates&, const Rates&) = default;
};

}  // namespace weir::limits
