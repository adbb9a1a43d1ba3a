// Sums over a time, told apart as finely as is asked for: from the rollups (rollups.h), and from the rows for the parts
// of a minute at a range's ends, so that they equal the rows to the nano-dollar. For reports and the dashboard; works
// beside a running gateway. The time of a request is that of its id; ranges are half open.
// Thread rule: whoever owns the Database, never a reactor: blocks on disk.
// Limits: reads the rows of two minutes at most, what is pending, and the rollups between;
// admin/ledger_views_bench.cpp measures the time.
#pragma once

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

#include "store/rollups.h"
#include "store/sqlite.h"

namespace weir::store {

// What is looked at; an empty list lets everything pass.
struct FlowFilter {
    std::vector<std::uint64_t> tasks;
    std::vector<NameId> tenants, cascades, references;
    std::vector<std::optional<TierKind>> tiers;  // nothing: nobody answered

    bool passes(const FlowKey& key) const;
    bool passes_group(const FlowKey& key) const;  // all but the tier
    Detail detail() const;                        // the least that can tell these apart
};

struct FlowQuery {
    Micros since_unix_micros = 0;
    Micros until_unix_micros = 0;
    FlowFilter filter;
    Detail detail = Detail::all;         // at least this
    RollupUnit coarsest = kLongestUnit;  // no sum spans more than this
    // While the rollups of an older file are still being filled: read every row instead. Exact at all times, and slow
    // until then (about 0.5 us a row).
    bool rows_until_filled = false;
};

// `at`: when the summed time begins; what the detail leaves out is 0 in the key, or is there none the less.
struct FlowCell {
    Micros at_unix_micros;
    const FlowKey& key;
    const Sums& sums;
    std::string_view latencies;  // for LatencyCounts::add
};
using FlowCellVisit = std::function<void(const FlowCell& cell)>;
using FlowVisit = std::function<void(Micros at_unix_micros, const FlowKey& key, const Sums& sums)>;

// `database`: open_ledger_for_reading(), within one snapshot. By task, all of a task's cells come before those of the
// next 128th of the tasks, but for the minutes' and the rows'. Errors: io, protocol (rows that can't be read).
Result<void> read_flow(Database& database, const FlowQuery& query, const FlowCellVisit& visit);
Result<void> read_flow(Database& database, const FlowQuery& query, const FlowVisit& visit);

}  // namespace weir::store
