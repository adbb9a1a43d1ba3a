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

// By whose rules an entry would be served. Entries keep who made the answer, and not what was asked for.
struct EntryRules {
    const cascade::CascadeOptions* cascade = nullptr;  // null: by nobody's, or
    bool several = false;                              // by those of one of several cascades
};

struct CacheParts {
    const tiers::ExactCache& exact;
    const tiers::semantic::SemanticIndex* semantic = nullptr;  // null: no cascade has that tier
    const tiers::Purges& purges;
    const cascade::FreshnessLearner& freshness;
    std::function<EntryRules(const tiers::CacheEntry& entry)> rules_of;
};

// {"exact", "semantic", "requests", ..}; `query`: a range. Errors: invalid, not_found (no ledger), io.
Result<std::string> render_cache(const CacheParts& parts, const std::string& folder, std::string_view query,
                                 Micros now_unix_micros);

// `query`: search=WORDS, tenant, task, most. Errors: invalid, io.
Result<std::string> render_cache_entries(const CacheParts& parts, std::string_view query, const Clock& clock);

// Of what `model` ("provider/model") answered: the cascade that takes requests for it, or has it among its tiers.
EntryRules rules_of_answer(const gateway::Routes& routes, std::string_view model);

void add_cache_views(RouteTable& routes, gateway::Gateway& gateway);

}  // namespace weir::admin
