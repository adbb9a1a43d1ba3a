#include "learn/certificates.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>
#include <vector>

#include "learn/random_bits.h"

using namespace weir::learn;

namespace {

// A gate's world: scores uniform in [0, 1), wrong with a probability that falls with the score.
double wrong_probability(double score) {
    return 0.3 * (1 - score) * (1 - score);
}
// Of hits at or above a threshold: the mean of the above, 0.1 (1 - t)^2.
double true_false_share(double threshold) {
    return 0.1 * (1 - threshold) * (1 - threshold);
}

LabelledHit draw(RandomBits& random) {
    const double score = random.uniform();
    return {score, random.chance(wrong_probability(score)), 1};
}

}  // namespace

TEST_CASE("incomplete beta: closed forms") {
    for (const double x : {0.01, 0.2, 0.5, 0.77, 0.999}) {
        CHECK(incomplete_beta(1, 1, x) == doctest::Approx(x).epsilon(1e-12));
        CHECK(incomplete_beta(3, 1, x) == doctest::Approx(x * x * x).epsilon(1e-12));
        CHECK(incomplete_beta(1, 4, x) == doctest::Approx(1 - std::pow(1 - x, 4)).epsilon(1e-12));
        CHECK(incomplete_beta(2, 2, x) == doctest::Approx(x * x * (3 - 2 * x)).epsilon(1e-12));
    }
    CHECK(incomplete_beta(2, 3, 0) == 0);
    CHECK(incomplete_beta(2, 3, 1) == 1);
}

TEST_CASE("Clopper-Pearson: known values") {
    // No event in n: 1 - alpha^(1/n).
    CHECK(share_upper_bound(0, 10, 0.05) == doctest::Approx(1 - std::pow(0.05, 0.1)).epsilon(1e-9));
    CHECK(share_upper_bound(0, 149, 0.05) == doctest::Approx(0.019905).epsilon(1e-4));
    // The two-sided 95 % interval of 4 in 10 and of 1 in 20, as printed in tables.
    CHECK(share_lower_bound(4, 10, 0.025) == doctest::Approx(0.1216).epsilon(1e-3));
    CHECK(share_upper_bound(4, 10, 0.025) == doctest::Approx(0.7376).epsilon(1e-3));
    CHECK(share_lower_bound(1, 20, 0.025) == doctest::Approx(0.00127).epsilon(1e-2));
    CHECK(share_upper_bound(1, 20, 0.025) == doctest::Approx(0.2487).epsilon(1e-3));
    CHECK(share_upper_bound(5, 5, 0.05) == 1);
    CHECK(share_lower_bound(0, 5, 0.05) == 0);
    CHECK(share_upper_bound(0, 0, 0.05) == 1);
    CHECK(share_lower_bound(0, 0, 0.05) == 0);
}

TEST_CASE("Clopper-Pearson: the bound solves its own equation, by summing the binomial") {
    rc::check("P(X <= k) at the upper bound is alpha", [] {
        const auto trials = *rc::gen::inRange<std::size_t>(2, 60);
        const auto events = *rc::gen::inRange<std::size_t>(0, trials);
        const double bound = share_upper_bound(events, trials, 0.05);
        double sum = 0;
        for (std::size_t k = 0; k <= events; ++k) {
            const double n = static_cast<double>(trials), i = static_cast<double>(k);
            sum += std::exp(std::lgamma(n + 1) - std::lgamma(i + 1) - std::lgamma(n - i + 1) + i * std::log(bound) +
                            (n - i) * std::log1p(-bound));
        }
        RC_ASSERT(std::abs(sum - 0.05) < 1e-7);
    });
}

TEST_CASE("betting evidence: on average at most 1 under the null, far above under the alternative") {
    double mean = 0;
    constexpr int kWorlds = 4000;
    for (int world = 0; world < kWorlds; ++world) {
        RandomBits random(static_cast<std::uint64_t>(world));
        std::vector<LabelledHit> hits;
        // Different probabilities and weights, weighted mean exactly 0.1.
        for (int i = 0; i < 50; ++i) {
            hits.push_back({1, random.chance(0.05), 1});
            hits.push_back({0, random.chance(0.125), 2});
        }
        mean += betting_evidence(hits, 0.1) / kWorlds;
    }
    CHECK(mean < 1.15);  // its standard error is about 0.03
    std::vector<LabelledHit> good(600, LabelledHit{1, false, 1});
    for (std::size_t i = 0; i < good.size(); i += 50) good[i].wrong = true;
    CHECK(betting_evidence(good, 0.1) > 1e6);
    CHECK(betting_evidence(good, 0.015) < 1);
    CHECK(betting_evidence({}, 0.1) == 1);
}

TEST_CASE(
    "certified thresholds keep the promise in at least 1 - alpha of seeded worlds, and serve nearly what they could") {
    for (const bool weighted : {false, true}) {
        CAPTURE(weighted);
        constexpr int kWorlds = 400;
        constexpr double kPromise = 0.02;
        int broken = 0;
        double served = 0;
        for (int world = 0; world < kWorlds; ++world) {
            RandomBits random(static_cast<std::uint64_t>(world) + 1000);
            std::vector<LabelledHit> hits;
            for (int i = 0; i < (weighted ? 16'000 : 6000); ++i) {
                LabelledHit hit = draw(random);
                // Outcomes of high scores are revealed by audits only.
                if (weighted && hit.score > 0.7) {
                    if (!random.chance(0.25)) continue;
                    hit.weight = 4;
                }
                hits.push_back(hit);
            }
            const auto proof = certify_threshold(hits, {kPromise, 0.05, 100, 4});
            if (!proof) continue;
            served += 1 - proof->threshold;
            broken += true_false_share(proof->threshold) > kPromise ? 1 : 0;
        }
        CHECK(broken <= kWorlds * 5 / 100 + 9);  // two standard deviations
        // 0.447 of all could be served by somebody who knew the probabilities.
        CHECK(served / kWorlds > (weighted ? 0.2 : 0.3));
    }
}

TEST_CASE("certified thresholds: nothing where nothing can be proven") {
    std::vector<LabelledHit> hits(100, LabelledHit{0.9, false, 1});
    CHECK_FALSE(certify_threshold(hits, {0.02, 0.05, 50, 4}));  // 100 spotless hits don't prove 2 %
    CHECK(certify_threshold(hits, {0.1, 0.05, 50, 4}));
    CHECK_FALSE(certify_threshold({}, {}));
    for (LabelledHit& hit : hits) hit.wrong = true;
    CHECK_FALSE(certify_threshold(hits, {0.5, 0.05, 50, 4}));
}

TEST_CASE("certified thresholds never cut between equal scores") {
    std::vector<LabelledHit> hits;
    for (int i = 0; i < 1000; ++i) hits.push_back({i < 300 ? 0.9 : 0.5, i >= 300, 1});
    const auto proof = certify_threshold(hits, {0.05, 0.05, 37, 4});
    REQUIRE(proof);
    CHECK(proof->threshold == 0.9);
    CHECK(proof->served == 300);
    CHECK(proof->false_share == 0);
}

TEST_CASE("alpha spent over all occasions is alpha") {
    double sum = 0;
    for (std::size_t i = 1; i < 200'000; ++i) sum += spent_alpha(0.05, i);
    CHECK(sum <= 0.05);
    CHECK(sum > 0.0499);
}
