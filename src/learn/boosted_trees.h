// Gradient-boosted decision trees with logistic loss, on histograms: Newton steps and L2-regularised leaves (Friedman,
// Annals of Statistics 2001; Chen and Guestrin, KDD 2016), values in at most kMaxBins quantile bins, trees grown level
// by level to a fixed depth, optional monotone columns. Deterministic by seed. A missing value (NaN) sorts below every
// other. Thread rule: immutable once made; margin() from any thread. Limits: below; 300 trees of depth 5: < 5 us a row.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "learn/examples.h"
#include "learn/model_bytes.h"

namespace weir::learn {

inline constexpr int kMaxTreeDepth = 6;
inline constexpr std::size_t kMaxTrees = 2000;
inline constexpr std::size_t kMaxBins = 128;

class TreeBuilder;

class BoostedTrees {
  public:
    struct Options {
        std::size_t trees = 200;
        int depth = 5;
        double shrinkage = 0.06;
        double l2 = 3;                 // on a leaf's value, in units of the loss's second derivative
        double least_leaf_weight = 8;  // sum of second derivatives in a leaf: at least this
        double row_share = 0.8;        // of the rows drawn for each tree
        double column_share = 0.7;     // of the columns drawn for each tree
        std::size_t bins = 64;
        std::uint64_t seed = 1;
        std::vector<std::int8_t>
            monotone;  // for each column: +1 the margin may only rise with it, -1 fall, 0; empty: all 0
        // Called after each tree with the number done; false: stop, and fail with ErrorCode::canceled. May be empty.
        std::function<bool(std::size_t)> progress;
    };

    BoostedTrees() = default;
    // Errors: no rows, sizes that don't fit together, too many rows or columns, options out of range, canceled.
    static Result<BoostedTrees> fit(const Examples& examples, const Options& options);

    // Log-odds of label 1. `row` has columns() values.
    double margin(std::span<const float> row) const;

    std::size_t columns() const { return columns_; }
    std::size_t trees() const { return depth_ == 0 ? 0 : leaves_.size() >> depth_; }
    // Share of the loss reduced by splits on each column; sums to 1. Empty on a model that was read.
    const std::vector<double>& importance() const { return importance_; }

    void write(ModelWriter& to) const;
    static Result<BoostedTrees> read(ModelReader& from);

  private:
    friend class TreeBuilder;
    struct Node {
        float threshold = 0;  // go right if the value is above it
        std::uint8_t column = 0;
    };

    std::size_t columns_ = 0;
    int depth_ = 0;
    double base_ = 0;
    std::vector<Node> nodes_;    // of each tree 2^depth - 1, in heap order
    std::vector<float> leaves_;  // of each tree 2^depth
    std::vector<double> importance_;
};

}  // namespace weir::learn
