#include "cascade/prompt_classes.h"

#include <doctest/doctest.h>

#include "cascade/policy_learner.h"
#include "learn/random_bits.h"

using namespace weir;
using namespace weir::cascade;

namespace {

std::shared_ptr<const SeenPrompt> prompt(bool hard, std::size_t number) {
    const std::string text = hard ? "Prove that the sum of " : "Name the capital of country ";
    return std::make_shared<const SeenPrompt>(SeenPrompt{prompt_features("", text + std::to_string(number)), true});
}

Trial graded(bool first_worse, bool second_worse) {
    Trial trial;
    trial.task = 7;
    trial.known = true;
    for (std::size_t tier = 0; tier < 2; ++tier) trial.tiers[tier].asked = trial.tiers[tier].graded = true;
    trial.tiers[0].worse = first_worse;
    trial.tiers[1].worse = second_worse;
    return trial;
}

std::shared_ptr<const Policy> nothing_learned() {
    return std::make_shared<const Policy>();
}

std::shared_ptr<const PromptClasses> learned(bool second_helps) {
    PromptClassLearner learner;
    learn::RandomBits random(3);
    std::shared_ptr<const PromptClasses> classes;
    for (std::size_t i = 0; i < 600; ++i) {
        const bool hard = random.chance(0.5);
        learner.add(prompt(hard, i), graded(hard && random.chance(0.8), hard && !second_helps && random.chance(0.8)));
        if (learner.due()) classes = learner.fitting(nothing_learned())();
    }
    return classes;
}

}  // namespace

TEST_CASE("nothing is known before there are graded trials") {
    CHECK(PromptClasses().judge(*prompt(true, 1), 7, Policy()).of == PromptClass::unknown);
    PromptClassLearner learner;
    Trial trial = graded(false, false);
    for (TierTrial& tier : trial.tiers) tier.asked = tier.graded = false;
    for (std::size_t i = 0; i < 1'000; ++i) learner.add(prompt(true, i), trial);
    learner.add(nullptr, graded(false, false));
    CHECK_FALSE(learner.due());
    CHECK(learner.fitting(nothing_learned())()->judge(*prompt(true, 1), 7, Policy()).of == PromptClass::unknown);
}

TEST_CASE("simple is what the first tier answers, moderate what another one does, complex what none does") {
    const auto helped = learned(true), alone = learned(false);
    REQUIRE(helped != nullptr);
    REQUIRE(alone != nullptr);
    const auto of = [](const PromptClasses& classes, bool hard) {
        return classes.judge(*prompt(hard, 4'711), 7, Policy()).of;
    };
    CHECK(of(*helped, false) == PromptClass::simple);
    CHECK(of(*helped, true) == PromptClass::moderate);
    CHECK(of(*alone, false) == PromptClass::simple);
    CHECK(of(*alone, true) == PromptClass::complex);
    CHECK(describe(alone->judge(*prompt(true, 1), 7, Policy())).starts_with("complex 0."));
}

TEST_CASE("of a tier that is asked in any case triage has no word") {
    PromptClassLearner learner(0b01);
    Trial alone = graded(false, false);
    alone.tiers[1] = {};
    for (std::size_t i = 0; i < 1'000; ++i) learner.add(prompt(true, i), alone);
    CHECK_FALSE(learner.due());
    for (std::size_t i = 0; i < 200; ++i) learner.add(prompt(i % 2 == 0, i), graded(i % 2 == 0, i % 3 == 0));
    const auto verdict = learner.fitting(nothing_learned())()->judge(*prompt(true, 1), 7, Policy());
    CHECK(verdict.agree[0] == 0);
    CHECK(verdict.agree[1] > 0);
}

TEST_CASE("a gate is foreseen of tasks that are known, and while gates are no looser than those that were learned") {
    // Two tasks, served by one tier that is sure of easy prompts alone.
    PolicyLearner::Options options;
    options.promise = 0.05;
    PolicyLearner learner(options);
    PromptClassLearner prompts;
    const auto seen = [](std::uint64_t task, std::size_t number, bool hard) {
        Trial trial = graded(hard, false);
        trial.task = task;
        trial.tiers[1] = {};
        trial.everything = number < 20;
        trial.reference_usd = 1;
        trial.tiers[0].evidence = hard ? -0.9F : -1e-7F;
        trial.tiers[0].cost_usd = 0.3;
        return trial;
    };
    for (std::size_t i = 0; i < 900; ++i) {
        // The second task comes seldom.
        const std::uint64_t task = i % 30 == 29 ? 8 : 7;
        const bool hard = i % 3 == 0;
        const Trial trial = seen(task, i, hard);
        learner.add(trial);
        if (learner.due()) learner.certify();
        prompts.add(prompt(hard, i), trial);
    }
    const auto policy = learner.policy();
    REQUIRE(policy->serves(policy->plan(7)));
    const auto classes = prompts.fitting(policy)();
    CHECK(classes->judge(*prompt(true, 4'711), 7, *policy).opens[0] < 0.2);
    CHECK(classes->judge(*prompt(false, 4'711), 7, *policy).opens[0] > 0.8);
    CHECK(classes->judge(*prompt(true, 4'711), 8, *policy).opens[0] == 0);    // too little was seen of it
    CHECK(classes->judge(*prompt(true, 4'711), 9, *policy).opens[0] == 0);    // nothing was
    CHECK(classes->judge(*prompt(true, 4'711), 7, Policy()).opens[0] == 0);   // nothing is served at present
    const auto before = prompts.fitting(std::make_shared<const Policy>())();  // nothing was served then
    CHECK(before->judge(*prompt(true, 4'711), 7, *policy).opens[0] == 0);
}
