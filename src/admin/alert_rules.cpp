#include "admin/alert_rules.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <set>

namespace weir::admin {
namespace {

using limits::BudgetBook;

constexpr double kSpentWithRefusals = 0.95;  // nothing is let in any more from here on (limits/budget.h)
constexpr double kDiskEnds = 1.25;
constexpr Micros kMostErrorSamples = 300;  // of the time that is looked at

std::string window_text(const limits::BudgetRules& rules) {
    return (rules.rolling ? "last " : "") + std::string(limits::to_string(rules.span));
}

std::string time_text(Micros unix_micros) {
    using namespace std::chrono;
    const auto seconds = unix_micros / 1'000'000;
    const year_month_day date{sys_days(days(seconds / 86'400))};
    char text[48];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(seconds / 3600 % 24), static_cast<int>(seconds / 60 % 60));
    return text;
}

std::optional<Micros> day_of(std::string_view text) {
    using namespace std::chrono;
    int year = 0;
    unsigned month = 0, day = 0;
    if (std::sscanf(std::string(text).c_str(), "%4d-%2u-%2u", &year, &month, &day) != 3) return std::nullopt;
    const year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
    if (!date.ok()) return std::nullopt;
    return Micros{sys_days(date).time_since_epoch().count()} * kDayMicros;
}

}  // namespace

std::string subject_of(const BudgetBook::View& budget) {
    return budget.rules.each ? budget.rules.name + "/" + budget.instance : budget.rules.name;
}

std::string dollars_text(double dollars) {
    char text[48];
    std::snprintf(text, sizeof text, "%.*f", std::abs(dollars) >= 0.01 || dollars == 0 ? 2 : 6, dollars);
    return text;
}

std::string percent_text(double share) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g %%", share * 100);
    return text;
}

void BudgetRule::look(const std::vector<BudgetBook::View>& budgets, const telemetry::AlertOptions& options,
                      Findings& to) {
    std::map<std::string, std::uint64_t> refused;
    for (const BudgetBook::View& budget : budgets) {
        const double limit = to_dollars(budget.now.limit);
        // Of whole numbers: 0.08 / 0.1 is less than 0.8.
        const double share = budget.now.limit.nanos > 0 ? static_cast<double>(budget.now.spent.nanos) /
                                                              static_cast<double>(budget.now.limit.nanos)
                                                        : 1;
        const std::string of = subject_of(budget);
        const auto before = refused_.find(of);
        const bool refuses = budget.rules.hard && before != refused_.end() && budget.refused > before->second;
        refused[of] = budget.refused;
        const std::string text =
            percent_text(share) + " of " + dollars_text(limit) + " USD (" + window_text(budget.rules) + ") is spent";
        const bool is_spent = share >= 1 || (share >= kSpentWithRefusals && refuses);
        if (share >= kEnds) to.push_back({AlertKind::budget_spent, of, text, is_spent});
        if (share >= options.budget_near * kEnds) {
            to.push_back({AlertKind::budget_near, of, text, share >= options.budget_near && !is_spent});
        }
    }
    refused_ = std::move(refused);
}

void look_at_forecast(const std::vector<BudgetForecast>& forecasts, Findings& to) {
    for (const BudgetForecast& forecast : forecasts) {
        const BudgetBook::View& budget = forecast.budget;
        if (!forecast.chance_over || *forecast.chance_over < kLikelyEnds) continue;
        std::string text = dollars_text(forecast.at_end.expected) + " USD are expected by " +
                           time_text(forecast.end_unix) + " (" + dollars_text(forecast.at_end.low) + " to " +
                           dollars_text(forecast.at_end.high) + "), the limit is " +
                           dollars_text(to_dollars(budget.now.limit)) + " (" + window_text(budget.rules) + ")";
        if (forecast.reaches_unix) text += "; it is reached at about " + time_text(*forecast.reaches_unix);
        const bool over = budget.now.spent >= budget.now.limit;  // that is another alert
        to.push_back({AlertKind::budget_forecast, subject_of(budget), text, *forecast.chance_over >= kLikely && !over});
    }
}

Micros good_until(const std::vector<BudgetForecast>& forecasts, Micros now_unix) {
    Micros until = now_unix + kForecastMicros;
    for (const BudgetForecast& forecast : forecasts) {
        if (forecast.end_unix > now_unix) until = std::min(until, forecast.end_unix);
    }
    return until;
}

void ErrorRule::look(std::uint64_t answers, std::uint64_t bad, const telemetry::AlertOptions& options, Micros now_unix,
                     Findings& to) {
    const std::size_t count = samples_.size();
    if (count >= 2 && now_unix - samples_[count - 2].at < options.errors_micros / kMostErrorSamples)
        samples_.pop_back();
    samples_.push_back({now_unix, answers, bad});
    // The last one before the time that is looked at is where it begins.
    while (samples_.size() > 2 && samples_[1].at <= now_unix - options.errors_micros) samples_.pop_front();
    const Sample& first = samples_.front();
    if (answers < first.answers || bad < first.bad) return;
    const std::uint64_t all = answers - first.answers, wrong = bad - first.bad;
    if (all == 0 || all < options.errors_least) return;
    const double share = static_cast<double>(wrong) / static_cast<double>(all);
    if (share < options.errors * kEnds || wrong == 0) return;
    const std::string text = std::to_string(wrong) + " of " + std::to_string(all) + " requests (" +
                             percent_text(share) + ") of the last " +
                             std::to_string((options.errors_micros + 999'999) / 1'000'000) + " s ended with 5xx";
    to.push_back({AlertKind::errors, "", text, share >= options.errors});
}

void LossRule::look(std::uint64_t count, const telemetry::AlertOptions& options, Micros now_unix, Findings& to) {
    if (count > last_) {
        if (rose_ == 0 || now_unix - rose_ >= options.losses_micros) since_ = last_;
        rose_ = now_unix;
    }
    last_ = count;
    if (rose_ == 0 || now_unix - rose_ >= options.losses_micros) return;
    to.push_back({kind_, "",
                  std::to_string(count - since_) + " " + what_ + " were lost, the last at " + time_text(rose_), true});
}

void look_at_drift(const std::vector<cascade::Decision>& decisions, Micros now_unix, Findings& to) {
    using Kind = cascade::Decision::Kind;
    std::set<std::string> better;  // tasks that are served by cheaper tiers again since
    std::set<std::string> told;
    for (const cascade::Decision& decision : decisions) {
        if (decision.unix_micros + kDriftMicros <= now_unix) break;
        if (decision.kind != Kind::promoted && decision.kind != Kind::novel) continue;
        std::string of = decision.course + ", task " + to_hex(decision.task);
        if (decision.kind == Kind::promoted) better.insert(of);
        if (decision.kind != Kind::novel || better.contains(of)) continue;
        if (told.insert(of).second) to.push_back({AlertKind::drift, std::move(of), describe(decision), true});
    }
}

void look_at_disk(std::uint64_t free_bytes, const telemetry::AlertOptions& options, Findings& to) {
    const double free = static_cast<double>(free_bytes), least = static_cast<double>(options.disk_bytes);
    if (free >= least * kDiskEnds) return;
    to.push_back({AlertKind::disk_full, "", std::to_string(free_bytes >> 20) + " MiB are free where the data folder is",
                  free < least});
}

bool note_prices(const std::vector<PriceInUse>& prices, Micros now_unix, std::map<std::string, PriceSeen>& seen) {
    std::map<std::string, PriceSeen> now;
    for (const PriceInUse& price : prices) {
        const auto before = seen.find(price.model);
        PriceSeen& to = now[price.model];
        if (before != seen.end()) to = before->second;
        if (to.text == price.text) continue;
        to.before = to.text;
        to.changed_unix = to.text.empty() ? 0 : now_unix;
        to.text = price.text;
    }
    if (now == seen) return false;
    seen = std::move(now);
    return true;
}

void look_at_prices(const std::vector<PriceInUse>& prices, const std::map<std::string, PriceSeen>& seen,
                    Micros now_unix, Findings& to) {
    for (const auto& [model, price] : seen) {
        if (price.changed_unix == 0 || price.changed_unix + kPriceMicros <= now_unix) continue;
        to.push_back(
            {AlertKind::prices_changed, model, "its price was " + price.before + ", and is " + price.text, true});
    }
    std::size_t stale = 0;
    const PriceInUse* oldest = nullptr;
    for (const PriceInUse& price : prices) {
        const std::optional<Micros> read = day_of(price.as_of);
        if (!read || now_unix - *read <= kPricesStaleMicros) continue;
        ++stale;
        if (oldest == nullptr || price.as_of < oldest->as_of) oldest = &price;
    }
    if (oldest == nullptr) return;
    to.push_back({AlertKind::prices_stale, "",
                  "prices of " + std::to_string(stale) + " models in use were read more than 90 days ago, that of " +
                      oldest->model + " on " + oldest->as_of,
                  true});
}

}  // namespace weir::admin
