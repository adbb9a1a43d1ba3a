// What the caches hold (docs/admin-api.md): counts, and the entries whose question has some words, each with whether it
// may still be served and why.
// Thread rule: on the admin's worker: blocks on disk. Entries are looked at beside the reactors that use them: copies
// of pointers under the shards' locks, and one snapshot of the store.
// Limits: of one question kMostLooked entries are looked at, of those that are on disk alone kMostLookedBytes; the
// answer says whether that was all. kMostEntries of an answer.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "admin/route.h"
#include "cascade/freshness.h"
#include "gateway/gateway.h"

namespace weir::admin {

constexpr std::int64_t kMostEntries = 200;
constexpr std::size_t kMostLookedEntries = 100'000;
constexpr std::size_t kMostLookedBytes = 64u << 20;
constexpr std::size_t kMostSearchWords = 16;

struct CacheParts {
    const tiers::ExactCache& exact;
    const tiers::semantic::SemanticIndex* semantic = nullptr;  // null: no cascade has that tier
    const tiers::Purges& purges;
    const cascade::FreshnessLearner& freshness;
    // By whose rules the entry would be served; null: by nobody's.
    std::function<const cascade::CascadeOptions*(const tiers::CacheEntry& entry)> cascade_of;
};

// {"exact", "semantic", "requests", ..}; `query`: a range. Errors: invalid, not_found (no ledger), io.
Result<std::string> render_cache(const CacheParts& parts, const std::string& folder, std::string_view query,
                                 Micros now_unix_micros);

// `query`: search=WORDS, tenant, task, most. Errors: invalid, io.
Result<std::string> render_cache_entries(const CacheParts& parts, std::string_view query, const Clock& clock);

// The cascade that takes requests whose answer `model` ("provider/model") gave; null: none does.
const cascade::CascadeOptions* cascade_of_answer(const gateway::Routes& routes, std::string_view model);

void add_cache_views(RouteTable& routes, gateway::Gateway& gateway);

}  // namespace weir::admin
