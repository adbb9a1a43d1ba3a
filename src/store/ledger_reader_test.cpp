#include "store/ledger_reader.h"

#include <doctest/doctest.h>

#include <map>
#include <thread>
#include <vector>

#include "store/ledger_schema.h"
#include "store/ledger_testing.h"

using namespace weir;
using namespace weir::store;
using testing::open_ledger;
using testing::RandomRows;
using testing::TempFolder;

namespace {

constexpr Micros kStart = 1'767'225'540'000'000;

std::map<RequestId, Usd> costs_in(const std::string& folder, Micros since, Micros until) {
    std::map<RequestId, Usd> costs;
    const auto read = for_each_ledger_row(folder, since, until, [&](const NamedRow& named) {
        costs[named.row.id] = named.row.cost;
        if (named.row.tenant != kNoName) CHECK(named.name(named.row.tenant) == "acme");
        CHECK(named.name(kNoName).empty());
        CHECK(named.name(4'000'000).empty());
    });
    REQUIRE(read.has_value());
    return costs;
}

}  // namespace

TEST_CASE("every row of a range is visited once, from segments and from what is still pending") {
    const TempFolder folder;
    std::map<RequestId, Usd> expected;
    {
        auto ledger = open_ledger(folder.path());
        const NameId acme = ledger->intern("acme");
        RandomRows random(11);
        FakeClock clock(kStart);
        RequestIds ids(clock, 0);
        for (int i = 0; i < 3'000; ++i) {
            clock.advance(1'000);
            LedgerRow row = random.row(ids.next());
            row.tenant = i % 3 == 0 ? kNoName : acme;
            expected[row.id] = row.cost;
            while (!ledger->append(0, row)) std::this_thread::yield();
        }
    }
    CHECK(costs_in(folder.path(), 0, INT64_MAX) == expected);
    const Micros since = kStart + 500'000, until = kStart + 2'000'000;
    std::map<RequestId, Usd> part;
    for (const auto& [id, cost] : expected) {
        if (unix_micros_of(id) >= since && unix_micros_of(id) < until) part.emplace(id, cost);
    }
    CHECK(part.size() > 1'000);
    CHECK(costs_in(folder.path(), since, until) == part);
    CHECK(costs_in(folder.path(), until, since).empty());
}

TEST_CASE("newest first: every row once and in order, from segments that overlap and from what is pending") {
    const TempFolder folder;
    SqliteLedger::Options options;
    options.folder = folder.path();
    options.fold_rows = 700;
    std::vector<RequestId> made;
    RandomRows random(12);
    FakeClock clock(kStart);
    RequestIds ids(clock, 0);
    auto ledger = open_ledger(options);
    for (int i = 0; i < 3'000; ++i) {
        clock.advance(1'000);
        made.push_back(ids.next());
    }
    // Every seventh request takes long: it is settled a thousand later, into segments of newer ones.
    std::vector<RequestId> settled;
    for (std::size_t i = 0; i < made.size() + 1'000; ++i) {
        if (i < made.size() && i % 7 != 0) settled.push_back(made[i]);
        if (i >= 1'000 && (i - 1'000) % 7 == 0) settled.push_back(made[i - 1'000]);
    }
    REQUIRE(settled.size() == made.size());
    for (std::size_t i = 0; i < settled.size(); ++i) {
        while (!ledger->append(0, random.row(settled[i]))) std::this_thread::yield();
        if (i % 100 == 0) REQUIRE(ledger->flush());
    }
    REQUIRE(ledger->flush());

    auto database = open_ledger_for_reading(folder.path());
    REQUIRE(database.has_value());
    CHECK(database->query_int("SELECT count(*) FROM segments").value_or(0) > 4);
    const auto ids_of = [&](RequestId begin, RequestId end, std::size_t most) {
        std::vector<RequestId> seen;
        REQUIRE(visit_newest_first(*database, begin, end, [&](const LedgerRow& row) {
            seen.push_back(row.id);
            return seen.size() < most;
        }));
        return seen;
    };
    const std::vector<RequestId> expected(made.rbegin(), made.rend());
    CHECK(ids_of(0, INT64_MAX, 10'000) == expected);
    CHECK(ids_of(made[10], made[2'000], 10'000) == std::vector(expected.end() - 2'000, expected.end() - 10));
    // Page by page.
    std::vector<RequestId> paged;
    for (RequestId end = INT64_MAX; paged.size() < made.size(); end = paged.back()) {
        const auto page = ids_of(0, end, 37);
        REQUIRE_FALSE(page.empty());
        paged.insert(paged.end(), page.begin(), page.end());
    }
    CHECK(paged == expected);
}

TEST_CASE("no ledger is an error") {
    const TempFolder folder;
    const auto read = for_each_ledger_row(folder.path(), 0, INT64_MAX, [](const NamedRow&) { FAIL("a row"); });
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == ErrorCode::not_found);
}
