// What a model tier is asked besides the caller's question: what it is shown before it, and what its answer is judged
// by afterwards.
// Thread rule: plain values. Limits: kMostSamples, kMostExamples.
#pragma once

#include <cstdint>

namespace weir::tiers {

inline constexpr std::uint32_t kLeastSamples = 2, kMostSamples = 8;
inline constexpr std::uint32_t kMostExamples = 32;
inline constexpr std::uint32_t kLeastShownTokens = 32, kMostShownTokens = 100'000;

// What the reference said to similar questions (example_source.h).
struct Showing {
    std::uint32_t examples = 0;         // at most; 0: none
    std::uint32_t most_tokens = 1'500;  // of all of them, at four bytes a token
    double least_similarity = 0.1;      // cosine (example_index.h)
    bool any() const { return examples > 0; }
    friend bool operator==(const Showing&, const Showing&) = default;
};

inline constexpr Showing kUsualShowing{5};

struct Gathering {
    // So often it is asked; the first answer is the one that may be served, the others show how far the model agrees
    // with itself. 1: it is judged by its log-probabilities.
    std::uint32_t samples = 1;
    // After its answer it is asked whether that is right, for one token (wire/verification.h).
    bool verify = false;
    Showing shows{};
    // Providers that know no log-probabilities may refuse a request that asks for them.
    bool by_logprobs() const { return samples == 1 && !verify; }
    friend bool operator==(const Gathering&, const Gathering&) = default;
};

}  // namespace weir::tiers
