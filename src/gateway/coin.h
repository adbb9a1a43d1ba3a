// Coins that fall the same way for the same request: no state, and a share holds over requests. Thread rule: pure.
#pragma once

#include <cstdint>

#include "base/request_id.h"

namespace weir::gateway {

// Uniform in [0, 1), of this id and salt.
inline double uniform(RequestId id, std::uint64_t salt) {
    std::uint64_t bits = static_cast<std::uint64_t>(id) + salt;  // splitmix64's finish
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    bits ^= bits >> 31;
    return static_cast<double>(bits >> 11) * 0x1p-53;
}

// True for `share` of the ids; another salt is another coin.
inline bool falls(RequestId id, double share, std::uint64_t salt) {
    return uniform(id, salt) < share;
}

// Salts, so that no two decisions go by one coin.
inline constexpr std::uint64_t kAuditOfMeaning = 1, kAuditOfAge = 2, kArbitratedMiss = 5, kOrderOfAnswers = 6,
                               kHoldOut = 7, kTrial = 8, kAuditOfLadder = 9, kCanary = 10, kBackOff = 100;

}  // namespace weir::gateway
