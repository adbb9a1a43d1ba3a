// Entries are fresh for a minute, and stale for another; or all void.
// Thread rule: one thread; the clock outlives it.
#pragma once

#include "base/clock.h"
#include "tiers/exact_cache/entry_judge.h"

namespace weir::tiers {

class MinuteJudge final : public EntryJudge {
  public:
    explicit MinuteJudge(const Clock& clock) : clock_(clock) {}
    EntryState judge(const Digest256&, const CacheEntry& entry, std::optional<Micros> max_age) const override {
        const Micros age = clock_.unix_micros() - entry.created_unix_micros;
        if (voided) return EntryState::voided;
        if (age > 120'000'000 || (max_age && age > *max_age)) return EntryState::expired;
        return age > 60'000'000 ? EntryState::stale : EntryState::fresh;
    }
    bool voided = false;

  private:
    const Clock& clock_;
};

}  // namespace weir::tiers
