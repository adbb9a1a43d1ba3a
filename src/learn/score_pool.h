// Two models of the same heads as one: the sum of their scores, each times a weight (a logarithmic opinion pool: Genest
// and Zidek, Statistical Science 1986). The weights are those that make outcomes likeliest on examples that neither
// model has seen; they are drawn to a half each by the strength of one example, and never below 0.
// Thread rule: pure. Limits: those of memory.
#pragma once

#include <cstdint>
#include <span>

namespace weir::learn {

struct ScorePool {
    double first = 0.5, second = 0.5;

    // `first`, `second`: scores of all columns, row after row; `targets`: row after row, one for each head
    // (softmax_regression.h).
    static ScorePool fit(std::span<const std::uint32_t> heads, std::span<const float> first,
                         std::span<const float> second, std::span<const std::int32_t> targets);
    // In place, into `first_scores`: one row or many.
    void mix(std::span<float> first_scores, std::span<const float> second_scores) const;
};

}  // namespace weir::learn
