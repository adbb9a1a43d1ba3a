// The exact cache as a tier. A miss that may be stored takes the key's lease (Climb::lease); the same request meanwhile
// follows it (flight.h): a stream attaches to a stream under way (Climb::follower), everything else waits for the end
// and looks again. Where nothing usable came of it, the next one leads, kRounds times; then each asks for itself.
// Thread rule: one a reactor, over the process's one ExactCache. Limits: those of Flight.
#pragma once

#include "base/clock.h"
#include "tiers/exact_cache/entry_judge.h"
#include "tiers/exact_cache/flight.h"
#include "tiers/tier.h"

namespace weir::tiers {

class ExactTier final : public Tier {
  public:
    ExactTier(ExactCache& cache, Flights& flights, const EntryJudge& judge, Executor& executor, const Clock& clock)
        : cache_(cache), flights_(flights), judge_(judge), executor_(executor), clock_(clock) {}

    std::string_view name() const override { return "exact"; }
    store::TierKind kind() const override { return store::TierKind::exact; }
    Task<Climb> offer(const Question& question, Cancellation& cancellation) override;
    bool offer_at_once(const Question& question, Climb& climb) override;  // a hit in memory

  private:
    static constexpr int kRounds = 3;

    Task<ExactCache::EntryPtr> look_up(const Digest256& key);
    bool accept(const Question& question, ExactCache::EntryPtr entry, Climb& climb) const;
    Task<bool> await_flight(const Question& question, std::shared_ptr<Flight> flight, Cancellation& cancellation,
                            Climb& climb);

    ExactCache& cache_;
    Flights& flights_;
    const EntryJudge& judge_;
    Executor& executor_;
    const Clock& clock_;
};

}  // namespace weir::tiers
