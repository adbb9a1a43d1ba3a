// The exact cache as a tier. A miss that may be stored takes the key's lease (Climb::lease); the same request waits for
// it once.
// Thread rule: one a reactor, over the process's one ExactCache.
#pragma once

#include "base/clock.h"
#include "tiers/exact_cache/in_flight.h"
#include "tiers/tier.h"

namespace weir::tiers {

class ExactTier final : public Tier {
  public:
    // An entry older than ttl_micros is passed over (0: never too old); the answer that then comes takes its place.
    ExactTier(ExactCache& cache, InFlight& in_flight, Executor& executor, const Clock& clock, Micros ttl_micros)
        : cache_(cache), in_flight_(in_flight), executor_(executor), clock_(clock), ttl_micros_(ttl_micros) {}

    std::string_view name() const override { return "exact"; }
    store::TierKind kind() const override { return store::TierKind::exact; }
    Task<Climb> offer(const Question& question, Cancellation& cancellation) override;

  private:
    Task<ExactCache::EntryPtr> look_up(const Digest256& key);

    ExactCache& cache_;
    InFlight& in_flight_;
    Executor& executor_;
    const Clock& clock_;
    Micros ttl_micros_;
};

}  // namespace weir::tiers
