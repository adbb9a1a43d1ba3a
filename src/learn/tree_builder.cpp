#include "learn/tree_builder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "learn/logistic_regression.h"

namespace weir::learn {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLeastGain = 1e-6;
constexpr std::size_t kRowsForBins = 200'000;  // quantiles are taken from so many rows, evenly spread

// At most `most` edges, so that between them lie equally many values; between any two values if there are few.
std::vector<float> edges_of(std::vector<float> values, std::size_t most) {
    std::sort(values.begin(), values.end());
    std::vector<float> distinct = values;
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    const auto between = [](float low, float high) {
        const float middle = low + (high - low) / 2;
        return middle < high && middle >= low ? middle : low;
    };
    std::vector<float> edges;
    if (distinct.size() <= most + 1) {
        for (std::size_t i = 1; i < distinct.size(); ++i) edges.push_back(between(distinct[i - 1], distinct[i]));
        return edges;
    }
    for (std::size_t i = 1; i <= most; ++i) {
        const float at = values[i * values.size() / (most + 1)];
        const auto above = std::upper_bound(distinct.begin(), distinct.end(), at);
        if (above == distinct.end()) break;
        const float edge = between(at, *above);
        if (edges.empty() || edge > edges.back()) edges.push_back(edge);
    }
    return edges;
}

}  // namespace

TreeBuilder::TreeBuilder(const Examples& examples, const BoostedTrees::Options& options)
    : examples_(examples), options_(options), random_(options.seed), columns_(examples.columns), slots_(0) {}

void TreeBuilder::make_bins() {
    const std::size_t rows = examples_.rows();
    const std::size_t stride = std::max<std::size_t>(1, rows / kRowsForBins);
    edges_.resize(columns_);
    std::size_t most = 0;
    for (std::size_t column = 0; column < columns_; ++column) {
        std::vector<float> values;
        for (std::size_t row = 0; row < rows; row += stride) {
            const float value = examples_.values[row * columns_ + column];
            if (!std::isnan(value)) values.push_back(value);
        }
        edges_[column] = edges_of(std::move(values), options_.bins - 1);
        most = std::max(most, edges_[column].size());
    }
    slots_ = most + 2;
    binned_.resize(rows * columns_);
    for (std::size_t i = 0; i < binned_.size(); ++i) {
        const std::vector<float>& edges = edges_[i % columns_];
        const float value = examples_.values[i];
        const auto below = std::lower_bound(edges.begin(), edges.end(), value) - edges.begin();
        binned_[i] = static_cast<std::uint8_t>(std::isnan(value) ? 0 : 1 + below);
    }
}

void TreeBuilder::draw_rows_and_columns() {
    order_.clear();
    for (std::uint32_t row = 0; row < examples_.rows(); ++row) {
        if (examples_.weights[row] > 0 && random_.chance(options_.row_share)) order_.push_back(row);
    }
    drawn_.resize(columns_);
    std::iota(drawn_.begin(), drawn_.end(), std::size_t{0});
    random_.shuffle(std::span(drawn_));
    const auto kept = static_cast<std::size_t>(std::ceil(static_cast<double>(columns_) * options_.column_share));
    drawn_.resize(std::clamp<std::size_t>(kept, 1, columns_));
    std::sort(drawn_.begin(), drawn_.end());
}

void TreeBuilder::fill(Branch& branch) {
    branch.histogram.assign(drawn_.size() * slots_, Sum{});
    Sum* const sums = branch.histogram.data();
    for (std::size_t i = branch.begin; i < branch.end; ++i) {
        const std::size_t row = order_[i];
        const std::uint8_t* const bins = binned_.data() + row * columns_;
        const double slope = slopes_[row], curve = curves_[row];
        for (std::size_t d = 0; d < drawn_.size(); ++d) {
            Sum& sum = sums[d * slots_ + bins[drawn_[d]]];
            sum.slope += slope;
            sum.curve += curve;
        }
    }
}

double TreeBuilder::value_of(const Sum& sum, double least, double most) const {
    return std::clamp(-sum.slope / (sum.curve + options_.l2), least, most);
}

TreeBuilder::Split TreeBuilder::best_split(const Branch& branch) const {
    const auto score = [this](const Sum& sum) { return sum.slope * sum.slope / (sum.curve + options_.l2); };
    const double whole = score(branch.sum);
    Split best;
    best.gain = kLeastGain;
    for (std::size_t d = 0; d < drawn_.size(); ++d) {
        const Sum* const sums = branch.histogram.data() + d * slots_;
        const int direction = options_.monotone.empty() ? 0 : options_.monotone[drawn_[d]];
        Sum left;
        for (std::size_t bin = 0; bin <= edges_[drawn_[d]].size(); ++bin) {
            left.slope += sums[bin].slope;
            left.curve += sums[bin].curve;
            const Sum right{branch.sum.slope - left.slope, branch.sum.curve - left.curve};
            if (left.curve < options_.least_leaf_weight) continue;
            if (right.curve < options_.least_leaf_weight) break;
            const double gain = score(left) + score(right) - whole;
            if (gain <= best.gain) continue;
            const double left_value = value_of(left, branch.least, branch.most);
            const double right_value = value_of(right, branch.least, branch.most);
            if (direction * (right_value - left_value) < 0) continue;
            best = {gain, d, bin, left, left_value, right_value};
        }
    }
    return best;
}

void TreeBuilder::divide(Branch& parent, const Split& split, Branch& left, Branch& right) {
    const std::size_t column = drawn_[split.drawn];
    scratch_.clear();
    std::size_t keep = parent.begin;
    for (std::size_t i = parent.begin; i < parent.end; ++i) {
        const std::uint32_t row = order_[i];
        if (binned_[row * columns_ + column] <= split.bin) {
            order_[keep++] = row;
        } else {
            scratch_.push_back(row);
        }
    }
    std::copy(scratch_.begin(), scratch_.end(), order_.begin() + static_cast<std::ptrdiff_t>(keep));
    left = {parent.begin, keep, split.left, parent.least, parent.most, true, {}};
    right = {keep,
             parent.end,
             {parent.sum.slope - split.left.slope, parent.sum.curve - split.left.curve},
             parent.least,
             parent.most,
             true,
             {}};
    const int direction = options_.monotone.empty() ? 0 : options_.monotone[column];
    const double middle = (split.left_value + split.right_value) / 2;
    if (direction > 0) left.most = right.least = middle;
    if (direction < 0) left.least = right.most = middle;
    // One child is counted, the other is what is left of the parent.
    Branch& counted = left.end - left.begin <= right.end - right.begin ? left : right;
    Branch& rest = &counted == &left ? right : left;
    fill(counted);
    rest.histogram = std::move(parent.histogram);
    for (std::size_t i = 0; i < rest.histogram.size(); ++i) {
        rest.histogram[i].slope -= counted.histogram[i].slope;
        rest.histogram[i].curve -= counted.histogram[i].curve;
    }
}

float TreeBuilder::threshold_of(std::size_t column, std::size_t bin) const {
    return bin == 0 ? -std::numeric_limits<float>::infinity() : edges_[column][bin - 1];
}

void TreeBuilder::grow_tree() {
    Branch root;
    root.end = order_.size();
    root.least = -kInfinity;
    root.most = kInfinity;
    root.alive = true;
    for (const std::uint32_t row : order_) {
        root.sum.slope += slopes_[row];
        root.sum.curve += curves_[row];
    }
    fill(root);
    const std::size_t first_node = model_.nodes_.size();
    std::vector<Branch> level(1);
    level[0] = std::move(root);
    for (int depth = 0; depth < options_.depth; ++depth) {
        std::vector<Branch> next(level.size() * 2);
        for (std::size_t i = 0; i < level.size(); ++i) {
            BoostedTrees::Node node{std::numeric_limits<float>::infinity(), 0};
            const Split split = level[i].alive ? best_split(level[i]) : Split{};
            if (split.gain > kLeastGain) {
                const std::size_t column = drawn_[split.drawn];
                node = {threshold_of(column, split.bin), static_cast<std::uint8_t>(column)};
                model_.importance_[column] += split.gain;
                divide(level[i], split, next[2 * i], next[2 * i + 1]);
            } else {  // everything goes left
                next[2 * i] = std::move(level[i]);
                next[2 * i].alive = false;
                next[2 * i + 1] = {};
            }
            model_.nodes_.push_back(node);
        }
        level = std::move(next);
    }
    for (const Branch& leaf : level) {
        const bool reached = leaf.end > leaf.begin;
        const double value = reached ? options_.shrinkage * value_of(leaf.sum, leaf.least, leaf.most) : 0;
        model_.leaves_.push_back(static_cast<float>(value));
    }
    const std::size_t inner = model_.nodes_.size() - first_node;
    const BoostedTrees::Node* const nodes = model_.nodes_.data() + first_node;
    const float* const leaves = model_.leaves_.data() + (model_.leaves_.size() - inner - 1);
    for (std::size_t row = 0; row < examples_.rows(); ++row) {
        const float* const values = examples_.values.data() + row * columns_;
        std::size_t at = 0;
        while (at < inner) at = 2 * at + 1 + static_cast<std::size_t>(values[nodes[at].column] > nodes[at].threshold);
        margins_[row] += leaves[at - inner];
    }
}

Result<BoostedTrees> TreeBuilder::build() {
    make_bins();
    const std::size_t rows = examples_.rows();
    double positive = 0, all = 0;
    for (std::size_t row = 0; row < rows; ++row) {
        positive += static_cast<double>(examples_.labels[row]) * examples_.weights[row];
        all += examples_.weights[row];
    }
    model_.columns_ = columns_;
    model_.depth_ = options_.trees == 0 ? 0 : options_.depth;
    model_.base_ = logit(std::clamp(positive / all, 1e-4, 1 - 1e-4));
    model_.importance_.assign(columns_, 0.0);
    margins_.assign(rows, model_.base_);
    slopes_.resize(rows);
    curves_.resize(rows);
    for (std::size_t tree = 0; tree < options_.trees; ++tree) {
        for (std::size_t row = 0; row < rows; ++row) {
            const double probability = sigmoid(margins_[row]), weight = examples_.weights[row];
            slopes_[row] = static_cast<float>(weight * (probability - static_cast<double>(examples_.labels[row])));
            curves_[row] = static_cast<float>(weight * std::max(probability * (1 - probability), 1e-6));
        }
        draw_rows_and_columns();
        grow_tree();
        if (options_.progress && !options_.progress(tree + 1)) {
            return fail(ErrorCode::canceled, "boosted trees: given up");
        }
    }
    const double gains = std::accumulate(model_.importance_.begin(), model_.importance_.end(), 0.0);
    for (double& each : model_.importance_) each = gains > 0 ? each / gains : 0;
    return std::move(model_);
}

}  // namespace weir::learn
