// What is kept of a chat's answer, and what is learned from hits and misses.
#include "cascade/agreement.h"
#include "cascade/answer_digest.h"
#include "cascade/audit_rate.h"
#include "cascade/freshness.h"
#include "gateway/arbiter.h"
#include "gateway/background.h"
#include "gateway/chat_life.h"
#include "gateway/coin.h"
#include "gateway/examples.h"
#include "gateway/spending.h"
#include "tiers/semantic_cache/semantic_tier.h"
#include "wire/answer_text.h"

namespace weir::gateway {
namespace {

namespace semantic = tiers::semantic;

// A younger exact hit is not audited: nothing would be learned about age.
constexpr Micros kLeastAuditedAge = 60'000'000;

// Where the semantic cache has no part in an answer its question is kept for people alone, who look for it.
constexpr std::size_t kListedQuestionBytes = 1024;

// Where an answer to this request comes from, with what the semantic cache knows it by.
tiers::Provenance provenance_of(const ChatLife& life) {
    tiers::Provenance provenance = provenance_of(static_cast<const RequestLife&>(life));
    const std::optional<std::string> asked = life.asked ? life.asked : wire::question_text(life.chat);
    if (asked) provenance.volatility = cascade::classify(*asked, life.lane.shared.clock.unix_micros());
    if (life.asked) {
        provenance.partition = life.partition;
        provenance.question = tiers::kept_question(*life.asked);
    } else if (asked) {
        provenance.question = tiers::kept_question(*asked, kListedQuestionBytes);
    }
    return provenance;
}

// The semantic cache's record of an answer to this request; nothing where that cache has no part in it.
std::optional<semantic::SemanticRecord> record_of(const ChatLife& life) {
    SemanticParts* const parts = life.lane.shared.caches.semantic();
    if (!life.asked || parts == nullptr) return std::nullopt;
    semantic::SemanticRecord record;
    record.partition = life.partition;
    record.key = life.cache_key;
    record.task = life.row.task;
    record.question = *life.asked;
    if (life.look) {
        record.bag = life.look->bag;
        record.vectors = life.look->vectors;
    } else {
        const semantic::Question question = semantic::read_question(record.question);
        record.bag = semantic::stem_bag(question.content);
        record.vectors[semantic::kHashingSpace] = embed::Int8Vector(parts->hashing.embed_now(question.words));
    }
    return record;
}

// Puts an answer into the caches.
void keep(Lane& lane, const Digest256& key, const std::shared_ptr<tiers::CacheEntry>& entry,
          std::optional<semantic::SemanticRecord> record) {
    lane.shared.cache.store(key, entry);
    if (!record) return;
    record->created_unix_micros = entry->created_unix_micros;
    if (const auto text = wire::answer_text(entry->body)) record->answer = cascade::answer_digest(*text);
    lane.shared.caches.semantic()->memory->add(std::move(*record));
}

// What a background call needs of the request.
BackgroundCall background_call(const ChatLife& life, store::Purpose purpose) {
    BackgroundCall call;
    call.purpose = purpose;
    call.routes = life.routes;
    call.plan = life.plan;
    call.tenant = life.row.tenant;
    call.task = life.row.task;
    call.mode = life.mode;
    call.payer = payer_of(life);
    call.origin = telemetry::origin_of(life.about.trace);
    call.body = std::string(life.chat.body);
    return call;
}

// What is asked where the form of two answers to the request does not tell, but for the question and the answers.
JudgeCall about(const ChatLife& life) {
    JudgeCall call;
    call.routes = life.routes;
    call.plan = life.plan;
    call.tenant = life.row.tenant;
    call.task = life.row.task;
    call.mode = life.mode;
    call.payer = payer_of(life);
    call.request = life.row.id;
    call.origin = telemetry::origin_of(life.about.trace);
    if (life.plan->cascade->options.agreement.any()) call.question_system = life.chat.system_text;
    return call;
}

// Asks the reference again for an entry that is getting old; once at a time.
void refresh(ChatLife& life, const Digest256& key, const tiers::CacheEntry& old) {
    tiers::Flights::Boarding boarding = life.lane.shared.caches.flights().board(key);
    if (!boarding.lease) return;
    const std::shared_ptr<tiers::Flights::Lease> lease = std::move(boarding.lease);
    BackgroundCall call = background_call(life, store::Purpose::refresh);
    Lane& lane = life.lane;
    const tiers::Provenance provenance = old.provenance;
    call.then = [&lane, key, lease, provenance,
                 example = example_keeper_of(life)](std::shared_ptr<tiers::CacheEntry> fresh) {
        if (!fresh) return;
        if (example) example(fresh->body, true);
        fresh->provenance = provenance;
        lane.shared.cache.store(key, std::move(fresh));
        lease->conclude(tiers::Flight::Ending::stored);
    };
    if (ask_in_background(lane, std::move(call))) lane.counters.refreshes.fetch_add(1, std::memory_order_relaxed);
}

// Whether the served answer still is what the reference says: teaches the age at which answers of the task go bad.
void learn_age(Lane& lane, JudgeCall about, const tiers::CacheEntry& served, Micros age,
               const tiers::CacheEntry& fresh) {
    std::optional<std::string> before = wire::answer_text(served.body), now = wire::answer_text(fresh.body);
    if (!before || !now) return;
    const auto learn = [&lane, plan = about.plan, routes = about.routes, task = served.provenance.task,
                        volatility = served.provenance.volatility, age](cascade::Agreed agreed) {
        if (agreed == cascade::Agreed::undecided) return;
        lane.shared.caches.freshness().observe_audit(task, volatility, age, plan->cascade->options.cache,
                                                     agreed == cascade::Agreed::agree);
    };
    const cascade::AgreementRules& rules = about.plan->cascade->options.agreement.rules;
    const cascade::Agreed agreed = cascade::agreement(about.question_user, *before, *now, rules).result;
    if (agreed != cascade::Agreed::undecided) return learn(agreed);
    about.answer_a = std::move(*before);
    about.answer_b = std::move(*now);
    arbitrate(lane, std::move(about), [learn](const Arbitration& arbitration) { learn(arbitration.agreed); });
}

void audit(ChatLife& life, const tiers::Offer& offer, store::TierKind tier, double share) {
    BackgroundCall call = background_call(life, store::Purpose::audit);
    Lane& lane = life.lane;
    const std::shared_ptr<const tiers::CacheEntry> served = offer.answer;
    const auto look = life.look;
    const auto promise = life.plan->semantic;
    JudgeCall question = about(life);
    const Micros age = life.row.started_unix_micros - served->created_unix_micros;
    if (tier != store::TierKind::semantic || !look || !promise) {
        question.question_user = life.asked ? *life.asked : served->provenance.question;
        call.then = [&lane, served, age, question = std::move(question),
                     example = example_keeper_of(life)](const std::shared_ptr<tiers::CacheEntry>& fresh) {
            if (fresh && example) example(fresh->body, true);
            if (fresh) learn_age(lane, question, *served, age, *fresh);
        };
    } else {
        call.then = [&lane, look, promise, share, arbiter = make_arbiter(lane, question), key = life.cache_key,
                     provenance = provenance_of(life), record = record_of(life),
                     example = example_keeper_of(life)](std::shared_ptr<tiers::CacheEntry> fresh) {
            if (!fresh) return;
            if (example) example(fresh->body, false);
            SemanticParts* const parts = lane.shared.caches.semantic();
            const auto counters = parts->judges->of(look->task);
            counters->audit_nanos.fetch_add(fresh->cost.nanos, std::memory_order_relaxed);
            // The question has an answer of its own now, paid for: whoever asks it again gets that one.
            fresh->provenance = provenance;
            keep(lane, key, fresh, record);
            parts->learner->answered(look, *promise, std::move(fresh), share, arbiter);
        };
    }
    if (ask_in_background(lane, std::move(call))) lane.counters.cache_audits.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

std::function<void(const std::shared_ptr<tiers::CacheEntry>&)> keeper_of(const ChatLife& life) {
    return [&lane = life.lane, key = life.cache_key, provenance = provenance_of(life),
            record = record_of(life)](const std::shared_ptr<tiers::CacheEntry>& entry) {
        entry->provenance = provenance;
        keep(lane, key, entry, record);
    };
}

void keep_answer(ChatLife& life, const std::shared_ptr<tiers::CacheEntry>& entry) {
    if (!life.may_store) return;
    entry->provenance = provenance_of(life);
    keep(life.lane, life.cache_key, entry, record_of(life));
    life.lane.served->note({life.row.id, life.cache_key, nullptr, nullptr});
    if (life.lease) {
        life.lease->conclude(tiers::Flight::Ending::stored);
        life.lease.reset();
    }
    SemanticParts* const parts = life.lane.shared.caches.semantic();
    // Only the reference's word is a label.
    if (life.look && parts != nullptr && entry->model == life.plan->reference->full_name) {
        const cascade::ArbiterPtr arbiter = make_arbiter(life.lane, about(life));
        parts->learner->answered(life.look, *life.plan->semantic, entry, std::nullopt, arbiter);
    }
}

void learn_from_hit(ChatLife& life, const tiers::Offer& offer, store::TierKind tier) {
    const bool by_meaning = tier == store::TierKind::semantic;
    life.lane.served->note(
        {life.row.id, offer.answer_key, by_meaning ? life.look : nullptr, by_meaning ? life.plan->semantic : nullptr});
    if (life.apart) return;  // who would be asked again, would be asked in chat
    if (offer.stale && tier == store::TierKind::exact) refresh(life, offer.answer_key, *offer.answer);
    SemanticParts* const parts = life.lane.shared.caches.semantic();
    if (by_meaning && parts != nullptr && life.look) {
        const auto counters = parts->judges->of(life.look->task);
        counters->hits.fetch_add(1, std::memory_order_relaxed);
        counters->saved_nanos.fetch_add(life.row.counterfactual.nanos, std::memory_order_relaxed);
        const std::uint32_t times_served = life.lane.repeats.count(life.cache_key);
        const double share = cascade::audit_share(life.plan->semantic->audit_share, times_served, *counters);
        if (falls(life.row.id, share, kAuditOfMeaning)) {
            audit(life, offer, tier, share);
        } else {
            parts->learner->served(life.look, *life.plan->semantic);
        }
        return;
    }
    // An exact hit can only be wrong by its age: audits begin where that is half of what the class allows.
    const cascade::CacheRules& rules = life.plan->cascade->options.cache;
    const Micros fresh = cascade::fresh_micros(offer.answer->provenance.volatility, rules);
    const Micros age = life.row.started_unix_micros - offer.answer->created_unix_micros;
    const double share = rules.semantic.audit_share;
    const bool old = fresh > 0 && age > fresh / 2;
    if (falls(life.row.id, old ? share : share / 50, kAuditOfAge) && age > kLeastAuditedAge)
        audit(life, offer, tier, share);
}

}  // namespace weir::gateway
