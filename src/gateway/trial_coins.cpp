#include "gateway/trial_coins.h"

#include "gateway/coin.h"

namespace weir::gateway {
namespace {

constexpr Micros kMicrosPerSecond = 1'000'000;

// What asking everybody about this request would cost, as far as that is known of its task: nothing that it has itself
// shown, since that would have to do with how it ends.
Usd expected_proof(const Grading& grading) {
    return from_dollars(grading.climb.plan.reference_usd);
}

// The tiers that the task's plan has and that were not asked yet.
void ask_ladder(Grading& grading) {
    const cascade::TaskPlan& plan = grading.climb.plan;
    for (std::size_t rung = 0; rung < plan.rungs; ++rung) {
        const std::size_t tier = plan.ladder[rung];
        const cascade::TierTrial& tried = grading.climb.trial.tiers[tier];
        if (!tried.asked && tried.flaw == wire::AnswerFlaw::none) grading.to_ask[tier] = true;
    }
}

store::Said why_not_climbed(const Grading& grading) {
    if (grading.climb.trial.in_force) return store::Said::not_in_canary;
    if (grading.blind) return store::Said::cap_spent;
    return grading.climb.policy->serving() ? store::Said::not_for_task : store::Said::in_shadow;
}

}  // namespace

std::unique_ptr<Grading> begin_grading(const RequestLife& life, std::shared_ptr<cascade::Course> course) {
    auto grading = std::make_unique<Grading>();
    grading->routes = life.routes;
    grading->plan = life.plan;
    grading->tenant = life.row.tenant;
    grading->mode = life.mode;
    grading->request = life.row.id;
    grading->origin = telemetry::origin_of(life.about.trace);
    grading->climb.policy = course->policy();
    grading->climb.plan = grading->climb.policy->plan(life.row.task);
    grading->canary = course->share_served(life.row.task);
    grading->climb.trial.task = life.row.task;
    grading->climb.trial.unix_seconds = static_cast<std::uint32_t>(life.row.started_unix_micros / kMicrosPerSecond);
    grading->course = std::move(course);
    return grading;
}

void note_proof(const RequestLife& life, Grading& grading) {
    const Micros now = life.lane.shared.clock.unix_micros();
    grading.proof_share = life.plan->proof->share(now, expected_proof(grading));
    grading.blind = life.plan->proof->blind(now);
    grading.climb.trial.in_force = grading.in_force();
}

bool toss(RequestLife& life, Grading& grading) {
    cascade::Trial& trial = grading.climb.trial;
    const cascade::TaskPlan& of_task = grading.climb.plan;
    const bool is_new = of_task.everything >= 1;
    if (is_new) grading.turn = grading.course->take_turn(life.row.task, of_task.wanted);
    if (is_new && !grading.turn) {
        life.skip_tiers(store::Said::enough_trials);
        return false;
    }
    if (falls(life.row.id, grading.proof_share * of_task.everything, kHoldOut)) {
        trial.everything = true;
        for (std::size_t tier = 0; tier < life.plan->ladder_models.size(); ++tier) grading.to_ask[tier] = true;
        life.skip_tiers(is_new ? store::Said::new_task : store::Said::held_out);
        return false;
    }
    if (trial.in_force && falls(life.row.id, grading.canary, kCanary)) {
        grading.climbed = of_task.asks(trial.skipped);
        if (grading.climbed) return true;
        grading.bypassed = true;
        life.skip_tiers(store::Said::skipped_by_triage);
        return false;
    }
    life.skip_tiers(why_not_climbed(grading));
    if (falls(life.row.id, grading.proof_share * of_task.trial, kTrial)) {
        grading.tried = true;
        ask_ladder(grading);
    }
    return false;
}

bool wants_grading(RequestLife& life, Grading& grading, const std::function<bool(double share)>& audit_falls) {
    cascade::Trial& trial = grading.climb.trial;
    const cascade::Policy& policy = *grading.climb.policy;
    const Micros now = life.lane.shared.clock.unix_micros();
    life.plan->proof->traffic(now, life.row.counterfactual);
    bool known = trial.everything;
    if (trial.served != cascade::kReference) {
        const double share = grading.proof_share * policy.audit_probability(grading.climb.plan, grading.climb.risk);
        known = audit_falls ? audit_falls(share) : falls(life.row.id, share, kAuditOfLadder);
        if (known) ask_ladder(grading);
    } else {
        trial.reference_usd = to_dollars(grading.reference->cost);
        if (grading.climbed || grading.bypassed) {
            const double share = policy.grading_probability(grading.climb.plan, trial);
            known = known || falls(life.row.id, grading.proof_share * share, kAuditOfLadder);
            if (known && grading.bypassed) ask_ladder(grading);
        }
        known = known || grading.tried;
    }
    // Others may have been quicker to spend what is left.
    if (known) grading.proof = life.plan->proof->begin(now, expected_proof(grading));
    if (known && grading.proof) return true;
    life.lane.shared.cascades.learn(grading.course, trial, grading.prompt);
    return false;
}

void settle_coins(Grading& grading) {
    cascade::LadderClimb& climb = grading.climb;
    const cascade::TaskPlan& plan = climb.plan;
    cascade::Trial& trial = climb.trial;
    double otherwise = plan.trial;
    if (grading.in_force()) {
        double risk = climb.risk;
        const bool by_reference = trial.served == cascade::kReference;
        const int lets_through = by_reference ? climb.policy->would_serve(plan, trial, risk) : trial.served;
        const double climbed = lets_through == cascade::kReference ? climb.policy->grading_probability(plan, trial)
                                                                   : climb.policy->audit_probability(plan, risk);
        otherwise = grading.canary * climbed + (1 - grading.canary) * plan.trial;
        if (by_reference) {  // what would have come of the ladder, had it been climbed for the caller
            trial.would_serve = lets_through;
            trial.would_cost_usd = cascade::Policy::climb_cost_usd(plan, trial, lets_through);
        }
    }
    const double by_hold_out = grading.proof_share * plan.everything;
    trial.known_probability = by_hold_out + (1 - by_hold_out) * grading.proof_share * otherwise;
}

}  // namespace weir::gateway
