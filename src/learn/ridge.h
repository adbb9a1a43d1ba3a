// Linear regression with an L2 penalty (ridge) for several targets at once, on rows that have a sparse part (few of
// many features) and a dense part. Each column of targets has row weights of its own, so that the folds of a
// cross-validation are fitted in one go, as columns. The intercept is not penalised. Solved in the dual (one unknown a
// row) by conjugate gradients (Hestenes and Stiefel, 1952), from zero: deterministic.
// Thread rule: plain values; a fitted model is read from any thread. Limits: 2^24 sparse features, kMaxRows rows;
// kMostTargets columns. 1,000 rows of 400 + 900 values and 12 columns: about 0.1 s.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "learn/logistic_regression.h"

namespace weir::learn {

inline constexpr std::size_t kMostTargets = 64;

struct RidgeRows {
    std::size_t sparse_columns = 0, dense_columns = 0, targets = 0;
    std::vector<SparseValue> sparse;
    std::vector<std::size_t> sparse_ends;  // of each row in `sparse`
    std::vector<float> dense;              // dense_columns a row
    std::vector<float> labels, weights;    // `targets` a row; a weight is 0 or above

    std::size_t rows() const { return sparse_ends.size(); }
    std::span<const SparseValue> sparse_row(std::size_t index) const {
        const std::size_t begin = index == 0 ? 0 : sparse_ends[index - 1];
        return {sparse.data() + begin, sparse_ends[index] - begin};
    }
    std::span<const float> dense_row(std::size_t index) const {
        return {dense.data() + index * dense_columns, dense_columns};
    }
};

class Ridge {
  public:
    struct Options {
        double l2 = 50;           // in rows of weight 1: the noise's variance over that of a coefficient
        double tolerance = 1e-3;  // of the residual, relative
        int most_rounds = 60;
    };

    Ridge() = default;
    // Errors: sizes that don't fit together, features outside, values that are no numbers, a weight below 0.
    static Result<Ridge> fit(const RidgeRows& rows, const Options& options);

    // What the row adds to each target's mean (0 for a row that is like the mean of all). `out`: targets() values.
    // Features outside count nothing; `dense` may be shorter than what was fitted: the rest are zeros.
    void score(std::span<const SparseValue> sparse, std::span<const float> dense, std::span<float> out) const;
    double mean(std::size_t target) const { return means_[target]; }  // of the labels, weighted
    std::size_t targets() const { return means_.size(); }

    // The same with these columns only.
    Ridge only(std::span<const std::size_t> columns) const;

  private:
    friend class RidgeSolver;
    template <class Count>
    void add_scores(std::span<const SparseValue> sparse, std::span<const float> dense, float* out, Count count) const;

    std::size_t sparse_columns_ = 0, dense_columns_ = 0;
    std::vector<float> weights_;  // a row of targets for each feature, sparse before dense
    std::vector<float> offsets_;  // of each target: what the mean row would score
    std::vector<double> means_;
};

}  // namespace weir::learn
