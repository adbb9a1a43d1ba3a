// How long the dashboard's sums take over a month of 10 million requests: 200 tasks of 5 tenants and 2 references, 4
// tiers. The last two hours are real rows that the ledger folds itself (so the end of each range is read from rows);
// older rollups are written as they would be, hours and days alone, and there are no rows at a range's beginning.
//   rollup_bench [rounds=40]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <thread>
#include <vector>

#include "store/flow.h"
#include "store/ledger_schema.h"
#include "store/ledger_tables.h"
#include "store/ledger_testing.h"

namespace {

using namespace weir;
using namespace weir::store;

constexpr Micros kHour = 3'600'000'000;
constexpr std::int64_t kHours = 720, kTasks = 200, kRowsPerHour = 10'000'000 / kHours;
constexpr std::int64_t kFirstHour = 490'920;  // 2026-01-02T00:00Z: a day's border

FlowKey key_of(std::uint64_t task, std::int64_t tier) {
    return FlowKey{task * 0x9E37'79B9'7F4A'7C15U,
                   static_cast<NameId>(1 + task % 5),
                   6,
                   static_cast<NameId>(7 + task % 2),
                   tier_of_code(tier),
                   Purpose::request};
}

void write_rows(const std::string& folder) {
    auto ledger = testing::open_ledger(folder);
    testing::RandomRows random(1);
    for (std::int64_t i = 0; i < 2 * kRowsPerHour; ++i) {
        FakeClock clock((kFirstHour + kHours) * kHour + i * (2 * kHour / (2 * kRowsPerHour)) * 9 / 10);
        LedgerRow row = random.row(RequestIds(clock, 0).next() + i % 1000);
        const FlowKey key = key_of(random.below(kTasks), 1 + static_cast<std::int64_t>(random.below(4)));
        row.task = key.task;
        row.tenant = key.tenant;
        row.cascade = key.cascade;
        row.reference = key.reference;
        row.tier = key.tier;
        while (!ledger->append(0, row)) std::this_thread::yield();
    }
}

void write_rollups(const std::string& folder) {
    auto database = open_ledger_for_writing(folder);
    auto tables = LedgerTables::prepare(*database);
    auto transaction = Transaction::begin(*database, "BEGIN IMMEDIATE");
    const Sums sums{17, 0, 0, 30'000, 1'000, 5'000, 40'000'000, 90'000'000, 50'000'000, 9'000'000};
    std::map<RollupCell, Sums> cells;  // in the table's order
    for (std::int64_t hour = kFirstHour; hour < kFirstHour + kHours; ++hour) {
        for (std::int64_t i = 0; i < kTasks * 4; ++i) {
            RollupCell cell{Detail::task, RollupUnit::hour, hour, key_of(static_cast<std::uint64_t>(i / 4), 1 + i % 4)};
            for (const Detail detail : {Detail::task, Detail::names, Detail::all}) {
                cell.detail = detail;
                if (detail != Detail::task) cell.key.task = 0;
                if (detail == Detail::all) cell.key.tenant = cell.key.cascade = cell.key.reference = kNoName;
                for (const RollupUnit unit : {RollupUnit::hour, RollupUnit::day}) {
                    cell.unit = unit;
                    cell.at = unit == RollupUnit::hour ? hour : hour / 24;
                    cells[cell] += sums;
                }
            }
        }
    }
    for (const auto& [cell, summed] : cells) tables->add_to_rollup(cell, summed);
    if (!transaction->commit()) std::abort();
}

void measure(const std::string& folder, const char* what, FlowQuery query, int rounds) {
    query.until_unix_micros = (kFirstHour + kHours + 1) * kHour + 45 * 60'000'000LL + 12'345'678;
    query.since_unix_micros += query.until_unix_micros;
    std::vector<double> millis;
    std::size_t cells = 0;
    for (int i = 0; i < rounds; ++i) {
        const auto begun = std::chrono::steady_clock::now();
        auto database = open_ledger_for_reading(folder);
        std::map<std::uint64_t, Sums> groups;
        cells = 0;
        const auto read = read_flow(*database, query, [&](Micros, const FlowKey& key, const Sums& sums) {
            groups[key.task] += sums;
            ++cells;
        });
        if (!read) std::abort();
        millis.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count());
    }
    std::sort(millis.begin(), millis.end());
    std::fflush(stdout);
    std::printf("%-34s %8zu cells  p50 %6.1f ms  p95 %6.1f ms\n", what, cells, millis[millis.size() / 2],
                millis[millis.size() * 95 / 100]);
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 40;
    const testing::TempFolder folder;
    write_rows(folder.path());
    write_rollups(folder.path());
    const Micros day = 24 * kHour;
    const auto query = [](Micros back, Detail detail, RollupUnit coarsest) {
        return FlowQuery{-back, 0, {}, detail, coarsest};
    };
    measure(folder.path(), "overview, 30 days by hours", query(30 * day, Detail::all, RollupUnit::hour), rounds);
    measure(folder.path(), "overview, 24 h", query(day, Detail::all, RollupUnit::hour), rounds);
    FlowQuery tenant = query(30 * day, Detail::all, RollupUnit::hour);
    tenant.filter.tenants = {2};
    measure(folder.path(), "overview of a tenant, 30 days", tenant, rounds);
    measure(folder.path(), "spend by task, 30 days", query(30 * day, Detail::task, RollupUnit::day), rounds);
    measure(folder.path(), "spend by task, 24 h", query(day, Detail::task, RollupUnit::day), rounds);
    measure(folder.path(), "spend by tenant, 30 days", query(30 * day, Detail::names, RollupUnit::day), rounds);
    FlowQuery task = query(30 * day, Detail::all, RollupUnit::hour);
    task.filter.tasks = {key_of(3, 1).task};
    measure(folder.path(), "overview of a task, 30 days", task, rounds);
}
