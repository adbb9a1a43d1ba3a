// What a model tier is asked besides the answer itself, so that there is something to judge it by.
// Thread rule: plain values. Limits: kMostSamples.
#pragma once

#include <cstdint>

namespace weir::tiers {

inline constexpr std::uint32_t kLeastSamples = 2, kMostSamples = 8;

struct Gathering {
    // So often it is asked; the first answer is the one that may be served, the others show how far the model agrees
    // with itself. 1: it is judged by its log-probabilities.
    std::uint32_t samples = 1;
    // After its answer it is asked whether that is right, for one token (wire/verification.h).
    bool verify = false;
    // Providers that know no log-probabilities may refuse a request that asks for them.
    bool by_logprobs() const { return samples == 1 && !verify; }
    friend bool operator==(const Gathering&, const Gathering&) = default;
};

}  // namespace weir::tiers
