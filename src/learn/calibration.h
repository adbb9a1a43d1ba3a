// From scores to probabilities: isotonic regression (pool adjacent violators: Ayer et al., 1955) and Platt's sigmoid
// (Platt 1999, with the targets and the Newton iteration of Lin, Lin, Weng, Machine Learning 2007).
// Thread rule: pure functions and immutable values. Limits: those of memory.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "learn/model_bytes.h"

namespace weir::learn {

struct ScoredLabel {
    double score = 0;   // finite
    double label = 0;   // 0 to 1
    double weight = 1;  // above 0
};

// A step function that never falls. Between two steps it is interpolated, beyond the ends constant.
class IsotonicCalibration {
  public:
    IsotonicCalibration() = default;  // gives 0.5
    static IsotonicCalibration fit(std::span<const ScoredLabel> labelled);
    double probability(double score) const;
    std::size_t steps() const { return scores_.size(); }

  private:
    std::vector<double> scores_, values_;  // the mean score and the mean label of each pool
};

struct PlattCalibration {
    double slope = 1, offset = 0;  // probability = sigmoid(slope * score + offset)
    double probability(double score) const;
    // The identity (slope 1, offset 0) where there are not both labels.
    static PlattCalibration fit(std::span<const ScoredLabel> labelled);
};

// A threshold picked from labelled scores, by what was seen; no certificate (those are in certificates.h).
struct PickedThreshold {
    double threshold = 0;    // serve what scores at least this
    double served = 0;       // share of all weight that is served
    double false_share = 0;  // of the served weight, the share with label 0
    double recall = 0;       // of the weight of label 1, the share served
};
// The lowest threshold with a false share of at most `false_share` (in [0, 1)), less `caution` times its standard
// error, among at least `least_served` rows; none where there is no such threshold. Ties in score are served together.
std::optional<PickedThreshold> pick_threshold(std::span<const ScoredLabel> labelled, double false_share,
                                              std::size_t least_served = 1, double caution = 0);

}  // namespace weir::learn
