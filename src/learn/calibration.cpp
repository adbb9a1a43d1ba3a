#include "learn/calibration.h"

#include <algorithm>
#include <cmath>

#include "learn/logistic_regression.h"

namespace weir::learn {
namespace {

struct Pool {
    double score = 0, label = 0, weight = 0;  // sums times weight
};

std::vector<ScoredLabel> by_score(std::span<const ScoredLabel> labelled) {
    std::vector<ScoredLabel> sorted(labelled.begin(), labelled.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const ScoredLabel& a, const ScoredLabel& b) { return a.score < b.score; });
    return sorted;
}

// Negative log-likelihood; Lin et al.'s form, which does not overflow.
double loss_of(std::span<const ScoredLabel> labelled, double slope, double offset, double high, double low) {
    double loss = 0;
    for (const ScoredLabel& each : labelled) {
        const double target = low + (high - low) * each.label;
        const double margin = slope * each.score + offset;
        const double soft = margin >= 0 ? std::log1p(std::exp(-margin)) : std::log1p(std::exp(margin)) - margin;
        loss += each.weight * (soft + (1 - target) * margin);
    }
    return loss;
}

}  // namespace

IsotonicCalibration IsotonicCalibration::fit(std::span<const ScoredLabel> labelled) {
    const std::vector<ScoredLabel> sorted = by_score(labelled);
    std::vector<Pool> pools;
    for (std::size_t i = 0; i < sorted.size();) {
        Pool tie;
        for (const double score = sorted[i].score; i < sorted.size() && sorted[i].score == score; ++i) {
            tie.score += sorted[i].score * sorted[i].weight;
            tie.label += sorted[i].label * sorted[i].weight;
            tie.weight += sorted[i].weight;
        }
        pools.push_back(tie);
        while (pools.size() > 1) {
            const Pool& last = pools.back();
            Pool& before = pools[pools.size() - 2];
            if (before.label * last.weight < last.label * before.weight) break;
            before = {before.score + last.score, before.label + last.label, before.weight + last.weight};
            pools.pop_back();
        }
    }
    IsotonicCalibration fitted;
    for (const Pool& pool : pools) {
        fitted.scores_.push_back(pool.score / pool.weight);
        fitted.values_.push_back(pool.label / pool.weight);
    }
    return fitted;
}

double IsotonicCalibration::probability(double score) const {
    if (scores_.empty()) return 0.5;
    const auto above = std::upper_bound(scores_.begin(), scores_.end(), score);
    if (above == scores_.begin()) return values_.front();
    if (above == scores_.end()) return values_.back();
    const auto i = static_cast<std::size_t>(above - scores_.begin());
    const double share = (score - scores_[i - 1]) / (scores_[i] - scores_[i - 1]);
    return values_[i - 1] + share * (values_[i] - values_[i - 1]);
}

double PlattCalibration::probability(double score) const {
    return sigmoid(slope * score + offset);
}

PlattCalibration PlattCalibration::fit(std::span<const ScoredLabel> labelled) {
    double positive = 0, negative = 0;
    for (const ScoredLabel& each : labelled) {
        positive += each.weight * each.label;
        negative += each.weight * (1 - each.label);
    }
    if (!(positive > 0) || !(negative > 0)) return {};
    const double high = (positive + 1) / (positive + 2), low = 1 / (negative + 2);
    PlattCalibration at{0, std::log((positive + 1) / (negative + 1))};
    double loss = loss_of(labelled, at.slope, at.offset, high, low);
    for (int round = 0; round < 100; ++round) {
        double h11 = 1e-12, h22 = 1e-12, h12 = 0, g1 = 0, g2 = 0;
        for (const ScoredLabel& each : labelled) {
            const double target = low + (high - low) * each.label;
            const double probability = at.probability(each.score);
            const double curve = each.weight * probability * (1 - probability);
            const double slope = each.weight * (probability - target);
            h11 += curve * each.score * each.score;
            h12 += curve * each.score;
            h22 += curve;
            g1 += slope * each.score;
            g2 += slope;
        }
        if (std::abs(g1) < 1e-9 && std::abs(g2) < 1e-9) break;
        const double determinant = h11 * h22 - h12 * h12;
        if (!(determinant > 0)) break;
        const double d1 = -(h22 * g1 - h12 * g2) / determinant, d2 = -(h11 * g2 - h12 * g1) / determinant;
        bool moved = false;
        for (double step = 1; step > 1e-10 && !moved; step /= 2) {
            const double tried = loss_of(labelled, at.slope + step * d1, at.offset + step * d2, high, low);
            if (tried > loss + 1e-4 * step * (g1 * d1 + g2 * d2)) continue;
            at = {at.slope + step * d1, at.offset + step * d2};
            loss = tried;
            moved = true;
        }
        if (!moved) break;
    }
    return at;
}

std::optional<PickedThreshold> pick_threshold(std::span<const ScoredLabel> labelled, double false_share,
                                              std::size_t least_served, double caution) {
    const std::vector<ScoredLabel> sorted = by_score(labelled);
    double all = 0, positive = 0;
    for (const ScoredLabel& each : sorted) {
        all += each.weight;
        positive += each.weight * each.label;
    }
    std::optional<PickedThreshold> best;
    double served = 0, right = 0;
    for (std::size_t i = sorted.size(); i-- > 0;) {
        served += sorted[i].weight;
        right += sorted[i].weight * sorted[i].label;
        if (i > 0 && sorted[i - 1].score == sorted[i].score) continue;
        const auto rows = static_cast<double>(sorted.size() - i);
        const double allowed = false_share - caution * std::sqrt(false_share * (1 - false_share) / rows);
        if (rows < static_cast<double>(least_served) || served - right > allowed * served) continue;
        best = {sorted[i].score, served / all, 1 - right / served, positive > 0 ? right / positive : 0};
    }
    return best;
}

}  // namespace weir::learn
