#include "store/ledger_tables.h"

#include <string>
#include <utility>

namespace weir::store {
namespace {

constexpr std::string_view kAddMinute =
    "INSERT INTO minutes(minute, task, tenant, cascade, reference, tier, would_have, requests, errors, unpriced, "
    "input, input_cached, output, cost, counterfactual, saved, latency) "
    "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
    "ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, errors = errors + excluded.errors, "
    "unpriced = unpriced + excluded.unpriced, input = input + excluded.input, "
    "input_cached = input_cached + excluded.input_cached, output = output + excluded.output, "
    "cost = cost + excluded.cost, counterfactual = counterfactual + excluded.counterfactual, "
    "saved = saved + excluded.saved, latency = latency + excluded.latency";

constexpr std::string_view kAddRollup =
    "INSERT INTO rollups(detail, unit, at, task, tenant, cascade, reference, tier, purpose, requests, errors, "
    "unpriced, input, input_cached, output, cost, counterfactual, saved, latency) "
    "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
    "ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, errors = errors + excluded.errors, "
    "unpriced = unpriced + excluded.unpriced, input = input + excluded.input, "
    "input_cached = input_cached + excluded.input_cached, output = output + excluded.output, "
    "cost = cost + excluded.cost, counterfactual = counterfactual + excluded.counterfactual, "
    "saved = saved + excluded.saved, latency = latency + excluded.latency";

constexpr std::string_view kNameTask =
    "INSERT INTO tasks(task, name) VALUES(?,?) ON CONFLICT DO UPDATE SET name = excluded.name "
    "WHERE name <> excluded.name";

}  // namespace

LedgerTables::LedgerTables(std::array<Statement, 5> statements)
    : add_segment_(std::move(statements[0])),
      add_pending_(std::move(statements[1])),
      add_minute_(std::move(statements[2])),
      name_task_(std::move(statements[3])),
      add_rollup_(std::move(statements[4])) {}

Result<LedgerTables> LedgerTables::prepare(Database& database) {
    auto add_segment = Statement::prepare(database, "INSERT INTO segments(first, last, rows) VALUES(?,?,?)");
    if (!add_segment) return tl::unexpected(add_segment.error());
    auto add_pending = Statement::prepare(database, "INSERT INTO pending(rows) VALUES(?)");
    if (!add_pending) return tl::unexpected(add_pending.error());
    auto add_minute = Statement::prepare(database, kAddMinute);
    if (!add_minute) return tl::unexpected(add_minute.error());
    auto name_task = Statement::prepare(database, kNameTask);
    if (!name_task) return tl::unexpected(name_task.error());
    auto add_rollup = Statement::prepare(database, kAddRollup);
    if (!add_rollup) return tl::unexpected(add_rollup.error());
    return LedgerTables({std::move(*add_segment), std::move(*add_pending), std::move(*add_minute),
                         std::move(*name_task), std::move(*add_rollup)});
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

bool LedgerTables::add_to_rollup(const RollupCell& cell, const Sums& sums) {
    const FlowKey& key = cell.key;
    int column = 0;
    for (const std::int64_t value :
         {static_cast<std::int64_t>(cell.detail), static_cast<std::int64_t>(cell.unit), cell.at,
          static_cast<std::int64_t>(key.task), std::int64_t{key.tenant}, std::int64_t{key.cascade},
          std::int64_t{key.reference}, tier_code(key.tier), static_cast<std::int64_t>(key.purpose), sums.requests,
          sums.errors, sums.unpriced, sums.input, sums.input_cached, sums.output, sums.cost, sums.counterfactual,
          sums.saved, sums.latency}) {
        add_rollup_.bind(++column, value);
    }
    return add_rollup_.run();
}

bool LedgerTables::name_task(std::uint64_t task, std::string_view name) {
    name_task_.bind(1, static_cast<std::int64_t>(task));
    name_task_.bind_text(2, name);
    return name_task_.run();
}

}  // namespace weir::store
