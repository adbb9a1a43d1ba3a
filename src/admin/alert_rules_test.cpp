#include "admin/alert_rules.h"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::admin;
using limits::BudgetBook;

namespace {

constexpr Micros kSecond = 1'000'000;
constexpr Micros kNow = 1'780'000'000 * kSecond;

BudgetBook::View budget(double spent, bool each = false, std::uint64_t refused = 0) {
    BudgetBook::View view;
    view.rules.name = "teams";
    view.rules.each = each;
    view.instance = each ? "acme" : "";
    view.now.limit = from_dollars(50);
    view.now.spent = from_dollars(spent);
    view.refused = refused;
    return view;
}

// "budget_near!", a word for each finding; with '!' where it begins an alert.
std::string words(const Findings& found) {
    std::string text;
    for (const Finding& one : found) {
        text += (text.empty() ? "" : " ") + std::string(to_string(one.kind)) + (one.begins ? "!" : "");
    }
    return text;
}

}  // namespace

TEST_CASE("a budget: near, spent, and spent where the last of it lets nobody in") {
    BudgetRule rule;
    const auto look = [&](double spent, std::uint64_t refused = 0) {
        Findings found;
        rule.look({budget(spent, false, refused)}, {}, found);
        return words(found);
    };
    CHECK(look(35) == "");
    CHECK(look(36.5) == "budget_near");
    CHECK(look(39.99) == "budget_near");
    CHECK(look(40) == "budget_near!");
    CHECK(look(45) == "budget_spent budget_near!");
    CHECK(look(48, 0) == "budget_spent budget_near!");
    CHECK(look(48, 2) == "budget_spent! budget_near");
    CHECK(look(48, 2) == "budget_spent budget_near!");
    CHECK(look(50, 2) == "budget_spent! budget_near");
    BudgetBook::View small = budget(0.08);
    small.now.limit = from_dollars(0.1);
    Findings found;
    rule.look({small}, {}, found);
    CHECK(words(found) == "budget_near!");
    found.clear();
    rule.look({budget(40.5, true)}, {}, found);
    REQUIRE(found.size() == 1);
    CHECK(found[0].of == "teams/acme");
    CHECK(found[0].text == "81 % of 50.00 USD (month) is spent");
}

TEST_CASE("forecasts are made anew by time, and when a window ends") {
    constexpr Micros kNow = 1'764'500'000 * kSecond;
    CHECK(good_until({}, kNow) == kNow + kForecastMicros);
    BudgetForecast long_one, short_one, over;
    long_one.end_unix = kNow + 24 * 3600 * kSecond;
    short_one.end_unix = kNow + 40 * kSecond;
    over.end_unix = kNow;
    CHECK(good_until({long_one}, kNow) == kNow + kForecastMicros);
    CHECK(good_until({long_one, short_one, over}, kNow) == kNow + 40 * kSecond);
}

TEST_CASE("a forecast over the limit") {
    BudgetForecast forecast;
    forecast.budget = budget(30);
    forecast.at_end = {60, 52, 71};
    forecast.end_unix = 1'764'547'200 * kSecond;
    forecast.reaches_unix = 1'764'500'000 * kSecond;
    const auto look = [&](std::optional<double> chance) {
        forecast.chance_over = chance;
        Findings found;
        look_at_forecast({forecast}, found);
        return found;
    };
    CHECK(words(look(std::nullopt)) == "");
    CHECK(words(look(0.3)) == "");
    CHECK(words(look(0.4)) == "budget_forecast");
    const Findings found = look(0.9);
    CHECK(words(found) == "budget_forecast!");
    CHECK(found[0].text ==
          "60.00 USD are expected by 2025-12-01T00:00Z (52.00 to 71.00), the limit is 50.00 (month); it is reached at "
          "about 2025-11-30T10:53Z");
    forecast.budget.now.spent = from_dollars(50);
    CHECK(words(look(1)) == "budget_forecast");
}

TEST_CASE("errors: a share of the requests of a window, from some requests on") {
    ErrorRule rule;
    telemetry::AlertOptions options;
    Micros now = kNow;
    std::uint64_t all = 1'000, bad = 900;  // before it looked
    const auto look = [&](std::uint64_t more, std::uint64_t wrong) {
        now += 10 * kSecond;
        Findings found;
        rule.look(all += more, bad += wrong, options, now, found);
        return words(found);
    };
    CHECK(look(0, 0) == "");
    CHECK(look(19, 19) == "");
    CHECK(look(1, 0) == "errors!");
    for (int i = 0; i < 27; ++i) CHECK(look(0, 0) == "errors!");
    CHECK(look(400, 0) == "errors");  // 4.5 % of 420
    for (int i = 0; i < 3; ++i) look(0, 0);
    CHECK(look(0, 0) == "");  // the errors are behind
    CHECK(look(100, 5) == "");
    CHECK(look(100, 50) == "errors!");
    // However often it is looked.
    ErrorRule busy;
    for (int i = 0; i < 100'000; ++i) {
        Findings found;
        busy.look(static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(i / 2), options, kNow + i * 10'000, found);
        if (i == 99'999) CHECK(found.at(0).text.find("ended with 5xx") != std::string::npos);
    }
}

TEST_CASE("losses are told for ten minutes from the last on") {
    LossRule rule(AlertKind::ledger_lost, "rows");
    telemetry::AlertOptions options;
    Findings found;
    rule.look(0, options, kNow, found);
    CHECK(found.empty());
    rule.look(5, options, kNow + kSecond, found);
    rule.look(8, options, kNow + 2 * kSecond, found);
    REQUIRE(words(found) == "ledger_lost! ledger_lost!");
    CHECK(found[1].text.starts_with("8 rows were lost"));
    found.clear();
    rule.look(8, options, kNow + 601 * kSecond, found);
    CHECK(found.size() == 1);
    rule.look(8, options, kNow + 602 * kSecond, found);
    CHECK(found.size() == 1);
    rule.look(9, options, kNow + 700 * kSecond, found);
    REQUIRE(found.size() == 2);
    CHECK(found[1].text.starts_with("1 rows were lost"));
    options.losses_micros = 2 * kSecond;
    found.clear();
    rule.look(9, options, kNow + 701 * kSecond, found);
    CHECK(found.size() == 1);
    rule.look(9, options, kNow + 702 * kSecond, found);
    CHECK(found.size() == 1);
}

TEST_CASE("drift, until its task is served by cheaper tiers again, or for a day") {
    using cascade::Decision;
    Decision novel;
    novel.kind = Decision::Kind::novel;
    novel.course = "c";
    novel.task = 7;
    novel.unix_micros = kNow;
    Decision certified = novel;
    certified.kind = Decision::Kind::renewed;  // of the other tasks' trials
    certified.task = 0;
    certified.unix_micros = kNow + kSecond;
    Decision promoted = certified;
    promoted.kind = Decision::Kind::promoted;
    promoted.task = 7;
    Decision another = promoted;
    another.task = 8;
    const auto look = [](const std::vector<Decision>& decisions, Micros now) {
        Findings found;
        look_at_drift(decisions, now, found);
        return found;
    };
    const Findings found = look({novel, novel}, kNow + kSecond);
    REQUIRE(found.size() == 1);
    CHECK(found[0].of == "c, task 0000000000000007");
    CHECK(look({another, certified, novel}, kNow + kSecond).size() == 1);
    CHECK(look({promoted, novel}, kNow + kSecond).empty());
    CHECK(look({novel, promoted}, kNow + kSecond).size() == 1);  // a later one
    CHECK(look({novel}, kNow + kDriftMicros).empty());
}

TEST_CASE("the disk, and prices that change or are old") {
    Findings found;
    look_at_disk(1ull << 31, {}, found);
    CHECK(found.empty());
    look_at_disk((1ull << 30) + 1, {}, found);
    look_at_disk((1ull << 30) - 1, {}, found);
    CHECK(words(found) == "disk_full disk_full!");

    std::map<std::string, PriceSeen> seen;
    const std::vector<PriceInUse> first{{"p/a", "1 / 2", "2026-05-01"}, {"p/b", "3 / 4", ""}};
    CHECK(note_prices(first, kNow, seen));
    CHECK_FALSE(note_prices(first, kNow + 1, seen));
    found.clear();
    look_at_prices(first, seen, kNow, found);
    CHECK(found.empty());  // a model's first price is no change
    const std::vector<PriceInUse> second{{"p/a", "1 / 3", "2025-01-01"}, {"p/c", "unknown", "not a date"}};
    CHECK(note_prices(second, kNow + kSecond, seen));
    CHECK(seen.size() == 2);
    look_at_prices(second, seen, kNow + kSecond, found);
    CHECK(words(found) == "prices_changed! prices_stale!");
    CHECK(found[0].text == "its price was 1 / 2, and is 1 / 3");
    CHECK(found[1].text.ends_with("p/a on 2025-01-01"));
    found.clear();
    look_at_prices(second, seen, kNow + kSecond + kPriceMicros, found);
    CHECK(words(found) == "prices_stale!");
}
