// How many of one tier's answers were compared with the reference's and said something else, each weighted for the coin
// by which it became known. Thread rule: plain values. Limits: none.
#pragma once

#include <algorithm>
#include <cstdint>

#include "learn/certificates.h"

namespace weir::cascade {

class GradedCount {
  public:
    // `probability`: Trial::known_probability.
    void add(bool worse, double probability) {
        const double weight = 1 / std::max(probability, 1e-3);
        ++count_;
        weight_ += weight;
        largest_ = std::max(largest_, weight);
        if (!worse) return;
        ++worse_;
        worse_weight_ += weight;
        worse_squares_ += weight * weight;
    }
    // Of several counts together.
    GradedCount& operator+=(const GradedCount& other) {
        count_ += other.count_;
        worse_ += other.worse_;
        weight_ += other.weight_;
        worse_weight_ += other.worse_weight_;
        worse_squares_ += other.worse_squares_;
        largest_ = std::max(largest_, other.largest_);
        return *this;
    }
    std::uint64_t count() const { return count_; }
    std::uint64_t worse() const { return worse_; }
    double share() const { return count_ == 0 ? 0 : worse_weight_ / weight_; }
    // The ends of an interval that misses the share with 2 `alpha` at most.
    double low(double alpha) const {
        return count_ == 0 ? 0 : learn::weighted_count_lower_bound(worse_weight_, worse_squares_, alpha) / weight_;
    }
    double high(double alpha) const {
        if (count_ == 0) return 1;
        return std::min(1.0,
                        learn::weighted_count_upper_bound(worse_weight_, worse_squares_, largest_, alpha) / weight_);
    }

  private:
    std::uint64_t count_ = 0, worse_ = 0;
    double weight_ = 0, worse_weight_ = 0, worse_squares_ = 0, largest_ = 0;
};

}  // namespace weir::cascade
