// Fills the rollups' minutes (rollups.h) of a ledger that is older than they are: a few segments at a time, between
// commits, so that nothing waits for it. How far it is stands in the table `backfill`. Thread rule: whoever owns the
// Database. Limits: kBackfillSegments a step, in one transaction.
#pragma once

#include "store/ledger_tables.h"
#include "store/sqlite.h"

namespace weir::store {

constexpr int kBackfillSegments = 32;  // 8,192 rows

// One step. True: something is left. Error io: the disk refused, and nothing has changed.
Result<bool> backfill_rollups(Database& database, LedgerTables& tables);

// Whether the rollups hold all segments.
Result<bool> rollups_are_complete(Database& database);

}  // namespace weir::store
