#include "admin/budget_report.h"

#include <doctest/doctest.h>

#include <fstream>
#include <thread>

#include "limits/budget_file.h"
#include "store/ledger_testing.h"

using namespace weir;
using namespace weir::admin;
using limits::BudgetOf;
using limits::BudgetRecord;
using limits::BudgetRules;
using limits::Span;

namespace {

constexpr Micros kHour = 3'600'000'000;
constexpr std::int64_t kToday = 20'420 * 24;  // 2025-11-28 00:00
constexpr Micros kNow = (kToday + 15) * kHour + kHour / 2;

BudgetRules rules(const char* name, BudgetOf of, const char* whose, Span span) {
    BudgetRules made;
    made.name = name;
    made.of = of;
    made.whose = whose;
    made.span = span;
    made.limit = from_dollars(1);
    return made;
}

// Today 10 cents of acme's and 5 of b's, yesterday 40 of acme's.
struct World {
    store::testing::TempFolder folder;

    World() {
        const auto ledger = store::testing::open_ledger(folder.path());
        const auto add = [&](std::int64_t hour, const char* tenant, double dollars) {
            const FakeClock clock(hour * kHour + kHour / 3);
            RequestIds ids(clock, 0);
            store::LedgerRow row;
            row.id = ids.next();
            row.status = 200;
            row.tenant = ledger->intern(tenant);
            row.cost = from_dollars(dollars);
            row.attempt_count = 1;
            row.attempts[0].priced = true;
            row.attempts[0].cost = row.cost;
            while (!ledger->append(0, row)) std::this_thread::yield();
        };
        add(kToday - 3, "acme", 0.4);
        add(kToday + 2, "acme", 0.06);
        add(kToday + 15, "acme", 0.04);
        add(kToday + 9, "b", 0.05);
        REQUIRE(ledger->flush());
    }
    void store(const std::vector<BudgetRecord>& records) const {
        REQUIRE(limits::save_budgets(limits::budgets_path(folder.path()), records));
    }
    BudgetReport read(const std::vector<BudgetRules>& list) const {
        auto report = read_budget_report(folder.path(), list, kNow);
        REQUIRE(report);
        return std::move(*report);
    }
    double spent(const BudgetRules& one) const {
        const BudgetReport report = read({one});
        REQUIRE(report.budgets.size() == 1);
        return to_dollars(report.budgets[0].budget.now.spent);
    }
};

std::int64_t cents(double count) {
    return from_dollars(count / 100).nanos;
}

}  // namespace

TEST_CASE("what was spent is the smaller of what the file and what the ledger say") {
    const World world;
    const Micros start = kToday * kHour;
    world.store({{"leased", "", start, cents(15.5), {}},
                 {"new", "", start, cents(7), {}},
                 {"old", "", start - 24 * kHour, cents(70), {}},
                 {"key", "", start, cents(3), {}}});
    CHECK(world.spent(rules("leased", BudgetOf::all, "", Span::day)) == doctest::Approx(0.15));
    CHECK(world.spent(rules("new", BudgetOf::all, "", Span::day)) == doctest::Approx(0.07));
    CHECK(world.spent(rules("old", BudgetOf::all, "", Span::day)) == 0);
    CHECK(world.spent(rules("never seen", BudgetOf::all, "", Span::day)) == 0);
    CHECK(world.spent(rules("key", BudgetOf::key, "abc", Span::day)) == doctest::Approx(0.03));
    CHECK(world.spent(rules("leased", BudgetOf::tenant, "acme", Span::day)) == doctest::Approx(0.10));
}

TEST_CASE("of a rolling budget it is what lies in its window") {
    const World world;
    const Micros slot = 24 * kHour / 60;
    const std::int64_t newest = kNow / slot;
    BudgetRules last = rules("last", BudgetOf::all, "", Span::day);
    last.rolling = true;
    std::vector<std::pair<std::int64_t, std::int64_t>> slots{{newest, cents(1)}, {newest - 60, cents(2)}};
    slots.emplace_back(newest - 61, cents(4));
    world.store({{"last", "", newest * slot, cents(7), slots}});
    CHECK(world.spent(last) == doctest::Approx(0.03));
    world.store({{"last", "", newest * slot, cents(99), slots}});  // leased: no more than the ledger has
    CHECK(world.spent(last) == doctest::Approx(0.55));
    CHECK(world.read({last}).budgets[0].end_unix == kNow + 24 * kHour);
}

TEST_CASE("one for each is one for each that the file has; the fullest come first; shares and what is expected") {
    const World world;
    const Micros start = kToday * kHour;
    world.store({{"each", "", start, 5, {}},
                 {"each", "acme", start, cents(20), {}},
                 {"each", "b", start, cents(20), {}},
                 {"each-other", "c", start, cents(20), {}}});
    BudgetRules each = rules("each", BudgetOf::tenant, "", Span::day);
    each.each = true;
    each.limit = from_dollars(0.2);
    const BudgetReport report = world.read({each, rules("all", BudgetOf::all, "", Span::day)});
    CHECK(report.count == 3);
    REQUIRE(report.budgets.size() == 3);
    CHECK(report.budgets[0].budget.instance == "acme");
    CHECK(report.budgets[0].budget.now.share == doctest::Approx(0.5));
    CHECK(report.budgets[1].budget.instance == "b");
    CHECK(report.budgets[1].at_end.expected > 0.05);
    CHECK(report.budgets[1].basis == limits::SpendForecast::Basis::little);
    CHECK(report.budgets[2].budget.rules.name == "all");
    CHECK(world.read({}).count == 0);
}

TEST_CASE("a damaged file and a folder without a ledger are errors") {
    const World world;
    std::ofstream(limits::budgets_path(world.folder.path())) << "no budgets\n";
    const std::vector<BudgetRules> list{rules("all", BudgetOf::all, "", Span::day)};
    const auto damaged = read_budget_report(world.folder.path(), list, kNow);
    REQUIRE_FALSE(damaged);
    CHECK(damaged.error().code == ErrorCode::invalid);
    const store::testing::TempFolder empty;
    CHECK_FALSE(read_budget_report(empty.path(), list, kNow));
    CHECK(read_budget_report(empty.path(), {}, kNow));
}
