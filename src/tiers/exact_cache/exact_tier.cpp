#include "tiers/exact_cache/exact_tier.h"

namespace weir::tiers {

// Memory, then disk; nullptr where there is none.
Task<ExactCache::EntryPtr> ExactTier::look_up(const Digest256& key) {
    bool maybe_on_disk = false;
    ExactCache::EntryPtr entry = cache_.lookup_memory(key, maybe_on_disk);
    if (!entry && maybe_on_disk) entry = co_await cache_.lookup(key, executor_);
    co_return entry;
}

Task<Climb> ExactTier::offer(const Question& question, Cancellation&) {
    Climb climb;
    climb.attempt.tier = store::TierKind::exact;
    climb.attempt.outcome = store::Outcome::declined;
    climb.attempt.priced = true;  // a look-up costs nothing
    if (!question.may_look_up) {
        climb.reason = "not looked up";
        co_return climb;
    }
    const Micros begun = clock_.steady_micros();
    climb.reason = "miss";
    for (const bool waited : {false, true}) {
        ExactCache::EntryPtr entry = co_await look_up(question.cache_key);
        if (entry && ttl_micros_ != 0 && clock_.unix_micros() - entry->created_unix_micros > ttl_micros_) {
            climb.reason = "expired";
            entry = nullptr;
        }
        if (entry) {
            climb.offer.emplace();
            climb.offer->answer = std::move(entry);
            break;
        }
        if (waited || !question.may_store) break;
        climb.lease = in_flight_.begin(question.cache_key);
        if (climb.lease) break;
        co_await in_flight_.wait(question.cache_key, executor_);
    }
    climb.attempt.latency_micros = static_cast<std::int32_t>(clock_.steady_micros() - begun);
    co_return climb;
}

}  // namespace weir::tiers
