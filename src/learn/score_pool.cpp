#include "learn/score_pool.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "learn/softmax_regression.h"

namespace weir::learn {
namespace {

constexpr int kMostRounds = 30;
constexpr double kLeastProbability = 1e-30;

// The loss by the two weights, with its slopes and curvature.
struct Loss {
    double value = 0, slope[2] = {0, 0}, curve[3] = {0, 0, 0};
};

struct Scores {
    std::span<const std::uint32_t> heads;
    std::span<const float> first, second;
    std::span<const std::int32_t> targets;
    std::size_t columns = 0;
};

// Of one head of one row: what the scores are on the average under the pool's probabilities, and how they vary.
void add_head(std::span<const float> probabilities, std::span<const float> first, std::span<const float> second,
              std::int32_t target, Loss& loss) {
    double mean[2] = {0, 0}, square[3] = {0, 0, 0}, told[2] = {0, 0}, right = 0;
    const auto add = [&](double probability, double a, double b, bool hit) {
        mean[0] += probability * a;
        mean[1] += probability * b;
        square[0] += probability * a * a;
        square[1] += probability * a * b;
        square[2] += probability * b * b;
        if (hit) told[0] = a, told[1] = b, right = probability;
    };
    if (probabilities.size() == 1) {
        // A sigmoid: a softmax of the score against nothing.
        const auto yes = static_cast<double>(probabilities[0]);
        add(yes, static_cast<double>(first[0]), static_cast<double>(second[0]), target == 1);
        add(1 - yes, 0, 0, target == 0);
    } else {
        for (std::size_t i = 0; i < probabilities.size(); ++i) {
            add(static_cast<double>(probabilities[i]), static_cast<double>(first[i]), static_cast<double>(second[i]),
                static_cast<std::size_t>(target) == i);
        }
    }
    loss.value -= std::log(std::max(right, kLeastProbability));
    for (int i = 0; i < 2; ++i) loss.slope[i] += mean[i] - told[i];
    loss.curve[0] += square[0] - mean[0] * mean[0];
    loss.curve[1] += square[1] - mean[0] * mean[1];
    loss.curve[2] += square[2] - mean[1] * mean[1];
}

Loss loss_of(const Scores& scores, const ScorePool& pool) {
    Loss loss;
    const double from_half[2] = {pool.first - 0.5, pool.second - 0.5};
    for (int i = 0; i < 2; ++i) {
        loss.value += from_half[i] * from_half[i] / 2;
        loss.slope[i] = from_half[i];
        loss.curve[2 * i] = 1;
    }
    std::vector<float> mixed;
    const std::size_t rows = scores.targets.size() / scores.heads.size();
    for (std::size_t row = 0; row < rows; ++row) {
        const auto first = scores.first.subspan(row * scores.columns, scores.columns);
        const auto second = scores.second.subspan(row * scores.columns, scores.columns);
        mixed.assign(first.begin(), first.end());
        pool.mix(mixed, second);
        to_probabilities(scores.heads, mixed);
        std::size_t begin = 0;
        for (std::size_t head = 0; head < scores.heads.size(); begin += scores.heads[head++]) {
            const std::int32_t target = scores.targets[row * scores.heads.size() + head];
            if (target == SoftmaxRegression::kUnknown) continue;
            const std::size_t width = scores.heads[head];
            add_head(std::span(mixed).subspan(begin, width), first.subspan(begin, width), second.subspan(begin, width),
                     target, loss);
        }
    }
    return loss;
}

}  // namespace

ScorePool ScorePool::fit(std::span<const std::uint32_t> heads, std::span<const float> first,
                         std::span<const float> second, std::span<const std::int32_t> targets) {
    ScorePool pool;
    const Scores scores{heads, first, second, targets, std::accumulate(heads.begin(), heads.end(), std::size_t{0})};
    if (heads.empty() || targets.empty()) return pool;
    Loss loss = loss_of(scores, pool);
    for (int round = 0; round < kMostRounds; ++round) {
        const double determinant = loss.curve[0] * loss.curve[2] - loss.curve[1] * loss.curve[1];
        if (!(determinant > 0) || !std::isfinite(loss.value)) break;
        const double step_first = (loss.curve[2] * loss.slope[0] - loss.curve[1] * loss.slope[1]) / determinant;
        const double step_second = (loss.curve[0] * loss.slope[1] - loss.curve[1] * loss.slope[0]) / determinant;
        bool moved = false;
        for (double part = 1; part > 1e-6 && !moved; part /= 2) {
            const ScorePool tried{std::max(0.0, pool.first - part * step_first),
                                  std::max(0.0, pool.second - part * step_second)};
            const Loss there = loss_of(scores, tried);
            if (!(there.value < loss.value - 1e-9)) continue;
            pool = tried;
            loss = there;
            moved = true;
        }
        if (!moved) break;
    }
    return pool;
}

void ScorePool::mix(std::span<float> first_scores, std::span<const float> second_scores) const {
    const auto a = static_cast<float>(first), b = static_cast<float>(second);
    for (std::size_t i = 0; i < first_scores.size(); ++i) first_scores[i] = a * first_scores[i] + b * second_scores[i];
}

}  // namespace weir::learn
