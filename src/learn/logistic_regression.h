// Logistic regression on sparse or dense rows, with L2 regularisation: fitted in passes over examples, or updated one
// example at a time. AdaGrad steps (Duchi, Hazan, Singer, JMLR 2011), a step size of its own for each weight; the
// penalty is applied to a weight when its feature is seen. Deterministic by seed. Thread rule: one writer; margin()
// from any thread while nobody writes. Limits: 2^24 features, kMaxRows rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "learn/model_bytes.h"

namespace weir::learn {

double sigmoid(double margin);
double logit(double probability);  // the argument is kept within [1e-12, 1 - 1e-12]

struct SparseValue {
    std::uint32_t feature = 0;
    float value = 0;
};

struct SparseExamples {
    std::vector<SparseValue> values;
    std::vector<std::size_t> ends;  // of each row in `values`
    std::vector<float> labels;      // 0 or 1, or a probability between them
    std::vector<float> weights;

    std::size_t rows() const { return labels.size(); }
    std::span<const SparseValue> row(std::size_t index) const {
        const std::size_t begin = index == 0 ? 0 : ends[index - 1];
        return {values.data() + begin, ends[index] - begin};
    }
    void add(std::span<const SparseValue> row_values, float label, float weight = 1) {
        values.insert(values.end(), row_values.begin(), row_values.end());
        ends.push_back(values.size());
        labels.push_back(label);
        weights.push_back(weight);
    }
};

class LogisticRegression {
  public:
    struct Options {
        double step = 0.1;           // AdaGrad's base step
        double l2 = 1e-6;            // penalty on each weight, for an example that shows its feature
        double positive_weight = 1;  // multiplies the weights of examples by their label ...
        double negative_weight = 1;  // ... and by 1 - label
        int passes = 5;
        std::uint64_t seed = 1;  // of the order of examples
    };

    LogisticRegression() = default;
    LogisticRegression(std::size_t features, const Options& options);

    // Starts from what is there; call it on a fresh object to fit from nothing. Features outside are an error.
    Result<void> fit(const SparseExamples& examples);
    // One step. Features outside are ignored.
    void update(std::span<const SparseValue> row, double label, double weight = 1);

    double margin(std::span<const SparseValue> row) const;  // log-odds; features outside count nothing
    double margin(std::span<const float> row) const;        // dense: value i belongs to feature i
    double probability(std::span<const SparseValue> row) const { return sigmoid(margin(row)); }

    std::size_t features() const { return weights_.size(); }
    std::span<const float> weights() const { return weights_; }
    double bias() const { return bias_; }

    // 8-bit weights with one scale (error at most half of 1/127 of the largest weight); training can't go on from it.
    void write(ModelWriter& to) const;
    static Result<LogisticRegression> read(ModelReader& from, std::size_t max_features);

  private:
    Options options_;
    std::vector<float> weights_, squares_;
    double bias_ = 0, bias_squares_ = 0;
};

}  // namespace weir::learn
