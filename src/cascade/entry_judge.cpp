#include "cascade/entry_judge.h"

namespace weir::cascade {

tiers::EntryState RulesEntryJudge::judge(const Digest256& key, const tiers::CacheEntry& entry,
                                         std::optional<Micros> max_age) const {
    if (purges_ != nullptr && purges_->voids(key, entry)) return tiers::EntryState::voided;
    const Micros age = clock_.unix_micros() - entry.created_unix_micros;
    const Volatility volatility = learned_.effective(entry.provenance.task, entry.provenance.volatility);
    switch (cascade::judge(age, volatility, rules_, max_age)) {
        case Freshness::fresh:
            return tiers::EntryState::fresh;
        case Freshness::stale_but_usable:
            return tiers::EntryState::stale;
        case Freshness::expired:
            break;
    }
    return tiers::EntryState::expired;
}

}  // namespace weir::cascade
