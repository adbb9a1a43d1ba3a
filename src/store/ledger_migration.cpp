#include "store/ledger_migration.h"

#include <array>

#include "store/ledger_batch.h"
#include "store/ledger_fold.h"

namespace weir::store {
namespace {

constexpr const char* kSelectRows =
    "SELECT id, started, latency, overhead, status, mode, flags, tier, would_have, tenant, cascade, reference, "
    "served_model, task, cost, counterfactual, attempts FROM requests ORDER BY id";

Result<LedgerRow> read_row(const Statement& statement) {
    LedgerRow row;
    int column = 0;
    const auto next = [&] { return statement.column_int(column++); };
    row.id = next();
    row.started_unix_micros = unix_micros_of(row.id) + next();
    row.latency_micros = static_cast<std::int32_t>(next());
    row.overhead_micros = static_cast<std::int32_t>(next());
    row.status = static_cast<std::uint16_t>(next());
    row.mode = static_cast<Mode>(next() & 3);
    set_row_flags(row, static_cast<unsigned>(next()));
    row.tier = tier_of_code(next());
    row.would_have = tier_of_code(next());
    row.tenant = static_cast<NameId>(next());
    row.cascade = static_cast<NameId>(next());
    row.reference = static_cast<NameId>(next());
    row.served_model = static_cast<NameId>(next());
    row.task = static_cast<std::uint64_t>(next());
    row.cost = Usd{next()};
    row.counterfactual = Usd{next()};
    if (auto unpacked = unpack_attempts(statement.column_blob(column), row); !unpacked) {
        return fail(ErrorCode::protocol, "request " + std::to_string(row.id) + ": " + unpacked.error().message);
    }
    return row;
}

Result<void> copy_rows(Database& database) {
    auto tables = LedgerTables::prepare(database);
    if (!tables) return tl::unexpected(tables.error());
    auto statement = Statement::prepare(database, kSelectRows);
    if (!statement) return tl::unexpected(statement.error());
    SegmentWriter segments(*tables);
    std::array<char, kMaxPackedRowBytes> buffer;
    for (;;) {
        const Statement::Step step = statement->step();
        if (step == Statement::Step::done) break;
        if (step == Statement::Step::failed) return tl::unexpected(database.last_error());
        const Result<LedgerRow> row = read_row(*statement);
        if (!row) return tl::unexpected(row.error());
        const std::string_view whole(buffer.data(), pack_row(*row, buffer.data()));
        if (!segments.add(PackedRow{row->id, whole.substr(PackedRow::kLengthBytes)})) {
            return tl::unexpected(database.last_error());
        }
    }
    if (!segments.finish()) return tl::unexpected(database.last_error());
    return {};
}

}  // namespace

Result<void> move_requests_to_segments(Database& database) {
    if (auto copied = copy_rows(database); !copied) return copied;
    return database.execute("DROP TABLE requests");
}

}  // namespace weir::store
