#include "learn/boosted_trees.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "learn/tree_builder.h"

namespace weir::learn {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::uint32_t kFormat = 1;

Result<void> check(const Examples& examples, const BoostedTrees::Options& options) {
    const std::size_t rows = examples.rows();
    if (rows == 0 || examples.columns == 0) return fail(ErrorCode::invalid, "boosted trees: there are no examples");
    if (rows > kMaxRows || examples.columns > kMaxColumns) {
        return fail(ErrorCode::too_large, "boosted trees: more rows or columns than they take");
    }
    if (examples.weights.size() != rows || examples.values.size() != rows * examples.columns ||
        (!options.monotone.empty() && options.monotone.size() != examples.columns)) {
        return fail(ErrorCode::invalid, "boosted trees: sizes do not fit together");
    }
    if (options.depth < 1 || options.depth > kMaxTreeDepth || options.trees > kMaxTrees || options.bins < 2 ||
        options.bins > kMaxBins) {
        return fail(ErrorCode::invalid, "boosted trees: depth, trees or bins out of range");
    }
    double all = 0;
    for (std::size_t i = 0; i < rows; ++i) {
        const float label = examples.labels[i], weight = examples.weights[i];
        if (!(label >= 0 && label <= 1) || !(weight >= 0) || weight == kInfinity) {
            return fail(ErrorCode::invalid, "boosted trees: a label outside 0 to 1, or a negative weight");
        }
        all += weight;
    }
    if (!(all > 0)) return fail(ErrorCode::invalid, "boosted trees: all weights are 0");
    return {};
}

}  // namespace

Result<BoostedTrees> BoostedTrees::fit(const Examples& examples, const Options& options) {
    if (auto right = check(examples, options); !right) return tl::unexpected(right.error());
    return TreeBuilder(examples, options).build();
}

double BoostedTrees::margin(std::span<const float> row) const {
    if (depth_ == 0) return base_;
    const std::size_t inner = (std::size_t{1} << depth_) - 1;
    const Node* nodes = nodes_.data();
    const float* leaves = leaves_.data();
    double sum = base_;
    for (std::size_t tree = trees(); tree > 0; --tree) {
        std::size_t at = 0;
        for (int level = 0; level < depth_; ++level) {
            at = 2 * at + 1 + static_cast<std::size_t>(row[nodes[at].column] > nodes[at].threshold);
        }
        sum += leaves[at - inner];
        nodes += inner;
        leaves += inner + 1;
    }
    return sum;
}

void BoostedTrees::write(ModelWriter& to) const {
    to.put(kFormat);
    to.put(static_cast<std::uint32_t>(columns_));
    to.put(static_cast<std::uint32_t>(depth_));
    to.put(static_cast<std::uint32_t>(trees()));
    to.put(base_);
    for (const Node& node : nodes_) {
        to.put(node.column);
        to.put(node.threshold);
    }
    for (const float leaf : leaves_) to.put(leaf);
}

Result<BoostedTrees> BoostedTrees::read(ModelReader& from) {
    const auto damaged = [] { return fail(ErrorCode::invalid, "damaged boosted trees"); };
    const std::uint32_t format = from.get<std::uint32_t>();
    BoostedTrees model;
    model.columns_ = from.get<std::uint32_t>();
    const std::uint32_t depth = from.get<std::uint32_t>();
    const std::size_t trees = from.get<std::uint32_t>();
    model.base_ = from.get<double>();
    if (!from.ok() || format != kFormat || model.columns_ > kMaxColumns || depth > kMaxTreeDepth || trees > kMaxTrees ||
        (depth == 0) != (trees == 0) || !std::isfinite(model.base_)) {
        return damaged();
    }
    model.depth_ = static_cast<int>(depth);
    if (trees == 0) return model;
    const std::size_t inner = (std::size_t{1} << depth) - 1;
    if (from.left() < trees * (inner * 5 + (inner + 1) * 4)) return damaged();
    model.nodes_.reserve(trees * inner);
    for (std::size_t i = 0; i < trees * inner; ++i) {
        Node node;
        node.column = from.get<std::uint8_t>();
        node.threshold = from.get<float>();
        if (node.column >= model.columns_ || std::isnan(node.threshold)) return damaged();
        model.nodes_.push_back(node);
    }
    model.leaves_.reserve(trees * (inner + 1));
    for (std::size_t i = 0; i < trees * (inner + 1); ++i) {
        model.leaves_.push_back(from.get<float>());
        if (!std::isfinite(model.leaves_.back())) return damaged();
    }
    return model;
}

}  // namespace weir::learn
