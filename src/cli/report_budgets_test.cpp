#include <doctest/doctest.h>

#include "cli/report_command.h"

using namespace weir;
using namespace weir::cli;
using admin::BudgetForecast;
using limits::BudgetOf;

namespace {

constexpr Micros kNow = 1'738'324'800'000'000;  // 2025-01-31 12:00 UTC
constexpr Micros kHour = 3'600'000'000;

admin::BudgetReport typical() {
    admin::BudgetReport report;
    report.count = 1'201;
    BudgetForecast& teams = report.budgets.emplace_back();
    teams.budget.rules.name = "teams";
    teams.budget.rules.of = BudgetOf::tenant;
    teams.budget.rules.each = true;
    teams.budget.rules.span = limits::Span::day;
    teams.budget.instance = "acme";
    teams.budget.now.limit = from_dollars(50);
    teams.budget.now.spent = from_dollars(31.256);
    teams.budget.now.share = 0.62512;
    teams.basis = limits::SpendForecast::Basis::weekly;
    teams.at_end = {55, 48.5, 61.25};
    teams.end_unix = kNow + 12 * kHour;
    teams.chance_over = 0.812;
    teams.reaches_unix = kNow + 9 * kHour;
    BudgetForecast& key = report.budgets.emplace_back();
    key.budget.rules.name = "ci";
    key.budget.rules.of = BudgetOf::key;
    key.budget.rules.whose = "0123456789ab";
    key.budget.rules.span = limits::Span::hour;
    key.budget.rules.rolling = true;
    key.budget.now.limit = from_dollars(5);
    key.at_end = {0.25, 0, 0.75};
    key.end_unix = kNow + kHour;
    return report;
}

}  // namespace

TEST_CASE("budgets in a report: spent, limit, what is expected") {
    CHECK(
        render_budgets(typical()) ==
        R"table(BUDGET  OF                WINDOW         SPENT      LIMIT    USED   EXPECTED  80 % WITHIN       BY (UTC)          LIMIT REACHED
teams   tenant acme       day           $31.26     $50.00  62.5 %     $55.00  $48.50 to $61.25  2025-02-01 00:00  2025-01-31 21:00
ci      key 0123456789ab  last hour  $0.000000  $5.000000   0.0 %  $0.250000  -                 2025-01-31 13:00  -
The fullest of 1,201.
Without an interval: at the mean pace so far. There is one after two weeks, but not for budgets of keys.

)table");
    CHECK(render_budgets({}).empty());
}

TEST_CASE("budgets in a report as JSON; money is exact") {
    CHECK(budgets_json(typical()) == R"json(  "budgets": [
    {"name": "teams", "of": "tenant", "whose": "acme", "window": "day", "rolling": false, "time_zone": "UTC", "end": "2025-02-01T00:00:00Z",
     "limit_usd": "50", "spent_usd": "31.256", "expected_usd": "55", "low_usd": "48.5", "high_usd": "61.25",
     "basis": "weekly profile", "chance_over": 0.812, "reaches_limit": "2025-01-31T21:00:00Z"},
    {"name": "ci", "of": "key", "whose": "0123456789ab", "window": "hour", "rolling": true, "time_zone": "UTC", "end": "2025-01-31T13:00:00Z",
     "limit_usd": "5", "spent_usd": "0", "expected_usd": "0.25", "low_usd": "0", "high_usd": "0.75",
     "basis": "too little history", "chance_over": null, "reaches_limit": null}
  ],
  "budgets_in_all": 1201)json");
    CHECK(budgets_json({}) == "  \"budgets\": [],\n  \"budgets_in_all\": 0");
    const ReportContext context{"./weir-data", "24h", store::GroupBy::task, kNow - 24 * kHour, kNow};
    CHECK(render_json({}, context).find("budgets") == std::string::npos);
    CHECK(render_json({}, context, {}, typical()).find("\"budgets_in_all\": 1201") != std::string::npos);
    const std::string idle = render_table({}, context, {}, typical());
    CHECK(idle.find("No requests in this time") < idle.find("tenant acme"));
}
