// Whether a cached entry may still be used: the seam between the caches, which hold entries, and who knows about time
// and purges (cascade/entry_judge.h). Thread rule: any thread, no waiting. Limits: none.
#pragma once

#include <optional>

#include "base/hash.h"
#include "tiers/exact_cache/cache_entry.h"

namespace weir::tiers {

enum class EntryState : std::uint8_t {
    fresh,
    stale,    // may be served once more, and is to be refreshed
    expired,  // too old, for everybody or for this caller
    voided,   // purged
};

class EntryJudge {
  public:
    virtual ~EntryJudge() = default;
    // `max_age`: the caller takes nothing older.
    virtual EntryState judge(const Digest256& key, const CacheEntry& entry, std::optional<Micros> max_age) const = 0;
};

}  // namespace weir::tiers
