#include "cascade/prompt_neighbours.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "learn/random_bits.h"

using namespace weir;
using namespace weir::cascade;

namespace {

embed::Int8Vector at_angle(double angle) {
    const std::vector<float> point{static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle)), 0};
    return embed::Int8Vector(point);
}

// As PromptNeighbours, the slow way.
float slow_estimate(const std::vector<std::pair<embed::Int8Vector, float>>& rows, const embed::Int8Vector& asked,
                    std::size_t except) {
    std::vector<std::pair<float, float>> near;
    double mean = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i == except) continue;
        near.emplace_back(embed::similarity(rows[i].first.view(), asked.view(), 64), rows[i].second);
        mean += rows[i].second;
    }
    mean /= static_cast<double>(near.size());
    std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    double sum = PromptNeighbours::kPriorRows * mean, weight = PromptNeighbours::kPriorRows;
    for (std::size_t i = 0; i < std::min(near.size(), PromptNeighbours::kNearest); ++i) {
        const double square = std::max(0.0F, near[i].first) * std::max(0.0F, near[i].first);
        sum += square * near[i].second;
        weight += square;
    }
    return static_cast<float>(sum / weight);
}

}  // namespace

TEST_CASE("the nearest decide, shrunk to the mean of all") {
    PromptNeighbours neighbours;
    CHECK_FALSE(neighbours.estimate(at_angle(0)));
    for (int i = 0; i < 40; ++i) {
        neighbours.add(at_angle(0.001 * i), {1, 0.5F}, 1);
        neighbours.add(at_angle(1.5 + 0.001 * i), {0, -0.5F}, 1);
    }
    const auto here = neighbours.estimate(at_angle(0)), there = neighbours.estimate(at_angle(1.5));
    REQUIRE(here);
    REQUIRE(there);
    CHECK((*here)[0] == doctest::Approx((15 + 5 * 0.5) / 20).epsilon(0.01));
    CHECK((*here)[1] == doctest::Approx(7.5 / 20).epsilon(0.01));
    CHECK((*there)[0] == doctest::Approx(2.5 / 20).epsilon(0.02));
    // Far from all of them nothing is known but the mean.
    CHECK((*neighbours.estimate(at_angle(-2)))[0] == doctest::Approx(0.5).epsilon(0.01));
    CHECK_FALSE(neighbours.estimate(embed::Int8Vector()));
    CHECK_FALSE(neighbours.estimate(embed::Int8Vector(std::vector<float>{1, 0})));
}

TEST_CASE("it is what the slow way says, a row's own outcome left out") {
    learn::RandomBits random(3);
    std::vector<std::pair<embed::Int8Vector, float>> rows;
    PromptNeighbours neighbours;
    for (int i = 0; i < 200; ++i) {
        rows.emplace_back(at_angle(random.uniform() * 6.28), random.chance(0.4) ? 1.0F : 0.0F);
        neighbours.add(rows.back().first, {rows.back().second, 0}, 1);
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto known = neighbours.estimate(rows[i].first, i), all = neighbours.estimate(rows[i].first);
        CHECK((*known)[0] == doctest::Approx(slow_estimate(rows, rows[i].first, i)).epsilon(1e-4));
        CHECK((*all)[0] == doctest::Approx(slow_estimate(rows, rows[i].first, rows.size())).epsilon(1e-4));
    }
    PromptNeighbours one;
    one.add(at_angle(0), {1, 1}, 1);
    CHECK_FALSE(one.estimate(at_angle(0), 0));
}

TEST_CASE("the oldest rows make room, weights count") {
    PromptNeighbours neighbours;
    for (std::size_t i = 0; i < PromptNeighbours::kMostNeighbours; ++i) neighbours.add(at_angle(0), {0, 0}, 1);
    for (std::size_t i = 0; i < PromptNeighbours::kMostNeighbours; ++i) neighbours.add(at_angle(0), {1, 0}, 2);
    CHECK(neighbours.size() == PromptNeighbours::kMostNeighbours);
    CHECK((*neighbours.estimate(at_angle(0)))[0] == doctest::Approx(1));
    CHECK((*neighbours.estimate(at_angle(0), 3))[0] == doctest::Approx(1));  // it has gone: nothing is left out

    PromptNeighbours two;
    two.add(at_angle(0), {1, 0}, 3);
    two.add(at_angle(0), {0, 0}, 1);
    CHECK((*two.estimate(at_angle(0)))[0] == doctest::Approx(0.75));
}
