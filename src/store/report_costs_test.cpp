#include "store/report_costs.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "store/ledger_testing.h"
#include "store/report.h"

using namespace weir;
using namespace weir::store;
using testing::open_ledger;
using testing::RandomRows;
using testing::TempFolder;

TEST_CASE("the parts of what was spent add up to the ledger's total, to the nano-dollar") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        CAPTURE(seed);
        RandomRows random(seed);
        const TempFolder folder;
        SqliteLedger::Options options;
        options.folder = folder.path();
        options.fold_rows = 1 + random.below(40);
        auto ledger = open_ledger(options);
        for (const char* name : {"alpha", "beta", "gamma"}) REQUIRE(ledger->intern(name) > 0);
        Usd by_purpose[5];
        const FakeClock clock;
        RequestIds ids(clock, 0);
        for (int i = 0; i < 200; ++i) {
            LedgerRow row = random.row(ids.next());
            row.purpose = static_cast<Purpose>(random.below(5));
            by_purpose[static_cast<std::size_t>(row.purpose)] += row.cost;
            REQUIRE(ledger->append(0, row));
        }
        REQUIRE(ledger->flush().has_value());
        ReportQuery query;
        query.by = GroupBy::task;
        query.costs = true;
        const auto told = report(folder.path(), query);
        REQUIRE(told.has_value());
        CostLine sum;
        for (const CostLine& line : told->costs) sum += line;
        CHECK(sum.spent.total() == told->total.cost);
        CHECK(sum.counterfactual == told->total.counterfactual);
        CHECK(sum.saved == told->total.saved);
        CHECK(sum.requests == told->total.requests);
        CHECK(sum.spent.answers + sum.spent.passed_over == by_purpose[0]);
        CHECK(sum.spent.audits == by_purpose[1]);
        CHECK(sum.spent.refreshes == by_purpose[2]);
        CHECK(sum.spent.judges == by_purpose[3]);
        CHECK(sum.spent.trials == by_purpose[4]);
        for (const CostLine& line : told->costs) {
            if (line.task == 0) continue;
            const auto same = std::count_if(told->costs.begin(), told->costs.end(), [&](const CostLine& other) {
                return other.task == line.task && other.cascade == line.cascade && other.reference == line.reference;
            });
            CHECK(same == 1);
        }
        query.costs = false;
        CHECK(report(folder.path(), query)->costs.empty());
    }
}

TEST_CASE("an answer costs what its own attempt did; what failed before is passed over") {
    LedgerRow row;
    row.tier = TierKind::model;
    row.attempt_count = 3;
    row.attempts[0].outcome = Outcome::timed_out;
    row.attempts[0].cost = Usd{5};
    row.attempts[1].outcome = Outcome::declined;
    row.attempts[1].cost = Usd{7};
    row.attempts[2].outcome = Outcome::served;
    row.attempts[2].cost = Usd{11};
    row.cost = Usd{23};
    row.counterfactual = Usd{100};
    row.counterfactual_how = Counterfactual::repriced;
    CostLine line;
    add_row(row, "p/mid", line);
    CHECK(line.spent.answers == Usd{11});
    CHECK(line.spent.passed_over == Usd{12});
    CHECK(line.by_tier == std::map<std::string, std::uint64_t>{{"p/mid", 1}});
    CHECK(line.past_caches_counterfactual == Usd{100});
    row.tier = TierKind::exact;
    row.attempt_count = 0;
    row.cost = Usd{0};
    add_row(row, "p/big", line);
    CHECK(line.by_tier.at("exact") == 1);
    CHECK(line.requests == 2);
    CHECK(line.past_caches == 1);
    CHECK(line.counterfactual == Usd{200});
    CHECK(line.saved == Usd{177});
}
