#include "store/rollups.h"

#include <optional>
#include <string>
#include <utility>

#include "base/log.h"
#include "store/ledger_tables.h"
#include "store/rollup_backfill.h"

namespace weir::store {
namespace {

using Sheets = std::map<SheetKey, std::vector<Cell>>;

// A sheet that can't be read is left out, as damaged rows are: what comes after it must not be lost with it.
void unpack_or_complain(std::string_view sheet, std::vector<Cell>& to) {
    if (auto unpacked = unpack_sheet(sheet, to); !unpacked) log_error("ledger: left out: " + unpacked.error().message);
}

Result<void> add_to_sheet(Database& database, LedgerTables& tables, const SheetKey& key, std::vector<Cell> cells) {
    std::string sheet;
    if (!tables.read_sheet(key, sheet)) return tl::unexpected(database.last_error());
    if (!sheet.empty()) unpack_or_complain(sheet, cells);
    combine(cells);
    if (!tables.put_sheet(key, pack_sheet(cells))) return tl::unexpected(database.last_error());
    return {};
}

// Where a longer unit has the cell: once at each detail.
void spread(const Cell& cell, RollupUnit unit, std::int64_t at, Sheets& sheets) {
    for (std::size_t i = 0; i < kDetails; ++i) {
        const auto detail = static_cast<Detail>(i);
        sheets[SheetKey{unit, detail, cell.part(detail), at}].push_back(cell.at_detail(detail));
    }
}

Result<std::vector<Cell>> read_sheets(Database& database, const SheetKey& begin, const SheetKey& end) {
    auto statement = Statement::prepare(database, "SELECT cells FROM sheets WHERE sheet >= ? AND sheet < ?");
    if (!statement) return tl::unexpected(statement.error());
    statement->bind(1, begin.number());
    statement->bind(2, end.number());
    std::vector<Cell> cells;
    for (;;) {
        const Statement::Step step = statement->step();
        if (step == Statement::Step::done) return cells;
        if (step == Statement::Step::failed) return tl::unexpected(database.last_error());
        unpack_or_complain(statement->column_blob(0), cells);
    }
}

// The first sheet of minutes, or of a longer unit without its details, that is not before `at`.
Result<std::optional<std::int64_t>> first_from(Database& database, RollupUnit unit, std::int64_t at) {
    const Detail detail = unit == RollupUnit::minute ? Detail::task : Detail::all;
    auto statement =
        Statement::prepare(database, "SELECT sheet FROM sheets WHERE sheet >= ? AND sheet < ? ORDER BY sheet LIMIT 1");
    if (!statement) return tl::unexpected(statement.error());
    statement->bind(1, SheetKey{unit, detail, 0, at}.number());
    statement->bind(2, SheetKey{unit, detail, 1, 0}.number());
    const Statement::Step step = statement->step();
    if (step == Statement::Step::failed) return tl::unexpected(database.last_error());
    if (step == Statement::Step::done) return std::nullopt;
    return SheetKey::at_of(statement->column_int(0));
}

class Closing {
  public:
    Closing(Database& database, LedgerTables& tables, RollupUnit unit, std::int64_t at)
        : database_(database), tables_(tables), unit_(unit), at_(at) {}

    Result<void> run() {
        if (unit_ == RollupUnit::hour) return from_minutes();
        for (std::size_t i = 0; i < kDetails; ++i) {
            const auto detail = static_cast<Detail>(i);
            for (unsigned part = 0; part < parts_of(detail); ++part) {
                if (auto closed = from_shorter(detail, part); !closed) return closed;
            }
        }
        return {};
    }

  private:
    Result<void> from_minutes() {
        auto cells = shorter(Detail::task, 0);
        if (!cells) return tl::unexpected(cells.error());
        combine(*cells);
        Sheets sheets;
        for (const Cell& cell : *cells) spread(cell, unit_, at_, sheets);
        for (auto& [key, of_sheet] : sheets) {
            if (auto put = put_combined(key, of_sheet); !put) return put;
        }
        return {};
    }

    Result<void> from_shorter(Detail detail, unsigned part) {
        auto cells = shorter(detail, part);
        if (!cells) return tl::unexpected(cells.error());
        return cells->empty() ? Result<void>() : put_combined(SheetKey{unit_, detail, part, at_}, *cells);
    }

    Result<std::vector<Cell>> shorter(Detail detail, unsigned part) {
        const auto unit = static_cast<RollupUnit>(static_cast<int>(unit_) - 1);
        const std::int64_t times = minutes_of(unit_) / minutes_of(unit);
        return read_sheets(database_, SheetKey{unit, detail, part, at_ * times},
                           SheetKey{unit, detail, part, (at_ + 1) * times});
    }

    Result<void> put_combined(const SheetKey& key, std::vector<Cell>& cells) {
        combine(cells);
        if (!tables_.put_sheet(key, pack_sheet(cells))) return tl::unexpected(database_.last_error());
        return {};
    }

    Database& database_;
    LedgerTables& tables_;
    const RollupUnit unit_;
    const std::int64_t at_;
};

// Of this unit, the first that is over and not closed.
Result<std::optional<std::int64_t>> due(Database& database, RollupUnit unit, const ClosedMinutes& closed) {
    const auto shorter = static_cast<RollupUnit>(static_cast<int>(unit) - 1);
    const auto first = first_from(database, shorter, closed[static_cast<std::size_t>(unit)] / minutes_of(shorter));
    if (!first) return tl::unexpected(first.error());
    if (!*first) return std::nullopt;
    const std::int64_t at = **first * minutes_of(shorter) / minutes_of(unit);
    std::int64_t over = closed[static_cast<std::size_t>(shorter)];
    if (unit == RollupUnit::hour) {
        const SheetKey minutes;
        auto newest = database.query_int(("SELECT max(sheet) FROM sheets WHERE sheet < " +
                                          std::to_string(SheetKey{minutes.unit, minutes.detail, 1, 0}.number()))
                                             .c_str());
        if (!newest) return tl::unexpected(newest.error());
        over = SheetKey::at_of(*newest) - kLateMinutes;
    }
    return (at + 1) * minutes_of(unit) <= over ? std::optional(at) : std::nullopt;
}

}  // namespace

Result<ClosedMinutes> closed_minutes(Database& database) {
    auto statement = Statement::prepare(database, "SELECT unit, minute FROM closed");
    if (!statement) return tl::unexpected(statement.error());
    ClosedMinutes closed{};
    for (;;) {
        const Statement::Step step = statement->step();
        if (step == Statement::Step::done) return closed;
        if (step == Statement::Step::failed) return tl::unexpected(database.last_error());
        const std::int64_t unit = statement->column_int(0);
        if (unit > 0 && unit < static_cast<std::int64_t>(kUnits)) {
            closed[static_cast<std::size_t>(unit)] = statement->column_int(1);
        }
    }
}

void Rollups::add(const LedgerRow& row) {
    minutes_[minute_of(unix_micros_of(row.id))].push_back(Cell::of(row));
}

Result<void> Rollups::write(Database& database, LedgerTables& tables) {
    const auto closed = closed_minutes(database);
    if (!closed) return tl::unexpected(closed.error());
    Sheets sheets;  // in the table's order
    for (auto& [minute, cells] : minutes_) {
        combine(cells);
        for (std::size_t unit = 1; unit < kUnits && minute < (*closed)[unit]; ++unit) {
            for (const Cell& cell : cells) {
                spread(cell, static_cast<RollupUnit>(unit), minute / kUnitMinutes[unit], sheets);
            }
        }
        sheets[SheetKey{RollupUnit::minute, Detail::task, 0, minute}] = std::move(cells);
    }
    minutes_.clear();
    for (auto& [key, cells] : sheets) {
        if (auto added = add_to_sheet(database, tables, key, std::move(cells)); !added) return added;
    }
    return {};
}

Result<bool> close_next_unit(Database& database, LedgerTables& tables) {
    auto transaction = Transaction::begin(database, "BEGIN IMMEDIATE");
    if (!transaction) return tl::unexpected(transaction.error());
    const auto complete = rollups_are_complete(database);
    if (!complete) return tl::unexpected(complete.error());
    const auto closed = closed_minutes(database);
    if (!closed) return tl::unexpected(closed.error());
    for (std::size_t i = 1; i < kUnits && *complete; ++i) {
        const auto unit = static_cast<RollupUnit>(i);
        const auto at = due(database, unit, *closed);
        if (!at) return tl::unexpected(at.error());
        if (!*at) continue;
        if (auto done = Closing(database, tables, unit, **at).run(); !done) return tl::unexpected(done.error());
        if (!tables.set_closed(unit, (**at + 1) * minutes_of(unit))) return tl::unexpected(database.last_error());
        if (auto committed = transaction->commit(); !committed) return tl::unexpected(committed.error());
        return true;
    }
    return false;
}

}  // namespace weir::store
