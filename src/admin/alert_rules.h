// What makes an alert begin and go on (docs/alerts.md), from what was looked at: each rule adds its findings.
// Thread rule: pure but for what a watch over time remembers; one owner.
// Limits: a share ends kEnds of where it begins; losses are told for AlertOptions::losses_micros, changed prices for
// kPriceMicros, a task that fell back for kTaskMicros, strange prompts for kDriftMicros.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "admin/alert_book.h"
#include "admin/alert_file.h"
#include "admin/forecast_view.h"
#include "cascade/decision_log.h"
#include "limits/budget_book.h"

namespace weir::admin {

using Findings = std::vector<Finding>;

constexpr double kEnds = 0.9;
constexpr double kLikely = 0.5, kLikelyEnds = 0.35;  // that a budget is exceeded
constexpr Micros kDayMicros = 24LL * 3600 * 1'000'000;
constexpr Micros kPriceMicros = kDayMicros, kDriftMicros = kDayMicros, kTaskMicros = 7 * kDayMicros;
constexpr Micros kPricesStaleMicros = 90 * kDayMicros;

// "teams/acme".
std::string subject_of(const limits::BudgetBook::View& budget);
// 2 decimals, or more where it is less than a cent.
std::string dollars_text(double dollars);
std::string percent_text(double share);

class BudgetRule {
  public:
    void look(const std::vector<limits::BudgetBook::View>& budgets, const telemetry::AlertOptions& options,
              Findings& to);

  private:
    std::map<std::string, std::uint64_t> refused_;  // by subject, at the last look
};
void look_at_forecast(const std::vector<BudgetForecast>& forecasts, Findings& to);
// Until when they are looked at: for kForecastMicros, and not beyond the end of a window of theirs.
constexpr Micros kForecastMicros = 300'000'000;
Micros good_until(const std::vector<BudgetForecast>& forecasts, Micros now_unix);

// The share of answers with a status of 5xx.
class ErrorRule {
  public:
    void look(std::uint64_t answers, std::uint64_t bad, const telemetry::AlertOptions& options, Micros now_unix,
              Findings& to);

  private:
    struct Sample {
        Micros at = 0;
        std::uint64_t answers = 0, bad = 0;
    };
    std::deque<Sample> samples_;
};

// A count that should not rise.
class LossRule {
  public:
    LossRule(AlertKind kind, std::string what) : kind_(kind), what_(std::move(what)) {}
    void look(std::uint64_t count, const telemetry::AlertOptions& options, Micros now_unix, Findings& to);

  private:
    const AlertKind kind_;
    const std::string what_;
    std::uint64_t last_ = 0, since_ = 0;  // at the last look, and when it was quiet last
    Micros rose_ = 0;                     // 0: never
};

// Prompts that are not like those before: of `decisions`, newest first.
void look_at_drift(const std::vector<cascade::Decision>& decisions, Micros now_unix, Findings& to);

void look_at_disk(std::uint64_t free_bytes, const telemetry::AlertOptions& options, Findings& to);

struct PriceInUse {
    std::string model, text, as_of;  // as_of: YYYY-MM-DD, or empty
};
// Notes prices in `seen`; true: it has changed.
bool note_prices(const std::vector<PriceInUse>& prices, Micros now_unix, std::map<std::string, PriceSeen>& seen);
void look_at_prices(const std::vector<PriceInUse>& prices, const std::map<std::string, PriceSeen>& seen,
                    Micros now_unix, Findings& to);

}  // namespace weir::admin
