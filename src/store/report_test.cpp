#include "store/report.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "base/hash.h"
#include "store/ledger_schema.h"
#include "store/ledger_testing.h"

using namespace weir;
using namespace weir::store;
using testing::open_ledger;
using testing::RandomRows;
using testing::TempFolder;

namespace {

constexpr Micros kMinute = 60'000'000;
constexpr Micros kStart = 1'767'225'540'000'000;  // 2025-12-31T23:59:00Z: the days change within the tests

// The first id of a point in time, made by the real thing.
RequestId id_at(Micros unix_micros) {
    const FakeClock clock(unix_micros);
    return RequestIds(clock, 0).next();
}

const std::array<std::string, 4> kNames = {"none", "alpha", "beta", "gamma"};

std::string label(const LedgerRow& row, GroupBy by) {
    switch (by) {
        case GroupBy::all:
            return "all";
        case GroupBy::task:
            return row.task == 0 ? "none" : to_hex(row.task);
        case GroupBy::model:
            return kNames.at(row.reference);
        case GroupBy::tenant:
            return kNames.at(row.tenant);
        case GroupBy::tier:
            return row.tier ? std::string(to_string(*row.tier)) : "none";
        case GroupBy::day:
            return unix_micros_of(row.id) < kStart + kMinute ? "2025-12-31" : "2026-01-01";
    }
    return "";
}

// The slow way: every row, one after the other.
void add_slowly(ReportLine& line, const LedgerRow& row) {
    ++line.requests;
    if (row.status >= 400) ++line.errors;
    if (row.tier) ++line.by_tier[std::string(to_string(*row.tier))];
    if (row.would_have) ++line.would_have[std::string(to_string(*row.would_have))];
    for (std::size_t i = 0; i < row.attempt_count; ++i) {
        const Attempt& a = row.attempts[i];
        line.input += Tokens{a.input_uncached} + Tokens{a.input_cached} + Tokens{a.input_cache_write} +
                      Tokens{a.input_cache_write_1h};
        line.input_cached += a.input_cached;
        line.output += a.output;
    }
    line.cost += row.cost;
    line.counterfactual += row.counterfactual;
    const bool known = row.cost_complete && row.counterfactual_how != Counterfactual::unknown;
    if (known) line.saved += row.counterfactual - row.cost;
    const bool no_reference_price = row.tier && row.counterfactual_how == Counterfactual::unknown;
    if (!row.cost_complete || no_reference_price) ++line.unpriced;
    line.latency_sum_micros += row.latency_micros;
}

ReportResult slow_report(const std::vector<LedgerRow>& rows, const ReportQuery& query) {
    std::map<std::string, ReportLine> lines;
    ReportResult result;
    result.total.key = "total";
    for (const LedgerRow& row : rows) {
        const Micros at = unix_micros_of(row.id);
        if (at < query.since_unix_micros || at >= query.until_unix_micros) continue;
        const std::string key = label(row, query.by);
        lines[key].key = key;
        add_slowly(lines[key], row);
        add_slowly(result.total, row);
    }
    for (const auto& [key, line] : lines) result.lines.push_back(line);
    std::stable_sort(result.lines.begin(), result.lines.end(), [&](const ReportLine& a, const ReportLine& b) {
        return query.by != GroupBy::day && a.counterfactual > b.counterfactual;
    });
    return result;
}

constexpr std::array kAllGroups = {GroupBy::all,    GroupBy::task, GroupBy::model,
                                   GroupBy::tenant, GroupBy::tier, GroupBy::day};

}  // namespace

TEST_CASE("a property: for any range and grouping, a report equals the sum of the rows to the nano-dollar") {
    for (std::uint64_t seed = 1; seed <= 25; ++seed) {  // fixed, few: each opens a file and waits for the disk
        CAPTURE(seed);
        RandomRows random(seed);
        const TempFolder folder;
        SqliteLedger::Options options;
        options.folder = folder.path();
        options.fold_rows = 1 + random.below(40);
        auto ledger = open_ledger(options);
        for (std::size_t i = 1; i < kNames.size(); ++i) REQUIRE(ledger->intern(kNames[i]) == i);
        std::vector<LedgerRow> rows;
        const auto count = static_cast<int>(random.below(seed * 20));
        for (int i = 0; i < count; ++i) {
            // Within five minutes; often on a minute's border.
            Micros at = kStart + static_cast<Micros>(random.below(5 * kMinute));
            if (random.chance(3)) at = at / kMinute * kMinute - static_cast<Micros>(random.below(2)) * 1000;
            const RequestId id = id_at(at) + static_cast<RequestId>(rows.size());
            rows.push_back(random.row(id));
            REQUIRE(ledger->append(0, rows.back()));
            if (random.chance(20)) REQUIRE(ledger->flush().has_value());
        }
        REQUIRE(ledger->flush().has_value());
        if (random.chance(3)) ledger.reset();  // all folded
        for (int i = 0; i < 6; ++i) {
            ReportQuery query;
            if (i != 0) {
                query.since_unix_micros = kStart - kMinute + static_cast<Micros>(random.below(7 * kMinute));
                query.until_unix_micros = kStart - kMinute + static_cast<Micros>(random.below(7 * kMinute));
                if (random.chance(3)) query.since_unix_micros -= query.since_unix_micros % kMinute;
                if (random.chance(3)) query.until_unix_micros -= query.until_unix_micros % kMinute;
            }
            for (const GroupBy by : kAllGroups) {
                query.by = by;
                const auto told = report(folder.path(), query);
                REQUIRE(told.has_value());
                const ReportResult expected = slow_report(rows, query);
                REQUIRE(told->total == expected.total);
                REQUIRE(told->lines == expected.lines);
            }
        }
    }
}

TEST_CASE("a range is half open, to the millisecond of the id") {
    const TempFolder folder;
    auto ledger = open_ledger(folder.path());
    RandomRows random(1);
    const Micros at = kStart + 12'345'000;
    REQUIRE(ledger->append(0, random.row(id_at(at))));
    REQUIRE(ledger->append(0, random.row(id_at(at) + 65'535)));  // the millisecond's last id of this reactor
    for (const bool folded : {false, true}) {
        if (folded)
            ledger.reset();
        else
            REQUIRE(ledger->flush());
        const auto count = [&](Micros since, Micros until) {
            return report(folder.path(), {since, until, GroupBy::all})->total.requests;
        };
        CHECK(count(at, at + 1) == 2);
        CHECK(count(at, at) == 0);
        CHECK(count(at + 1, at + kMinute) == 0);
        CHECK(count(at - kMinute, at) == 0);
        CHECK(count(0, INT64_MAX) == 2);
        CHECK(count(-5, at + 1) == 2);
        CHECK(count(INT64_MIN, INT64_MAX) == 2);
        CHECK(count(INT64_MAX, INT64_MAX) == 0);
        CHECK(count(at + 1, at - 1) == 0);
    }
}

TEST_CASE("an empty ledger reports nothing, a missing one is an error") {
    const TempFolder folder;
    const auto missing = report(folder.path(), ReportQuery{});
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::not_found);
    CHECK(std::filesystem::is_empty(folder.path()));  // looking creates nothing
    open_ledger(folder.path()).reset();
    for (const GroupBy by : kAllGroups) {
        const auto told = report(folder.path(), ReportQuery{.by = by});
        REQUIRE(told);
        CHECK(told->lines.empty());
        ReportLine nothing;
        nothing.key = "total";
        CHECK(told->total == nothing);
    }
}

TEST_CASE("two tasks of one name stay two lines, a task without a name is its digest") {
    const TempFolder folder;
    auto ledger = open_ledger(folder.path());
    RandomRows random(5);
    for (const std::uint64_t task : {1U, 2U, 3U}) {
        LedgerRow row = random.row(id_at(kStart) + static_cast<RequestId>(task));
        row.task = task;
        row.counterfactual = Usd{static_cast<std::int64_t>(100 - task)};
        REQUIRE(ledger->append(0, row));
        if (task != 3) ledger->name_task(0, task, "same");
    }
    ledger.reset();
    const auto told = report(folder.path(), ReportQuery{.by = GroupBy::task});
    REQUIRE(told);
    REQUIRE(told->lines.size() == 3);
    CHECK(told->lines[0].key == "same 0000000000000001");
    CHECK(told->lines[1].key == "same 0000000000000002");
    CHECK(told->lines[2].key == "0000000000000003");
}

TEST_CASE("ten thousand tasks are ten thousand lines, and add up") {
    const TempFolder folder;
    auto ledger = open_ledger(folder.path());
    RandomRows random(6);
    std::int64_t cost = 0;
    for (RequestId i = 0; i < 20'000; ++i) {
        LedgerRow row = random.row(id_at(kStart) + i);
        row.task = 1 + static_cast<std::uint64_t>(i % 10'000);
        cost += row.cost.nanos;
        while (!ledger->append(0, row)) std::this_thread::yield();
    }
    ledger.reset();
    const auto told = report(folder.path(), ReportQuery{.by = GroupBy::task});
    REQUIRE(told);
    CHECK(told->lines.size() == 10'000);
    CHECK(told->total.cost == Usd{cost});
}

TEST_CASE("reports beside a running writer see whole commits: rows and rollups never disagree") {
    const TempFolder folder;
    SqliteLedger::Options options;
    options.folder = folder.path();
    options.commit_interval_micros = 0;
    options.commit_rows = 20;
    options.fold_rows = 100;
    const auto ledger = open_ledger(options);
    LedgerRow row = RandomRows(1).row(0);
    row.cost = Usd{3};
    row.cost_complete = true;
    row.counterfactual = Usd{10};
    row.counterfactual_how = Counterfactual::measured;
    std::thread writer([&] {
        for (RequestId i = 0; i < 5000; ++i) {
            row.id = id_at(kStart + i * 50'000);  // over four minutes
            while (!ledger->append(0, row)) std::this_thread::yield();
        }
    });
    std::uint64_t seen = 0;
    bool consistent = true;
    while (seen < 4999) {  // all but the first row, which is before `since`
        const auto told = report(folder.path(), ReportQuery{.since_unix_micros = kStart + 1, .by = GroupBy::day});
        REQUIRE(told);
        const auto requests = static_cast<std::int64_t>(told->total.requests);
        consistent = consistent && told->total.saved == Usd{7 * requests} && told->total.requests >= seen;
        seen = told->total.requests;
    }
    writer.join();
    CHECK(consistent);
}

TEST_CASE("what was saved is unknown, not negative, where a price is unknown") {
    LedgerRow row;
    row.cost = Usd{5};
    row.counterfactual = Usd{7};
    CHECK(row.saved() == Usd{});
    row.counterfactual_how = Counterfactual::repriced;
    CHECK(row.saved() == Usd{2});
    row.cost_complete = false;
    CHECK(row.saved() == Usd{});
    row.cost_complete = true;
    row.cost = Usd{INT64_MAX};
    row.counterfactual = Usd{INT64_MIN};
    CHECK(row.saved() == Usd{INT64_MIN});
    row.cost = Usd{-1};
    row.counterfactual = Usd{INT64_MAX};
    CHECK(row.saved() == Usd{INT64_MAX});
}

TEST_CASE("every word for a mode parses back, others don't") {
    for (const Mode mode : {Mode::off, Mode::observe, Mode::shadow, Mode::serve})
        CHECK(parse_mode(to_string(mode)) == mode);
    CHECK_FALSE(parse_mode("Serve"));
    CHECK_FALSE(parse_mode(""));
}
