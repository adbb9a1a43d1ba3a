// What came of one request of a cascade with model tiers: who was asked, what it cost, who answered, and, where the
// reference's answer is known too, which tiers' answers were worse. The learner's food (cascade/policy_learner.h).
// Thread rule: plain values. Limits: kMostModelTiers tiers of a cascade take part; the others are never asked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace weir::cascade {

inline constexpr std::size_t kMostModelTiers = 4;
inline constexpr int kReference = -1;
inline constexpr float kNoEvidence = std::numeric_limits<float>::quiet_NaN();

// How one tier did.
struct TierTrial {
    bool asked = false;            // it gave an answer
    bool graded = false;           // its answer was compared with the reference's ...
    bool worse = false;            // ... and counts against the promise
    float evidence = kNoEvidence;  // mean token log-probability
    double cost_usd = 0;
};

struct Trial {
    std::uint64_t task = 0;
    std::array<TierTrial, kMostModelTiers> tiers{};  // in the cascade's order
    int served = kReference;                         // whose answer the caller got
    bool known = false;                              // the reference was asked, and graded those above
    double reference_usd = 0;                        // known: what it cost
    // The probability with which, all coins considered, it would have become known. Settled before anything was graded.
    double known_probability = 1;
    bool everything = false;  // known: by a coin, all tiers were asked, whatever the plan said
};

}  // namespace weir::cascade
