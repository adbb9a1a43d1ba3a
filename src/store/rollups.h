// Sums over minutes, hours and longer that reports and the dashboard read instead of rows. A minute's sheet is written
// in the same transaction as what it sums (ledger_fold.h), so that sums equal the rows to the nano-dollar. The longer
// units are made from the next shorter one's when they are over (close_next_unit): written once, not with every row. A
// row that comes after that is added to all that are closed over it.
// Thread rule: plain values; writing: whoever owns the Database.
// Limits: memory as many cells as the rows that are added, or as the cells of a unit that is closed.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "store/sheet.h"
#include "store/sqlite.h"

namespace weir::store {

class LedgerTables;

// A unit is closed when something so much later has come: by then most requests that began in it have ended.
constexpr std::int64_t kLateMinutes = 5;

// For each unit: all of them that end by this minute are closed, their sheets whole. Shorter ones reach at least as
// far; minutes are whole always.
using ClosedMinutes = std::array<std::int64_t, kUnits>;
Result<ClosedMinutes> closed_minutes(Database& database);

class Rollups {
  public:
    void add(const LedgerRow& row);
    // Within a transaction. Error io: the disk refused.
    Result<void> write(Database& database, LedgerTables& tables);

  private:
    std::map<std::int64_t, std::vector<Cell>> minutes_;
};

// Closes one unit that is over, in a transaction of its own. False: none is, or older rows are still to be filled in
// (rollup_backfill.h). Error io: the disk refused, and nothing has changed.
Result<bool> close_next_unit(Database& database, LedgerTables& tables);

}  // namespace weir::store
