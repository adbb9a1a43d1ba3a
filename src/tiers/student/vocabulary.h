// The grams that a student knows, with their weights: how a text becomes a row of numbers. Words and pieces each have
// length 1/sqrt(2), grams that are not known included: what a text says in unknown words makes its known ones count
// less. A gram counts 1 + ln(its count in the text), times its rarity ln((1 + texts) / (1 + texts with it)) + 1. Thread
// rule: a view; immutable. Limits: kMostFeatures.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "learn/logistic_regression.h"
#include "tiers/student/text_grams.h"

namespace weir::tiers::student {

inline constexpr std::size_t kMostFeatures = std::size_t{1} << 18;

class Vocabulary {
  public:
    Vocabulary() = default;
    // `hashes` ascending, each with its rarity; they must outlive it.
    Vocabulary(std::span<const std::uint32_t> hashes, std::span<const float> rarity, float rarity_of_unknown);

    // The text's row, by feature, ascending; `out` is cleared first. Returns which share of the grams is not known
    // (1 where there are none).
    double weigh(std::span<const Gram> grams, std::vector<learn::SparseValue>& out) const;
    std::size_t size() const { return hashes_.size(); }

  private:
    static constexpr std::size_t kNone = ~std::size_t{0};
    std::size_t find(std::uint32_t hash) const;

    std::span<const std::uint32_t> hashes_;
    std::span<const float> rarity_;
    float rarity_of_unknown_ = 1;
    unsigned shift_ = 31;
    std::vector<std::uint32_t> starts_;  // of each bucket, by a hash's highest bits
};

}  // namespace weir::tiers::student
