#include "store/ledger_reader.h"

#include <doctest/doctest.h>

#include <map>
#include <thread>

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

TEST_CASE("no ledger is an error") {
    const TempFolder folder;
    const auto read = for_each_ledger_row(folder.path(), 0, INT64_MAX, [](const NamedRow&) { FAIL("a row"); });
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == ErrorCode::not_found);
}
