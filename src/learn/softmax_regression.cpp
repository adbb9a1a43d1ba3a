#include "learn/softmax_regression.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "learn/random_bits.h"

namespace weir::learn {
namespace {

constexpr std::size_t kLanes = 8;              // columns at a time: a fixed count lets the compiler use vectors
constexpr float kSmallestSquare = 1e-8F;       // keeps a first step finite
constexpr std::size_t kRowsBetweenLooks = 64;  // at the stop token

std::vector<float>& scratch_of(std::size_t size) {
    thread_local std::vector<float> scratch;
    scratch.resize(size);
    return scratch;
}

// to[i] += factor * from[i]; size is a multiple of kLanes.
void add_scaled(float* to, const float* from, float factor, std::size_t size) {
    for (std::size_t block = 0; block < size; block += kLanes) {
        for (std::size_t i = 0; i < kLanes; ++i) to[block + i] += factor * from[block + i];
    }
}

}  // namespace

void to_probabilities(std::span<const std::uint32_t> heads, std::span<float> scores) {
    std::size_t begin = 0;
    for (const std::uint32_t width : heads) {
        const std::span<float> head = scores.subspan(begin, width);
        begin += width;
        if (width == 1) {
            head[0] = static_cast<float>(sigmoid(head[0]));
            continue;
        }
        const float highest = *std::max_element(head.begin(), head.end());
        float sum = 0;
        for (float& each : head) sum += each = std::exp(each - highest);
        for (float& each : head) each /= sum;
    }
}

void to_slopes(std::span<const std::uint32_t> heads, std::span<const std::int32_t> targets, std::span<float> values) {
    std::size_t begin = 0;
    for (std::size_t head = 0; head < heads.size(); begin += heads[head++]) {
        const std::int32_t target = targets[head];
        const std::span<float> slopes = values.subspan(begin, heads[head]);
        if (target == SoftmaxRegression::kUnknown) {
            std::fill(slopes.begin(), slopes.end(), 0.0F);
        } else if (heads[head] == 1) {
            slopes[0] -= static_cast<float>(target);
        } else {
            slopes[static_cast<std::size_t>(target)] -= 1;
        }
    }
}

Result<SoftmaxRegression> SoftmaxRegression::fit(const Examples& examples, std::size_t features,
                                                 std::span<const std::uint32_t> heads, const Options& options,
                                                 const std::stop_token& stop) {
    SoftmaxRegression model;
    model.heads_.assign(heads.begin(), heads.end());
    model.columns_ = std::accumulate(heads.begin(), heads.end(), std::size_t{0});
    model.stride_ = (model.columns_ + kLanes - 1) / kLanes * kLanes;
    if (model.stride_ > 0 && features > kMostWeights / model.stride_) {
        return fail(ErrorCode::too_large, "more weights than softmax regression takes");
    }
    if (examples.targets.size() != examples.rows() * heads.size()) {
        return fail(ErrorCode::invalid, "not one target for each example and head");
    }
    for (const SparseValue& each : examples.values) {
        if (each.feature >= features || !std::isfinite(each.value)) {
            return fail(ErrorCode::invalid, "an example has a feature outside the model, or a value that is no number");
        }
    }
    for (std::size_t i = 0; i < examples.targets.size(); ++i) {
        const auto most = static_cast<std::int32_t>(std::max(heads[i % heads.size()], 2U));
        if (examples.targets[i] < kUnknown || examples.targets[i] >= most) {
            return fail(ErrorCode::invalid, "an example's target is no class of its head");
        }
    }
    model.weights_.assign(features * model.stride_, 0.0F);
    model.bias_.assign(model.stride_, 0.0F);
    if (options.start > 0) model.start_from_centroids(examples, options);
    std::vector<float> squares(features, 0.0F), slopes, sum, bias_sum;
    std::vector<std::uint32_t> order(examples.rows());
    std::iota(order.begin(), order.end(), 0U);
    RandomBits random(options.seed);
    const int averaged = std::clamp(options.averaged, 1, std::max(options.passes, 1));
    for (int pass = 0; pass < options.passes; ++pass) {
        random.shuffle(std::span(order));
        for (std::size_t i = 0; i < order.size(); ++i) {
            if (i % kRowsBetweenLooks == 0 && stop.stop_requested()) return fail(ErrorCode::canceled, "stopped");
            const std::span<const std::int32_t> all = examples.targets;
            model.update(examples.row(order[i]), all.subspan(order[i] * heads.size(), heads.size()), options, squares,
                         slopes);
        }
        if (pass < options.passes - averaged || averaged == 1) continue;
        sum.resize(model.weights_.size(), 0.0F);
        bias_sum.resize(model.stride_, 0.0F);
        add_scaled(sum.data(), model.weights_.data(), 1 / static_cast<float>(averaged), sum.size());
        add_scaled(bias_sum.data(), model.bias_.data(), 1 / static_cast<float>(averaged), bias_sum.size());
    }
    if (!bias_sum.empty()) {
        model.weights_ = std::move(sum);
        model.bias_ = std::move(bias_sum);
    }
    return model;
}

void SoftmaxRegression::start_from_centroids(const Examples& examples, const Options& options) {
    // By column, and of a sigmoid's examples without it.
    std::vector<float> with(columns_, 0.0F), without(columns_, 0.0F), squares(columns_, 0.0F);
    const auto each_target = [&](std::size_t row, const auto& visit) {
        std::size_t begin = 0;
        for (std::size_t head = 0; head < heads_.size(); begin += heads_[head++]) {
            const std::int32_t target = examples.targets[row * heads_.size() + head];
            if (target == kUnknown) continue;
            if (heads_[head] > 1) {
                visit(begin + static_cast<std::size_t>(target), true);
            } else {
                visit(begin, target == 1);
            }
        }
    };
    for (std::size_t row = 0; row < examples.rows(); ++row) {
        each_target(row, [&](std::size_t column, bool has) { (has ? with : without)[column] += 1; });
    }
    for (std::size_t row = 0; row < examples.rows(); ++row) {
        each_target(row, [&](std::size_t column, bool has) {
            const float share = has ? 1 / with[column] : -1 / without[column];
            for (const SparseValue& each : examples.row(row)) {
                weights_[each.feature * stride_ + column] += share * each.value;
            }
        });
    }
    for (std::size_t i = 0; i < weights_.size() && !options.ordered.empty(); i += stride_) {
        share_with_neighbours(options, std::span(weights_).subspan(i, columns_));
    }
    for (std::size_t i = 0; i < weights_.size(); i += stride_) {
        for (std::size_t column = 0; column < columns_; ++column)
            squares[column] += weights_[i + column] * weights_[i + column];
    }
    const auto length = static_cast<float>(options.start);
    for (float& square : squares) square = square > 0 ? length / std::sqrt(square) : 0;
    for (std::size_t i = 0; i < weights_.size(); i += stride_) {
        for (std::size_t column = 0; column < columns_; ++column) weights_[i + column] *= squares[column];
    }
}

// Times kinship to the power of the classes' distance, summed: two recursive passes.
void SoftmaxRegression::share_with_neighbours(const Options& options, std::span<float> slopes) const {
    const auto kinship = static_cast<float>(options.kinship);
    std::size_t begin = 0;
    for (std::size_t head = 0; head < heads_.size() && head < options.ordered.size(); begin += heads_[head++]) {
        if (options.ordered[head] == 0) continue;
        const std::span<float> own = slopes.subspan(begin, heads_[head]);
        float before = 0, behind = 0;  // what comes from below and from above
        std::vector<float>& from_above = scratch_of(own.size());
        for (std::size_t i = own.size(); i-- > 0; behind = kinship * (behind + own[i])) from_above[i] = behind;
        for (std::size_t i = 0; i < own.size(); ++i) {
            const float plain = own[i];
            own[i] += before + from_above[i];
            before = kinship * (before + plain);
        }
    }
}

void SoftmaxRegression::update(std::span<const SparseValue> row, std::span<const std::int32_t> targets,
                               const Options& options, std::vector<float>& squares, std::vector<float>& slopes) {
    score(row, slopes);
    to_probabilities(heads_, slopes);
    to_slopes(heads_, targets, slopes);
    if (!options.ordered.empty()) share_with_neighbours(options, std::span(slopes).first(columns_));
    float length = 0;
    for (const float slope : slopes) length += slope * slope;
    const auto step = static_cast<float>(options.step), l2 = static_cast<float>(options.l2);
    for (const SparseValue& each : row) {
        float& square = squares[each.feature];
        square += each.value * each.value * length;
        const float rate = step / std::sqrt(square + kSmallestSquare);
        float* const own = &weights_[each.feature * stride_];
        const float shrink = 1 - std::min(rate * l2, 1.0F), factor = -rate * each.value;
        for (std::size_t block = 0; block < stride_; block += kLanes) {
            for (std::size_t i = 0; i < kLanes; ++i)
                own[block + i] = shrink * own[block + i] + factor * slopes[block + i];
        }
    }
    bias_square_ += length;
    add_scaled(bias_.data(), slopes.data(), -step / std::sqrt(bias_square_ + kSmallestSquare), stride_);
}

void SoftmaxRegression::score(std::span<const SparseValue> row, std::vector<float>& out) const {
    out.assign(bias_.begin(), bias_.end());
    for (const SparseValue& each : row) add_scaled(out.data(), &weights_[each.feature * stride_], each.value, stride_);
}

void SoftmaxRegression::scores(std::span<const SparseValue> row, std::vector<float>& out) const {
    score(row, out);
    out.resize(columns_);
}

void SoftmaxRegression::probabilities(std::span<const SparseValue> row, std::vector<float>& out) const {
    scores(row, out);
    to_probabilities(heads_, out);
}

}  // namespace weir::learn
