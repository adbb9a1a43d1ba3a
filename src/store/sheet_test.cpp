#include "store/sheet.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <map>

#include "store/ledger_testing.h"

using namespace weir;
using namespace weir::store;
using testing::RandomRows;

namespace {

std::vector<Cell> random_cells(RandomRows& random, std::size_t count) {
    std::vector<Cell> cells;
    for (std::size_t i = 0; i < count; ++i) {
        LedgerRow row = random.row(RequestId{1} << 60);
        row.purpose = random.chance(3) ? static_cast<Purpose>(random.below(5)) : Purpose::request;
        cells.push_back(Cell::of(row));
        if (random.chance(20)) cells.back().sums.cost = std::numeric_limits<std::int64_t>::min();
        if (random.chance(20)) cells.back().sums.latency = std::numeric_limits<std::int64_t>::max();
    }
    return cells;
}

bool same(const Cell& a, const Cell& b) {
    return a.key == b.key && a.sums == b.sums && a.latencies == b.latencies;
}

}  // namespace

TEST_CASE("a sheet holds what was packed, each key once") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        CAPTURE(seed);
        RandomRows random(seed);
        std::vector<Cell> cells = random_cells(random, random.below(300));
        std::map<FlowKey, std::pair<Sums, LatencyCounts>> slowly;
        for (const Cell& cell : cells) {
            slowly[cell.key].first += cell.sums;
            REQUIRE(slowly[cell.key].second.add(cell.latencies));
        }
        combine(cells);
        std::vector<Cell> read;
        REQUIRE(unpack_sheet(pack_sheet(cells), read));
        CHECK(std::equal(cells.begin(), cells.end(), read.begin(), read.end(), same));
        REQUIRE(read.size() == slowly.size());
        for (const Cell& cell : read)
            CHECK(same(cell, {cell.key, slowly[cell.key].first, slowly[cell.key].second.packed()}));
    }
}

TEST_CASE("a group is skipped, and what is cut off is refused") {
    RandomRows random(3);
    std::vector<Cell> cells = random_cells(random, 60);
    combine(cells);
    const std::string sheet = pack_sheet(cells);
    SheetReader reader(sheet);
    std::size_t groups = 0;
    for (; reader.next_group(); ++groups) CHECK(reader.key().tier == std::nullopt);
    CHECK(reader.ok());
    CHECK(groups > 1);
    for (std::size_t size = 0; size < sheet.size(); ++size) {
        std::vector<Cell> read(1);
        // Cut between two groups it is a shorter sheet; anywhere else it is none.
        if (unpack_sheet(std::string_view(sheet).substr(0, size), read)) continue;
        CHECK(read.size() == 1);
    }
    CHECK_FALSE(SheetReader("").ok());
    CHECK_FALSE(SheetReader("\x02").ok());
}

TEST_CASE("sheets of one kind are neighbours, in order of time") {
    const SheetKey last{kLongestUnit, Detail::task, kTaskParts - 1, kLastMinute};
    CHECK(last.number() > 0);
    CHECK(SheetKey::at_of(last.number()) == kLastMinute);
    const SheetKey minute{RollupUnit::minute, Detail::task, 0, kLastMinute};
    CHECK(minute.number() + 1 == SheetKey{RollupUnit::minute, Detail::task, 1, 0}.number());
    CHECK(minute.number() < SheetKey{RollupUnit::hour, Detail::all, 0, 0}.number());
    for (std::size_t unit = 1; unit < kUnits; ++unit) CHECK(kUnitMinutes[unit] % kUnitMinutes[unit - 1] == 0);
}

TEST_CASE("percentiles are right to a sixteenth") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        RandomRows random(seed);
        LatencyCounts counts;
        std::vector<std::int64_t> latencies;
        const std::uint64_t count = 1 + random.below(400);
        for (std::uint64_t i = 0; i < count; ++i) {
            latencies.push_back(random.magnitude(31));
            REQUIRE(counts.add(pack_latency(static_cast<std::int32_t>(latencies.back()))));
        }
        std::sort(latencies.begin(), latencies.end());
        for (const std::int64_t thousandths : {1, 500, 950, 990, 1000}) {
            const std::uint64_t rank = (count * static_cast<std::uint64_t>(thousandths) + 999) / 1000;
            const std::int64_t exact = latencies[rank - 1];
            CHECK(std::abs(*counts.percentile(thousandths) - exact) <= exact / 16);
        }
    }
    LatencyCounts none;
    CHECK_FALSE(none.percentile(500));
    CHECK(latency_bucket(-1) == 0);
    CHECK(latency_bucket(std::numeric_limits<std::int32_t>::max()) == kLatencyBuckets - 1);
}

TEST_CASE("counts of latencies stay at the end of their range, and what is malformed is refused") {
    LatencyCounts counts;
    const std::string most = "\x05\xFF\xFF\xFF\xFF\x0F";
    CHECK(counts.add("\x05\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"));
    CHECK(counts.packed() == most);
    CHECK(counts.add(most));
    CHECK(counts.packed() == most);
    counts.add(counts);
    CHECK(counts.packed() == most);
    CHECK(*counts.percentile(990) == 5);
    CHECK_FALSE(counts.add("\x05"));
    CHECK_FALSE(counts.add(std::string("\xFF\x01", 2)));
}
