// Moves the pending rows into segments, in the order of their ids, and adds them to the rollups' minutes: one
// transaction. Rows come in small batches, in the order in which requests end; a segment holds kSegmentRows that began
// one after the other, so that a look-up reads few of them. Thread rule: whoever owns the Database. Limits: the pending
// rows are held in memory, packed (about 100 bytes each).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "store/ledger_batch.h"
#include "store/ledger_tables.h"
#include "store/sqlite.h"

namespace weir::store {

constexpr std::size_t kSegmentRows = 256;
// From a segment's first id to its last at most, an hour: who looks for a time need not look at all later segments.
// Those of before version 5 may be longer; the table `longest` knows.
constexpr RequestId kSegmentIds = RequestId{3'600'000} << 22;

struct Folded {
    std::uint64_t rows = 0;     // moved
    std::uint64_t damaged = 0;  // left out: rows, or whole batches, that can't be read
};

// Error io: the disk refused, and nothing has changed.
Result<Folded> fold_pending(Database& database, LedgerTables& tables);

// Collects rows, given in the order of their ids, into segments.
class SegmentWriter {
  public:
    explicit SegmentWriter(LedgerTables& tables) : tables_(tables) {}
    // False: the disk refused.
    bool add(const PackedRow& row);
    bool finish();

  private:
    LedgerTables& tables_;
    std::string batch_;
    RequestId first_ = 0;
    RequestId last_ = 0;
    std::size_t rows_ = 0;
};

// Looks for a row among the pending ones, then in the segments; the first one of that id. Cost: all that is pending and
// the segments whose range it is in are gone through.
Result<std::optional<LedgerRow>> find_row(Database& database, RequestId id);

// Calls `visit` for each row of the batches that the statement gives in its first column. Error protocol: a batch is
// malformed.
template <class Visit>
Result<void> for_each_in(Database& database, Statement& statement, Visit visit) {
    std::vector<PackedRow> rows;
    for (;;) {
        const Statement::Step step = statement.step();
        if (step == Statement::Step::done) return {};
        if (step == Statement::Step::failed) return tl::unexpected(database.last_error());
        rows.clear();
        if (auto split = split_batch(statement.column_blob(0), rows); !split) return split;
        for (const PackedRow& row : rows) {
            if (Result<void> visited = visit(row); !visited) return visited;
        }
    }
}

// The same for each pending row, and for each row in segments whose id is at least `begin` and below `end`.
template <class Visit>
Result<void> for_each_pending(Database& database, Visit visit) {
    auto statement = Statement::prepare(database, "SELECT rows FROM pending ORDER BY batch");
    if (!statement) return tl::unexpected(statement.error());
    return for_each_in(database, *statement, visit);
}
template <class Visit>
Result<void> for_each_in_segments(Database& database, RequestId begin, RequestId end, Visit visit) {
    auto statement = Statement::prepare(
        database,
        "SELECT rows FROM segments WHERE last >= ?1 AND first < ?2 AND last < ?2 + (SELECT ids FROM longest)");
    if (!statement) return tl::unexpected(statement.error());
    statement->bind(1, begin);
    statement->bind(2, end);
    return for_each_in(database, *statement, [&](const PackedRow& row) -> Result<void> {
        return row.id >= begin && row.id < end ? visit(row) : Result<void>();
    });
}

}  // namespace weir::store
