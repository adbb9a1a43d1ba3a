#include "store/flow.h"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <thread>
#include <vector>

#include "store/ledger_schema.h"
#include "store/ledger_testing.h"
#include "store/report.h"
#include "store/rollup_backfill.h"

using namespace weir;
using namespace weir::store;
using testing::open_ledger;
using testing::RandomRows;
using testing::TempFolder;

namespace {

constexpr Micros kHour = 3'600'000'000;
constexpr Micros kStart = 1'767'225'540'000'000;  // 2025-12-31T23:59:00Z

// Three days of rows, some folded, the rest pending; random purposes.
std::vector<LedgerRow> fill(const std::string& folder, std::size_t count) {
    RandomRows random(7);
    std::vector<LedgerRow> rows;
    SqliteLedger::Options options;
    options.folder = folder;
    options.fold_rows = 500;
    options.ring_rows = 32'768;
    auto ledger = open_ledger(options);
    for (std::size_t i = 0; i < count; ++i) {
        FakeClock clock(kStart + static_cast<Micros>(random.below(72)) * kHour +
                        static_cast<Micros>(random.below(3600)) * 1'000'000);
        LedgerRow row = random.row(RequestIds(clock, 0).next() + static_cast<RequestId>(i % 7));
        row.purpose = random.chance(3) ? static_cast<Purpose>(random.below(5)) : Purpose::request;
        rows.push_back(row);
        REQUIRE(ledger->append(0, row));
    }
    REQUIRE(ledger->flush());
    return rows;
}

using Told = std::map<FlowKey, Sums>;

Told read(const std::string& folder, const FlowQuery& query) {
    auto database = open_ledger_for_reading(folder);
    REQUIRE(database);
    const auto snapshot = Transaction::begin(*database, "BEGIN");  // the writer folds when it likes
    REQUIRE(snapshot);
    Told told;
    const auto done = read_flow(*database, query, [&](Micros at, const FlowKey& key, const Sums& sums) {
        CHECK(at >= query.since_unix_micros - kHour * 24);
        FlowKey kept = key;  // rows at the ends have more detail than was asked for
        if (query.detail != Detail::task) kept.task = 0;
        if (query.detail == Detail::all) kept.tenant = kept.cascade = kept.reference = kNoName;
        told[kept] += sums;
    });
    REQUIRE(done);
    return told;
}

Told add_slowly(const std::vector<LedgerRow>& rows, const FlowQuery& query) {
    Told told;
    for (const LedgerRow& row : rows) {
        const Micros at = unix_micros_of(row.id);
        FlowKey key = FlowKey::of(row);
        if (at < query.since_unix_micros || at >= query.until_unix_micros || !query.filter.passes(key)) continue;
        if (query.detail != Detail::task) key.task = 0;
        if (query.detail == Detail::all) key.tenant = key.cascade = key.reference = kNoName;
        told[key] += Sums::of(row);
    }
    return told;
}

void check_all(const std::string& folder, const std::vector<LedgerRow>& rows) {
    RandomRows random(11);
    for (int i = 0; i < 60; ++i) {
        FlowQuery query;
        query.since_unix_micros = kStart + static_cast<Micros>(random.below(72)) * kHour / 2;
        if (random.chance(2)) query.since_unix_micros += static_cast<Micros>(random.below(60'000)) * 60'001;
        query.until_unix_micros = query.since_unix_micros + static_cast<Micros>(random.below(72 * 3600)) * 1'000'001;
        query.detail = static_cast<Detail>(random.below(3));
        query.coarsest = static_cast<RollupUnit>(random.below(3));
        if (random.chance(3)) query.filter.tasks = {rows.front().task};
        if (random.chance(3)) query.filter.tenants = {1, 2};
        if (random.chance(4)) query.filter.references = {3};
        if (random.chance(3)) query.filter.tiers = {std::nullopt, TierKind::exact};
        CHECK(read(folder, query) == add_slowly(rows, query));
    }
}

}  // namespace

TEST_CASE("sums of any range, detail and filter equal the rows'") {
    const TempFolder folder;
    const std::vector<LedgerRow> rows = fill(folder.path(), 6000);
    check_all(folder.path(), rows);
    {
        // Some that are pending while they are read.
        const auto ledger = open_ledger(folder.path());
        std::vector<LedgerRow> more = rows;
        for (std::size_t i = 0; i < 200; ++i) {
            more.push_back(rows[i]);
            REQUIRE(ledger->append(0, more.back()));
        }
        REQUIRE(ledger->flush());
        check_all(folder.path(), more);
    }

    FlowQuery all;
    all.until_unix_micros = kStart + 100 * kHour;
    Sums total;
    for (const auto& [key, sums] : read(folder.path(), all)) total += sums;
    const ReportLine reported = report(folder.path(), ReportQuery{})->total;
    CHECK(Usd{total.cost} == reported.cost);
    CHECK(Usd{total.saved} == reported.saved);
    CHECK(static_cast<std::uint64_t>(total.requests) == reported.requests);
}

TEST_CASE("a ledger from before the rollups is filled a step at a time, once") {
    const TempFolder folder;
    const std::vector<LedgerRow> rows = fill(folder.path(), 20'000);
    const auto open = [&] { return Database::open(ledger_path(folder.path()), Database::Access::read_write_create); };
    REQUIRE(open()->execute("DROP TABLE rollups; DROP TABLE backfill; PRAGMA user_version = 3"));
    {
        auto database = open_ledger_for_writing(folder.path());
        REQUIRE(database);
        CHECK(!*rollups_are_complete(*database));
        auto tables = LedgerTables::prepare(*database);
        REQUIRE(tables);
        CHECK(*backfill_rollups(*database, *tables));  // and the program ends: the next start goes on from there
    }
    const auto ledger = open_ledger(folder.path());
    auto database = open_ledger_for_reading(folder.path());
    while (!*rollups_are_complete(*database)) std::this_thread::yield();  // its writer is at it
    check_all(folder.path(), rows);
}
