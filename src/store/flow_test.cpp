#include "store/flow.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <map>
#include <new>
#include <thread>
#include <tuple>
#include <vector>

#include "store/ledger_fold.h"
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

constexpr Micros kMinute = 60'000'000;
constexpr Micros kHour = 60 * kMinute;
constexpr Micros kStart = 1'767'225'540'000'000;  // 2025-12-31T23:59:00Z

class World {
  public:
    World(std::uint64_t seed, std::uint64_t hours) : random(seed), hours_(hours) {}

    // In any order over all of the time, or most of it in order; random purposes.
    void write(std::size_t count) {
        SqliteLedger::Options options;
        options.folder = folder.path();
        options.fold_rows = 500;
        options.ring_rows = 32'768;
        auto ledger = open_ledger(options);
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint64_t minute = random.chance(3) ? random.below(hours_ * 60) : hours_ * 60 * i / count;
            FakeClock clock(kStart + static_cast<Micros>(minute) * kMinute +
                            static_cast<Micros>(random.below(60'000)) * 1000);
            LedgerRow row = random.row(RequestIds(clock, 0).next() + static_cast<RequestId>(i % 7));
            row.purpose = random.chance(3) ? static_cast<Purpose>(random.below(5)) : Purpose::request;
            rows.push_back(row);
            REQUIRE(ledger->append(0, row));
        }
        REQUIRE(ledger->flush());
    }

    // All units that are over.
    void close_units() const {
        auto database = open_ledger_for_writing(folder.path());
        REQUIRE(database->execute("PRAGMA synchronous = OFF"));  // thousands of commits
        auto tables = LedgerTables::prepare(*database);
        REQUIRE(tables);
        while (*close_next_unit(*database, *tables)) {
        }
    }

    FlowQuery random_query() {
        const auto micros = [&] { return static_cast<Micros>(random.below(hours_ * 3600)) * 1'000'001; };
        FlowQuery query;
        query.since_unix_micros = kStart - 2 * kHour + micros();
        if (random.chance(3)) query.since_unix_micros -= query.since_unix_micros % kHour;
        query.until_unix_micros = query.since_unix_micros + (random.chance(3) ? micros() / 100 : micros());
        query.detail = static_cast<Detail>(random.below(kDetails));
        query.coarsest = static_cast<RollupUnit>(random.below(kUnits));
        if (random.chance(3)) query.filter.tasks = {rows.front().task};
        if (random.chance(9)) query.filter.tasks = {0, rows[1].task, 77};
        if (random.chance(3)) query.filter.tenants = {1, 2};
        if (random.chance(6)) query.filter.cascades = {1};
        if (random.chance(4)) query.filter.references = {3};
        if (random.chance(3)) query.filter.tiers = {std::nullopt, TierKind::exact};
        return query;
    }

    TempFolder folder;
    RandomRows random;
    std::vector<LedgerRow> rows;

  private:
    std::uint64_t hours_;
};

// By unit of the coarsest kind and key.
using Told = std::map<std::pair<Micros, FlowKey>, std::pair<Sums, std::string>>;
using Latencies = std::map<std::pair<Micros, FlowKey>, LatencyCounts>;

Told with_latencies(Told told, const Latencies& latencies) {
    for (const auto& [key, counts] : latencies) told[key].second = counts.packed();
    return told;
}

std::pair<Micros, FlowKey> place_of(Micros at, FlowKey key, const FlowQuery& query) {
    if (query.detail != Detail::task) key.task = 0;  // some cells have more detail than was asked for
    if (query.detail < Detail::names) key.tenant = kNoName;
    if (query.detail < Detail::route) key.cascade = key.reference = kNoName;
    return {at / (minutes_of(query.coarsest) * kMinute), key};
}

Told read(const std::string& folder, const FlowQuery& query) {
    auto database = open_ledger_for_reading(folder);
    REQUIRE(database);
    const auto snapshot = Transaction::begin(*database, "BEGIN");  // the writer folds when it likes
    REQUIRE(snapshot);
    Told told;
    Latencies latencies;
    const auto done = read_flow(*database, query, [&](const FlowCell& cell) {
        CHECK(cell.at_unix_micros >= query.since_unix_micros);
        CHECK(cell.at_unix_micros < query.until_unix_micros);
        const auto place = place_of(cell.at_unix_micros, cell.key, query);
        told[place].first += cell.sums;
        REQUIRE(latencies[place].add(cell.latencies));
    });
    REQUIRE(done);
    return with_latencies(std::move(told), latencies);
}

Told add_slowly(const std::vector<LedgerRow>& rows, const FlowQuery& query) {
    Told told;
    Latencies latencies;
    for (const LedgerRow& row : rows) {
        const Micros at = unix_micros_of(row.id);
        const FlowKey key = FlowKey::of(row);
        if (at < query.since_unix_micros || at >= query.until_unix_micros || !query.filter.passes(key)) continue;
        const auto place = place_of(at, key, query);
        told[place].first += Sums::of(row);
        if (row.purpose == Purpose::request) REQUIRE(latencies[place].add(pack_latency(row.latency_micros)));
    }
    return with_latencies(std::move(told), latencies);
}

void check_all(World& world, int questions) {
    for (int i = 0; i < questions; ++i) {
        CAPTURE(i);
        const FlowQuery query = world.random_query();
        REQUIRE(read(world.folder.path(), query) == add_slowly(world.rows, query));
    }
    FlowQuery all;
    all.until_unix_micros = std::numeric_limits<Micros>::max();
    REQUIRE(read(world.folder.path(), all) == add_slowly(world.rows, all));
}

std::int64_t count(const std::string& folder, const std::string& sql) {
    auto database = open_ledger_for_reading(folder);
    REQUIRE(database);
    return *database->query_int(sql.c_str());
}

}  // namespace

TEST_CASE("a property: sums of any range, detail, unit and filter equal the rows', whatever is closed or late") {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        CAPTURE(seed);
        World world(seed, seed == 1 ? 3 : seed == 2 ? 72 : seed == 3 ? 40 * 24 : 200 * 24);
        for (int round = 0; round < 3; ++round) {
            world.write(1500);  // the second time on: late for nearly all units
            check_all(world, 20);
            world.close_units();
            check_all(world, 20);
        }
        if (seed != 4) continue;
        const auto sheets = [&](RollupUnit unit) {
            return count(world.folder.path(), "SELECT count(*) FROM sheets WHERE sheet >= " +
                                                  std::to_string(SheetKey{unit, Detail::all, 0, 0}.number()) +
                                                  " AND sheet < " +
                                                  std::to_string(SheetKey{unit, Detail::all, 1, 0}.number()));
        };
        CHECK(sheets(RollupUnit::day) >= 199);
        CHECK(sheets(RollupUnit::days_64) >= 2);
    }
}

TEST_CASE("rows that are pending while they are read, and what a report makes of all of it") {
    World world(7, 72);
    world.write(3000);
    {
        const auto ledger = open_ledger(world.folder.path());
        for (std::size_t i = 0; i < 200; ++i) {
            world.rows.push_back(world.rows[i]);
            REQUIRE(ledger->append(0, world.rows.back()));
        }
        REQUIRE(ledger->flush());
        check_all(world, 40);
    }
    FlowQuery all;
    all.until_unix_micros = kStart + 100 * kHour;
    Sums total;
    for (const auto& [place, told] : read(world.folder.path(), all)) total += told.first;
    const ReportLine reported = report(world.folder.path(), ReportQuery{})->total;
    CHECK(Usd{total.cost} == reported.cost);
    CHECK(Usd{total.saved} == reported.saved);
    CHECK(static_cast<std::uint64_t>(total.requests) == reported.requests);
}

TEST_CASE("a clock that was far ahead for a moment: what comes after is late, and counted") {
    World world(8, 30);
    FakeClock future(kStart + 20'000 * 24 * kHour);
    const auto ahead = [&](SqliteLedger& ledger) {
        world.rows.push_back(world.random.row(RequestIds(future, 0).next()));
        REQUIRE(ledger.append(0, world.rows.back()));
    };
    world.write(500);
    ahead(*open_ledger(world.folder.path()));
    world.close_units();
    world.write(500);
    check_all(world, 30);
}

TEST_CASE("sums stay at the end of their range") {
    World world(9, 1);
    const auto ledger = open_ledger(world.folder.path());
    for (int i = 0; i < 1000; ++i) {  // 10 million dollars each, of which 2^63 nano-dollars are 922
        LedgerRow row;
        row.id = RequestIds(FakeClock(kStart), 0).next() + i;
        row.cost = Usd{INT64_MAX};
        REQUIRE(ledger->append(0, row));
    }
    REQUIRE(ledger->flush());
    FlowQuery all;
    all.until_unix_micros = kStart + kHour;
    for (const auto& [place, told] : read(world.folder.path(), all)) CHECK(told.first.cost == INT64_MAX);
}

TEST_CASE("a damaged sheet: an error for who reads it, and no end for who writes") {
    World world(10, 1);
    world.write(50);
    REQUIRE(Database::open(ledger_path(world.folder.path()), Database::Access::read_write_create)
                ->execute("UPDATE sheets SET cells = x'0101'"));
    FlowQuery all;
    all.until_unix_micros = kStart + 2 * kHour;
    {
        auto database = open_ledger_for_reading(world.folder.path());
        const auto read = read_flow(*database, all, [](Micros, const FlowKey&, const Sums&) {});
        CHECK(read.error().code == ErrorCode::protocol);
    }
    testing::Log log;
    world.rows.clear();
    world.write(2000);  // into each of its minutes
    CHECK(log.text().find("malformed") != std::string::npos);
    check_all(world, 5);
}

TEST_CASE("a ledger from before the rollups is filled a step at a time, once") {
    for (const int version : {2, 3, 4}) {
        CAPTURE(version);
        World world(11, 72);
        world.write(20'000);
        // Version 4 was not done with its own rollups.
        testing::make_older(world.folder.path(), version,
                            version == 4 ? "INSERT INTO backfill(next, last) VALUES(3, 50)" : "");
        {
            auto database = open_ledger_for_writing(world.folder.path());
            REQUIRE(database);
            CHECK(!*rollups_are_complete(*database));
            auto tables = LedgerTables::prepare(*database);
            REQUIRE(tables);
            CHECK(*backfill_rollups(*database, *tables));  // and the program ends: the next start goes on from there
            CHECK(!*close_next_unit(*database, *tables));
            CHECK(report(world.folder.path(), ReportQuery{})->total.requests ==
                  static_cast<std::uint64_t>(std::count_if(world.rows.begin(), world.rows.end(), [](const auto& row) {
                      return row.purpose == Purpose::request;
                  })));
        }
        const auto ledger = open_ledger(world.folder.path());
        auto database = open_ledger_for_reading(world.folder.path());
        while (!*rollups_are_complete(*database)) std::this_thread::yield();  // its writer is at it
        check_all(world, 40);
    }
}

TEST_CASE("segments span an hour at most; one of before version 5 that spans days is looked at none the less") {
    World world(13, 40);
    world.write(3000);
    CHECK(count(world.folder.path(), "SELECT max(last - first) FROM segments") < kSegmentIds);
    std::string batch;
    for (const Micros at : {kStart + kHour / 3, kStart + 50 * kHour}) {
        world.rows.push_back(world.random.row(RequestIds(FakeClock(at), 0).next() + 9));
        pack_row(world.rows.back(), batch);
    }
    {
        auto database = open_ledger_for_writing(world.folder.path());
        auto tables = LedgerTables::prepare(*database);
        REQUIRE(tables->add_segment(world.rows[3000].id, world.rows[3001].id, batch));
    }
    testing::make_older(world.folder.path(), 4);
    const auto ledger = open_ledger(world.folder.path());
    auto database = open_ledger_for_reading(world.folder.path());
    while (!*rollups_are_complete(*database)) std::this_thread::yield();
    FlowQuery query;
    query.since_unix_micros = kStart + kHour / 3 - 1000;
    query.until_unix_micros = query.since_unix_micros + 3000;  // rows alone
    CHECK_FALSE(read(world.folder.path(), query).empty());
    check_all(world, 30);
}

TEST_CASE("killed at any step of filling and closing, it goes on from there") {
    World world(12, 300);
    world.write(20'000);
    testing::make_older(world.folder.path(), 4);
    void* memory = mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    auto* steps = new (memory) std::atomic<int>(0);
    int kills = 0;
    for (bool done = false; !done; ++kills) {
        *steps = 0;
        const pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            auto database = open_ledger_for_writing(world.folder.path());
            auto tables = LedgerTables::prepare(*database);
            for (; *backfill_rollups(*database, *tables); ++*steps) {
            }
            for (; *close_next_unit(*database, *tables); ++*steps) {
            }
            _exit(0);
        }
        const auto enough = kills < 4 ? kills : static_cast<int>(world.random.below(60));
        int status = 0;
        pid_t ended = 0;
        while (*steps < enough && (ended = waitpid(child, &status, WNOHANG)) == 0) sched_yield();
        if (ended == 0) {
            kill(child, SIGKILL);
            REQUIRE(waitpid(child, &status, 0) == child);
        }
        done = WIFEXITED(status);
    }
    munmap(memory, sizeof(std::atomic<int>));
    CHECK(kills > 4);
    CHECK(count(world.folder.path(), "SELECT count(*) FROM closed") >= 5);
    check_all(world, 60);
}
