// The ladder of an inference route: whether it is climbed for the caller, and what is asked and graded afterwards. The
// coins and their probabilities are those of trials.cpp; there is no triage, no student and no judge here.
#include <algorithm>

#include "gateway/coin.h"
#include "gateway/inference.h"
#include "gateway/inference_life.h"
#include "gateway/spending.h"
#include "net/http_client.h"
#include "wire/open_inference.h"

namespace weir::gateway {
namespace {

constexpr Micros kMicrosPerSecond = 1'000'000;

void ask_ladder(Grading& grading) {
    for (std::size_t rung = 0; rung < grading.climb.plan.rungs; ++rung) {
        const std::size_t tier = grading.climb.plan.ladder[rung];
        if (!grading.climb.trial.tiers[tier].asked) grading.to_ask[tier] = true;
    }
}

Usd expected_proof(const Grading& grading) {
    return from_dollars(grading.climb.plan.reference_usd);
}

// Asks one tier. Its answer, where it gave one that can be compared; the attempt says what became of it.
Task<std::shared_ptr<tiers::CacheEntry>> ask_tier(InferenceLife& life, std::size_t number, store::Attempt& attempt) {
    const tiers::ModelUpstream& model = *life.plan->ladder_models[number];
    tiers::TierHealth& health = life.plan->ladder_health[number];
    net::Reactor& reactor = life.lane.reactor;
    const Micros begun = reactor.now();
    tiers::Endpoints::Lease endpoint = model.provider->endpoints.take(begun);
    net::HttpCall call(*endpoint->client);
    const Cancellation::Scope scope(life.cancellation, call);
    const std::string head = head_for(life, *model.provider, *endpoint);
    auto entry = std::make_shared<tiers::CacheEntry>();
    const Micros asked_unix_micros = life.lane.shared.clock.unix_micros();
    Result<void> got = co_await call.send(head, life.exchange.body(), begun + health.patience());
    bool is_json = false;
    if (got) {
        attempt.status = static_cast<std::uint16_t>(call.response().status);
        is_json = is_json_answer(call.response());
        got = co_await call.read_all(entry->body, model.provider->answer_bytes);
    }
    const Micros taken = reactor.now() - begun;
    attempt.latency_micros = static_cast<std::int32_t>(std::min<Micros>(taken, INT32_MAX));
    life.upstream_micros += taken;
    if (!got) {
        attempt.outcome = tiers::outcome_of(got.error().code);
        attempt.priced = !call.sent();
        if (got.error().code != ErrorCode::canceled) {
            endpoint.failed(reactor.now());
            health.failed(reactor.now(), got.error().code == ErrorCode::timeout, taken);
        }
        co_return nullptr;
    }
    endpoint.answered();
    if (attempt.status != 200) {
        attempt.outcome = store::Outcome::failed;
        attempt.priced = true;
        if (attempt.status >= 500 || attempt.status == 404) health.failed(reactor.now(), false, taken);
        co_return nullptr;
    }
    health.answered(taken);
    tiers::account_call(attempt, model.call_price, taken);
    attempt.outcome = store::Outcome::declined;  // until its gate opens
    if (!is_json || !cascade::has_answer_at(entry->body, life.route().agreement)) co_return nullptr;
    entry->model = model.full_name;
    entry->cost = attempt.cost;
    entry->priced = attempt.priced;
    entry->created_unix_micros = asked_unix_micros;
    co_return entry;
}

Task<void> deliver_tier(InferenceLife& life, std::size_t number, const tiers::CacheEntry& answer) {
    life.row.tier = store::TierKind::model;
    life.row.served_model = life.plan->ladder_models[number]->name_id;
    set_expected(life);
    co_await deliver_inference(life, answer.body, answer.model, {});
}

}  // namespace

void note_inference_answer(const Plan& plan, std::size_t tier, std::string_view body, Usd cost,
                           cascade::TierTrial& trial) {
    trial = trial.unasked();
    trial.asked = true;
    trial.cost_usd = to_dollars(cost);
    const auto& confidence = plan.inference->options.tiers[tier].confidence;
    if (confidence) cascade::note_verification(cascade::confidence_at(body, *confidence), trial);
}

bool plan_inference_trial(InferenceLife& life) {
    const Plan& plan = *life.plan;
    const bool learns = life.mode == cascade::Mode::serve || life.mode == cascade::Mode::shadow;
    if (!plan.course || !learns || !life.readable) return false;
    life.grading = std::make_unique<Grading>();
    Grading& grading = *life.grading;
    grading.routes = life.routes;
    grading.plan = life.plan;
    grading.course = plan.course;
    grading.tenant = life.row.tenant;
    grading.mode = life.mode;
    grading.request = life.row.id;
    grading.climb.policy = plan.course->policy();
    grading.climb.plan = grading.climb.policy->plan(life.row.task);
    grading.canary = plan.course->share_served(life.row.task);
    cascade::Trial& trial = grading.climb.trial;
    trial.task = life.row.task;
    trial.unix_seconds = static_cast<std::uint32_t>(life.row.started_unix_micros / kMicrosPerSecond);
    const Micros now = life.lane.shared.clock.unix_micros();
    grading.proof_share = plan.proof->share(now, expected_proof(grading));
    grading.blind = plan.proof->blind(now);
    trial.in_force = grading.in_force();

    const cascade::TaskPlan& of_task = grading.climb.plan;
    const bool is_new = of_task.everything >= 1;
    if (is_new) grading.turn = plan.course->take_turn(life.row.task, of_task.wanted);
    if (is_new && !grading.turn) {
        life.grading.reset();
        life.note("a new task: enough trials are under way");
        return false;
    }
    if (falls(life.row.id, grading.proof_share * of_task.everything, kHoldOut)) {
        trial.everything = true;
        std::fill_n(grading.to_ask.begin(), plan.ladder_models.size(), true);
        life.note(!is_new ? "held out for comparison" : "a new task: trying all tiers");
        return false;
    }
    if (trial.in_force && falls(life.row.id, grading.canary, kCanary)) {
        grading.climbed = true;
        return true;
    }
    life.note(grading.climb.policy->serving() ? "tiers: not for this task" : "tiers: in shadow");
    if (falls(life.row.id, grading.proof_share * of_task.trial, kTrial)) {
        grading.tried = true;
        ask_ladder(grading);
    }
    return false;
}

Task<bool> climb_inference(InferenceLife& life) {
    cascade::LadderClimb& climb = life.grading->climb;
    for (std::size_t rung = 0; rung < climb.plan.rungs; ++rung) {
        if (life.cancellation.canceled()) break;
        const std::size_t number = climb.plan.ladder[rung];
        if (number >= life.plan->ladder_models.size()) continue;
        const tiers::ModelUpstream& model = *life.plan->ladder_models[number];
        if (life.plan->ladder_health[number].rests(life.lane.reactor.now())) {
            life.note(model.full_name + ": rests after failures");
            continue;
        }
        store::Attempt attempt;
        attempt.tier = store::TierKind::model;
        attempt.model = model.name_id;
        const std::shared_ptr<tiers::CacheEntry> answer = co_await ask_tier(life, number, attempt);
        if (!answer) {
            life.add_attempt(attempt);
            life.note(model.full_name + ": no answer");
            continue;
        }
        cascade::TierTrial& tried = climb.trial.tiers[number];
        note_inference_answer(*life.plan, number, answer->body, answer->cost, tried);
        climb.answers[number] = answer;
        const cascade::Policy::Judgement judgement = climb.policy->judge(climb.plan, rung, tried);
        if (life.debug) {
            life.note(model.full_name + ": risk " + std::to_string(judgement.risk) + (judgement.open ? " <= " : " > ") +
                      std::to_string(judgement.limit));
        }
        if (tried.kind != cascade::EvidenceKind::none) attempt.evidence = tried.evidence;
        if (judgement.open) attempt.outcome = store::Outcome::served;
        life.add_attempt(attempt);
        if (!judgement.open) continue;
        climb.trial.served = static_cast<int>(number);
        climb.risk = judgement.risk;
        co_await deliver_tier(life, number, *answer);
        co_return true;
    }
    co_return false;
}

void conclude_inference_trial(InferenceLife& life) {
    const std::unique_ptr<Grading> owned = std::move(life.grading);
    if (!owned) return;
    Grading& grading = *owned;
    cascade::Trial& trial = grading.climb.trial;
    const bool by_reference = trial.served == cascade::kReference;
    // Without the reference's answer there is nothing to compare with, and nobody was served.
    if (by_reference && !grading.reference) return;
    const Micros now = life.lane.shared.clock.unix_micros();
    life.plan->proof->traffic(now, life.row.counterfactual);
    const cascade::Policy& policy = *grading.climb.policy;
    bool known = trial.everything;
    if (!by_reference) {
        const double share = policy.audit_probability(grading.climb.plan, grading.climb.risk);
        known = falls(life.row.id, grading.proof_share * share, kAuditOfLadder);
        if (known) ask_ladder(grading);
        if (known && life.may_store) grading.keep_reference = inference_keeper(life);
    } else {
        trial.reference_usd = to_dollars(grading.reference->cost);
        if (grading.climbed) {
            const double share = policy.grading_probability(grading.climb.plan, trial);
            known = known || falls(life.row.id, grading.proof_share * share, kAuditOfLadder);
        }
        known = known || grading.tried;
    }
    if (known) grading.proof = life.plan->proof->begin(now, expected_proof(grading));
    if (!known || !grading.proof) {
        life.lane.shared.cascades.learn(grading.course, trial);
        return;
    }
    grading.payer = payer_of(life);
    grading.body = std::string(life.exchange.body());
    grading.query = std::string(life.query);
    grade(life.lane, std::make_unique<Grading>(std::move(grading)));
}

}  // namespace weir::gateway
