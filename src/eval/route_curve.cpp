#include "eval/route_curve.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace weir::eval {
namespace {

std::vector<std::size_t> highest_first(std::span<const double> scores) {
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    return order;
}

}  // namespace

double apgr(std::span<const double> scores, const std::vector<bool>& weak_correct,
            const std::vector<bool>& strong_correct) {
    const std::vector<std::size_t> order = highest_first(scores);
    const auto benefit = [&](std::size_t i) { return int{strong_correct[i]} - int{weak_correct[i]}; };
    // In units of answers: recovered so far, and the area under it.
    double recovered = 0, area = 0;
    for (std::size_t i = 0; i < order.size();) {
        const double before = recovered;
        const std::size_t begin = i;
        for (const double score = scores[order[begin]]; i < order.size() && scores[order[i]] == score; ++i) {
            recovered += benefit(order[i]);
        }
        area += (before + recovered) / 2 * static_cast<double>(i - begin);
    }
    if (recovered == 0) return std::numeric_limits<double>::quiet_NaN();
    return area / static_cast<double>(order.size()) / recovered;
}

double calibration_error(std::span<const double> probabilities, const std::vector<bool>& came_true, std::size_t bins) {
    const std::vector<std::size_t> order = highest_first(probabilities);
    double error = 0;
    for (std::size_t bin = 0; bin < bins; ++bin) {
        const std::size_t from = bin * order.size() / bins, to = (bin + 1) * order.size() / bins;
        double expected = 0, seen = 0;
        for (std::size_t i = from; i < to; ++i) {
            expected += probabilities[order[i]];
            seen += came_true[order[i]] ? 1 : 0;
        }
        error += std::abs(expected - seen);
    }
    return order.empty() ? 0 : error / static_cast<double>(order.size());
}

}  // namespace weir::eval
