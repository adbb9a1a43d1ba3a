#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "store/ledger.h"
#include "store/ledger_fold.h"
#include "store/ledger_ring_file.h"
#include "store/ledger_schema.h"
#include "store/ledger_tables.h"
#include "store/ledger_testing.h"
#include "store/report.h"
#include "store/sheet.h"
#include "store/sqlite.h"

using namespace weir;
using namespace weir::store;
using testing::open_ledger;
using testing::RandomRows;
using testing::TempFolder;

namespace {

constexpr RequestId kFirstId = RequestId{200'000'000'000} << 22;  // some day in 2026

// What the minutes' sheets add up to, without the rows that are pending.
Sums sums_in_minutes(const std::string& folder) {
    auto database = open_ledger_for_reading(folder);
    REQUIRE(database);
    auto sheets = Statement::prepare(*database, "SELECT cells FROM sheets WHERE sheet < ?");
    REQUIRE(sheets);
    sheets->bind(1, SheetKey{RollupUnit::minute, Detail::task, 1, 0}.number());
    std::vector<Cell> cells;
    while (sheets->step() == Statement::Step::row) REQUIRE(unpack_sheet(sheets->column_blob(0), cells));
    Sums all;
    for (const Cell& cell : cells) all += cell.sums;
    return all;
}

std::int64_t query(const std::string& folder, const char* sql) {
    auto database = open_ledger_for_reading(folder);
    REQUIRE(database);
    const auto value = database->query_int(sql);
    REQUIRE(value);
    return *value;
}

std::vector<LedgerRow> rows_in_segments(const std::string& folder) {
    auto database = open_ledger_for_reading(folder);
    REQUIRE(database);
    std::vector<LedgerRow> rows;
    REQUIRE(for_each_in_segments(*database, 0, INT64_MAX, [&](const PackedRow& packed) -> Result<void> {
        return unpack_row(packed, rows.emplace_back());
    }));
    return rows;
}

std::uint64_t requests_reported(const std::string& folder) {
    const auto result = report(folder, ReportQuery{});
    REQUIRE(result);
    return result->total.requests;
}

}  // namespace

TEST_CASE("rows come back as they were, before and after they are folded and after a restart") {
    for (const std::size_t fold_rows : {std::size_t{1}, std::size_t{7}, std::size_t{1'000'000}}) {
        const TempFolder folder;
        SqliteLedger::Options options;
        options.folder = folder.path();
        options.fold_rows = fold_rows;
        RandomRows random(fold_rows);
        std::map<RequestId, LedgerRow> rows;
        auto ledger = open_ledger(options);
        for (int i = 0; i < 300; ++i) {
            const LedgerRow row = random.row(kFirstId + (static_cast<RequestId>(random.below(1'000'000)) << 20));
            if (!rows.emplace(row.id, row).second) continue;
            REQUIRE(ledger->append(0, row));
            if (i % 20 == 0) REQUIRE(ledger->flush());
        }
        const auto check_all = [&] {
            for (const auto& [id, row] : rows) {
                const auto found = ledger->find(id);
                REQUIRE(found);
                REQUIRE(found->has_value());
                CHECK(testing::same(**found, row));
            }
        };
        check_all();
        const LedgerCounters counters = ledger->counters();
        CHECK(counters.appended == rows.size());
        CHECK(counters.written == rows.size());
        CHECK(counters.failed == 0);
        CHECK(counters.dropped == 0);
        CHECK(counters.commits >= 15);
        const auto missing = ledger->find(kFirstId + 1);
        REQUIRE(missing);
        CHECK_FALSE(missing->has_value());

        ledger.reset();
        CHECK(query(folder.path(), "SELECT count(*) FROM pending") == 0);
        CHECK(rows_in_segments(folder.path()).size() == rows.size());
        CHECK(sums_in_minutes(folder.path()).requests == static_cast<std::int64_t>(rows.size()));
        ledger = open_ledger(options);
        check_all();
    }
}

TEST_CASE("find needs no flush before it") {
    const TempFolder folder;
    SqliteLedger::Options options;
    options.folder = folder.path();
    options.commit_interval_micros = 3'600'000'000;
    const auto ledger = open_ledger(options);
    const LedgerRow row = RandomRows(1).row(kFirstId);
    REQUIRE(ledger->append(0, row));
    const auto found = ledger->find(row.id);
    REQUIRE(found);
    REQUIRE(found->has_value());
    CHECK(testing::same(**found, row));
}

TEST_CASE("the writer's nap ends when a lane has commit_rows rows, or half of a small ring") {
    for (const std::size_t ring_rows : {std::size_t{4096}, std::size_t{16}}) {
        const TempFolder folder;
        SqliteLedger::Options options;
        options.folder = folder.path();
        options.commit_interval_micros = 3'600'000'000;  // an hour: this test would hang
        options.commit_rows = 64;
        options.ring_rows = ring_rows;
        const auto ledger = open_ledger(options);
        for (int i = 0; i < 64; ++i) {
            while (!ledger->append(0, RandomRows(1).row(kFirstId + i))) std::this_thread::yield();
        }
        while (ledger->counters().commits == 0) std::this_thread::yield();
    }
}

TEST_CASE("names keep their numbers over a restart") {
    const TempFolder folder;
    auto ledger = open_ledger(folder.path());
    CHECK(ledger->intern("") == kNoName);
    const NameId a = ledger->intern("openai/gpt-4o");
    const NameId b = ledger->intern("caf\xC3\xA9 'quoted'");
    CHECK(a != kNoName);
    CHECK(b != kNoName);
    CHECK(a != b);
    CHECK(ledger->intern("openai/gpt-4o") == a);
    ledger.reset();
    ledger = open_ledger(folder.path());
    CHECK(ledger->intern("third") != a);
    CHECK(ledger->intern("caf\xC3\xA9 'quoted'") == b);
    CHECK(*ledger->name_of(a) == "openai/gpt-4o");
    CHECK(*ledger->name_of(kNoName) == "");
    CHECK(ledger->name_of(12345).error().code == ErrorCode::not_found);
}

TEST_CASE("names are interned from several threads while rows are written") {
    const TempFolder folder;
    const auto ledger = open_ledger(folder.path());
    std::array<std::array<NameId, 20>, 3> ids{};
    std::vector<std::thread> threads;
    for (auto& mine : ids) {
        threads.emplace_back([&] {
            for (std::size_t i = 0; i < mine.size(); ++i) mine[i] = ledger->intern("name " + std::to_string(i));
        });
    }
    for (int i = 0; i < 2000; ++i) {
        while (!ledger->append(0, RandomRows(1).row(kFirstId + i))) std::this_thread::yield();
    }
    for (std::thread& thread : threads) thread.join();
    REQUIRE(ledger->flush());
    CHECK(ids[0] == ids[1]);
    CHECK(ids[0] == ids[2]);
    CHECK(ledger->counters().written == 2000);
}

TEST_CASE("lanes write side by side") {
    const TempFolder folder;
    SqliteLedger::Options options;
    options.folder = folder.path();
    options.lanes = 3;
    options.ring_rows = 64;
    options.fold_rows = 500;
    const auto ledger = open_ledger(options);
    std::vector<std::thread> reactors;
    for (unsigned lane = 0; lane < options.lanes; ++lane) {
        reactors.emplace_back([&, lane] {
            RandomRows random(lane);
            for (int i = 0; i < 3000; ++i) {
                const LedgerRow row = random.row(kFirstId + i * 64 + lane);
                ledger->name_task(lane, row.task, "task");
                while (!ledger->append(lane, row)) std::this_thread::yield();
            }
        });
    }
    for (std::thread& reactor : reactors) reactor.join();
    REQUIRE(ledger->flush());
    CHECK(ledger->counters().written == 9000);
    CHECK(requests_reported(folder.path()) == 9000);
}

TEST_CASE("a negative id is counted as failed, an id that is taken again is one more request") {
    const TempFolder folder;
    auto ledger = open_ledger(folder.path());
    RandomRows random(3);
    const LedgerRow first = random.row(kFirstId);
    REQUIRE(ledger->append(0, first));
    REQUIRE(ledger->append(0, random.row(kFirstId)));
    REQUIRE(ledger->append(0, random.row(-1)));
    REQUIRE(ledger->append(0, random.row(kFirstId + 1)));
    CHECK_FALSE(ledger->flush());
    CHECK(ledger->counters().appended == 4);
    CHECK(ledger->counters().written == 3);
    CHECK(ledger->counters().failed == 1);
    ledger.reset();
    ledger = open_ledger(folder.path());
    CHECK(requests_reported(folder.path()) == 3);
    CHECK(testing::same(**ledger->find(kFirstId), first));
}

TEST_CASE("a file of version 1 is migrated: every row, every minute") {
    const TempFolder folder;
    auto ledger = open_ledger(folder.path());
    RandomRows random(5);
    std::vector<LedgerRow> rows;
    for (int i = 0; i < 700; ++i) {
        rows.push_back(random.row(kFirstId + (static_cast<RequestId>(i) << 20)));
        rows.back().prompt_class = PromptClass::unknown;  // that version knew of none
        REQUIRE(ledger->append(0, rows.back()));
    }
    ledger.reset();
    const ReportResult before = *report(folder.path(), ReportQuery{});
    {
        testing::make_older(folder.path(), 1,
                            "DROP TABLE segments; CREATE TABLE requests (id INTEGER PRIMARY "
                            "KEY, started, latency, overhead, status, mode, flags, tier, would_have, tenant, cascade, "
                            "reference, served_model, task, cost, counterfactual, attempts BLOB)");
        auto old = Database::open(ledger_path(folder.path()), Database::Access::read_write_create);
        REQUIRE(old);
        auto insert = Statement::prepare(*old, "INSERT INTO requests VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
        REQUIRE(insert);
        for (const LedgerRow& row : rows) {
            int column = 0;
            for (const std::int64_t value :
                 {row.id, row.started_unix_micros - unix_micros_of(row.id), std::int64_t{row.latency_micros},
                  std::int64_t{row.overhead_micros}, std::int64_t{row.status}, static_cast<std::int64_t>(row.mode),
                  static_cast<std::int64_t>(row_flags(row)), tier_code(row.tier), tier_code(row.would_have),
                  std::int64_t{row.tenant}, std::int64_t{row.cascade}, std::int64_t{row.reference},
                  std::int64_t{row.served_model}, static_cast<std::int64_t>(row.task), row.cost.nanos,
                  row.counterfactual.nanos}) {
                insert->bind(++column, value);
            }
            PackedAttempts attempts;
            insert->bind_blob(++column, pack_attempts(row, attempts));
            REQUIRE(insert->run());
        }
    }
    CHECK(report(folder.path(), ReportQuery{}).error().code == ErrorCode::invalid);  // the gateway migrates
    ledger = open_ledger(folder.path());
    for (const LedgerRow& row : rows) CHECK(testing::same(**ledger->find(row.id), row));
    CHECK(rows_in_segments(folder.path()).size() == rows.size());
    const ReportResult after = *report(folder.path(), ReportQuery{});
    CHECK(after.total.requests == before.total.requests);
    CHECK(after.total.cost == before.total.cost);
}

TEST_CASE("a file of version 2 is opened: its rows are as they were, new ones know more") {
    const TempFolder folder;
    auto ledger = open_ledger(folder.path());
    LedgerRow old = RandomRows(9).row(kFirstId), fresh = RandomRows(10).row(kFirstId + 1);
    for (LedgerRow* row : {&old, &fresh}) {
        row->step_count = 0;
        row->attempt_count = 1;
        row->attempts[0] = Attempt{};
        row->attempts[0].input_cache_write = 3;
        row->attempts[0].latency_micros = 5;
    }
    fresh.attempts[0].input_cache_write_1h = 4;
    fresh.attempts[0].service_tier = wire::ServiceTier::batch;
    PackedAttempts packed;
    REQUIRE(pack_attempts(old, packed).front() == 1);  // the bytes that version 2 of the file has
    REQUIRE(ledger->append(0, old));
    ledger.reset();
    testing::make_older(folder.path(), 2);
    CHECK(report(folder.path(), ReportQuery{}).error().code == ErrorCode::invalid);  // the gateway migrates
    ledger = open_ledger(folder.path());
    REQUIRE(ledger->append(0, fresh));
    REQUIRE(ledger->flush());
    CHECK(testing::same(**ledger->find(old.id), old));
    CHECK(testing::same(**ledger->find(fresh.id), fresh));
    ledger.reset();
    CHECK(report(folder.path(), ReportQuery{}).has_value());
}

TEST_CASE("a file of version 4 is opened: its rows have no steps, new ones do") {
    const TempFolder folder;
    auto ledger = open_ledger(folder.path());
    LedgerRow old = RandomRows(9).row(kFirstId), fresh = RandomRows(10).row(kFirstId + 1);
    old.step_count = fresh.step_count = 0;
    fresh.add_step(RandomRows(11).step(fresh.attempt_count));
    REQUIRE(ledger->append(0, old));
    ledger.reset();
    testing::make_older(folder.path(), 4);
    CHECK(report(folder.path(), ReportQuery{}).error().code == ErrorCode::invalid);  // the gateway migrates
    ledger = open_ledger(folder.path());
    REQUIRE(ledger->append(0, fresh));
    CHECK(testing::same(**ledger->find(old.id), old));
    CHECK(testing::same(**ledger->find(fresh.id), fresh));
}

TEST_CASE("amounts beyond ten million dollars are kept at that") {
    const TempFolder folder;
    auto ledger = open_ledger(folder.path());
    LedgerRow row = RandomRows(1).row(kFirstId);
    row.cost = Usd{INT64_MAX};
    row.counterfactual = Usd{INT64_MIN};
    row.cost_complete = true;
    row.counterfactual_how = Counterfactual::measured;
    REQUIRE(ledger->append(0, row));
    ledger.reset();
    const auto told = report(folder.path(), ReportQuery{});
    REQUIRE(told);
    CHECK(told->total.cost == kMaxAmount);
    CHECK(told->total.saved == Usd{-2 * kMaxAmount.nanos});
}

TEST_CASE("a full lane pushes back, or drops and counts") {
    for (const bool drop : {false, true}) {
        const TempFolder folder;
        SqliteLedger::Options options;
        options.folder = folder.path();
        options.ring_rows = 8;
        options.drop_when_full = drop;
        const auto ledger = open_ledger(options);
        auto other = Database::open(ledger_path(folder.path()), Database::Access::read_write_create);
        REQUIRE(other);
        REQUIRE(other->execute("BEGIN IMMEDIATE"));  // as a backup tool would: the writer has to wait
        RandomRows random(1);
        std::uint64_t taken = 0;
        for (int i = 0; i < 20; ++i) taken += ledger->append(0, random.row(kFirstId + i)) ? 1 : 0;
        CHECK(taken == (drop ? 20 : 8));
        CHECK(ledger->counters().dropped == (drop ? 12 : 0));
        CHECK(ledger->counters().written == 0);
        REQUIRE(other->execute("ROLLBACK"));
        REQUIRE(ledger->flush());
        CHECK(ledger->counters().written == 8);
        CHECK(ledger->counters().failed == 0);
        REQUIRE(ledger->append(0, random.row(kFirstId + 100)));
        CHECK(ledger->find(kFirstId + 100)->has_value());
    }
}

TEST_CASE("a full disk costs the rows of that time, counted, and nothing else") {
    const TempFolder folder;
    auto ledger = open_ledger(folder.path());
    RandomRows random(1);
    REQUIRE(ledger->append(0, random.row(kFirstId)));
    REQUIRE(ledger->flush());

    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit tight{static_cast<rlim_t>(16'384), before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &tight) == 0);
    RequestId id = kFirstId;
    for (int i = 0; i < 500; ++i) CHECK(ledger->append(0, random.row(++id)));
    const auto flushed = ledger->flush();
    REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
    std::signal(SIGXFSZ, old_handler);

    CHECK_FALSE(flushed);
    CHECK(flushed.error().code == ErrorCode::io);
    CHECK(ledger->counters().failed > 0);
    const LedgerRow after = random.row(++id);
    REQUIRE(ledger->append(0, after));
    REQUIRE(ledger->flush());
    CHECK(testing::same(**ledger->find(id), after));
    const LedgerCounters counters = ledger->counters();
    CHECK(counters.appended == 502);
    CHECK(counters.written + counters.failed == 502);
    CHECK(requests_reported(folder.path()) == counters.written);
    ledger.reset();
    CHECK(requests_reported(folder.path()) == counters.written);
}

TEST_CASE("a second writer in one folder is told who is there") {
    const TempFolder folder;
    auto first = open_ledger(folder.path());
    SqliteLedger::Options options;
    options.folder = folder.path();
    const auto second = SqliteLedger::open(options);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::unavailable);
    CHECK(second.error().message.find("process " + std::to_string(getpid())) != std::string::npos);
    first.reset();
    CHECK(SqliteLedger::open(options));
}

TEST_CASE("a folder is created for its owner alone; one that can't be is an error") {
    const TempFolder folder;
    SqliteLedger::Options options;
    options.folder = folder.path() + "/a/b";
    REQUIRE(SqliteLedger::open(options));
    CHECK(std::filesystem::status(options.folder).permissions() == std::filesystem::perms::owner_all);
    std::ofstream(folder.path() + "/file") << "x";
    options.folder = folder.path() + "/file/b";
    CHECK(SqliteLedger::open(options).error().code == ErrorCode::io);
}

TEST_CASE("a file that is damaged, foreign or newer is refused by writer and report alike") {
    const TempFolder folder;
    SqliteLedger::Options options;
    options.folder = folder.path();
    const std::string path = ledger_path(folder.path());
    const auto check_refused = [&](const char* word) {
        const auto opened = SqliteLedger::open(options);
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == ErrorCode::invalid);
        CHECK_MESSAGE(opened.error().message.find(word) != std::string::npos, opened.error().message);
        const auto told = report(folder.path(), ReportQuery{});
        REQUIRE_FALSE(told);
        CHECK(told.error().code == ErrorCode::invalid);
    };
    SUBCASE("not SQLite") {
        std::ofstream(path) << std::string(8192, 'x');
        check_refused("not a ledger, or damaged");
    }
    SUBCASE("another program's database") {
        REQUIRE(Database::open(path, Database::Access::read_write_create)->execute("CREATE TABLE t(x)"));
        check_refused("not Weir's ledger");
    }
    SUBCASE("a newer version") {
        open_ledger(folder.path()).reset();
        REQUIRE(Database::open(path, Database::Access::read_write_create)->execute("PRAGMA user_version = 99"));
        check_refused("version 99");
    }
    SUBCASE("a table is missing") {
        open_ledger(folder.path()).reset();
        REQUIRE(Database::open(path, Database::Access::read_write_create)->execute("DROP TABLE sheets"));
        CHECK_FALSE(SqliteLedger::open(options));
        CHECK_FALSE(report(folder.path(), ReportQuery{}));
    }
    SUBCASE("cut off in the middle") {
        open_ledger(folder.path()).reset();
        std::filesystem::resize_file(path, 5000);
        CHECK_FALSE(SqliteLedger::open(options));
        CHECK_FALSE(report(folder.path(), ReportQuery{}));
    }
}

TEST_CASE("pending rows that can't be read are given up, counted, and don't stop the rest") {
    const TempFolder folder;
    SqliteLedger::Options options;
    options.folder = folder.path();
    open_ledger(options).reset();
    REQUIRE(Database::open(ledger_path(folder.path()), Database::Access::read_write_create)
                ->execute("INSERT INTO pending(rows) VALUES(x'0105')"));
    auto ledger = open_ledger(options);
    REQUIRE(ledger->append(0, RandomRows(1).row(kFirstId)));
    (void)ledger->flush();
    ledger.reset();
    CHECK(query(folder.path(), "SELECT count(*) FROM pending") == 0);
    CHECK(requests_reported(folder.path()) == 1);
}

TEST_CASE("rows of a killed process are dropped, and that is told, where it can't be seen which are there already") {
    const TempFolder folder;
    SqliteLedger::Options options;
    options.folder = folder.path();
    open_ledger(options).reset();
    REQUIRE(Database::open(ledger_path(folder.path()), Database::Access::read_write_create)
                ->execute("INSERT INTO pending(rows) VALUES(x'0105')"));
    {
        const std::size_t bytes = ring_bytes(16);
        const RingFile file(folder.path(), 1, bytes);
        LedgerRing ring(file.marks(0), file.bytes(0), bytes, 16);
        for (RequestId n = 0; n < 3; ++n) REQUIRE(ring.push(RandomRows(1).row(kFirstId + n)));
    }
    std::string told;
    {
        const testing::Log log;
        open_ledger(options).reset();  // its threads have ended
        told = log.text();
    }
    CHECK(told.find("warning: " + ledger_ring_path(folder.path()) +
                    ": 3 rows that a killed process left behind are dropped: which of them are in " +
                    ledger_path(folder.path()) + " already can't be read: malformed pending rows") !=
          std::string::npos);
    CHECK(requests_reported(folder.path()) == 0);
}

TEST_CASE("a task's name is committed with its first row and can change") {
    const TempFolder folder;
    const auto ledger = open_ledger(folder.path());
    LedgerRow row = RandomRows(1).row(kFirstId);
    row.task = UINT64_MAX - 5;
    ledger->name_task(0, row.task, "first");
    REQUIRE(ledger->append(0, row));
    REQUIRE(ledger->flush());
    const auto key = [&] { return report(folder.path(), ReportQuery{.by = GroupBy::task})->lines.at(0).key; };
    CHECK(key() == "first");
    ledger->name_task(0, row.task, std::string(1000, 'n'));
    REQUIRE(ledger->flush());
    CHECK(key() == std::string(200, 'n'));
}

namespace {

// What a child process tells before it is killed.
struct Told {
    std::atomic<RequestId> appended{0};  // ids begin at kFirstId and have no gaps
    std::atomic<RequestId> flushed{0};
};

[[noreturn]] void write_until_killed(const SqliteLedger::Options& options, Told& told) {
    auto ledger = SqliteLedger::open(options);
    if (!ledger) _exit(1);
    RandomRows random(9);
    for (RequestId n = 0;; ++n) {
        const LedgerRow row = random.row(kFirstId + n);
        while (!(*ledger)->append(0, row)) sched_yield();
        told.appended = n + 1;
        if (n % 1000 != 999) continue;
        if (!(*ledger)->flush()) _exit(2);
        told.flushed = n + 1;
    }
}

}  // namespace

TEST_CASE("after SIGKILL and a restart every row that was appended is there, once") {
    void* memory = mmap(nullptr, sizeof(Told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    for (const std::size_t fold_rows : {std::size_t{300}, std::size_t{1'000'000}}) {
        const TempFolder folder;
        SqliteLedger::Options options;
        options.folder = folder.path();
        options.fold_rows = fold_rows;
        options.commit_rows = 50;
        Told* told = new (memory) Told;
        const pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0) write_until_killed(options, *told);
        int status = 0;
        while (told->flushed < 5000 && waitpid(child, &status, WNOHANG) == 0) sched_yield();
        REQUIRE(told->flushed >= 5000);
        REQUIRE(kill(child, SIGKILL) == 0);
        REQUIRE(waitpid(child, &status, 0) == child);
        CHECK(WIFSIGNALED(status));

        // A report needs nobody to repair the file first.
        const std::uint64_t reported = requests_reported(folder.path());
        CHECK(reported >= static_cast<std::uint64_t>(told->flushed));
        CHECK(reported + options.ring_rows >= static_cast<std::uint64_t>(told->appended));
        open_ledger(options).reset();
        const std::vector<LedgerRow> rows = rows_in_segments(folder.path());
        const auto n = static_cast<std::int64_t>(rows.size());
        CHECK(n >= told->appended);
        CHECK(n <= told->appended + 1);  // killed between the append and its telling
        std::set<RequestId> ids;
        std::int64_t cost = 0;
        for (const LedgerRow& row : rows) {
            ids.insert(row.id);
            cost += row.cost.nanos;
        }
        CHECK(ids.size() == rows.size());
        CHECK(*ids.begin() == kFirstId);
        CHECK(*ids.rbegin() == kFirstId + n - 1);  // no gaps
        CHECK(requests_reported(folder.path()) == rows.size());
        CHECK(sums_in_minutes(folder.path()).requests == n);
        CHECK(sums_in_minutes(folder.path()).cost == cost);
    }
    munmap(memory, sizeof(Told));
}
