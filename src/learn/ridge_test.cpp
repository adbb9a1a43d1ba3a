#include "learn/ridge.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>

#include "learn/random_bits.h"

using namespace weir;
using namespace weir::learn;

namespace {

RidgeRows empty_rows(std::size_t sparse, std::size_t dense, std::size_t targets) {
    RidgeRows rows;
    rows.sparse_columns = sparse;
    rows.dense_columns = dense;
    rows.targets = targets;
    return rows;
}

void add(RidgeRows& rows, std::vector<SparseValue> sparse, std::vector<float> dense, std::vector<float> labels,
         std::vector<float> weights) {
    rows.sparse.insert(rows.sparse.end(), sparse.begin(), sparse.end());
    rows.sparse_ends.push_back(rows.sparse.size());
    rows.dense.insert(rows.dense.end(), dense.begin(), dense.end());
    rows.labels.insert(rows.labels.end(), labels.begin(), labels.end());
    rows.weights.insert(rows.weights.end(), weights.begin(), weights.end());
}

// The primal normal equations by Gaussian elimination: slow and plain.
std::vector<double> oracle(const RidgeRows& rows, std::size_t target, double l2) {
    const std::size_t size = rows.sparse_columns + rows.dense_columns;
    std::vector<double> mean(size, 0.0);
    double total = 0, label_mean = 0;
    std::vector<std::vector<double>> full;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
        std::vector<double> row(size, 0.0);
        for (const SparseValue& each : rows.sparse_row(i)) row[each.feature] += static_cast<double>(each.value);
        for (std::size_t c = 0; c < rows.dense_columns; ++c) {
            row[rows.sparse_columns + c] = static_cast<double>(rows.dense_row(i)[c]);
        }
        const double weight = rows.weights[i * rows.targets + target];
        total += weight;
        label_mean += weight * rows.labels[i * rows.targets + target];
        for (std::size_t c = 0; c < size; ++c) mean[c] += weight * row[c];
        full.push_back(row);
    }
    label_mean /= total;
    for (double& each : mean) each /= total;
    std::vector<std::vector<double>> a(size, std::vector<double>(size + 1, 0.0));
    for (std::size_t i = 0; i < full.size(); ++i) {
        const double weight = rows.weights[i * rows.targets + target];
        for (std::size_t r = 0; r < size; ++r) {
            const double left = weight * (full[i][r] - mean[r]);
            for (std::size_t c = 0; c < size; ++c) a[r][c] += left * (full[i][c] - mean[c]);
            a[r][size] += left * (rows.labels[i * rows.targets + target] - label_mean);
        }
    }
    for (std::size_t r = 0; r < size; ++r) a[r][r] += l2;
    for (std::size_t p = 0; p < size; ++p) {
        for (std::size_t r = 0; r < size; ++r) {
            if (r == p) continue;
            const double times = a[r][p] / a[p][p];
            for (std::size_t c = p; c <= size; ++c) a[r][c] -= times * a[p][c];
        }
    }
    std::vector<double> weights;
    for (std::size_t r = 0; r < size; ++r) weights.push_back(a[r][size] / a[r][r]);
    weights.push_back(0);
    for (std::size_t c = 0; c < size; ++c) weights.back() -= weights[c] * mean[c];
    return weights;
}

RidgeRows random_rows(std::size_t count, std::size_t targets, std::uint64_t seed) {
    RandomBits random(seed);
    RidgeRows rows = empty_rows(7, 3, targets);
    for (std::size_t i = 0; i < count; ++i) {
        std::vector<SparseValue> sparse;
        for (std::uint32_t feature = 0; feature < 7; ++feature) {
            if (random.chance(0.4)) sparse.push_back({feature, static_cast<float>(random.normal())});
        }
        std::vector<float> dense, labels, weights;
        for (int c = 0; c < 3; ++c) dense.push_back(static_cast<float>(random.normal() + 2));
        for (std::size_t t = 0; t < targets; ++t) {
            labels.push_back(static_cast<float>(random.normal()) + dense[t % 3]);
            weights.push_back(random.chance(0.2) ? 0.0F : static_cast<float>(random.uniform() + 0.5));
        }
        add(rows, sparse, dense, labels, weights);
    }
    return rows;
}

}  // namespace

TEST_CASE("the dual solution is that of the normal equations, for every column with its own weights") {
    for (const std::size_t targets : {1U, 3U, 4U, 9U}) {
        const RidgeRows rows = random_rows(40, targets, targets);
        for (const double l2 : {0.1, 5.0, 500.0}) {
            const auto fitted = Ridge::fit(rows, {.l2 = l2, .tolerance = 1e-6, .most_rounds = 200});
            REQUIRE(fitted);
            for (std::size_t t = 0; t < targets; ++t) {
                const std::vector<double> expected = oracle(rows, t, l2);
                for (std::size_t i = 0; i < rows.rows(); ++i) {
                    double sum = expected.back();
                    for (const SparseValue& each : rows.sparse_row(i)) {
                        sum += expected[each.feature] * static_cast<double>(each.value);
                    }
                    for (std::size_t c = 0; c < 3; ++c)
                        sum += expected[7 + c] * static_cast<double>(rows.dense_row(i)[c]);
                    std::vector<float> got(targets);
                    fitted->score(rows.sparse_row(i), rows.dense_row(i), got);
                    CHECK(static_cast<double>(got[t]) == doctest::Approx(sum).epsilon(1e-3).scale(1));
                }
            }
        }
    }
}

TEST_CASE("one binary feature: the difference of means, shrunk by the penalty") {
    RidgeRows rows = empty_rows(1, 0, 1);
    for (int i = 0; i < 10; ++i) add(rows, {{0, 1.0F}}, {}, {1}, {1});
    for (int i = 0; i < 10; ++i) add(rows, {}, {}, {0}, {1});
    const auto fitted = Ridge::fit(rows, {.l2 = 5});
    REQUIRE(fitted);
    CHECK(fitted->mean(0) == doctest::Approx(0.5));
    // Centred squares sum to 20 x 1/4 = 5, so the weight is 5 / (5 + 5).
    std::array<float, 1> with{}, without{};
    const std::array<SparseValue, 2> row{SparseValue{0, 1.0F}, SparseValue{77, 1.0F}};  // 77 is outside: counts nothing
    fitted->score(row, {}, with);
    fitted->score({}, {}, without);
    CHECK(static_cast<double>(with[0] - without[0]) == doctest::Approx(0.5).epsilon(1e-4));
    CHECK(static_cast<double>(with[0] + without[0]) == doctest::Approx(0).scale(1).epsilon(1e-4));
}

TEST_CASE("columns taken out score as before; rows of weight 0 don't count") {
    RidgeRows rows = random_rows(30, 3, 5);
    const auto all = Ridge::fit(rows, {});
    REQUIRE(all);
    const std::array<std::size_t, 4> columns{2, 0, 1, 1};
    const Ridge some = all->only(columns);
    REQUIRE(some.targets() == 4);
    std::array<float, 3> before{};
    std::array<float, 4> after{};
    all->score(rows.sparse_row(3), rows.dense_row(3), before);
    some.score(rows.sparse_row(3), rows.dense_row(3), after);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(after[i] == doctest::Approx(before[columns[i]]).epsilon(1e-5));
        CHECK(some.mean(i) == all->mean(columns[i]));
    }
    add(rows, {{0, 1e3F}}, {1e3F, -1e3F, 5}, {1e3F, 1e3F, 1e3F}, {0, 0, 0});
    const auto same = Ridge::fit(rows, {});
    REQUIRE(same);
    std::array<float, 3> again{};
    same->score(rows.sparse_row(3), rows.dense_row(3), again);
    for (std::size_t i = 0; i < 3; ++i) CHECK(again[i] == doctest::Approx(before[i]).epsilon(1e-3));
}

TEST_CASE("a column without any weight is flat; wrong rows are refused") {
    RidgeRows rows = empty_rows(2, 1, 2);
    for (int i = 0; i < 6; ++i)
        add(rows, {{static_cast<std::uint32_t>(i % 2), 1}}, {1}, {static_cast<float>(i), 1}, {1, 0});
    const auto fitted = Ridge::fit(rows, {.l2 = 1});
    REQUIRE(fitted);
    std::array<float, 2> scores{};
    fitted->score(rows.sparse_row(1), rows.dense_row(1), scores);
    CHECK(scores[0] > 0);
    CHECK(scores[1] == 0);
    CHECK(fitted->mean(1) == 0);

    const auto refused = [&](auto change) {
        RidgeRows wrong = rows;
        change(wrong);
        const auto result = Ridge::fit(wrong, {});
        return !result && result.error().code == ErrorCode::invalid;
    };
    CHECK(refused([](RidgeRows& r) { r.sparse[0].feature = 2; }));
    CHECK(refused([](RidgeRows& r) { r.sparse[0].value = std::numeric_limits<float>::quiet_NaN(); }));
    CHECK(refused([](RidgeRows& r) { r.dense[0] = std::numeric_limits<float>::infinity(); }));
    CHECK(refused([](RidgeRows& r) { r.labels[0] = std::numeric_limits<float>::quiet_NaN(); }));
    CHECK(refused([](RidgeRows& r) { r.weights[0] = -1; }));
    CHECK(refused([](RidgeRows& r) { r.labels.pop_back(); }));
    CHECK(refused([](RidgeRows& r) { r.dense.pop_back(); }));
    CHECK(refused([](RidgeRows& r) { r.sparse_ends.back() = 99; }));
    CHECK(refused([](RidgeRows& r) { r = RidgeRows(); }));
    CHECK_FALSE(Ridge::fit(rows, {.l2 = 0}));
    RidgeRows many = empty_rows(1, 0, kMostTargets + 1);
    CHECK(Ridge::fit(many, {}).error().code == ErrorCode::too_large);
}
