// Logistic regression, boosted trees, calibration: do they learn what is there, the same each time, and read back only
// what they wrote?
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "learn/boosted_trees.h"
#include "learn/calibration.h"
#include "learn/logistic_regression.h"
#include "learn/random_bits.h"

using namespace weir;
using namespace weir::learn;

namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

// Four columns: an exclusive or of the first two, a slope in the third, noise in the fourth.
Examples puzzle(std::size_t rows, std::uint64_t seed) {
    RandomBits random(seed);
    Examples examples;
    examples.columns = 4;
    for (std::size_t i = 0; i < rows; ++i) {
        const float a = static_cast<float>(random.uniform()), b = static_cast<float>(random.uniform());
        const float c = static_cast<float>(random.normal()), d = static_cast<float>(random.normal());
        const double margin = ((a > 0.5F) != (b > 0.5F) ? 3 : -3) + static_cast<double>(c);
        const float row[] = {a, b, c, d};
        examples.add(row, random.chance(sigmoid(margin)) ? 1.0F : 0.0F);
    }
    return examples;
}

double accuracy(const BoostedTrees& model, const Examples& examples) {
    double right = 0;
    for (std::size_t i = 0; i < examples.rows(); ++i) {
        right += (model.margin(examples.row(i)) > 0) == (examples.labels[i] > 0.5F) ? 1 : 0;
    }
    return right / static_cast<double>(examples.rows());
}

std::string bytes_of(const BoostedTrees& model) {
    ModelWriter writer;
    model.write(writer);
    return writer.bytes();
}

}  // namespace

TEST_CASE("boosted trees learn what no linear model can") {
    const Examples train = puzzle(4000, 1), test = puzzle(4000, 2);
    BoostedTrees::Options options;
    options.trees = 80;
    options.depth = 3;
    const auto model = BoostedTrees::fit(train, options);
    REQUIRE(model);
    CHECK(accuracy(*model, test) > 0.92);  // 0.94 is what knowing the truth gives
    CHECK(model->importance()[3] < 0.1);
    CHECK(model->trees() == 80);
    const auto again = BoostedTrees::fit(train, options);
    CHECK(bytes_of(*model) == bytes_of(*again));
    options.seed = 2;
    CHECK(bytes_of(*model) != bytes_of(*BoostedTrees::fit(train, options)));
}

TEST_CASE("boosted trees: missing values are values of their own") {
    RandomBits random(5);
    Examples examples;
    examples.columns = 1;
    for (int i = 0; i < 3000; ++i) {
        const bool missing = random.chance(0.3);
        const float row[] = {missing ? kMissing : static_cast<float>(random.uniform())};
        examples.add(row, missing ? 1.0F : row[0] < 0.4F ? 1.0F : 0.0F);
    }
    const auto model = BoostedTrees::fit(examples, {});
    REQUIRE(model);
    const float missing[] = {kMissing}, low[] = {0.1F}, high[] = {0.9F};
    CHECK(model->margin(missing) > 2);
    CHECK(model->margin(low) > 2);
    CHECK(model->margin(high) < -2);
}

TEST_CASE("boosted trees: monotone columns are monotone everywhere") {
    BoostedTrees::Options options;
    options.trees = 60;
    options.depth = 4;
    options.least_leaf_weight = 1;
    options.monotone = {0, 0, 1, -1};
    const auto model = BoostedTrees::fit(puzzle(2000, 3), options);
    REQUIRE(model);
    rc::check("more of column 2 never lowers, more of column 3 never raises", [&] {
        RandomBits random(*rc::gen::arbitrary<std::uint64_t>());
        float row[4];
        for (float& each : row) each = static_cast<float>(random.normal());
        const double before = model->margin(row);
        float up[4] = {row[0], row[1], row[2] + static_cast<float>(random.uniform()), row[3]};
        float down[4] = {row[0], row[1], row[2], row[3] + static_cast<float>(random.uniform())};
        RC_ASSERT(model->margin(up) >= before);
        RC_ASSERT(model->margin(down) <= before);
    });
}

TEST_CASE("boosted trees: weights count like repeated rows, wrong input is refused") {
    Examples examples;
    examples.columns = 1;
    const float row[] = {1.0F};
    examples.add(row, 1, 3);
    examples.add(row, 0, 1);
    BoostedTrees::Options options;
    options.trees = 0;
    CHECK(sigmoid(BoostedTrees::fit(examples, options)->margin(row)) == doctest::Approx(0.75));

    options.trees = 5;
    options.progress = [](std::size_t done) { return done < 3; };
    CHECK(BoostedTrees::fit(examples, options).error().code == ErrorCode::canceled);
    options.progress = nullptr;
    options.depth = kMaxTreeDepth + 1;
    CHECK_FALSE(BoostedTrees::fit(examples, options));
    options.depth = 2;
    CHECK(BoostedTrees::fit(examples, options));
    examples.labels[0] = 2;
    CHECK_FALSE(BoostedTrees::fit(examples, options));
    examples.labels[0] = 1;
    examples.weights[0] = -1;
    CHECK_FALSE(BoostedTrees::fit(examples, options));
    examples.weights = {0, 0};
    CHECK_FALSE(BoostedTrees::fit(examples, options));
    CHECK_FALSE(BoostedTrees::fit(Examples{}, options));
}

TEST_CASE("boosted trees read back what they wrote, and nothing damaged") {
    BoostedTrees::Options options;
    options.trees = 7;
    options.depth = 3;
    const Examples examples = puzzle(500, 4);
    const auto model = BoostedTrees::fit(examples, options);
    const std::string bytes = bytes_of(*model);
    ModelReader reader(bytes);
    const auto read = BoostedTrees::read(reader);
    REQUIRE(read);
    CHECK(reader.left() == 0);
    for (std::size_t i = 0; i < 50; ++i) CHECK(read->margin(examples.row(i)) == model->margin(examples.row(i)));
    for (std::size_t size = 0; size < bytes.size(); size += 3) {
        ModelReader cut(std::string_view(bytes).substr(0, size));
        CHECK_FALSE(BoostedTrees::read(cut));
    }
    rc::check("changed bytes: an error, or a model that can be asked", [&] {
        std::string changed = bytes;
        changed[*rc::gen::inRange<std::size_t>(0, changed.size())] = *rc::gen::arbitrary<char>();
        ModelReader damaged(changed);
        const auto maybe = BoostedTrees::read(damaged);
        if (maybe && maybe->columns() <= 4) RC_ASSERT(std::isfinite(maybe->margin(examples.row(0))));
    });
}

TEST_CASE("logistic regression finds the weights that made the labels") {
    RandomBits random(11);
    SparseExamples examples;
    const double truth[] = {2, -1, 0.5};
    for (int i = 0; i < 20'000; ++i) {
        std::vector<SparseValue> row;
        double margin = -0.3;
        for (std::uint32_t feature = 0; feature < 3; ++feature) {
            const float value = static_cast<float>(random.normal());
            row.push_back({feature, value});
            margin += truth[feature] * static_cast<double>(value);
        }
        examples.add(row, random.chance(sigmoid(margin)) ? 1.0F : 0.0F);
    }
    LogisticRegression::Options options;
    options.passes = 4;
    LogisticRegression model(3, options), same(3, options);
    REQUIRE(model.fit(examples));
    REQUIRE(same.fit(examples));
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(static_cast<double>(model.weights()[i]) == doctest::Approx(truth[i]).epsilon(0.12));
        CHECK(model.weights()[i] == same.weights()[i]);
    }
    CHECK(model.bias() == doctest::Approx(-0.3).epsilon(0.25));
    const float dense[] = {1, 2, 3};
    const SparseValue sparse[] = {{0, 1}, {1, 2}, {2, 3}, {99, 5}};
    CHECK(model.margin(dense) == doctest::Approx(model.margin(sparse)));

    ModelWriter writer;
    model.write(writer);
    ModelReader reader(writer.bytes());
    const auto read = LogisticRegression::read(reader, 3);
    REQUIRE(read);
    CHECK(read->margin(dense) == doctest::Approx(model.margin(dense)).epsilon(0.02));
    for (std::size_t size = 0; size < writer.bytes().size(); ++size) {
        ModelReader cut(std::string_view(writer.bytes()).substr(0, size));
        CHECK_FALSE(LogisticRegression::read(cut, 3));
    }
    ModelReader too_many(writer.bytes());
    CHECK_FALSE(LogisticRegression::read(too_many, 2));

    examples.values[0].feature = 3;
    CHECK_FALSE(model.fit(examples));
}

TEST_CASE("logistic regression: class weights move the odds, updates follow a change") {
    SparseExamples examples;
    const SparseValue always[] = {{0, 1}};
    for (int i = 0; i < 2000; ++i) examples.add(always, i % 4 == 0 ? 1.0F : 0.0F);
    LogisticRegression::Options options;
    options.positive_weight = 3;
    options.passes = 10;
    LogisticRegression model(1, options);
    REQUIRE(model.fit(examples));
    CHECK(model.probability(always) == doctest::Approx(0.5).epsilon(0.1));
    for (int i = 0; i < 3000; ++i) model.update(always, 1);
    CHECK(model.probability(always) > 0.8);
}

TEST_CASE("isotonic regression: known pools, never falling") {
    const ScoredLabel labelled[] = {{1, 0, 1}, {2, 1, 1}, {3, 0, 1}, {4, 1, 1}, {4, 1, 2}};
    const auto fitted = IsotonicCalibration::fit(labelled);
    CHECK(fitted.steps() == 3);
    CHECK(fitted.probability(0) == 0);
    CHECK(fitted.probability(2.5) == 0.5);
    CHECK(fitted.probability(9) == 1);
    CHECK(fitted.probability(3.25) == doctest::Approx(0.75));
    CHECK(IsotonicCalibration().probability(3) == 0.5);
    rc::check("never falls", [] {
        RandomBits random(*rc::gen::arbitrary<std::uint64_t>());
        std::vector<ScoredLabel> labels;
        for (int i = 0; i < 40; ++i) {
            labels.push_back(
                {std::floor(random.uniform() * 20), random.chance(0.4) ? 1.0 : 0.0, 0.5 + random.uniform()});
        }
        const auto calibration = IsotonicCalibration::fit(labels);
        double last = 0;
        for (double score = -1; score < 21; score += 0.25) {
            const double probability = calibration.probability(score);
            RC_ASSERT(probability >= last - 1e-12);
            last = probability;
        }
        RC_ASSERT(last <= 1 + 1e-12);
    });
}

TEST_CASE("Platt's sigmoid finds the one that made the labels") {
    RandomBits random(3);
    std::vector<ScoredLabel> labelled;
    for (int i = 0; i < 30'000; ++i) {
        const double score = 2 * random.normal();
        labelled.push_back({score, random.chance(sigmoid(1.5 * score - 0.7)) ? 1.0 : 0.0, 1});
    }
    const auto fitted = PlattCalibration::fit(labelled);
    CHECK(fitted.slope == doctest::Approx(1.5).epsilon(0.05));
    CHECK(fitted.offset == doctest::Approx(-0.7).epsilon(0.08));
    const ScoredLabel one_class[] = {{1, 1, 1}};
    CHECK(PlattCalibration::fit(one_class).slope == 1);
}

TEST_CASE("picked thresholds: the loosest that keeps the share, ties together") {
    const ScoredLabel labelled[] = {{9, 1, 1}, {8, 1, 1}, {7, 0, 1}, {6, 1, 1}, {6, 1, 1}, {5, 0, 1}, {4, 0, 1}};
    const auto picked = pick_threshold(labelled, 0.2);
    REQUIRE(picked);
    CHECK(picked->threshold == 6);
    CHECK(picked->false_share == doctest::Approx(0.2));
    CHECK(picked->recall == 1);
    CHECK(pick_threshold(labelled, 0.1)->threshold == 8);
    CHECK(pick_threshold(labelled, 0.9)->threshold == 4);
    CHECK_FALSE(pick_threshold(labelled, 0.1, 3));
    CHECK_FALSE(pick_threshold({}, 0.1));
}
