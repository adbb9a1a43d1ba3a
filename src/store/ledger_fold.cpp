#include "store/ledger_fold.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "store/rollups.h"

namespace weir::store {
namespace {

// All batches, split into rows. A batch that can't be read is counted and left out.
Result<std::vector<PackedRow>> load(Database& database, std::vector<std::string>& batches, Folded& folded) {
    auto statement = Statement::prepare(database, "SELECT rows FROM pending ORDER BY batch");
    if (!statement) return tl::unexpected(statement.error());
    for (;;) {
        const Statement::Step step = statement->step();
        if (step == Statement::Step::done) break;
        if (step == Statement::Step::failed) return tl::unexpected(database.last_error());
        batches.emplace_back(statement->column_blob(0));
    }
    std::vector<PackedRow> rows;
    for (const std::string& batch : batches) {
        const std::size_t before = rows.size();
        if (split_batch(batch, rows)) continue;
        rows.resize(before);
        ++folded.damaged;
    }
    return rows;
}

Result<void> move_rows(Database& database, LedgerTables& tables, const std::vector<PackedRow>& rows, Folded& folded) {
    SegmentWriter segments(tables);
    Rollups rollups;
    LedgerRow row;
    for (const PackedRow& packed : rows) {
        if (!unpack_row(packed, row)) {
            ++folded.damaged;
            continue;
        }
        if (!segments.add(packed)) return tl::unexpected(database.last_error());
        ++folded.rows;
        rollups.add(row);
    }
    if (!segments.finish()) return tl::unexpected(database.last_error());
    return rollups.write(database, tables);
}

}  // namespace

Result<Folded> fold_pending(Database& database, LedgerTables& tables) {
    auto transaction = Transaction::begin(database, "BEGIN IMMEDIATE");
    if (!transaction) return tl::unexpected(transaction.error());
    Folded folded;
    std::vector<std::string> batches;
    auto rows = load(database, batches, folded);
    if (!rows) return tl::unexpected(rows.error());
    std::stable_sort(rows->begin(), rows->end(), [](const PackedRow& a, const PackedRow& b) { return a.id < b.id; });
    if (auto moved = move_rows(database, tables, *rows, folded); !moved) return tl::unexpected(moved.error());
    if (auto cleared = database.execute("DELETE FROM pending"); !cleared) return tl::unexpected(cleared.error());
    if (auto committed = transaction->commit(); !committed) return tl::unexpected(committed.error());
    return folded;
}

bool SegmentWriter::add(const PackedRow& row) {
    if (rows_ != 0 && row.id - first_ >= kSegmentIds && !finish()) return false;
    if (rows_ == 0) first_ = row.id;
    last_ = row.id;
    append_packed(row.whole(), batch_);
    return ++rows_ < kSegmentRows || finish();
}

bool SegmentWriter::finish() {
    if (rows_ == 0) return true;
    const bool added = tables_.add_segment(first_, last_, batch_);
    batch_.clear();
    rows_ = 0;
    return added;
}

Result<std::optional<LedgerRow>> find_row(Database& database, RequestId id) {
    std::optional<LedgerRow> found;
    const auto look = [&](const PackedRow& packed) -> Result<void> {
        if (packed.id != id || found) return {};
        return unpack_row(packed, found.emplace());
    };
    if (auto searched = for_each_pending(database, look); !searched) return tl::unexpected(searched.error());
    if (found || id < 0 || id == std::numeric_limits<RequestId>::max()) return found;
    if (auto searched = for_each_in_segments(database, id, id + 1, look); !searched) {
        return tl::unexpected(searched.error());
    }
    return found;
}

}  // namespace weir::store
