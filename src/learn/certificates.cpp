#include "learn/certificates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace weir::learn {
namespace {

constexpr double kPi = 3.14159265358979323846;
// Stakes, as shares of the largest that keeps every product above 0.
constexpr std::array<double, 5> kStakes{0.1, 0.25, 0.5, 0.75, 0.95};

double continued_fraction(double a, double b, double x) {
    constexpr double kTiny = 1e-300;
    const auto kept = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
    double c = 1, d = 1 / kept(1 - (a + b) * x / (a + 1)), h = d;
    for (int m = 1; m < 20'000; ++m) {
        const double n = m;
        const std::array<double, 2> terms{n * (b - n) * x / ((a + 2 * n - 1) * (a + 2 * n)),
                                          -(a + n) * (a + b + n) * x / ((a + 2 * n) * (a + 2 * n + 1))};
        for (const double term : terms) {
            d = 1 / kept(1 + term * d);
            c = kept(1 + term / c);
            h *= d * c;
        }
        if (std::abs(d * c - 1) < 1e-14) break;
    }
    return h;
}

// The share p at which `probability_at(p)`, falling in p, comes down to alpha.
template <class Falling>
double solve(Falling probability_at, double alpha, double low, double high) {
    for (int step = 0; step < 80; ++step) {
        const double middle = (low + high) / 2;
        (probability_at(middle) > alpha ? low : high) = middle;
    }
    return high;
}

// The evidence after each of `ends` hits, in one pass; `clean`: as if none of them had been wrong.
std::vector<double> evidence_after(std::span<const LabelledHit> hits, std::span<const std::size_t> ends, double promise,
                                   bool clean) {
    double largest = 0;
    for (const LabelledHit& hit : hits) largest = std::max(largest, hit.weight);
    std::array<double, kStakes.size()> log_wealth{};
    std::vector<double> evidence;
    std::size_t at = 0;
    for (const std::size_t end : ends) {
        for (; at < end; ++at) {
            const double loss = hits[at].weight * ((hits[at].wrong && !clean ? 1.0 : 0.0) - promise);
            for (std::size_t i = 0; i < kStakes.size(); ++i) {
                log_wealth[i] += std::log1p(-kStakes[i] / (largest * (1 - promise)) * loss);
            }
        }
        double sum = 0;
        for (const double each : log_wealth) sum += std::exp(std::min(each, 600.0));
        evidence.push_back(sum / static_cast<double>(kStakes.size()));
    }
    return evidence;
}

// Of each prefix of `ends` hits: is "its false share is at least the promise" refuted at level alpha? An allowance
// makes the promise of a prefix looser by as much as it comes to for each of its hits: scores and weights settle that.
std::vector<bool> refuted_after(std::span<const LabelledHit> hits, std::span<const std::size_t> ends,
                                const ThresholdTest& test, double alpha, bool clean) {
    constexpr double kLoosest = 0.5;
    const bool equal_weights =
        std::all_of(hits.begin(), hits.end(), [&](const LabelledHit& hit) { return hit.weight == hits[0].weight; });
    std::vector<bool> refuted;
    if (!equal_weights && test.allowance == 0) {
        for (const double evidence : evidence_after(hits, ends, test.promise, clean))
            refuted.push_back(evidence >= 1 / alpha);
        return refuted;
    }
    std::size_t at = 0, wrong = 0;
    double served = 0;
    for (const std::size_t end : ends) {
        for (; at < end; ++at) {
            wrong += hits[at].wrong && !clean ? 1 : 0;
            served += hits[at].weight;
        }
        const double promise = std::max(test.promise, std::min(kLoosest, test.promise + test.allowance / served));
        refuted.push_back(equal_weights ? at_most_probability(wrong, end, promise) <= alpha
                                        : evidence_after(hits, std::span(&end, 1), promise, clean)[0] >= 1 / alpha);
    }
    return refuted;
}

// Where each threshold of the grid ends: after so many of the sorted hits, never between equal scores.
std::vector<std::size_t> grid_of(std::span<const LabelledHit> sorted, std::size_t grid) {
    std::vector<std::size_t> ends;
    for (std::size_t i = 1; i <= grid; ++i) {
        std::size_t end = std::max<std::size_t>(1, i * sorted.size() / grid);
        while (end < sorted.size() && sorted[end].score == sorted[end - 1].score) ++end;
        if (ends.empty() || end > ends.back()) ends.push_back(end);
    }
    return ends;
}

}  // namespace

double incomplete_beta(double a, double b, double x) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(b, a, 1 - x);
    const double log_front =
        std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x);
    return std::exp(log_front) * continued_fraction(a, b, x) / a;
}

double at_most_probability(std::size_t events, std::size_t trials, double share) {
    if (events >= trials) return 1;
    return incomplete_beta(static_cast<double>(trials - events), static_cast<double>(events) + 1, 1 - share);
}

double share_upper_bound(std::size_t events, std::size_t trials, double alpha) {
    if (events >= trials) return 1;
    return solve([&](double share) { return at_most_probability(events, trials, share); }, alpha,
                 static_cast<double>(events) / static_cast<double>(trials), 1);
}

double share_lower_bound(std::size_t events, std::size_t trials, double alpha) {
    return events == 0 || trials == 0 ? 0 : 1 - share_upper_bound(trials - events, trials, alpha);
}

double betting_evidence(std::span<const LabelledHit> hits, double promise) {
    const std::size_t end = hits.size();
    return hits.empty() ? 1 : evidence_after(hits, std::span(&end, 1), promise, false)[0];
}

std::optional<CertifiedThreshold> certify_threshold(std::span<const LabelledHit> hits, const ThresholdTest& test) {
    if (hits.empty() || test.grid == 0 || test.starts == 0) return std::nullopt;
    std::vector<LabelledHit> sorted(hits.begin(), hits.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const LabelledHit& a, const LabelledHit& b) { return a.score > b.score; });
    const std::vector<std::size_t> ends = grid_of(sorted, test.grid);
    const double alpha = test.alpha / static_cast<double>(test.starts);
    const std::vector<bool> refuted = refuted_after(sorted, ends, test, alpha, false);
    // A sequence that began where not even spotless hits suffice would end at once: the first begins where they do,
    // each other at twice as many hits. Scores and weights settle that, outcomes don't.
    const std::vector<bool> possible = refuted_after(sorted, ends, test, alpha, true);
    const auto first = static_cast<std::size_t>(std::find(possible.begin(), possible.end(), true) - possible.begin());
    if (first == ends.size()) return std::nullopt;
    std::size_t begin = ends[first];
    std::size_t certified = 0;  // of the sorted hits, so many would be served
    for (std::size_t start = 0; start < test.starts; ++start, begin *= 2) {
        auto at = static_cast<std::size_t>(std::lower_bound(ends.begin(), ends.end(), begin) - ends.begin());
        for (; at < ends.size() && refuted[at]; ++at) certified = std::max(certified, ends[at]);
    }
    if (certified == 0) return std::nullopt;
    CertifiedThreshold result{sorted[certified - 1].score, 0, 0, certified};
    for (const LabelledHit& hit : std::span(sorted).first(certified)) {
        result.served_weight += hit.weight;
        result.false_share += hit.wrong ? hit.weight : 0;
    }
    result.false_share /= result.served_weight;
    return result;
}

double incomplete_gamma(double a, double x) {
    if (x <= 0) return 0;
    const double front = std::exp(-x + a * std::log(x) - std::lgamma(a));
    if (x < a + 1) {
        double term = 1 / a, sum = term;
        for (int n = 1; n < 100'000 && term > sum * 1e-15; ++n) {
            term *= x / (a + n);
            sum += term;
        }
        return std::min(1.0, front * sum);
    }
    constexpr double kTiny = 1e-300;
    double b = x + 1 - a, c = 1 / kTiny, d = 1 / b, h = d;
    for (int n = 1; n < 100'000; ++n) {
        const double term = -n * (n - a);
        b += 2;
        d = term * d + b;
        if (std::abs(d) < kTiny) d = kTiny;
        c = b + term / c;
        if (std::abs(c) < kTiny) c = kTiny;
        d = 1 / d;
        h *= d * c;
        if (std::abs(d * c - 1) < 1e-14) break;
    }
    return std::clamp(1 - front * h, 0.0, 1.0);
}

// Where a gamma distribution of this mean and variance exceeds with probability `alpha`.
static double gamma_quantile(double mean, double variance, double alpha) {
    const double shape = mean * mean / variance, scale = variance / mean;
    const auto above = [shape](double x) { return 1 - incomplete_gamma(shape, x); };
    double high = shape + 10;
    while (above(high) > alpha) high *= 2;
    return scale * solve(above, alpha, 0, high);
}

double weighted_count_upper_bound(double sum, double sum_of_squares, double largest_weight, double alpha) {
    // As if one more event of the largest weight had been seen.
    return gamma_quantile(sum + largest_weight, sum_of_squares + largest_weight * largest_weight, alpha);
}

double weighted_count_lower_bound(double sum, double sum_of_squares, double alpha) {
    return sum > 0 ? gamma_quantile(sum, sum_of_squares, 1 - alpha) : 0;
}

double spent_alpha(double alpha, std::size_t occasion) {
    const double n = static_cast<double>(std::max<std::size_t>(1, occasion)) * kPi;
    return alpha * 6 / (n * n);
}

}  // namespace weir::learn
