#include "cascade/prompt_classes.h"

#include <doctest/doctest.h>

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
    CHECK(PromptClasses().judge(*prompt(true, 1), 7).of == PromptClass::unknown);
    PromptClassLearner learner;
    Trial trial = graded(false, false);
    for (TierTrial& tier : trial.tiers) tier.asked = tier.graded = false;
    for (std::size_t i = 0; i < 1'000; ++i) learner.add(prompt(true, i), trial);
    learner.add(nullptr, graded(false, false));
    CHECK_FALSE(learner.due());
    CHECK(learner.fitting(nothing_learned())()->judge(*prompt(true, 1), 7).of == PromptClass::unknown);
}

TEST_CASE("simple is what the first tier answers, moderate what another one does, complex what none does") {
    const auto helped = learned(true), alone = learned(false);
    REQUIRE(helped != nullptr);
    REQUIRE(alone != nullptr);
    const auto of = [](const PromptClasses& classes, bool hard) { return classes.judge(*prompt(hard, 4'711), 7).of; };
    CHECK(of(*helped, false) == PromptClass::simple);
    CHECK(of(*helped, true) == PromptClass::moderate);
    CHECK(of(*alone, false) == PromptClass::simple);
    CHECK(of(*alone, true) == PromptClass::complex);
    CHECK(describe(alone->judge(*prompt(true, 1), 7)).starts_with("triage: complex 0."));
}
