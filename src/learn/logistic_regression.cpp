#include "learn/logistic_regression.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "learn/examples.h"
#include "learn/random_bits.h"

namespace weir::learn {
namespace {

constexpr double kSmallestSquare = 1e-8;  // keeps a first step finite

}  // namespace

double sigmoid(double margin) {
    if (margin >= 0) return 1 / (1 + std::exp(-margin));
    const double grown = std::exp(margin);
    return grown / (1 + grown);
}

double logit(double probability) {
    const double kept = std::clamp(probability, 1e-12, 1 - 1e-12);
    return std::log(kept / (1 - kept));
}

LogisticRegression::LogisticRegression(std::size_t features, const Options& options)
    : options_(options), weights_(features, 0.0F), squares_(features, 0.0F) {}

Result<void> LogisticRegression::fit(const SparseExamples& examples) {
    if (examples.rows() > kMaxRows) return fail(ErrorCode::too_large, "more examples than logistic regression takes");
    for (const SparseValue& each : examples.values) {
        if (each.feature >= weights_.size() || !std::isfinite(each.value)) {
            return fail(ErrorCode::invalid, "an example has a feature outside the model, or a value that is no number");
        }
    }
    std::vector<std::uint32_t> order(examples.rows());
    std::iota(order.begin(), order.end(), 0U);
    RandomBits random(options_.seed);
    for (int pass = 0; pass < options_.passes; ++pass) {
        random.shuffle(std::span(order));
        for (const std::uint32_t index : order) {
            update(examples.row(index), examples.labels[index], examples.weights[index]);
        }
    }
    return {};
}

void LogisticRegression::update(std::span<const SparseValue> row, double label, double weight) {
    const double class_weight = label * options_.positive_weight + (1 - label) * options_.negative_weight;
    const double slope = weight * class_weight * (sigmoid(margin(row)) - label);
    for (const SparseValue& each : row) {
        if (each.feature >= weights_.size()) continue;
        float& own = weights_[each.feature];
        const double gradient = slope * each.value + options_.l2 * own;
        float& square = squares_[each.feature];
        square += static_cast<float>(gradient * gradient);
        own -= static_cast<float>(options_.step * gradient / std::sqrt(square + kSmallestSquare));
    }
    bias_squares_ += slope * slope;
    bias_ -= options_.step * slope / std::sqrt(bias_squares_ + kSmallestSquare);
}

double LogisticRegression::margin(std::span<const SparseValue> row) const {
    double sum = bias_;
    for (const SparseValue& each : row) {
        if (each.feature < weights_.size()) sum += static_cast<double>(weights_[each.feature]) * each.value;
    }
    return sum;
}

double LogisticRegression::margin(std::span<const float> row) const {
    double sum = bias_;
    const std::size_t count = std::min(row.size(), weights_.size());
    for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(weights_[i]) * row[i];
    return sum;
}

void LogisticRegression::write(ModelWriter& to) const {
    float largest = 0;
    for (const float weight : weights_) largest = std::max(largest, std::abs(weight));
    const float scale = largest / 127;
    to.put(static_cast<std::uint32_t>(weights_.size()));
    to.put(static_cast<float>(bias_));
    to.put(scale);
    for (const float weight : weights_) {
        to.put(static_cast<std::int8_t>(scale > 0 ? std::lround(weight / scale) : 0));
    }
}

Result<LogisticRegression> LogisticRegression::read(ModelReader& from, std::size_t max_features) {
    const std::size_t features = from.get<std::uint32_t>();
    const float bias = from.get<float>(), scale = from.get<float>();
    if (!from.ok() || features > max_features || features > from.left() || !std::isfinite(bias) ||
        !std::isfinite(scale) || scale < 0 || scale > 1e6F) {
        return fail(ErrorCode::invalid, "damaged logistic regression");
    }
    LogisticRegression model;
    model.bias_ = bias;
    model.weights_.reserve(features);
    for (std::size_t i = 0; i < features; ++i) {
        model.weights_.push_back(scale * static_cast<float>(from.get<std::int8_t>()));
    }
    model.squares_.assign(features, 0.0F);
    return model;
}

}  // namespace weir::learn
