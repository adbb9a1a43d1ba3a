// Multinomial logistic regression on sparse rows: any number of heads over the same features, each a softmax over its
// classes or, one column wide, a sigmoid. Fitted by stochastic gradient descent with AdaGrad steps (Duchi, Hazan,
// Singer, JMLR 2011), one step size for each feature and all its columns; the penalty is applied to a feature's weights
// when it is seen. It starts from each class's centroid (Rocchio 1971): what a class's examples have in common, before
// it is learned what tells classes apart; that helps most where examples are few. The weights are the average of those
// at the end of the last passes (Polyak and Juditsky 1992). Deterministic by seed. Thread rule: fit() is one thread's;
// a fitted model is immutable. Limits: kMostWeights weights.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "learn/logistic_regression.h"

namespace weir::learn {

class SoftmaxRegression {
  public:
    static constexpr std::size_t kMostWeights = std::size_t{1} << 26;
    static constexpr std::int32_t kUnknown = -1;  // a target that is not known: nothing is learned of it

    struct Options {
        double step = 0.2;  // AdaGrad's base step
        double start = 40;  // length of each class's weights at the start
        double l2 = 1e-5;   // penalty on each weight, for an example that shows its feature
        int passes = 5;
        int averaged = 2;  // of the last passes
        std::uint64_t seed = 1;
        // By head: 1 where its classes have an order (grades); empty: nowhere. What is learned of a class is learned
        // of its neighbours too, `kinship` of it of the next one, its square of the one after: as if their weights
        // were correlated so beforehand.
        std::vector<std::uint8_t> ordered{};
        double kinship = 0.6;  // in [0, 1)
    };
    struct Examples {
        std::vector<SparseValue> values;
        std::vector<std::size_t> ends;      // of each row in `values`
        std::vector<std::int32_t> targets;  // row after row, one for each head: a class; of a sigmoid 0 or 1

        std::size_t rows() const { return ends.size(); }
        std::span<const SparseValue> row(std::size_t index) const {
            const std::size_t begin = index == 0 ? 0 : ends[index - 1];
            return {values.data() + begin, ends[index] - begin};
        }
    };

    // `heads`: the width of each, 1 a sigmoid. Errors: invalid (a feature or target outside), too_large, canceled.
    static Result<SoftmaxRegression> fit(const Examples& examples, std::size_t features,
                                         std::span<const std::uint32_t> heads, const Options& options,
                                         const std::stop_token& stop = {});

    std::size_t columns() const { return columns_; }
    std::size_t features() const { return stride_ == 0 ? 0 : weights_.size() / stride_; }
    std::span<const float> weights(std::size_t feature) const { return {&weights_[feature * stride_], columns_}; }
    std::span<const float> bias() const { return {bias_.data(), columns_}; }

    // Scores of all columns, head after head, and what they are as probabilities.
    void scores(std::span<const SparseValue> row, std::vector<float>& out) const;
    void probabilities(std::span<const SparseValue> row, std::vector<float>& out) const;

  private:
    void start_from_centroids(const Examples& examples, const Options& options);
    void share_with_neighbours(const Options& options, std::span<float> slopes) const;
    void update(std::span<const SparseValue> row, std::span<const std::int32_t> targets, const Options& options,
                std::vector<float>& squares, std::vector<float>& slopes);
    void score(std::span<const SparseValue> row, std::vector<float>& out) const;

    std::vector<std::uint32_t> heads_;
    std::size_t columns_ = 0, stride_ = 0;  // stride: columns, rounded up for the processor's lanes
    std::vector<float> weights_, bias_;
    float bias_square_ = 0;
};

// In place: from scores to probabilities, head after head.
void to_probabilities(std::span<const std::uint32_t> heads, std::span<float> scores);
// In place: from probabilities to the slopes of the loss (the sum of -log p of the targets) by score.
void to_slopes(std::span<const std::uint32_t> heads, std::span<const std::int32_t> targets, std::span<float> values);

}  // namespace weir::learn
