// Finite-sample proofs about the share of wrong answers among served hits.
//   Exact bounds for a binomial share (Clopper and Pearson, Biometrika 1934).
//   A threshold whose false share is at most a promise, with confidence 1 - alpha: learn then test (Angelopoulos,
//   Bates, Candes, Jordan, Lei, 2021), thresholds tested in a fixed sequence from strict to loose, from several
//   starting points that share alpha. Each test is exact (binomial) for equal weights; for unequal ones it is an
//   e-value: the mean over several stakes b of the products of 1 - b w (wrong - promise), a bet against the null
//   (Waudby-Smith and Ramdas, JRSS B 2024). With a stake fixed beforehand its expectation is at most 1 for independent
//   outcomes of *different* probabilities too.
// Assumed: outcomes are independent given the scores, and those to come are like those seen. Weights depend on scores
// and on coins, never on outcomes. Who certifies again and again must spend alpha over the occasions: see
// spent_alpha(). Thread rule: pure functions. Limits: memory; O(n log n + n * grid).
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace weir::learn {

// Regularised incomplete beta function I_x(a, b), a and b > 0: continued fraction by Lentz's method (Press et al.,
// Numerical Recipes, 6.4). Relative error about 1e-12.
double incomplete_beta(double a, double b, double x);

// One-sided bounds at level 1 - alpha for the share behind `events` of `trials`. Without trials: 1 and 0.
double share_upper_bound(std::size_t events, std::size_t trials, double alpha);
double share_lower_bound(std::size_t events, std::size_t trials, double alpha);
// P(at most `events` of `trials`) where the share is `share`: the p-value against "the share is at least this".
double at_most_probability(std::size_t events, std::size_t trials, double share);

// Upper bound at level 1 - alpha for the expected value of a weighted count: events that each came with a weight, as
// those do that were seen only with some probability (Poisson counts by strata: Fay and Feuer, Statistics in Medicine
// 1997; with equal weights Garwood's exact interval). `sum` and `sum_of_squares`: of the weights of the events seen;
// `largest_weight`: of any that might have been seen, above 0.
double weighted_count_upper_bound(double sum, double sum_of_squares, double largest_weight, double alpha);
double weighted_count_lower_bound(double sum, double sum_of_squares, double alpha);  // nothing seen: 0

// Regularised lower incomplete gamma function P(a, x), a > 0, x >= 0: series and continued fraction (Press et al.,
// Numerical Recipes, 6.2). Relative error about 1e-12.
double incomplete_gamma(double a, double x);

struct LabelledHit {
    double score = 0;    // the best candidate's
    bool wrong = false;  // its answer disagreed with the fresh one
    double weight = 1;   // how many look-ups it stands for: 1 / (probability that this outcome was revealed); above 0
};

// Evidence (an e-value) against "the weighted false share is at least `promise`". 1 / alpha or more refutes that at
// level alpha. `promise` in (0, 1).
double betting_evidence(std::span<const LabelledHit> hits, double promise);

struct ThresholdTest {
    double promise = 0.02;   // bound on the false share among served hits, in (0, 1)
    double alpha = 0.05;     // the chance of certifying a threshold that breaks it
    std::size_t grid = 200;  // thresholds tried, at equal shares of the scores
    std::size_t starts = 4;  // starting points on the grid, alpha / starts each
    // So many wrong hits (in weight) may be served on top: what other hits, counted elsewhere, leave of the promise.
    double allowance = 0;
};

struct CertifiedThreshold {
    double threshold = 0;      // serve what scores at least this
    double served_weight = 0;  // of the labelled hits at or above it
    double false_share = 0;    // seen among them, weighted
    std::size_t served = 0;    // how many they are
};

// The loosest threshold that the tests certify; none where they certify none.
std::optional<CertifiedThreshold> certify_threshold(std::span<const LabelledHit> hits, const ThresholdTest& test);

// What of alpha the n-th occasion (from 1) may use, so that all of them together use no more than alpha: 6 / (pi n)^2
// of it.
double spent_alpha(double alpha, std::size_t occasion);

}  // namespace weir::learn
