#include "learn/calibrated_count.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <vector>

#include "learn/certificates.h"
#include "learn/random_bits.h"

using namespace weir::learn;

TEST_CASE("calibrated count: one stratum without trust is the exact bound of a Poisson count") {
    const std::array<RiskStratum, 1> stratum{{{6, 3, 2}}};
    const CountBound bound = calibrated_count(stratum, 0, 0.1);
    CHECK(bound.likely == doctest::Approx(4));
    CHECK(bound.most == doctest::Approx(weighted_count_upper_bound(4, 8, 2, 0.1)));
    const std::array<RiskStratum, 1> clean{{{6, 3, 0}}};
    CHECK(calibrated_count(clean, 0, 0.1).most == doctest::Approx(-std::log(0.1) * 2));
}

TEST_CASE("calibrated count: nothing to bound, nothing known, trust") {
    CHECK(calibrated_count({}, 1, 0.1).most == 0);
    const std::array<RiskStratum, 1> unknown{{{6, 0, 0}}};
    CHECK(std::isinf(calibrated_count(unknown, 0, 0.1).most));
    CHECK(calibrated_count(unknown, 1, 0.1).likely == doctest::Approx(6));
    CHECK(calibrated_count(unknown, 1, 0.1).most > 6);
    // Where little is known the model's word helps, where much is known and nothing was seen it holds back.
    const std::array<RiskStratum, 1> little{{{6, 0.5, 0}}}, much{{{6, 30, 0}}};
    CHECK(calibrated_count(little, 1, 0.1).most < calibrated_count(little, 0, 0.1).most);
    CHECK(calibrated_count(much, 1, 0.1).most > calibrated_count(much, 0, 0.1).most);
}

TEST_CASE("calibrated count: a stratum that is worse than the model says raises the bound by its own weight") {
    const std::array<RiskStratum, 2> light{{{10, 5, 5}, {1, 5, 9}}}, heavy{{{10, 5, 9}, {1, 5, 5}}};
    CHECK(calibrated_count(light, 0.5, 0.1).most < calibrated_count(heavy, 0.5, 0.1).most);
}

TEST_CASE("calibrated count: holds as often as it says, also where the model errs by another factor in each stratum") {
    RandomBits random(1);
    const std::array<double, 3> factor{0.5, 1, 3}, risk{0.01, 0.02, 0.03};
    int exceeded = 0;
    constexpr int kRuns = 2'000;
    for (int run = 0; run < kRuns; ++run) {
        std::array<RiskStratum, 3> strata{};
        double truth = 0;
        for (std::size_t i = 0; i < strata.size(); ++i) {
            for (int known = 0; known < 200; ++known) {
                strata[i].expected_known += risk[i];
                strata[i].seen += random.chance(risk[i] * factor[i]) ? 1 : 0;
            }
            strata[i].expected = 500 * risk[i];
            truth += 500 * risk[i] * factor[i];
        }
        exceeded += calibrated_count(strata, 0, 0.1).most < truth;
    }
    CHECK(exceeded <= kRuns / 10);
    CHECK(exceeded > kRuns / 50);
}
