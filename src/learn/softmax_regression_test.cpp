#include "learn/softmax_regression.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "learn/random_bits.h"

using namespace weir;
using namespace weir::learn;

namespace {

using Heads = std::vector<std::uint32_t>;

SoftmaxRegression::Examples random_examples(std::size_t rows, std::size_t features, const Heads& heads,
                                            std::uint64_t seed) {
    RandomBits random(seed);
    SoftmaxRegression::Examples examples;
    for (std::size_t row = 0; row < rows; ++row) {
        const std::size_t lead = random.below(features);
        for (std::uint32_t feature = 0; feature < features; ++feature) {
            if (feature != lead && random.chance(0.7)) continue;
            examples.values.push_back({feature, static_cast<float>(0.2 + random.uniform())});
        }
        examples.ends.push_back(examples.values.size());
        for (const std::uint32_t width : heads) {
            const bool unknown = random.chance(0.1);
            const auto target = static_cast<std::int32_t>(lead % std::max(width, 2U));
            examples.targets.push_back(unknown ? SoftmaxRegression::kUnknown : target);
        }
    }
    return examples;
}

double loss_of(const Heads& heads, const std::vector<std::int32_t>& targets, std::vector<float> scores) {
    to_probabilities(heads, scores);
    double loss = 0;
    std::size_t begin = 0;
    for (std::size_t head = 0; head < heads.size(); begin += heads[head++]) {
        if (targets[head] == SoftmaxRegression::kUnknown) continue;
        const auto target = static_cast<std::size_t>(targets[head]);
        const double right = heads[head] > 1 ? static_cast<double>(scores[begin + target])
                             : target == 1   ? static_cast<double>(scores[begin])
                                             : 1 - static_cast<double>(scores[begin]);
        loss -= std::log(right);
    }
    return loss;
}

// The same algorithm as it is written down: dense, in double precision, without a thought for speed.
struct SlowSoftmax {
    std::vector<std::vector<double>> weights;  // by column, then feature; the bias last

    static SlowSoftmax fit(const SoftmaxRegression::Examples& examples, std::size_t features, const Heads& heads,
                           const SoftmaxRegression::Options& options) {
        const std::size_t columns = std::accumulate(heads.begin(), heads.end(), std::size_t{0});
        SlowSoftmax now, sum;
        now.weights.assign(columns, std::vector<double>(features + 1, 0.0));
        sum = now;
        std::vector<double> squares(features + 1, 0.0);
        std::vector<std::uint32_t> order(examples.rows());
        std::iota(order.begin(), order.end(), 0U);
        RandomBits random(options.seed);
        for (int pass = 0; pass < options.passes; ++pass) {
            random.shuffle(std::span(order));
            for (const std::uint32_t row : order) {
                std::vector<double> x(features + 1, 0.0);
                for (const SparseValue& each : examples.row(row)) x[each.feature] = static_cast<double>(each.value);
                x[features] = 1;
                const std::vector<double> p = now.probabilities(x, heads);
                std::vector<double> slope(columns, 0.0);
                std::size_t begin = 0;
                for (std::size_t head = 0; head < heads.size(); begin += heads[head++]) {
                    const std::int32_t target = examples.targets[row * heads.size() + head];
                    if (target == SoftmaxRegression::kUnknown) continue;
                    for (std::size_t i = 0; i < heads[head]; ++i) {
                        const bool hit = heads[head] == 1 ? target == 1 : static_cast<std::size_t>(target) == i;
                        slope[begin + i] = p[begin + i] - (hit ? 1 : 0);
                    }
                }
                double length = 0;
                for (const double each : slope) length += each * each;
                for (std::size_t feature = 0; feature <= features; ++feature) {
                    if (x[feature] == 0) continue;
                    squares[feature] += x[feature] * x[feature] * length;
                    const double rate = options.step / std::sqrt(squares[feature] + 1e-8);
                    for (std::size_t column = 0; column < columns; ++column) {
                        double& own = now.weights[column][feature];
                        if (feature < features) own -= std::min(1.0, rate * options.l2) * own;
                        own -= rate * x[feature] * slope[column];
                    }
                }
            }
            if (pass < options.passes - options.averaged) continue;
            for (std::size_t column = 0; column < columns; ++column) {
                for (std::size_t feature = 0; feature <= features; ++feature)
                    sum.weights[column][feature] += now.weights[column][feature] / options.averaged;
            }
        }
        return sum;
    }
    std::vector<double> probabilities(const std::vector<double>& x, const Heads& heads) const {
        std::vector<double> p;
        for (const std::vector<double>& column : weights) {
            p.push_back(std::inner_product(column.begin(), column.end(), x.begin(), 0.0));
        }
        std::size_t begin = 0;
        for (const std::uint32_t width : heads) {
            double sum = width == 1 ? 1 : 0;
            for (std::size_t i = begin; i < begin + width; ++i) sum += p[i] = std::exp(p[i]);
            for (std::size_t i = begin; i < begin + width; ++i) p[i] /= sum;
            begin += width;
        }
        return p;
    }
};

}  // namespace

TEST_CASE("softmax: slopes are those of the loss") {
    RandomBits random(3);
    for (int round = 0; round < 50; ++round) {
        const Heads heads = {4, 1, 2, 1};
        std::vector<float> scores(8);
        for (float& each : scores) each = static_cast<float>(random.normal());
        const std::vector<std::int32_t> targets = {static_cast<std::int32_t>(random.below(4)),
                                                   static_cast<std::int32_t>(random.below(2)),
                                                   SoftmaxRegression::kUnknown, 1};
        std::vector<float> slopes = scores;
        to_probabilities(heads, slopes);
        to_slopes(heads, targets, slopes);
        for (std::size_t i = 0; i < scores.size(); ++i) {
            std::vector<float> up = scores, down = scores;
            up[i] += 0.01F;
            down[i] -= 0.01F;
            const double slope = (loss_of(heads, targets, up) - loss_of(heads, targets, down)) / 0.02;
            CHECK(static_cast<double>(slopes[i]) == doctest::Approx(slope).epsilon(0.01).scale(1));
        }
    }
}

TEST_CASE("softmax: the fast fit is the slow one") {
    for (const Heads& heads : {Heads{3}, Heads{1}, Heads{5, 1, 1}, Heads{2, 9}}) {
        const auto examples = random_examples(60, 12, heads, 7);
        SoftmaxRegression::Options options;
        options.passes = 4;
        options.averaged = 2;
        options.l2 = 1e-3;
        options.step = 0.5;
        options.start = 0;
        const auto fast = SoftmaxRegression::fit(examples, 12, heads, options);
        REQUIRE(fast);
        const SlowSoftmax slow = SlowSoftmax::fit(examples, 12, heads, options);
        for (std::size_t column = 0; column < fast->columns(); ++column) {
            for (std::size_t feature = 0; feature < 12; ++feature) {
                CHECK(static_cast<double>(fast->weights(feature)[column]) ==
                      doctest::Approx(slow.weights[column][feature]).epsilon(1e-3).scale(1));
            }
            CHECK(static_cast<double>(fast->bias()[column]) ==
                  doctest::Approx(slow.weights[column][12]).epsilon(1e-3).scale(1));
        }
    }
}

TEST_CASE("softmax: learns what can be told, the same with the same seed") {
    const Heads heads = {4, 1};
    const auto examples = random_examples(400, 8, heads, 1);
    SoftmaxRegression::Options options;
    const auto model = SoftmaxRegression::fit(examples, 8, heads, options);
    const auto again = SoftmaxRegression::fit(examples, 8, heads, options);
    options.seed = 2;
    const auto other = SoftmaxRegression::fit(examples, 8, heads, options);
    REQUIRE(model);
    std::size_t same = 0, all = 0;
    for (std::size_t feature = 0; feature < 8; ++feature) {
        for (std::size_t column = 0; column < 5; ++column, ++all) {
            CHECK(model->weights(feature)[column] == again->weights(feature)[column]);
            same += model->weights(feature)[column] == other->weights(feature)[column];
        }
    }
    CHECK(same < all);
    std::vector<float> p;
    const std::vector<SparseValue> lone = {{2, 1.0F}};
    model->probabilities(lone, p);
    REQUIRE(p.size() == 5);
    CHECK(p[2] > 0.5F);
    CHECK(p[0] + p[1] + p[2] + p[3] == doctest::Approx(1).epsilon(1e-4));
}

TEST_CASE("softmax: starts from what a class's examples have in common") {
    SoftmaxRegression::Examples examples;
    for (const std::int32_t target : {0, 1, 0, 1}) {
        examples.values.push_back({target == 0 ? 0U : 1U, 2.0F});
        examples.values.push_back({2, 2.0F});
        examples.ends.push_back(examples.values.size());
        examples.targets.insert(examples.targets.end(), {target, target});
    }
    SoftmaxRegression::Options options;
    options.passes = 0;
    options.start = 10;
    const auto model = SoftmaxRegression::fit(examples, 3, Heads{2, 1}, options);
    REQUIRE(model);
    const float part = std::sqrt(50.0F);
    CHECK(model->weights(0)[0] == doctest::Approx(part));
    CHECK(model->weights(0)[1] == 0);
    CHECK(model->weights(2)[0] == doctest::Approx(part));
    CHECK(model->weights(0)[2] == doctest::Approx(-part));  // a sigmoid's, against those without it
    CHECK(model->weights(1)[2] == doctest::Approx(part));
    CHECK(model->weights(2)[2] == doctest::Approx(0).scale(1));
}

TEST_CASE("softmax: what it refuses") {
    const Heads heads = {3};
    auto examples = random_examples(10, 4, heads, 1);
    CHECK(SoftmaxRegression::fit(examples, 2, heads, {}).error().code == ErrorCode::invalid);
    CHECK(SoftmaxRegression::fit(examples, std::size_t{1} << 40, heads, {}).error().code == ErrorCode::too_large);
    std::stop_source stop;
    stop.request_stop();
    CHECK(SoftmaxRegression::fit(examples, 4, heads, {}, stop.get_token()).error().code == ErrorCode::canceled);
    examples.targets[3] = 3;
    CHECK(SoftmaxRegression::fit(examples, 4, heads, {}).error().code == ErrorCode::invalid);
    examples.targets.pop_back();
    CHECK(SoftmaxRegression::fit(examples, 4, heads, {}).error().code == ErrorCode::invalid);
}

namespace {

// Each of 60 words is worth something; the grade, 0 to 4, is what six of them are worth together, with noise.
SoftmaxRegression::Examples graded_examples(std::size_t count, std::uint64_t seed) {
    RandomBits worths(99), random(seed);
    std::vector<double> worth(60);
    for (double& each : worth) each = worths.normal();
    SoftmaxRegression::Examples examples;
    for (std::size_t i = 0; i < count; ++i) {
        std::set<std::uint32_t> words;
        while (words.size() < 6) words.insert(static_cast<std::uint32_t>(random.below(worth.size())));
        double sum = 0.7 * random.normal();
        for (const std::uint32_t word : words) {
            sum += worth[word];
            examples.values.push_back({word, 0.4F});
        }
        examples.ends.push_back(examples.values.size());
        examples.targets.push_back(sum < -2.5 ? 0 : sum < -0.8 ? 1 : sum < 0.8 ? 2 : sum < 2.5 ? 3 : 4);
    }
    return examples;
}

}  // namespace

TEST_CASE("softmax: grades are learned from fewer examples where they are known to have an order") {
    const Heads heads = {5};
    const auto asked = graded_examples(1'000, 77);
    for (const std::size_t count : {100U, 400U}) {
        std::size_t right_plain = 0, right_ordered = 0;
        double loss_plain = 0, loss_ordered = 0;
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
            const auto known = graded_examples(count, seed);
            SoftmaxRegression::Options options;
            const auto plain = SoftmaxRegression::fit(known, 60, heads, options);
            options.ordered = {1};
            const auto ordered = SoftmaxRegression::fit(known, 60, heads, options);
            REQUIRE(plain);
            REQUIRE(ordered);
            std::vector<float> p;
            const auto judge = [&](const SoftmaxRegression& model, std::size_t row, std::size_t& right, double& loss) {
                model.probabilities(asked.row(row), p);
                const auto target = static_cast<std::size_t>(asked.targets[row]);
                right += static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin()) == target;
                loss -= std::log(std::max(1e-6, static_cast<double>(p[target])));
            };
            for (std::size_t row = 0; row < asked.rows(); ++row) {
                judge(*plain, row, right_plain, loss_plain);
                judge(*ordered, row, right_ordered, loss_ordered);
            }
        }
        CHECK(right_ordered > right_plain + right_plain / 20);
        CHECK(loss_ordered < 0.85 * loss_plain);
    }
}

TEST_CASE("softmax: an order of one head leaves the others as they are") {
    const Heads heads = {3, 4};
    const auto examples = random_examples(100, 6, heads, 4);
    SoftmaxRegression::Options options;
    options.passes = 0;  // the steps of one head have to do with the others'
    const auto plain = SoftmaxRegression::fit(examples, 6, heads, options);
    options.ordered = {1, 0};
    const auto ordered = SoftmaxRegression::fit(examples, 6, heads, options);
    options.kinship = 0;
    const auto alone = SoftmaxRegression::fit(examples, 6, heads, options);
    REQUIRE(plain);
    REQUIRE(ordered);
    REQUIRE(alone);
    CHECK(plain->weights(1)[0] != ordered->weights(1)[0]);
    for (std::size_t column = 3; column < 7; ++column) CHECK(plain->weights(1)[column] == ordered->weights(1)[column]);
    for (std::size_t column = 0; column < 7; ++column) CHECK(plain->weights(1)[column] == alone->weights(1)[column]);
}
