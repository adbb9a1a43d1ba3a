#include "learn/score_pool.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "learn/random_bits.h"
#include "learn/softmax_regression.h"

using namespace weir::learn;

namespace {

struct Rows {
    std::vector<float> first, second;
    std::vector<std::int32_t> targets;
};

// Three classes: the first model sees the truth through `noise` of its own, the second through another; both say so
// `loud` times too surely.
Rows rows_of(std::size_t count, double noise_first, double noise_second, float loud) {
    Rows rows;
    RandomBits random(7);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t target = random.below(3);
        for (std::size_t c = 0; c < 3; ++c) {
            const double truth = c == target ? 1 : 0;
            // What a Gaussian's log-odds are.
            rows.first.push_back(
                loud * static_cast<float>((truth + noise_first * random.normal()) / (noise_first * noise_first)));
            rows.second.push_back(
                loud * static_cast<float>((truth + noise_second * random.normal()) / (noise_second * noise_second)));
        }
        rows.targets.push_back(static_cast<std::int32_t>(target));
    }
    return rows;
}

const std::vector<std::uint32_t> kThree{3};

double loss(const Rows& rows, const ScorePool& pool) {
    double sum = 0;
    for (std::size_t i = 0; i < rows.targets.size(); ++i) {
        std::vector<float> mixed(rows.first.begin() + 3 * static_cast<std::ptrdiff_t>(i),
                                 rows.first.begin() + 3 * static_cast<std::ptrdiff_t>(i) + 3);
        pool.mix(mixed, std::span(rows.second).subspan(3 * i, 3));
        to_probabilities(kThree, mixed);
        sum -= std::log(static_cast<double>(mixed[static_cast<std::size_t>(rows.targets[i])]));
    }
    return sum;
}

}  // namespace

TEST_CASE("score pool: independent models of known strength each get their own weight") {
    const Rows rows = rows_of(4'000, 0.8, 1.2, 1);
    const ScorePool pool = ScorePool::fit(kThree, rows.first, rows.second, rows.targets);
    CHECK(pool.first == doctest::Approx(1).epsilon(0.12));
    CHECK(pool.second == doctest::Approx(1).epsilon(0.2));
    const Rows loud = rows_of(4'000, 0.8, 1.2, 4);
    const ScorePool quiet = ScorePool::fit(kThree, loud.first, loud.second, loud.targets);
    CHECK(quiet.first == doctest::Approx(0.25).epsilon(0.12));
    CHECK(quiet.second == doctest::Approx(0.25).epsilon(0.2));
}

TEST_CASE("score pool: no weights nearby are better") {
    const Rows rows = rows_of(500, 1, 1.5, 2);
    const ScorePool best = ScorePool::fit(kThree, rows.first, rows.second, rows.targets);
    for (const double a : {-0.05, 0.0, 0.05}) {
        for (const double b : {-0.05, 0.0, 0.05}) {
            CHECK(loss(rows, best) <= loss(rows, {best.first + a, best.second + b}) + 0.05);  // a half has a say
        }
    }
}

TEST_CASE("score pool: a model that says nothing gets nothing, and little data half each") {
    Rows rows = rows_of(1'000, 0.7, 1, 1);
    for (float& score : rows.second) score = -score;
    const ScorePool pool = ScorePool::fit(kThree, rows.first, rows.second, rows.targets);
    CHECK(pool.second == 0);
    const ScorePool none = ScorePool::fit(kThree, {}, {}, {});
    CHECK(none.first == 0.5);
    CHECK(none.second == 0.5);
}

TEST_CASE("score pool: sigmoids, and targets that are not known") {
    const std::vector<std::uint32_t> heads{1, 1};
    RandomBits random(3);
    std::vector<float> first, second;
    std::vector<std::int32_t> targets;
    for (int i = 0; i < 600; ++i) {
        for (int head = 0; head < 2; ++head) {
            const bool yes = random.chance(0.5);
            first.push_back(random.chance(0.9) == yes ? 1.0F : -1.0F);
            second.push_back(random.chance(0.6) == yes ? 1.0F : -1.0F);
            targets.push_back(i % 5 == 0 ? SoftmaxRegression::kUnknown : yes ? 1 : 0);
        }
    }
    const ScorePool pool = ScorePool::fit(heads, first, second, targets);
    CHECK(pool.first == doctest::Approx(std::log(9.0)).epsilon(0.15));
    CHECK(pool.second == doctest::Approx(std::log(1.5)).epsilon(0.4));
}
