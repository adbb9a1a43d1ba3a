#include "eval/trial_play.h"

namespace weir::eval {

using cascade::kReference;
using cascade::Policy;
using cascade::TaskPlan;
using cascade::Trial;

void climb_ladder(const RecordedRequest& request, Trial& trial, const Policy& policy, const TaskPlan& plan,
                  double& risk) {
    for (std::size_t rung = 0; rung < plan.rungs && trial.served == kReference; ++rung) {
        const std::size_t tier = plan.ladder[rung];
        if (trial.skips(tier)) continue;
        request.ask(trial, tier);
        const cascade::TierTrial& tried = trial.tiers[tier];
        if (!tried.asked) continue;
        const Policy::Judgement judgement = policy.judge(plan, rung, tried);
        if (!judgement.open) continue;
        trial.served = static_cast<int>(tier);
        risk = judgement.risk;
    }
}

PlayedTrial play_trial(const RecordedRequest& request, Trial trial, const cascade::Foreseen& opens, std::size_t tiers,
                       const Policy& policy, learn::RandomBits& coins, learn::SpacedCoins* audits) {
    const TaskPlan& plan = policy.plan(trial.task);
    if (policy.serves(plan)) trial.skipped = policy.skipped(plan, opens);
    const auto or_everything = [&plan](double probability) {
        return plan.everything + (1 - plan.everything) * probability;
    };
    bool audited = false, bypassed = false;
    double risk = 0;
    if (coins.chance(plan.everything)) {
        trial.everything = true;
        for (std::size_t tier = 0; tier < tiers; ++tier) request.ask(trial, tier);
        if (policy.would_serve(plan, trial, risk) != kReference) {
            trial.known_probability = or_everything(policy.audit_probability(plan, risk));
        } else {
            const double otherwise = policy.serves(plan) ? policy.grading_probability(plan, trial) : plan.trial;
            trial.known_probability = or_everything(otherwise);
        }
        request.ask_reference(trial);
    } else if (policy.serves(plan)) {
        climb_ladder(request, trial, policy, plan, risk);
        if (trial.served == kReference) {
            const double graded = policy.grading_probability(plan, trial);
            trial.known_probability = or_everything(graded);
            bypassed = !plan.asks(trial.skipped);
            if (coins.chance(graded)) {
                for (std::size_t rung = 0; bypassed && rung < plan.rungs; ++rung) request.ask(trial, plan.ladder[rung]);
                request.ask_reference(trial);
            }
        } else {
            const double audit = policy.audit_probability(plan, risk);
            trial.known_probability = or_everything(audit);
            if (audits != nullptr ? audits->falls(audit, coins.uniform()) : coins.chance(audit)) {
                for (std::size_t rung = 0; rung < plan.rungs; ++rung) {
                    if (!trial.tiers[plan.ladder[rung]].asked) request.ask(trial, plan.ladder[rung]);
                }
                request.ask_reference(trial);
                audited = true;
            }
        }
    } else if (coins.chance(plan.trial)) {
        for (std::size_t rung = 0; rung < plan.rungs; ++rung) request.ask(trial, plan.ladder[rung]);
        trial.known_probability = or_everything(plan.trial);
        request.ask_reference(trial);
    }
    return {trial, audited, bypassed};
}

}  // namespace weir::eval
