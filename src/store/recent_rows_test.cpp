#include "store/recent_rows.h"

#include <doctest/doctest.h>

#include "store/ledger_batch.h"
#include "store/ledger_testing.h"

using namespace weir;
using namespace weir::store;

namespace {

std::string batch_of(RequestId first, RequestId count) {
    std::string batch;
    testing::RandomRows random(13);
    for (RequestId id = first; id < first + count; ++id) pack_row(random.row(id), batch);
    return batch;
}

}  // namespace

TEST_CASE("recent rows: each is told once and in order, and what is too old is counted") {
    RecentRows recent;
    CHECK(recent.since(0).rows.empty());
    recent.add(batch_of(0, 3));
    recent.add(batch_of(3, 2));
    SettledRows told = recent.since(0);
    REQUIRE(told.rows.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) CHECK(told.rows[i].id == static_cast<RequestId>(i));
    CHECK(told.next == 5);
    CHECK(told.missed == 0);
    CHECK(recent.since(5).rows.empty());
    recent.add(batch_of(5, 1));
    told = recent.since(5);
    REQUIRE(told.rows.size() == 1);
    CHECK(told.rows[0].id == 5);

    recent.add(batch_of(6, 2'500));
    recent.add(batch_of(2'506, 1));
    told = recent.since(6);
    CHECK(told.next == 2'507);
    CHECK(told.missed == 1'501);
    REQUIRE(told.rows.size() == kRecentRows);
    CHECK(told.rows.front().id == 1'507);
    CHECK(told.rows.back().id == 2'506);
    // From before a restart.
    CHECK(recent.since(1'000'000).rows.size() == kRecentRows);
}
