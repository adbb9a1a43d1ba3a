// The statements that write the ledger's tables.
// Thread rule: whoever owns the Database.
// Limits: SQLite's.
#pragma once

#include <array>
#include <string_view>

#include "store/ledger_row.h"
#include "store/ledger_sums.h"
#include "store/rollups.h"
#include "store/sqlite.h"

namespace weir::store {

class LedgerTables {
  public:
    static Result<LedgerTables> prepare(Database& database);

    // False: Database::last_error says why. One batch of ledger_batch.h into `pending`, or, with its smallest and its
    // largest id, into `segments`.
    bool add_pending(std::string_view batch);
    bool add_segment(RequestId first, RequestId last, std::string_view batch);
    bool add_to_minute(const RollupKey& key, const Sums& sums);
    bool add_to_rollup(const RollupCell& cell, const Sums& sums);
    bool name_task(std::uint64_t task, std::string_view name);

  private:
    explicit LedgerTables(std::array<Statement, 5> statements);
    Statement add_segment_;
    Statement add_pending_;
    Statement add_minute_;
    Statement name_task_;
    Statement add_rollup_;
};

}  // namespace weir::store
