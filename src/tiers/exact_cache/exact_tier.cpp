#include "tiers/exact_cache/exact_tier.h"

namespace weir::tiers {

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
    bool maybe_on_disk = false;
    ExactCache::EntryPtr entry = cache_.lookup_memory(question.cache_key, maybe_on_disk);
    if (!entry && maybe_on_disk) entry = co_await cache_.lookup(question.cache_key, executor_);
    climb.attempt.latency_micros = static_cast<std::int32_t>(clock_.steady_micros() - begun);
    const bool expired = entry && ttl_micros_ != 0 && clock_.unix_micros() - entry->created_unix_micros > ttl_micros_;
    if (expired) {
        climb.reason = "expired";
    } else if (entry) {
        climb.offer.emplace();
        climb.offer->answer = std::move(entry);
    } else {
        climb.reason = "miss";
    }
    co_return climb;
}

}  // namespace weir::tiers
