#include "learn/grouped_logistic.h"

#include <algorithm>
#include <cmath>

#include "learn/logistic_regression.h"

namespace weir::learn {
namespace {

constexpr std::size_t kMost = GroupedLogistic::kMostCommon;
using Values = GroupedLogistic::Values;
using Matrix = std::array<Values, kMost>;

// Solves a x = b for a symmetric positive definite `a` of `size` rows, by elimination without pivots.
Values solve(Matrix a, Values b, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t j = i + 1; j < size; ++j) {
            const double factor = a[j][i] / a[i][i];
            for (std::size_t k = i; k < size; ++k) a[j][k] -= factor * a[i][k];
            b[j] -= factor * b[i];
        }
    }
    Values x{};
    for (std::size_t i = size; i-- > 0;) {
        double sum = b[i];
        for (std::size_t k = i + 1; k < size; ++k) sum -= a[i][k] * x[k];
        x[i] = sum / a[i][i];
    }
    return x;
}

struct GroupSums {
    double gradient = 0, curvature = 0;
    Values cross{};  // second derivatives with the common coefficients
};

}  // namespace

double GroupedLogistic::margin(double offset, const Values& values, std::uint32_t group) const {
    double sum = offset + (group < groups_.size() ? groups_[group] : 0);
    for (std::size_t i = 0; i < kMost; ++i) sum += common_[i] * values[i];
    return sum;
}

double GroupedLogistic::probability(double offset, const Values& values, std::uint32_t group) const {
    return sigmoid(margin(offset, values, group));
}

// The log-likelihood less the penalties.
double GroupedLogistic::objective(std::span<const Row> rows, const Options& options) const {
    double sum = 0;
    for (const Row& row : rows) {
        const double odds = margin(row.offset, row.values, row.group);
        // log(sigmoid(x)) = -log(1 + exp(-x)), without overflow
        const double log_one = -(std::max(-odds, 0.0) + std::log1p(std::exp(-std::abs(odds))));
        sum += row.weight * (log_one - (1 - row.label) * odds);
    }
    for (std::size_t i = 0; i < std::min(options.common, kMost); ++i) {
        sum -= options.common_penalty[i] * common_[i] * common_[i] / 2;
    }
    for (const double group : groups_) sum -= options.group_penalty * group * group / 2;
    return sum;
}

GroupedLogistic GroupedLogistic::fit(std::span<const Row> rows, std::size_t groups, const Options& options) {
    GroupedLogistic model;
    model.groups_.assign(groups, 0.0);
    const std::size_t common = std::min(options.common, kMost);
    std::vector<GroupSums> sums(groups);
    std::vector<double> moves(groups);
    double best = model.objective(rows, options);
    for (int step = 0; step < options.steps; ++step) {
        Matrix hessian{};
        Values gradient{};
        for (std::size_t i = 0; i < common; ++i) {
            gradient[i] = -options.common_penalty[i] * model.common_[i];
            hessian[i][i] = options.common_penalty[i];
        }
        for (std::size_t g = 0; g < groups; ++g) {
            sums[g] = {-options.group_penalty * model.groups_[g], options.group_penalty, {}};
        }
        for (const Row& row : rows) {
            const double p = model.probability(row.offset, row.values, row.group);
            const double error = row.weight * (row.label - p);
            const double curvature = row.weight * std::max(p * (1 - p), 1e-6);
            GroupSums& group = sums[row.group];
            group.gradient += error;
            group.curvature += curvature;
            for (std::size_t i = 0; i < common; ++i) {
                gradient[i] += error * row.values[i];
                group.cross[i] += curvature * row.values[i];
                for (std::size_t j = 0; j < common; ++j) hessian[i][j] += curvature * row.values[i] * row.values[j];
            }
        }
        // The groups are eliminated first: what is left is the Schur complement.
        for (const GroupSums& group : sums) {
            for (std::size_t i = 0; i < common; ++i) {
                gradient[i] -= group.cross[i] * group.gradient / group.curvature;
                for (std::size_t j = 0; j < common; ++j) {
                    hessian[i][j] -= group.cross[i] * group.cross[j] / group.curvature;
                }
            }
        }
        const Values move = solve(hessian, gradient, common);
        double largest = 0;
        for (std::size_t i = 0; i < common; ++i) largest = std::max(largest, std::abs(move[i]));
        for (std::size_t g = 0; g < groups; ++g) {
            double left = sums[g].gradient;
            for (std::size_t i = 0; i < common; ++i) left -= sums[g].cross[i] * move[i];
            moves[g] = left / sums[g].curvature;
            largest = std::max(largest, std::abs(moves[g]));
        }
        // Far from the best fit a whole step may lead away from it.
        GroupedLogistic moved;
        double part = 1, value = 0;
        for (int halved = 0; halved < 20; ++halved, part /= 2) {
            moved = model;
            for (std::size_t i = 0; i < common; ++i) moved.common_[i] += part * move[i];
            for (std::size_t g = 0; g < groups; ++g) moved.groups_[g] += part * moves[g];
            value = moved.objective(rows, options);
            if (value >= best) break;
        }
        if (value < best) break;
        best = value;
        model = std::move(moved);
        if (part * largest < 1e-5) break;
    }
    return model;
}

}  // namespace weir::learn
