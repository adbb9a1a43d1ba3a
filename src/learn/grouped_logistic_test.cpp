// Does it find what is there, and stay with the prior where nothing was seen?
#include "learn/grouped_logistic.h"

#include <doctest/doctest.h>

#include <cmath>

#include "learn/logistic_regression.h"
#include "learn/random_bits.h"

using namespace weir::learn;

namespace {

using Row = GroupedLogistic::Row;

GroupedLogistic::Options two_common() {
    GroupedLogistic::Options options;
    options.common = 2;
    options.common_penalty = {1, 3};
    options.group_penalty = 5;
    return options;
}

// The penalised log-likelihood, the slow way.
double objective(const std::vector<Row>& rows, const GroupedLogistic::Options& options,
                 const GroupedLogistic::Values& common, const std::vector<double>& groups) {
    double sum = 0;
    for (const Row& row : rows) {
        double margin = row.offset + groups[row.group];
        for (std::size_t i = 0; i < options.common; ++i) margin += common[i] * row.values[i];
        const double p = sigmoid(margin);
        sum += row.weight * (row.label * std::log(p) + (1 - row.label) * std::log1p(-p));
    }
    for (std::size_t i = 0; i < options.common; ++i) sum -= options.common_penalty[i] * common[i] * common[i] / 2;
    for (const double group : groups) sum -= options.group_penalty * group * group / 2;
    return sum;
}

std::vector<Row> examples(std::size_t count, std::uint64_t seed) {
    RandomBits random(seed);
    std::vector<Row> rows;
    for (std::size_t i = 0; i < count; ++i) {
        Row row;
        row.offset = -2 + random.normal();
        row.values = {1, random.normal(), 0, 0};
        row.group = static_cast<std::uint32_t>(i % 3);
        row.weight = 0.5 + random.uniform();
        const double truth = row.offset + 0.5 + 0.7 * row.values[1] + (row.group == 2 ? 1.5 : 0);
        row.label = random.chance(sigmoid(truth)) ? 1 : 0;
        rows.push_back(row);
    }
    return rows;
}

}  // namespace

TEST_CASE("without examples the prior stands") {
    const GroupedLogistic none;
    CHECK(none.margin(-1.5, {1, 2, 0, 0}, 7) == -1.5);
    const GroupedLogistic empty = GroupedLogistic::fit({}, 3, two_common());
    CHECK(empty.margin(-1.5, {1, 2, 0, 0}, 1) == -1.5);
}

TEST_CASE("the fit is where no coefficient can be moved to anything better") {
    const std::vector<Row> rows = examples(400, 3);
    const auto options = two_common();
    const GroupedLogistic model = GroupedLogistic::fit(rows, 3, options);
    std::vector<double> groups(model.groups().begin(), model.groups().end());
    const double best = objective(rows, options, model.common(), groups);
    for (const double move : {-0.02, 0.02}) {
        for (std::size_t i = 0; i < 2; ++i) {
            auto common = model.common();
            common[i] += move;
            CHECK(objective(rows, options, common, groups) < best);
        }
        for (std::size_t g = 0; g < 3; ++g) {
            auto moved = groups;
            moved[g] += move;
            CHECK(objective(rows, options, model.common(), moved) < best);
        }
    }
}

TEST_CASE("many examples outweigh the penalties; few do not") {
    const GroupedLogistic many = GroupedLogistic::fit(examples(30'000, 5), 3, two_common());
    CHECK(many.common()[0] == doctest::Approx(0.5).epsilon(0.25));
    CHECK(many.common()[1] == doctest::Approx(0.7).epsilon(0.1));
    CHECK(many.groups()[2] - many.groups()[0] == doctest::Approx(1.5).epsilon(0.1));
    const GroupedLogistic few = GroupedLogistic::fit(examples(9, 5), 3, two_common());
    CHECK(std::abs(few.groups()[2]) < 0.6);
}

TEST_CASE("a group of nothing but ones stays finite") {
    std::vector<Row> rows(50);
    for (Row& row : rows) row.label = 1, row.values = {1, 0, 0, 0};
    const GroupedLogistic model = GroupedLogistic::fit(rows, 1, two_common());
    CHECK(std::isfinite(model.margin(0, {1, 0, 0, 0}, 0)));
    CHECK(model.probability(0, {1, 0, 0, 0}, 0) > 0.8);
}

TEST_CASE("offsets that are far off lead nowhere but to the fit") {
    // A prior that is all but sure of what never happens: a whole step of Newton's would overshoot by far.
    std::vector<Row> rows(300);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].offset = i % 3 == 0 ? -1 : -4;
        rows[i].values = {1, rows[i].offset + 2.5, 0, 0};
        rows[i].label = i % 3 == 1 ? 1 : 0;
    }
    const GroupedLogistic model = GroupedLogistic::fit(rows, 1, two_common());
    CHECK(model.probability(-4, {1, -1.5, 0, 0}, 0) == doctest::Approx(0.5).epsilon(0.1));
    CHECK(model.probability(-1, {1, 1.5, 0, 0}, 0) < 0.1);
}
