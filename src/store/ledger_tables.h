// The statements that write the ledger's tables.
// Thread rule: whoever owns the Database.
// Limits: SQLite's.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "store/ledger_row.h"
#include "store/sheet.h"
#include "store/sqlite.h"

namespace weir::store {

class LedgerTables {
  public:
    static Result<LedgerTables> prepare(Database& database);

    // False: Database::last_error says why. One batch of ledger_batch.h into `pending`, or, with its smallest and its
    // largest id, into `segments`.
    bool add_pending(std::string_view batch);
    bool add_segment(RequestId first, RequestId last, std::string_view batch);
    bool read_sheet(const SheetKey& key, std::string& sheet);  // empty where there is none
    bool put_sheet(const SheetKey& key, std::string_view sheet);
    bool set_closed(RollupUnit unit, std::int64_t minute);
    bool name_task(std::uint64_t task, std::string_view name);

  private:
    explicit LedgerTables(std::array<Statement, 6> statements);
    Statement add_segment_;
    Statement add_pending_;
    Statement name_task_;
    Statement read_sheet_;
    Statement put_sheet_;
    Statement set_closed_;
};

}  // namespace weir::store
