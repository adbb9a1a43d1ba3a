// Moves the pending rows into their table, in the order of their ids, and adds them to the minutes: one transaction.
// Rows come in the order in which requests end; the table is in the order in which they began. Put in one batch at a
// time, they would touch most pages of the last seconds in every commit (measured: docs/decisions.md).
// Thread rule: whoever owns the Database.
// Limits: the pending rows are held in memory, packed (about 100 bytes each).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "store/ledger_batch.h"
#include "store/ledger_tables.h"
#include "store/sqlite.h"

namespace weir::store {

struct Folded {
    std::uint64_t rows = 0;        // moved
    std::uint64_t duplicates = 0;  // left out: a row of this id is there already
    std::uint64_t damaged = 0;     // left out: rows, or whole batches, that can't be read
};

// Error io: the disk refused, and nothing has changed.
Result<Folded> fold_pending(Database& database, LedgerTables& tables);

// Looks for a row among the pending ones. Cost: all of them are gone through.
Result<std::optional<LedgerRow>> find_pending(Database& database, RequestId id);

// Calls `visit` for each pending row. Error protocol: a batch is malformed.
template <class Visit>
Result<void> for_each_pending(Database& database, Visit visit) {
    auto statement = Statement::prepare(database, "SELECT rows FROM pending ORDER BY batch");
    if (!statement) return tl::unexpected(statement.error());
    std::vector<PackedRow> rows;
    for (;;) {
        const Statement::Step step = statement->step();
        if (step == Statement::Step::done) return {};
        if (step == Statement::Step::failed) return tl::unexpected(database.last_error());
        rows.clear();
        if (auto split = split_batch(statement->column_blob(0), rows); !split) return split;
        for (const PackedRow& row : rows) {
            if (Result<void> visited = visit(row); !visited) return visited;
        }
    }
}

}  // namespace weir::store
