// Budgets as they are configured: what is read, and what is wrong with them.
#include <doctest/doctest.h>

#include <fstream>

#include "base/folder_testing.h"
#include "cli/config_testing.h"

using namespace weir;
using namespace weir::cli;
using namespace weir::cli::testing;

namespace {

std::string with_budget(const std::string& members) {
    return kProvider + "budgets:\n  - { name: b, limit_usd: 1, window: day" + members + " }\n";
}

}  // namespace

TEST_CASE("budgets are read") {
    using limits::BudgetAction;
    using limits::BudgetOf;
    const gateway::Options options = good(
        kProvider +
        "budgets:\n"
        "  - { name: all, limit_usd: 500, window: month, time_zone: UTC }\n"
        "  - { name: teams, of: { each: tenant }, limit_usd: 0.25, window: day, at_80: downgrade, at_100: downgrade }\n"
        "  - { name: ci, of: { key: ci }, limit_usd: 5, window: hour, rolling: true, at_100: queue, queue_for: 5s }\n"
        "  - { name: dear, of: { model: \"gpt-5*\" }, limit_usd: 20, window: week, outgrow: cut, unpriced: refuse }\n"
        "  - { name: soft, of: { task: triage }, limit_usd: 1, window: day, hard: false }\n");
    REQUIRE(options.budgets.size() == 5);
    CHECK(options.budgets[0].of == BudgetOf::all);
    CHECK(options.budgets[0].at_100 == BudgetAction::refuse);
    CHECK(options.budgets[1].each);
    CHECK(options.budgets[1].limit == Usd{250'000'000});
    CHECK(options.budgets[1].at_80 == BudgetAction::downgrade);
    CHECK(options.budgets[2].whose == "ci");
    CHECK(options.budgets[2].queue_micros == 5'000'000);
    CHECK(options.budgets[3].cut);
    CHECK(options.budgets[3].refuses_unpriced);
    CHECK(options.budgets[4].at_100 == BudgetAction::none);
}

TEST_CASE("what is wrong with a budget is said with its line") {
    struct Case {
        std::string text;
        Lines errors;
    };
    const std::string wants_of =
        "3: budgets.of is all, or one of { tenant: NAME }, { key: ID or NAME }, { task: NAME }, { model: GLOB }, "
        "{ each: tenant|key|task|model }";
    const std::string names_nobody = "3: budgets.of names nobody, or with more than 256 bytes";
    const std::vector<Case> cases{
        {kProvider + "budgets: []\n", {"2: budgets is a list such as [{ name: all, limit_usd: 100, window: month }]"}},
        {kProvider + "budgets: all\n", {"2: budgets is a list such as [{ name: all, limit_usd: 100, window: month }]"}},
        {kProvider + "budgets:\n  - { hard: true }\n",
         {"3: budgets: the key \"name\" is missing", "3: budgets: the key \"limit_usd\" is missing",
          "3: budgets: the key \"window\" is missing"}},
        {kProvider + "budgets:\n  - { name: \"A b\", limit_usd: many, window: year }\n",
         {"3: budgets.name: \"A b\" is no name: 1 to 64 of a-z 0-9 - _ .",
          "3: budgets.limit_usd: \"many\" is not an amount in USD, such as 5 or 0.25: not a decimal number",
          "3: budgets.window: \"year\" is none of hour, day, week, month"}},
        {with_budget(", name: b"), {"3: duplicate key \"name\": it stands in line 3 already"}},
        {kProvider + "budgets:\n  - { name: b, limit_usd: 1, window: day }\n"
                     "  - { name: b, limit_usd: 2, window: day }\n",
         {"4: budgets: there are two of the name b"}},
        {kProvider + "budgets:\n  - { name: b, limit_usd: -1, window: day }\n",
         {"3: budgets.limit_usd: \"-1\" is out of range: 0 to 1000000000 USD"}},
        {kProvider + "budgets:\n  - { name: b, limit_usd: 0.0, window: day }\n",
         {"3: budgets.limit_usd: \"0.0\" is no limit of a budget, which is more than 0 USD"}},
        {with_budget(", of: { tenant: a, task: b }"), {wants_of}},
        {with_budget(", of: {}"), {wants_of}},
        {with_budget(", of: everybody"), {wants_of}},
        {with_budget(", of: { each: user }"), {"3: budgets.of.each: \"user\" is none of tenant, key, task, model"}},
        {with_budget(", of: { key: \"" + std::string(257, 'k') + "\" }"), {names_nobody}},
        {with_budget(", of: { tenant: \"a b\" }"),
         {"3: budgets.of: a tenant's name has 1 to 64 of the characters A-Z a-z 0-9 . _ -"}},
        {with_budget(", rolling: true, time_zone: UTC"), {"3: budgets.time_zone means nothing for a rolling window"}},
        {with_budget(", time_zone: Mars/Olympus"),
         {"3: budgets.time_zone: there is no time zone of that name in /usr/share/zoneinfo (as in Europe/Berlin)"}},
        {with_budget(", hard: false, at_100: refuse, queue_for: 1s, outgrow: cut"),
         {"3: budgets.at_100 means nothing for a budget with hard: false, which refuses nothing",
          "3: budgets.queue_for means nothing for a budget with hard: false",
          "3: budgets.outgrow means nothing for a budget with hard: false"}},
        {with_budget(", queue_for: 1s"), {"3: budgets.queue_for is for at_100: queue"}},
        {with_budget(", at_100: queue, queue_for: 1h"), {"3: budgets.queue_for: \"1h\" is out of range: 1ms to 10m"}},
        {with_budget(", at_80: refuse"), {"3: budgets.at_80: \"refuse\" is none of none, downgrade"}},
        {with_budget(", at_100: stop, outgrow: wait, unpriced: guess"),
         {"3: budgets.at_100: \"stop\" is none of refuse, queue, downgrade",
          "3: budgets.outgrow: \"wait\" is none of extend, cut",
          "3: budgets.unpriced: \"guess\" is none of allow, refuse"}},
    };
    for (const Case& each : cases) {
        CAPTURE(each.text);
        CHECK(errors_of(each.text) == each.errors);
    }
}

TEST_CASE("the budgets alone, whatever else is in the file") {
    const TemporaryFolder folder;
    const std::string file = folder.path() + "/weir.yaml";
    std::ofstream(file) << "providers:\n  a: { key: ${NOT_SET} }\nbudgets:\n"
                           "  - { name: all, limit_usd: 5, window: day }\n";
    const auto rules = load_budget_rules(file, {});
    REQUIRE(rules);
    REQUIRE(rules->size() == 1);
    CHECK(rules->front().limit == Usd{5'000'000'000});
    std::ofstream(file) << "budgets:\n  - { name: all, limit_usd: much, window: day }\n";
    const auto wrong = load_budget_rules(file, {});
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().front().line == 2);
    CHECK_FALSE(load_budget_rules(folder.path() + "/none.yaml", {}));
}
