#include "admin/forecast_view.h"

#include <doctest/doctest.h>

#include <cmath>
#include <thread>

#include "admin/alert_rules.h"
#include "admin/budget_requests.h"
#include "store/ledger_testing.h"

using namespace weir;
using namespace weir::admin;
using limits::BudgetOf;
using store::testing::open_ledger;
using store::testing::TempFolder;

namespace {

constexpr Micros kHour = 3'600'000'000;
constexpr std::int64_t kNowHour = 20'420 * 24 + 15;  // 2025-11-28 15:00
constexpr Micros kNow = kNowHour * kHour + kHour / 2;

// Six weeks: a cent each half hour from acme for model m, half of it from b for p/n, and 0.2 cents on Weir's own
// account.
struct Ledger {
    TempFolder folder;
    std::unique_ptr<store::SqliteLedger> ledger = open_ledger(folder.path());

    void add(RequestIds& ids, const char* tenant, const char* model, std::uint64_t task, store::Purpose purpose,
             std::int64_t nanos) {
        store::LedgerRow row;
        row.id = ids.next();
        row.status = 200;
        row.tenant = ledger->intern(tenant);
        row.reference = ledger->intern(model);
        row.task = task;
        row.purpose = purpose;
        row.cost = Usd{nanos};
        row.attempt_count = 1;
        row.attempts[0].priced = true;
        row.attempts[0].cost = row.cost;
        while (!ledger->append(0, row)) std::this_thread::yield();
    }
    Ledger() {
        for (std::int64_t half = -6 * 7 * 48; half < 1; ++half) {
            const FakeClock clock((kNowHour * 2 + half) * kHour / 2 + kHour / 4);
            RequestIds ids(clock, 0);
            add(ids, "acme", "p/m", 7, store::Purpose::request, 10'000'000);
            add(ids, "b", "p/n", 8, store::Purpose::request, 5'000'000);
            add(ids, "acme", "p/m", 7, store::Purpose::audit, 2'000'000);
        }
        ledger->name_task(0, 7, "triage");
        REQUIRE(ledger->flush());
    }
};

limits::BudgetBook::View budget(const char* name, BudgetOf of, const char* whose, double limit, limits::Span span) {
    limits::BudgetBook::View view;
    view.rules.name = name;
    view.rules.of = of;
    view.rules.whose = whose;
    view.rules.span = span;
    view.now.limit = from_dollars(limit);
    const limits::TimeWindow window = limits::calendar_window(span, {}, kNow);
    view.now.start = window.start;
    view.now.end = window.end;
    return view;
}

}  // namespace

TEST_CASE("budgets are forecast from what they count, in their windows") {
    const Ledger world;
    SpendReader reader;
    using limits::Span;
    std::vector<limits::BudgetBook::View> views{
        budget("all", BudgetOf::all, "", 1, Span::day),         budget("acme", BudgetOf::tenant, "acme", 1, Span::day),
        budget("nobody", BudgetOf::tenant, "x", 1, Span::day),  budget("model", BudgetOf::model, "n*", 1, Span::day),
        budget("task", BudgetOf::task, "triage", 1, Span::day), budget("key", BudgetOf::key, "abc", 1, Span::day)};
    for (auto& view : views) view.now.spent = from_dollars(0.31);
    limits::BudgetBook::View rolling = budget("rolling", BudgetOf::all, "", 1, Span::day);
    rolling.rules.rolling = true;
    rolling.now.spent = from_dollars(48 * 0.017);
    views.push_back(rolling);
    const auto made = forecast_budgets(reader, world.folder.path(), views, kNow);
    REQUIRE(made);
    REQUIRE(made->size() == views.size());
    const auto of = [&](std::string_view name) -> const BudgetForecast& {
        for (const auto& one : *made) {
            if (one.budget.rules.name == name) return one;
        }
        throw std::runtime_error("none");
    };
    // 8.5 hours are left of the day, at 3.4 cents an hour.
    CHECK(of("all").at_end.expected == doctest::Approx(0.31 + 8.5 * 0.034).epsilon(0.02));
    CHECK(of("acme").at_end.expected == doctest::Approx(0.31 + 8.5 * 0.024).epsilon(0.02));
    CHECK(of("model").at_end.expected == doctest::Approx(0.31 + 8.5 * 0.01).epsilon(0.02));
    CHECK(of("task").at_end.expected == doctest::Approx(0.31 + 8.5 * 0.024).epsilon(0.02));
    CHECK(of("all").basis == limits::SpendForecast::Basis::weekly);
    CHECK(of("all").chance_over == 0);
    CHECK_FALSE(of("all").reaches_unix);
    CHECK(of("nobody").at_end.high == doctest::Approx(0.31));
    CHECK(of("key").basis == limits::SpendForecast::Basis::little);  // 0.31 in 15.5 hours is 2 cents an hour
    CHECK(of("key").at_end.expected == doctest::Approx(0.31 + 8.5 * 0.02).epsilon(0.02));
    CHECK(of("key").at_end.high > of("key").at_end.expected);
    CHECK(of("rolling").end_unix == kNow + 24 * kHour);
    CHECK(of("rolling").at_end.expected == doctest::Approx(24 * 0.034).epsilon(0.02));
    CHECK_FALSE(of("rolling").reaches_unix);  // as much leaves it as comes

    // One that does not suffice: when.
    limits::BudgetBook::View tight = budget("tight", BudgetOf::all, "", 0.31 + 4 * 0.034, limits::Span::day);
    tight.now.spent = from_dollars(0.31);
    const auto late = forecast_budgets(reader, world.folder.path(), {tight}, kNow);
    REQUIRE(late);
    CHECK(late->front().chance_over == 1);
    REQUIRE(late->front().reaches_unix);
    CHECK(std::abs(*late->front().reaches_unix - (kNow + 4 * kHour)) < kHour / 4);
    Findings found;
    look_at_forecast(*late, found);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == AlertKind::budget_forecast);
    CHECK(found[0].begins);
    CHECK(found[0].text.find("the limit is 0.45 (day); it is reached at about 2025-11-28T19:") != std::string::npos);
}

TEST_CASE("the windows' sums are the ledger's, in the zone that is asked for") {
    const Ledger world;
    SpendReader reader;
    const auto told = render_forecast(reader, world.folder.path(), "time_zone=Europe/Berlin", {}, kNow);
    REQUIRE(told);
    // From 00:00 in Berlin, 23:00 UTC: 33 half hours so far, 7.5 hours to come.
    CHECK(told->find(R"({"window":"day","tenant":null,"start_unix_us":1764284400000000,"end_unix_us":1764370800000000,)"
                     R"("spent_usd":0.561,)") != std::string::npos);
    REQUIRE(told->find(R"("tenant":"b")") != std::string::npos);
    CHECK(told->find(R"("tenant":"acme")") < told->find(R"("tenant":"b")"));
    CHECK(told->find(R"("basis":"weekly profile")") != std::string::npos);
    CHECK(told->find(R"("budgets":[])") != std::string::npos);
    CHECK(told->find(R"("time_zone":"Europe/Berlin")") != std::string::npos);
    CHECK(told->find(":nan") == std::string::npos);
    const auto wrong = render_forecast(reader, world.folder.path(), "time_zone=Nowhere", {}, kNow);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().message.find("time_zone") != std::string::npos);
    CHECK_FALSE(render_forecast(reader, world.folder.path(), "since=1h", {}, kNow));
}

TEST_CASE("a ledger of a minute says that it is too little") {
    const TempFolder folder;
    const auto ledger = open_ledger(folder.path());
    SpendReader reader;
    const auto told = render_forecast(reader, folder.path(), {}, {}, kNow);
    REQUIRE(told);
    CHECK(told->find(R"("basis":"too little history")") != std::string::npos);
    CHECK(told->find(R"("expected_usd":0,"low_usd":0,"high_usd":0)") != std::string::npos);
}

TEST_CASE("what stands beside budgets is kept for half a minute, unless they change") {
    const Ledger world;
    SpendReader reader;
    BudgetForecasts forecasts(reader);
    using limits::Span;
    std::vector<limits::BudgetBook::View> views{budget("all", BudgetOf::all, "", 1, Span::day),
                                                budget("key", BudgetOf::key, "abc", 1, Span::day)};
    for (auto& view : views) view.now.spent = from_dollars(0.31);
    const auto expected = [&](Micros now) {
        const auto& made = forecasts.look(world.folder.path(), views, now);
        REQUIRE(made.size() == 2);
        return made.at({"all", ""}).at_end.expected;
    };
    const double first = expected(kNow);
    CHECK(first == doctest::Approx(0.31 + 8.5 * 0.034).epsilon(0.02));
    views[0].now.spent = from_dollars(0.32);
    CHECK(expected(kNow + BudgetForecasts::kKeptMicros - 1) == first);
    CHECK(expected(kNow + BudgetForecasts::kKeptMicros) == doctest::Approx(first + 0.01).epsilon(0.01));
    views[0].now.spent = from_dollars(0.9);
    views[0].now.limit = from_dollars(2);
    CHECK(expected(kNow + BudgetForecasts::kKeptMicros) == doctest::Approx(first + 0.59).epsilon(0.01));

    const auto& made = forecasts.look(world.folder.path(), views, kNow + BudgetForecasts::kKeptMicros);
    views[0].now.spent = from_dollars(1.5);  // more than was expected of all of the day: so much is sure
    const std::string told = render_budgets(views, made);
    CHECK(told.find(R"("forecast":{"end_unix_us":1764374400000000,"expected_usd":1.5,"low_usd":1.5,"high_usd":1.5,)"
                    R"("basis":"weekly profile","chance_over":0,"reaches_limit_unix_us":null}})") != std::string::npos);
    CHECK(told.find(R"("basis":"too little history","chance_over":null,)") != std::string::npos);

    // Without a ledger, and of budgets beyond kMostForecasts, there is none.
    const TempFolder empty;
    BudgetForecasts none(reader);
    CHECK(none.look(empty.path(), views, kNow).empty());
    CHECK(render_budgets(views, {}).find(R"("forecast":null})") != std::string::npos);
}
