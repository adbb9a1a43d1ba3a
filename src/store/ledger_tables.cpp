#include "store/ledger_tables.h"

#include <string>
#include <utility>

namespace weir::store {
namespace {

constexpr std::string_view kNameTask =
    "INSERT INTO tasks(task, name) VALUES(?,?) ON CONFLICT DO UPDATE SET name = excluded.name "
    "WHERE name <> excluded.name";

}  // namespace

LedgerTables::LedgerTables(std::array<Statement, 6> statements)
    : add_segment_(std::move(statements[0])),
      add_pending_(std::move(statements[1])),
      name_task_(std::move(statements[2])),
      read_sheet_(std::move(statements[3])),
      put_sheet_(std::move(statements[4])),
      set_closed_(std::move(statements[5])) {}

Result<LedgerTables> LedgerTables::prepare(Database& database) {
    auto add_segment = Statement::prepare(database, "INSERT INTO segments(first, last, rows) VALUES(?,?,?)");
    if (!add_segment) return tl::unexpected(add_segment.error());
    auto add_pending = Statement::prepare(database, "INSERT INTO pending(rows) VALUES(?)");
    if (!add_pending) return tl::unexpected(add_pending.error());
    auto name_task = Statement::prepare(database, kNameTask);
    if (!name_task) return tl::unexpected(name_task.error());
    auto read_sheet = Statement::prepare(database, "SELECT cells FROM sheets WHERE sheet = ?");
    if (!read_sheet) return tl::unexpected(read_sheet.error());
    auto put_sheet = Statement::prepare(database, "INSERT OR REPLACE INTO sheets(sheet, cells) VALUES(?,?)");
    if (!put_sheet) return tl::unexpected(put_sheet.error());
    auto set_closed = Statement::prepare(database, "INSERT OR REPLACE INTO closed(unit, minute) VALUES(?,?)");
    if (!set_closed) return tl::unexpected(set_closed.error());
    return LedgerTables({std::move(*add_segment), std::move(*add_pending), std::move(*name_task),
                         std::move(*read_sheet), std::move(*put_sheet), std::move(*set_closed)});
}

bool LedgerTables::add_segment(RequestId first, RequestId last, std::string_view batch) {
    add_segment_.bind(1, first);
    add_segment_.bind(2, last);
    add_segment_.bind_blob(3, batch);
    return add_segment_.run();
}

bool LedgerTables::add_pending(std::string_view batch) {
    add_pending_.bind_blob(1, batch);
    return add_pending_.run();
}

bool LedgerTables::read_sheet(const SheetKey& key, std::string& sheet) {
    sheet.clear();
    read_sheet_.bind(1, key.number());
    const Statement::Step step = read_sheet_.step();
    if (step == Statement::Step::row) sheet = read_sheet_.column_blob(0);
    read_sheet_.reset();
    return step != Statement::Step::failed;
}

bool LedgerTables::put_sheet(const SheetKey& key, std::string_view sheet) {
    put_sheet_.bind(1, key.number());
    put_sheet_.bind_blob(2, sheet);
    return put_sheet_.run();
}

bool LedgerTables::set_closed(RollupUnit unit, std::int64_t minute) {
    set_closed_.bind(1, static_cast<std::int64_t>(unit));
    set_closed_.bind(2, minute);
    return set_closed_.run();
}

bool LedgerTables::name_task(std::uint64_t task, std::string_view name) {
    name_task_.bind(1, static_cast<std::int64_t>(task));
    name_task_.bind_text(2, name);
    return name_task_.run();
}

}  // namespace weir::store
