// Simulated cascades whose truth is known: requests one after another through a learner, as gateway and evaluator put
// them. Thread rule: plain values.
#pragma once

#include <memory>
#include <vector>

#include "cascade/policy_learner.h"
#include "learn/random_bits.h"

namespace weir::cascade {

// One task with tiers that are worse with a probability that their evidence tells (or not).
struct SimulatedTask {
    struct Tier {
        double price = 0.05;   // the reference's is 1
        double certain = 0.6;  // share of requests on which the tier is certain of itself ...
        double worse_certain = 0.002, worse_doubtful = 0.4;
    };
    std::vector<Tier> tiers;
    std::uint64_t task = 7;
};

struct SimulatedRun {
    std::size_t requests = 0, served = 0, worse = 0;
    double spent = 0;
    double saved() const { return 1 - spent / static_cast<double>(requests); }
    double harm() const { return static_cast<double>(worse) / static_cast<double>(requests); }
};

// What evaluator and gateway do with a request; what the learner was told of it.
inline Trial play(const SimulatedTask& world, PolicyLearner& learner, learn::RandomBits& random, SimulatedRun& run) {
    const std::shared_ptr<const Policy> policy = learner.policy();
    const TaskPlan& plan = policy->plan(world.task);
    Trial truth;
    for (std::size_t i = 0; i < world.tiers.size(); ++i) {
        const SimulatedTask::Tier& tier = world.tiers[i];
        const bool certain = random.chance(tier.certain);
        truth.tiers[i].evidence = certain ? -1e-7F : -0.3F;
        truth.tiers[i].worse = random.chance(certain ? tier.worse_certain : tier.worse_doubtful);
        truth.tiers[i].cost_usd = tier.price;
    }
    Trial trial;
    trial.task = world.task;
    const auto ask = [&](std::size_t tier) {
        trial.tiers[tier] = truth.tiers[tier];
        trial.tiers[tier].asked = true;
        trial.tiers[tier].graded = trial.tiers[tier].worse = false;
    };
    double risk = 0, chance = plan.trial;
    if (random.chance(plan.everything)) {
        trial.everything = trial.known = true;
        for (std::size_t i = 0; i < world.tiers.size(); ++i) ask(i);
        if (policy->serves(plan)) {
            const bool would = policy->would_serve(plan, trial, risk) != kReference;
            chance = would ? policy->audit_probability(plan, risk) : policy->grading_probability(plan, trial);
        }
    } else if (policy->serves(plan)) {
        for (std::size_t rung = 0; rung < plan.rungs && trial.served == kReference; ++rung) {
            const std::size_t tier = plan.ladder[rung];
            ask(tier);
            const Policy::Judgement judgement = policy->judge(plan, rung, trial.tiers[tier]);
            if (!judgement.open) continue;
            trial.served = static_cast<int>(tier);
            risk = judgement.risk;
        }
        chance = trial.served == kReference ? policy->grading_probability(plan, trial)
                                            : policy->audit_probability(plan, risk);
        trial.known = random.chance(chance);
        if (trial.known) {
            for (std::size_t rung = 0; rung < plan.rungs; ++rung) ask(plan.ladder[rung]);
        }
    } else {
        trial.known = random.chance(plan.trial);
        for (std::size_t rung = 0; trial.known && rung < plan.rungs; ++rung) ask(plan.ladder[rung]);
    }
    trial.known_probability = plan.everything + (1 - plan.everything) * chance;
    if (trial.known) trial.reference_usd = 1;
    for (std::size_t i = 0; i < world.tiers.size(); ++i) {
        run.spent += trial.tiers[i].cost_usd;
        trial.tiers[i].graded = trial.known && trial.tiers[i].asked;
        trial.tiers[i].worse = trial.tiers[i].graded && truth.tiers[i].worse;
    }
    ++run.requests;
    run.spent += trial.known || trial.served == kReference ? 1 : 0;
    run.served += trial.served != kReference;
    run.worse += trial.served != kReference && truth.tiers[static_cast<std::size_t>(trial.served)].worse;
    learner.add(trial);
    if (learner.due()) learner.certify();
    return trial;
}

inline PolicyLearner::Options options_for(const SimulatedTask& world, double promise) {
    PolicyLearner::Options options;
    options.tiers = world.tiers.size();
    options.promise = promise;
    return options;
}

}  // namespace weir::cascade
