// The ladder of an inference route: whether it is climbed for the caller, and what is asked and graded afterwards. The
// coins are those of chat (trial_coins.h); there is no triage, no student and no judge here.
#include <algorithm>

#include "gateway/inference.h"
#include "gateway/inference_life.h"
#include "gateway/spending.h"
#include "gateway/trial_coins.h"
#include "net/http_client.h"
#include "wire/open_inference.h"

namespace weir::gateway {
namespace {

// Asks one tier. Its answer, where it gave one that can be compared; the attempt says what became of it.
// `why`: what became of it, where the attempt does not tell.
Task<std::shared_ptr<tiers::CacheEntry>> ask_tier(InferenceLife& life, std::size_t number, store::Attempt& attempt,
                                                  store::Reason& why) {
    const tiers::ModelUpstream& model = *life.plan->ladder_models[number];
    tiers::TierHealth& health = life.plan->ladder_health[number];
    net::Reactor& reactor = life.lane.reactor;
    const Micros begun = reactor.now();
    std::optional<tiers::InFlight::Turn> turn;
    if (model.provider->in_flight) {
        turn.emplace(*model.provider->in_flight, reactor);
        if (!turn->take_at_once()) {
            attempt.outcome = store::Outcome::declined;
            attempt.priced = true;
            why = store::Reason::of(store::Said::no_place);
            co_return nullptr;
        }
    }
    tiers::Endpoints::Lease endpoint = model.provider->endpoints.take(begun);
    net::HttpCall call(*endpoint->client);
    const Cancellation::Scope scope(life.cancellation, call);
    const std::string head = head_for(life, *model.provider, *endpoint);
    auto entry = std::make_shared<tiers::CacheEntry>();
    const Micros asked_unix_micros = life.lane.shared.clock.unix_micros();
    Result<void> got = co_await call.send(head, life.exchange.body(), begun + health.patience());
    AnswerForm form;
    if (got) {
        attempt.status = static_cast<std::uint16_t>(call.response().status);
        form = answer_form(call.response());
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
    if (attempt.status != 200) {
        attempt.outcome = store::Outcome::failed;
        attempt.priced = true;
        if (tiers::is_down(attempt.status)) {
            endpoint.failed(reactor.now());
            health.failed(reactor.now(), false, taken);
        }
        co_return nullptr;
    }
    endpoint.answered();
    health.answered(taken);
    tiers::account_call(attempt, model.call_price, taken);
    attempt.outcome = store::Outcome::declined;  // until its gate opens
    std::optional<std::string> kept = kept_answer(life.route(), form, std::move(entry->body));
    if (!kept || !is_comparable(life.route(), *kept)) co_return nullptr;
    entry->body = std::move(*kept);
    entry->model = model.full_name;
    entry->cost = attempt.cost;
    entry->priced = attempt.priced;
    entry->created_unix_micros = asked_unix_micros;
    co_return entry;
}

bool toss_for(InferenceLife& life) {
    const Plan& plan = *life.plan;
    const bool learns = life.mode == cascade::Mode::serve || life.mode == cascade::Mode::shadow;
    if (!plan.course || !learns || !life.readable) return false;
    if (life.versioned) {  // of the reference's: what other models have under that number is theirs
        life.skip_tiers(store::Said::not_for_version);
        return false;
    }
    life.grading = begin_grading(life, plan.course);
    note_proof(life, *life.grading);
    return toss(life, *life.grading);
}

Task<void> deliver_tier(InferenceLife& life, std::size_t number, const tiers::CacheEntry& answer) {
    life.row.tier = store::TierKind::model;
    life.row.served_model = life.plan->ladder_models[number]->name_id;
    set_expected(life);
    co_await deliver_inference(life, answer.body, answer.model, {});
}

}  // namespace

void note_inference_answer(const Plan& plan, std::size_t tier, std::string_view kept, Usd cost,
                           cascade::TierTrial& trial) {
    trial = trial.unasked();
    trial.asked = true;
    trial.cost_usd = to_dollars(cost);
    const auto& confidence = plan.inference->options.tiers[tier].confidence;
    if (!confidence) return;
    const auto json = wire::answer_as_json(kept, cascade::kMaxComparedBytes);
    cascade::note_verification(json ? cascade::confidence_at(*json, *confidence) : std::nullopt, trial);
}

bool plan_inference_trial(InferenceLife& life) {
    if (!life.climbs) life.climbs = toss_for(life);
    return *life.climbs;
}

bool InferenceLife::may_answer(const tiers::ExactCache::EntryPtr& entry) {
    if (entry->model == plan->reference->full_name) return true;
    const auto& models = plan->ladder_models;
    const auto made = std::find_if(models.begin(), models.end(),
                                   [&entry](const auto& model) { return model->full_name == entry->model; });
    if (made == models.end() || !plan_inference_trial(*this)) return false;
    const auto number = static_cast<std::size_t>(made - models.begin());
    cascade::LadderClimb& climb = grading->climb;
    const std::optional<std::size_t> rung = climb.plan.rung_of(number);
    if (!rung) return false;
    cascade::TierTrial tried = climb.trial.tiers[number];
    note_inference_answer(*plan, number, entry->body, entry->cost, tried);
    const cascade::Policy::Judgement judgement = climb.policy->judge(climb.plan, *rung, tried);
    if (!judgement.open) return false;
    climb.trial.tiers[number] = tried;
    climb.trial.served = static_cast<int>(number);
    climb.answers[number] = entry;
    climb.risk = judgement.risk;
    kept = number;
    return true;
}

Task<bool> climb_inference(InferenceLife& life) {
    cascade::LadderClimb& climb = life.grading->climb;
    for (std::size_t rung = 0; rung < climb.plan.rungs; ++rung) {
        if (life.cancellation.canceled()) break;
        const std::size_t number = climb.plan.ladder[rung];
        if (number >= life.plan->ladder_models.size()) continue;
        const tiers::ModelUpstream& model = *life.plan->ladder_models[number];
        if (life.plan->ladder_health[number].rests(life.lane.reactor.now())) {
            life.steps().not_asked(life.steps().next(), store::TierKind::model, model.name_id, model.full_name,
                                   store::StepVerdict::skipped, store::Reason::of(store::Said::rests));
            continue;
        }
        store::Attempt attempt;
        attempt.tier = store::TierKind::model;
        attempt.model = model.name_id;
        store::Reason why{};
        const std::shared_ptr<tiers::CacheEntry> answer = co_await ask_tier(life, number, attempt, why);
        if (!answer) {
            const bool asked = why.said == store::Said::nothing;
            life.steps().tried(life.steps().next(), attempt, model.full_name, cascade::verdict_of(attempt, why.said),
                               why, asked ? "no answer" : "");
            life.add_attempt(attempt);
            continue;
        }
        cascade::TierTrial& tried = climb.trial.tiers[number];
        note_inference_answer(*life.plan, number, answer->body, answer->cost, tried);
        climb.answers[number] = answer;
        const cascade::Policy::Judgement judgement = climb.policy->judge(climb.plan, rung, tried);
        if (tried.kind != cascade::EvidenceKind::none) attempt.evidence = tried.evidence;
        if (judgement.open) attempt.outcome = store::Outcome::served;
        life.steps().tried(life.steps().next(), attempt, model.full_name,
                           judgement.open ? store::StepVerdict::served : store::StepVerdict::refused,
                           cascade::reason_of(tried, judgement));
        life.add_attempt(attempt);
        if (!judgement.open) continue;
        climb.trial.served = static_cast<int>(number);
        climb.risk = judgement.risk;
        keep_answer(life, answer);
        co_await deliver_tier(life, number, *answer);
        co_return true;
    }
    co_return false;
}

void conclude_inference_trial(InferenceLife& life) {
    const std::unique_ptr<Grading> owned = std::move(life.grading);
    if (!owned) return;
    Grading& grading = *owned;
    const bool by_reference = grading.climb.trial.served == cascade::kReference;
    // Without the reference's answer there is nothing to compare with, and nobody was served.
    if (by_reference && !grading.reference) return;
    if (!wants_grading(life, grading)) return;
    if (!by_reference && life.may_store) grading.keep_reference = inference_keeper(life);
    grading.payer = payer_of(life);
    grading.body = std::string(life.exchange.body());
    grading.tail = life.tail;
    grading.json_bytes = life.asked.binary ? life.asked.head.size() : 0;
    grade(life.lane, std::make_unique<Grading>(std::move(grading)));
}

}  // namespace weir::gateway
