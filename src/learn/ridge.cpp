#include "learn/ridge.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "learn/examples.h"

namespace weir::learn {
namespace {

Result<void> check(const RidgeRows& rows, const Ridge::Options& options) {
    const std::size_t count = rows.rows();
    if (count > kMaxRows || rows.sparse_columns > (std::size_t{1} << 24U) || rows.targets > kMostTargets) {
        return fail(ErrorCode::too_large, "more rows, features or targets than a ridge regression takes");
    }
    const bool fits = count > 0 && rows.targets > 0 && rows.sparse_ends.back() == rows.sparse.size() &&
                      std::is_sorted(rows.sparse_ends.begin(), rows.sparse_ends.end()) &&
                      rows.dense.size() == count * rows.dense_columns && rows.labels.size() == count * rows.targets &&
                      rows.weights.size() == count * rows.targets;
    if (!fits) return fail(ErrorCode::invalid, "a ridge regression's rows, labels and weights don't fit together");
    if (!(options.l2 > 0) || !(options.tolerance > 0)) {
        return fail(ErrorCode::invalid, "a ridge regression's penalty and tolerance must be above 0");
    }
    const auto finite = [](float value) { return std::isfinite(value); };
    const bool good =
        std::all_of(
            rows.sparse.begin(), rows.sparse.end(),
            [&](const SparseValue& each) { return each.feature < rows.sparse_columns && finite(each.value); }) &&
        std::all_of(rows.dense.begin(), rows.dense.end(), finite) &&
        std::all_of(rows.labels.begin(), rows.labels.end(), finite) &&
        std::all_of(rows.weights.begin(), rows.weights.end(), [&](float w) { return finite(w) && w >= 0; });
    if (!good) return fail(ErrorCode::invalid, "a ridge regression's row has a feature outside, or no number");
    return {};
}

}  // namespace

// All columns go through the same rounds; each has step sizes of its own and stands still once it has converged.
class RidgeSolver {
  public:
    RidgeSolver(const RidgeRows& rows, const Ridge::Options& options)
        : rows_(rows), options_(options), targets_(rows.targets), count_(rows.rows()) {
        roots_.resize(rows.weights.size());
        std::transform(rows.weights.begin(), rows.weights.end(), roots_.begin(), [](float w) { return std::sqrt(w); });
    }

    Ridge solve() {
        Ridge fitted;
        fitted.sparse_columns_ = rows_.sparse_columns;
        fitted.dense_columns_ = rows_.dense_columns;
        fitted.means_ = label_means();
        centre_ = column_means();
        std::vector<float> residual(count_ * targets_), dual(count_ * targets_, 0.0F);
        for (std::size_t i = 0; i < residual.size(); ++i) {
            residual[i] = roots_[i] * (rows_.labels[i] - static_cast<float>(fitted.means_[i % targets_]));
        }
        iterate(residual, dual);
        spread(dual, fitted.weights_);
        fitted.offsets_ = mean_scores(fitted.weights_);
        return fitted;
    }

  private:
    using Columns = std::vector<double>;

    std::size_t features() const { return rows_.sparse_columns + rows_.dense_columns; }

    Columns total_weights() const {
        Columns total(targets_, 0.0);
        for (std::size_t i = 0; i < rows_.weights.size(); ++i) total[i % targets_] += rows_.weights[i];
        return total;
    }

    Columns label_means() const {
        const Columns total = total_weights();
        Columns mean(targets_, 0.0);
        for (std::size_t i = 0; i < rows_.labels.size(); ++i) {
            mean[i % targets_] += static_cast<double>(rows_.weights[i]) * rows_.labels[i];
        }
        for (std::size_t t = 0; t < targets_; ++t) mean[t] = total[t] > 0 ? mean[t] / total[t] : 0;
        return mean;
    }

    // to += by * value, over the targets; by fours, so that the compiler takes vector registers.
    void add_times(float* __restrict to, const float* __restrict by, float value) const {
        std::size_t t = 0;
        for (; t + 4 <= targets_; t += 4) {
            for (std::size_t i = t; i < t + 4; ++i) to[i] += by[i] * value;
        }
        for (; t < targets_; ++t) to[t] += by[t] * value;
    }

    // use(the feature's row of targets, value) for every value of a row.
    template <class Table, class Use>
    void each_value(std::size_t row, Table& table, const Use& use) const {
        for (const SparseValue& each : rows_.sparse_row(row)) {
            use(table.data() + std::size_t{each.feature} * targets_, each.value);
        }
        auto* at = table.data() + rows_.sparse_columns * targets_;
        for (const float value : rows_.dense_row(row)) {
            use(at, value);
            at += targets_;
        }
    }

    std::vector<float> column_means() const {
        std::vector<float> sums(features() * targets_, 0.0F);
        const Columns total = total_weights();
        std::vector<float> share(targets_);
        for (std::size_t row = 0; row < count_; ++row) {
            for (std::size_t t = 0; t < targets_; ++t) {
                const double weight = rows_.weights[row * targets_ + t];
                share[t] = total[t] > 0 ? static_cast<float>(weight / total[t]) : 0.0F;
            }
            each_value(row, sums, [&](float* to, float value) { add_times(to, share.data(), value); });
        }
        return sums;
    }

    // Feature space from rows: centred rows' transpose times root-weighted duals.
    void spread(const std::vector<float>& dual, std::vector<float>& to) const {
        to.assign(features() * targets_, 0.0F);
        std::vector<float> scaled(targets_), sum(targets_, 0.0F);
        for (std::size_t row = 0; row < count_; ++row) {
            for (std::size_t t = 0; t < targets_; ++t) {
                scaled[t] = dual[row * targets_ + t] * roots_[row * targets_ + t];
                sum[t] += scaled[t];
            }
            each_value(row, to, [&](float* at, float value) { add_times(at, scaled.data(), value); });
        }
        for (std::size_t i = 0; i < to.size(); i += targets_) {
            for (std::size_t t = 0; t < targets_; ++t) to[i + t] -= sum[t] * centre_[i + t];
        }
    }

    std::vector<float> mean_scores(const std::vector<float>& weights) const {
        Columns mean(targets_, 0.0);
        for (std::size_t i = 0; i < weights.size(); i += targets_) {
            for (std::size_t t = 0; t < targets_; ++t) mean[t] += static_cast<double>(weights[i + t]) * centre_[i + t];
        }
        return {mean.begin(), mean.end()};
    }

    // The dual system's matrix times a direction.
    void apply(const std::vector<float>& direction, std::vector<float>& to) {
        spread(direction, primal_);
        const std::vector<float> mean = mean_scores(primal_);
        std::vector<float> sum(targets_);
        for (std::size_t row = 0; row < count_; ++row) {
            for (std::size_t t = 0; t < targets_; ++t) sum[t] = -mean[t];
            each_value(row, primal_, [&](const float* at, float value) { add_times(sum.data(), at, value); });
            for (std::size_t t = 0; t < targets_; ++t) {
                const std::size_t i = row * targets_ + t;
                to[i] = roots_[i] * sum[t] + static_cast<float>(options_.l2) * direction[i];
            }
        }
    }

    Columns dot(const std::vector<float>& a, const std::vector<float>& b) const {
        Columns product(targets_, 0.0);
        for (std::size_t i = 0; i < a.size(); i += targets_) {
            for (std::size_t t = 0; t < targets_; ++t) product[t] += static_cast<double>(a[i + t]) * b[i + t];
        }
        return product;
    }

    void iterate(std::vector<float>& residual, std::vector<float>& dual) {
        std::vector<float> direction = residual, image(residual.size());
        Columns left = dot(residual, residual);
        Columns goal = left;
        for (double& each : goal) each *= options_.tolerance * options_.tolerance;
        std::vector<float> step(targets_), turn(targets_);
        for (int round = 0; round < options_.most_rounds; ++round) {
            bool done = true;
            for (std::size_t t = 0; t < targets_; ++t) done = done && left[t] <= goal[t];
            if (done) return;
            apply(direction, image);
            const Columns curve = dot(direction, image);
            for (std::size_t t = 0; t < targets_; ++t) {
                step[t] = left[t] > goal[t] && curve[t] > 0 ? static_cast<float>(left[t] / curve[t]) : 0.0F;
            }
            for (std::size_t i = 0; i < dual.size(); ++i) {
                dual[i] += step[i % targets_] * direction[i];
                residual[i] -= step[i % targets_] * image[i];
            }
            const Columns now = dot(residual, residual);
            for (std::size_t t = 0; t < targets_; ++t) {
                turn[t] = left[t] > 0 ? static_cast<float>(now[t] / left[t]) : 0.0F;
            }
            for (std::size_t i = 0; i < dual.size(); ++i) {
                direction[i] = residual[i] + turn[i % targets_] * direction[i];
            }
            left = now;
        }
    }

    const RidgeRows& rows_;
    const Ridge::Options options_;
    const std::size_t targets_, count_;
    std::vector<float> roots_, centre_, primal_;
};

Result<Ridge> Ridge::fit(const RidgeRows& rows, const Options& options) {
    if (const auto good = check(rows, options); !good) return tl::unexpected(good.error());
    return RidgeSolver(rows, options).solve();
}

template <class Count>
void Ridge::add_scores(std::span<const SparseValue> sparse, std::span<const float> dense, float* out,
                       Count count) const {
    const float* const table = weights_.data();
    for (const SparseValue& each : sparse) {
        if (each.feature >= sparse_columns_) continue;
        const float* const at = table + std::size_t{each.feature} * count();
        for (std::size_t t = 0; t < count(); ++t) out[t] += at[t] * each.value;
    }
    const float* at = table + sparse_columns_ * count();
    for (const float value : dense.first(std::min(dense.size(), dense_columns_))) {
        for (std::size_t t = 0; t < count(); ++t) out[t] += at[t] * value;
        at += count();
    }
}

void Ridge::score(std::span<const SparseValue> sparse, std::span<const float> dense, std::span<float> out) const {
    if (targets() == 4) {
        std::array<float, 4> sums{};
        add_scores(sparse, dense, sums.data(), [] { return std::size_t{4}; });
        for (std::size_t t = 0; t < std::min<std::size_t>(4, out.size()); ++t) out[t] = sums[t] - offsets_[t];
        return;
    }
    std::vector<float> sums(targets(), 0.0F);
    add_scores(sparse, dense, sums.data(), [this] { return targets(); });
    for (std::size_t t = 0; t < std::min(targets(), out.size()); ++t) out[t] = sums[t] - offsets_[t];
}

Ridge Ridge::only(std::span<const std::size_t> columns) const {
    Ridge kept;
    kept.sparse_columns_ = sparse_columns_;
    kept.dense_columns_ = dense_columns_;
    kept.weights_.reserve((sparse_columns_ + dense_columns_) * columns.size());
    for (std::size_t i = 0; i < weights_.size(); i += targets()) {
        for (const std::size_t column : columns) kept.weights_.push_back(weights_[i + column]);
    }
    for (const std::size_t column : columns) {
        kept.offsets_.push_back(offsets_[column]);
        kept.means_.push_back(means_[column]);
    }
    return kept;
}

}  // namespace weir::learn
