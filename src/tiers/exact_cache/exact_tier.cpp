#include "tiers/exact_cache/exact_tier.h"

namespace weir::tiers {

// Makes it the offer, if it may still be used.
bool ExactTier::accept(const Question& question, ExactCache::EntryPtr entry, Climb& climb) const {
    if (!entry) return false;
    const EntryState state = judge_.judge(question.cache_key, *entry, question.max_age);
    if (state == EntryState::expired || state == EntryState::voided) {
        climb.because = store::Reason::of(state == EntryState::expired ? store::Said::expired : store::Said::purged);
        return false;
    }
    if (question.filter != nullptr && !question.filter->may_answer(entry)) {
        climb.because = store::Reason::of(store::Said::kept_of_tier);
        return false;
    }
    climb.offer.emplace();
    climb.offer->answer = std::move(entry);
    climb.offer->answer_key = question.cache_key;
    climb.offer->stale = state == EntryState::stale;
    return true;
}

// Memory, then disk; nullptr where there is none.
Task<ExactCache::EntryPtr> ExactTier::look_up(const Digest256& key) {
    bool maybe_on_disk = false;
    ExactCache::EntryPtr entry = cache_.lookup_memory(key, maybe_on_disk);
    if (!entry && maybe_on_disk) entry = co_await cache_.lookup(key, executor_);
    co_return entry;
}

bool ExactTier::offer_at_once(const Question& question, Climb& climb) {
    if (!question.may_look_up) return false;
    climb.attempt.tier = store::TierKind::exact;
    climb.attempt.outcome = store::Outcome::declined;
    climb.attempt.priced = true;
    return accept(question, cache_.hit_in_memory(question.cache_key), climb);
}

// True: there is something new to look at. False: the caller asks for itself, or follows (climb.follower).
Task<bool> ExactTier::await_flight(const Question& question, std::shared_ptr<Flight> flight, Cancellation& cancellation,
                                   Climb& climb) {
    auto follower = std::make_unique<Follower>(std::move(flight), executor_);
    const Follower::Until until = question.chat.stream ? Follower::Until::began_or_ended : Follower::Until::ended;
    {
        const Cancellation::Scope scope(cancellation, *follower);
        co_await follower->wait(until);
    }
    const Flight::State state = follower->flight().state();
    if (cancellation.canceled()) co_return false;
    if (state.began && question.chat.stream) {
        climb.because = store::Reason::of(store::Said::follows);
        climb.follower = std::move(follower);
        co_return false;
    }
    co_return state.ending != Flight::Ending::not_stored;
}

Task<Climb> ExactTier::offer(const Question& question, Cancellation& cancellation) {
    Climb climb;
    climb.attempt.tier = store::TierKind::exact;
    climb.attempt.outcome = store::Outcome::declined;
    climb.attempt.priced = true;  // a look-up costs nothing
    if (!question.may_look_up) {
        climb.because = store::Reason::of(question.not_looked_up, question.not_looked_up_detail);
        co_return climb;
    }
    const Micros begun = clock_.steady_micros();
    climb.because = store::Reason::of(store::Said::miss);
    for (int round = 0; round <= kRounds; ++round) {
        ExactCache::EntryPtr entry = co_await look_up(question.cache_key);
        if (accept(question, std::move(entry), climb)) break;
        if (round == kRounds || !question.may_store) break;
        Flights::Boarding boarding = flights_.board(question.cache_key);
        if (boarding.lease) {
            climb.lease = std::move(boarding.lease);
            break;
        }
        const bool again = co_await await_flight(question, std::move(boarding.flight), cancellation, climb);
        if (!again) break;
    }
    climb.attempt.latency_micros = static_cast<std::int32_t>(clock_.steady_micros() - begun);
    co_return climb;
}

}  // namespace weir::tiers
