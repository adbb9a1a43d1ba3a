#include "cascade/triage.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "learn/random_bits.h"

using namespace weir;
using namespace weir::cascade;

namespace {

// Requests of a made-up world: the tier is mostly right about plants, seldom about tax, and about tax the reference is
// right; on long division both are mostly wrong.
struct World {
    std::vector<PromptFeatures> prompts;
    std::vector<TriageRow> rows;
    std::vector<double> agree, gain;  // the true probabilities

    World(std::size_t count, std::uint64_t seed) {
        learn::RandomBits random(seed);
        const std::vector<std::string> topics{"plant leaf water garden", "tax income deduction filing",
                                              "divide 1234567 by 7654321 and 99 by 3"};
        const std::vector<double> agrees{0.95, 0.4, 0.8}, gains{0.04, 0.55, 0.1};
        prompts.reserve(count);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t topic = random.below(3);
            std::string text = "Tell me about " + topics[topic];
            for (int word = 0; word < 5; ++word) text += " word" + std::to_string(random.below(50));
            prompts.push_back(prompt_features("", text));
            const double drawn = random.uniform();
            TriageRow row;
            row.prompt = &prompts.back();
            row.agreed = drawn < agrees[topic];
            row.benefit = row.agreed ? 0.0F : drawn < agrees[topic] + gains[topic] ? 1.0F : -1.0F;
            rows.push_back(row);
            agree.push_back(agrees[topic]);
            gain.push_back(gains[topic]);
        }
    }
};

TriageModel fitted(const std::vector<TriageRow>& rows) {
    auto model = TriageModel::fit(rows, {});
    REQUIRE(model);
    return std::move(*model);
}

}  // namespace

TEST_CASE("it learns where the reference gains, and its probabilities are near the truth") {
    const World known(1500, 1), asked(600, 2);
    const TriageModel model = fitted(known.rows);
    CHECK(model.rows() == 1500);
    double agree_error = 0, gain_error = 0, benefit_error = 0;
    for (std::size_t i = 0; i < asked.rows.size(); ++i) {
        const auto made = model.predict(asked.prompts[i], 0);
        agree_error += std::abs(made.agree - asked.agree[i]);
        gain_error += std::abs(made.gain - asked.gain[i]);
        benefit_error += std::abs(made.benefit - (asked.gain[i] - (1 - asked.agree[i] - asked.gain[i])));
        CHECK(made.agree >= 0);
        CHECK(made.agree <= 1);
    }
    const auto count = static_cast<double>(asked.rows.size());
    // Saying the mean of all would be off by 0.22, 0.21 and 0.24.
    CHECK(agree_error / count < 0.08);
    CHECK(gain_error / count < 0.08);
    CHECK(benefit_error / count < 0.1);
}

TEST_CASE("the same rows and seed give the same model; more weight is more rows") {
    const World world(200, 3);
    const TriageModel one = fitted(world.rows), two = fitted(world.rows);
    for (const PromptFeatures& prompt : world.prompts) {
        CHECK(one.predict(prompt, 0).benefit == two.predict(prompt, 0).benefit);
        CHECK(one.predict(prompt, 0).agree == two.predict(prompt, 0).agree);
    }
    // All rows that gain count thrice: more benefit is expected.
    std::vector<TriageRow> heavier = world.rows;
    for (TriageRow& row : heavier) row.weight = row.benefit > 0 ? 3.0F : 1.0F;
    const TriageModel third = fitted(heavier);
    double benefit = 0, gain = 0;
    for (const PromptFeatures& prompt : world.prompts) {
        benefit += third.predict(prompt, 0).benefit - one.predict(prompt, 0).benefit;
        gain += third.predict(prompt, 0).gain - one.predict(prompt, 0).gain;
    }
    CHECK(benefit / 200 > 0.05);
    CHECK(gain / 200 > 0.05);
}

TEST_CASE("a task's own intercept: near the mean while it is young, its own when it is old; unknown: the mean") {
    const PromptFeatures prompt = prompt_features("", "the same question every time");
    const auto predicted = [&](std::size_t of_young) {
        std::vector<TriageRow> rows;
        for (std::size_t i = 0; i < 600; ++i)
            rows.push_back({&prompt, 1, {}, i % 10 != 0, i % 10 != 0 ? 0.0F : 1.0F, 1});
        for (std::size_t i = 0; i < of_young; ++i) rows.push_back({&prompt, 2, {}, false, 1.0F, 1});
        const TriageModel model = fitted(rows);
        CHECK(model.predict(prompt, 1).benefit < model.predict(prompt, 3).benefit);
        CHECK(model.predict(prompt, 3).benefit < model.predict(prompt, 2).benefit);
        return model.predict(prompt, 2);
    };
    const auto young = predicted(3), old = predicted(600);
    CHECK(young.benefit < 0.45);
    CHECK(old.benefit > 0.8);
    CHECK(old.gain > 0.8);
    CHECK(old.agree < 0.2);
}

TEST_CASE("an embedding is used where there is one, and the mean stands in for one that is missing") {
    learn::RandomBits random(5);
    std::vector<embed::Int8Vector> vectors;
    std::vector<PromptFeatures> prompts;
    std::vector<TriageRow> rows;
    for (std::size_t i = 0; i < 400; ++i) {
        const double angle = random.uniform() * 6.283;
        const std::vector<float> point{static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
        vectors.emplace_back(point);
        prompts.push_back(prompt_features("", "question " + std::to_string(random.below(9))));
    }
    for (std::size_t i = 0; i < 400; ++i) {
        const bool hard = vectors[i].codes()[0] > 0;
        rows.push_back({&prompts[i], 0, &vectors[i], !hard, hard ? 1.0F : 0.0F, 1});
    }
    rows[7].embedding = {};
    const TriageModel model = fitted(rows);
    const embed::Int8Vector left(std::vector<float>{-1, 0}), right(std::vector<float>{1, 0}),
        wrong(std::vector<float>{1, 0, 0});
    CHECK(model.predict(prompts[0], 0, &right).benefit > 0.7);
    CHECK(model.predict(prompts[0], 0, &left).benefit < 0.3);
    const double without = model.predict(prompts[0], 0).benefit;
    CHECK(without > 0.3);
    CHECK(without < 0.7);
    CHECK(model.predict(prompts[0], 0, &wrong).benefit == without);

    rows[9].embedding = &wrong;
    CHECK_FALSE(TriageModel::fit(rows, {}));
}

TEST_CASE(
    "what a conversation signals is learned; what is always the same is not, and no more is a rare flag blown up") {
    learn::RandomBits random(6);
    std::vector<PromptFeatures> prompts;
    for (std::size_t i = 0; i < 600; ++i) {
        prompts.push_back(prompt_features("", "question " + std::to_string(random.below(9))));
        prompts[i].signals[static_cast<std::size_t>(PromptSignal::complaint)] = random.chance(0.3) ? 1.0F : 0.0F;
        prompts[i].signals[static_cast<std::size_t>(PromptSignal::tools_offered)] = 1;
    }
    prompts[0].signals[static_cast<std::size_t>(PromptSignal::code)] = 1;
    std::vector<TriageRow> rows;
    for (const PromptFeatures& prompt : prompts) {
        const bool hard = of(prompt.signals, PromptSignal::complaint) > 0;
        rows.push_back({&prompt, 0, {}, !hard, hard ? 1.0F : 0.0F, 1});
    }
    const TriageModel model = fitted(rows);
    PromptFeatures asked = prompts[1];
    const auto with = [&](PromptSignal which, float value) {
        PromptFeatures other = asked;
        other.signals[static_cast<std::size_t>(which)] = value;
        return model.predict(other, 0).agree;
    };
    CHECK(with(PromptSignal::complaint, 1) < 0.2);
    CHECK(with(PromptSignal::complaint, 0) > 0.8);
    CHECK(with(PromptSignal::tools_offered, 0) == with(PromptSignal::tools_offered, 1));
    CHECK(std::abs(with(PromptSignal::code, 1) - with(PromptSignal::code, 0)) < 0.05);
}

TEST_CASE("little evidence: base rates near the priors; none: nothing is known") {
    const TriageModel nothing;
    const PromptFeatures prompt = prompt_features("", "a question");
    CHECK(nothing.predict(prompt, 1).agree == 0.5);
    CHECK(nothing.predict(prompt, 1).benefit == 0);
    const std::vector<TriageRow> one{{&prompt, 1, {}, true, 0, 1}};
    const auto made = fitted(one).predict(prompt_features("system", "something else? 1 2 3"), 2);
    CHECK(made.agree == doctest::Approx((1 + 4 * 0.75) / 5));
    CHECK(made.gain == doctest::Approx(4 * 0.2 / 5));
    CHECK(made.benefit == doctest::Approx(0));
    // One label only, however many rows.
    const std::vector<TriageRow> same(100, one[0]);
    CHECK(fitted(same).predict(prompt, 1).agree == doctest::Approx((100 + 4 * 0.75) / 104));
    // A prompt far from everything that was seen stays in range.
    const auto far = fitted(same).predict(prompt_features("", std::string(5000, '9')), 1);
    CHECK(far.agree <= 1);
    CHECK(std::isfinite(far.benefit));
}

TEST_CASE("labels by chance alone: no prompt is thought to be much unlike another") {
    World world(800, 11);
    learn::RandomBits random(12);
    for (TriageRow& row : world.rows) {
        row.agreed = random.chance(0.7);
        row.benefit = row.agreed ? 0.0F : 1.0F;
    }
    const TriageModel model = fitted(world.rows);
    const World asked(300, 13);
    for (const PromptFeatures& prompt : asked.prompts) {
        CHECK(std::abs(model.predict(prompt, 0).agree - 0.7) < 0.12);
        CHECK(std::abs(model.predict(prompt, 0).gain - 0.3) < 0.12);
    }
}

TEST_CASE("wrong rows and options are refused") {
    const PromptFeatures prompt = prompt_features("", "a question");
    const TriageRow good{&prompt, 1, {}, true, 0, 1};
    const auto refused = [&](auto change) {
        std::vector<TriageRow> rows(3, good);
        change(rows);
        const auto model = TriageModel::fit(rows, {});
        return !model && model.error().code == ErrorCode::invalid;
    };
    CHECK(refused([](auto& rows) { rows.clear(); }));
    CHECK(refused([](auto& rows) { rows[1].prompt = nullptr; }));
    CHECK(refused([](auto& rows) { rows[1].weight = 0; }));
    CHECK(refused([](auto& rows) { rows[1].weight = std::numeric_limits<float>::infinity(); }));
    CHECK(refused([](auto& rows) { rows[1].benefit = 1.5F; }));
    CHECK(refused([](auto& rows) { rows[1].benefit = std::numeric_limits<float>::quiet_NaN(); }));
    const std::vector<TriageRow> rows(3, good);
    CHECK_FALSE(TriageModel::fit(rows, {.folds = 1}));
    CHECK_FALSE(TriageModel::fit(rows, {.l2 = 0}));
    const std::vector<TriageRow> many(kMostTriageRows + 1, good);
    CHECK(TriageModel::fit(many, {}).error().code == ErrorCode::too_large);
}
