// Sums over a time, told apart as finely as is asked for: from the rollups (rollups.h), and from the rows for whatever
// is not on a border of theirs, so that they equal the rows to the nano-dollar. For the dashboard; works beside a
// running gateway. The time of a request is that of its id; ranges are half open.
// Thread rule: whoever owns the Database, never a reactor: blocks on disk.
// Limits: reads at most two hours of rows at the ends of a range by task (two minutes of any other), what is pending,
// and the rollups between.
#pragma once

#include <algorithm>
#include <functional>
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
    Detail detail() const;  // the least that can tell these apart
};

struct FlowQuery {
    Micros since_unix_micros = 0;
    Micros until_unix_micros = 0;
    FlowFilter filter;
    Detail detail = Detail::all;            // at least this
    RollupUnit coarsest = RollupUnit::day;  // no sum spans more than this
};

// `at`: when the summed time begins; what the detail leaves out is 0 in the key.
using FlowVisit = std::function<void(Micros at_unix_micros, const FlowKey& key, const Sums& sums)>;

// `database`: open_ledger_for_reading(), within one snapshot. Errors: io, protocol (rows that can't be read).
Result<void> read_flow(Database& database, const FlowQuery& query, const FlowVisit& visit);

}  // namespace weir::store
