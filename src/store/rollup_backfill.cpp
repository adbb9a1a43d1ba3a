#include "store/rollup_backfill.h"

#include <vector>

#include "store/ledger_batch.h"
#include "store/rollups.h"

namespace weir::store {
namespace {

// Adds the segments after `next` up to `last`, kBackfillSegments of them, and gives the last one; `next` where there is
// none. A segment that can't be read is left out, as every report leaves it out.
Result<std::int64_t> add_segments(Database& database, std::int64_t next, std::int64_t last, Rollups& rollups) {
    auto statement = Statement::prepare(
        database, "SELECT segment, rows FROM segments WHERE segment > ? AND segment <= ? ORDER BY segment LIMIT ?");
    if (!statement) return tl::unexpected(statement.error());
    statement->bind(1, next);
    statement->bind(2, last);
    statement->bind(3, kBackfillSegments);
    std::vector<PackedRow> rows;
    for (;;) {
        const Statement::Step step = statement->step();
        if (step == Statement::Step::failed) return tl::unexpected(database.last_error());
        if (step == Statement::Step::done) return next;
        next = statement->column_int(0);
        rows.clear();
        if (!split_batch(statement->column_blob(1), rows)) continue;
        for (const PackedRow& packed : rows) {
            LedgerRow row;
            if (unpack_row(packed, row)) rollups.add(row);
        }
    }
}

}  // namespace

Result<bool> rollups_are_complete(Database& database) {
    const auto left = database.query_int("SELECT count(*) FROM backfill");
    if (!left) return tl::unexpected(left.error());
    return *left == 0;
}

Result<bool> backfill_rollups(Database& database, LedgerTables& tables) {
    auto transaction = Transaction::begin(database, "BEGIN IMMEDIATE");
    if (!transaction) return tl::unexpected(transaction.error());
    const auto complete = rollups_are_complete(database);
    if (!complete) return tl::unexpected(complete.error());
    if (*complete) return false;
    const auto next = database.query_int("SELECT next FROM backfill");
    const auto last = database.query_int("SELECT last FROM backfill");
    if (!next || !last) return tl::unexpected(database.last_error());
    Rollups rollups;
    const auto reached = add_segments(database, *next, *last, rollups);
    if (!reached) return tl::unexpected(reached.error());
    if (auto written = rollups.write(database, tables); !written) return tl::unexpected(written.error());
    const bool done = *reached == *next || *reached == *last;
    const std::string state = done ? "DELETE FROM backfill" : "UPDATE backfill SET next = " + std::to_string(*reached);
    if (auto kept = database.execute(state.c_str()); !kept) return tl::unexpected(kept.error());
    if (auto committed = transaction->commit(); !committed) return tl::unexpected(committed.error());
    return !done;
}

}  // namespace weir::store
