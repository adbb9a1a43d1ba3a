#include "store/ledger_tables.h"

#include <algorithm>
#include <string>
#include <utility>

#include "store/ledger_codec.h"

namespace weir::store {
namespace {

Usd limited(Usd amount) {
    return std::clamp(amount, Usd{-kMaxAmount.nanos}, kMaxAmount);
}

constexpr std::string_view kAddMinute =
    "INSERT INTO minutes(minute, task, tenant, cascade, reference, tier, would_have, requests, errors, unpriced, "
    "input, input_cached, output, cost, counterfactual, saved, latency) "
    "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
    "ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, errors = errors + excluded.errors, "
    "unpriced = unpriced + excluded.unpriced, input = input + excluded.input, "
    "input_cached = input_cached + excluded.input_cached, output = output + excluded.output, "
    "cost = cost + excluded.cost, counterfactual = counterfactual + excluded.counterfactual, "
    "saved = saved + excluded.saved, latency = latency + excluded.latency";

constexpr std::string_view kNameTask =
    "INSERT INTO tasks(task, name) VALUES(?,?) ON CONFLICT DO UPDATE SET name = excluded.name "
    "WHERE name <> excluded.name";

}  // namespace

void limit_amounts(LedgerRow& row) {
    row.cost = limited(row.cost);
    row.counterfactual = limited(row.counterfactual);
    row.attempt_count = static_cast<std::uint8_t>(std::min<std::size_t>(row.attempt_count, kMaxAttempts));
}

LedgerTables::LedgerTables(Database& database, std::array<Statement, 4> statements)
    : database_(&database),
      insert_(std::move(statements[0])),
      add_pending_(std::move(statements[1])),
      add_minute_(std::move(statements[2])),
      name_task_(std::move(statements[3])) {}

Result<LedgerTables> LedgerTables::prepare(Database& database) {
    const std::string insert_sql =
        "INSERT OR IGNORE INTO requests(" + std::string(kRowColumns) + ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
    auto insert = Statement::prepare(database, insert_sql);
    if (!insert) return tl::unexpected(insert.error());
    auto add_pending = Statement::prepare(database, "INSERT INTO pending(rows) VALUES(?)");
    if (!add_pending) return tl::unexpected(add_pending.error());
    auto add_minute = Statement::prepare(database, kAddMinute);
    if (!add_minute) return tl::unexpected(add_minute.error());
    auto name_task = Statement::prepare(database, kNameTask);
    if (!name_task) return tl::unexpected(name_task.error());
    return LedgerTables(database,
                        {std::move(*insert), std::move(*add_pending), std::move(*add_minute), std::move(*name_task)});
}

LedgerTables::Inserted LedgerTables::insert(const LedgerRow& row) {
    PackedAttempts buffer;
    int column = 0;
    insert_.bind(++column, row.id);
    insert_.bind(++column, row.started_unix_micros - unix_micros_of(row.id));
    insert_.bind(++column, row.latency_micros);
    insert_.bind(++column, row.overhead_micros);
    insert_.bind(++column, row.status);
    insert_.bind(++column, static_cast<std::int64_t>(row.mode));
    insert_.bind(++column, static_cast<std::int64_t>(row_flags(row)));
    insert_.bind(++column, tier_code(row.tier));
    insert_.bind(++column, tier_code(row.would_have));
    insert_.bind(++column, row.tenant);
    insert_.bind(++column, row.cascade);
    insert_.bind(++column, row.reference);
    insert_.bind(++column, row.served_model);
    insert_.bind(++column, static_cast<std::int64_t>(row.task));
    insert_.bind(++column, row.cost.nanos);
    insert_.bind(++column, row.counterfactual.nanos);
    insert_.bind_blob(++column, pack_attempts(row, buffer));
    if (!insert_.run()) return Inserted::failed;
    return database_->changes() == 1 ? Inserted::yes : Inserted::duplicate;
}

bool LedgerTables::add_pending(std::string_view batch) {
    add_pending_.bind_blob(1, batch);
    return add_pending_.run();
}

bool LedgerTables::add_to_minute(const RollupKey& key, const Sums& sums) {
    int column = 0;
    for (const std::int64_t value :
         {key.minute, static_cast<std::int64_t>(key.task), std::int64_t{key.tenant}, std::int64_t{key.cascade},
          std::int64_t{key.reference}, tier_code(key.tier), tier_code(key.would_have), sums.requests, sums.errors,
          sums.unpriced, sums.input, sums.input_cached, sums.output, sums.cost, sums.counterfactual, sums.saved,
          sums.latency}) {
        add_minute_.bind(++column, value);
    }
    return add_minute_.run();
}

bool LedgerTables::name_task(std::uint64_t task, std::string_view name) {
    name_task_.bind(1, static_cast<std::int64_t>(task));
    name_task_.bind_text(2, name);
    return name_task_.run();
}

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

}  // namespace weir::store
