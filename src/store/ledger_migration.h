// What a migration of the ledger's file needs beyond SQL.
// Thread rule: whoever owns the Database, within the migration's transaction.
#pragma once

#include "store/sqlite.h"

namespace weir::store {

// From version 1, which had a table `requests` with a column for each fact of a row, to the segments of version 2.
// Error io: the disk refused; protocol: a row of the old table can't be read.
Result<void> move_requests_to_segments(Database& database);

}  // namespace weir::store
