// Whether a cached entry may still be used, by one cascade's rules: its age by the volatility of its question, as
// audits of the task have corrected it, and the purges. Thread rule: any thread; no waiting. Limits: those of its
// parts.
#pragma once

#include "base/clock.h"
#include "cascade/freshness.h"
#include "tiers/exact_cache/entry_judge.h"
#include "tiers/exact_cache/purges.h"

namespace weir::cascade {

class RulesEntryJudge final : public tiers::EntryJudge {
  public:
    // All outlive it. `purges` may be null.
    RulesEntryJudge(const CacheRules& rules, const FreshnessLearner& learned, const tiers::Purges* purges,
                    const Clock& clock)
        : rules_(rules), learned_(learned), purges_(purges), clock_(clock) {}

    tiers::EntryState judge(const Digest256& key, const tiers::CacheEntry& entry,
                            std::optional<Micros> max_age) const override;

  private:
    const CacheRules rules_;
    const FreshnessLearner& learned_;
    const tiers::Purges* purges_;
    const Clock& clock_;
};

}  // namespace weir::cascade
