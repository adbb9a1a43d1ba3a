// What will be spent from now on, hour by hour, with an interval: an hour-of-week profile times a level that follows
// what was spent of late, and how wrong that would have been before (docs/alerts.md).
//   Level: exponential smoothing of daily sums over the profile (Hyndman et al., Forecasting with Exponential
//   Smoothing, 2008: local level, multiplicative season); the smoothing is the one of kSmoothings that would have been
//   best for sums over three days. Futures: the model run on with stretches of kStretchDays days of its own errors
//   (moving blocks: Kuensch 1989), so that bad days in a row stay in a row, and jumps of the level go on as they would
//   have. Errors: each day is judged by a profile made without its own week, or they would be too small.
// Thread rule: pure functions, the same answer for the same question. Limits: kMostForecastHours ahead; kForecastWeeks
// of history are looked at; amounts are dollars.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "limits/time_window.h"

namespace weir::limits {

inline constexpr std::size_t kForecastWeeks = 8;
inline constexpr std::size_t kLeastForecastDays = 14;  // of history; else it is "too little"
inline constexpr std::size_t kMostForecastHours = 32 * 24;
inline constexpr std::size_t kFutures = 500;
inline constexpr std::size_t kStretchDays = 3;
inline constexpr double kForecastInterval = 0.8;

// Hour by hour, UTC: whole hours that are over, up to the present one, which is not in it.
struct SpendHistory {
    std::int64_t first_hour = 0;  // of `dollars`, since 1970
    std::vector<double> dollars;
    std::int64_t end_hour() const { return first_hour + static_cast<std::int64_t>(dollars.size()); }
};

struct SpendInterval {
    double expected = 0, low = 0, high = 0;  // dollars, from now on
};

class SpendForecast {
  public:
    enum class Basis : std::uint8_t { weekly, little };

    // `now` lies in the hour behind the history; `zone`: whose weeks its profile is of. `hours` ahead are played.
    static SpendForecast make(const SpendHistory& history, const TimeZone& zone, Micros now_unix, std::size_t hours);

    // Nothing is known but how fast it goes.
    static SpendForecast at_pace(double dollars_an_hour, Micros now_unix, std::size_t hours);

    Basis basis() const { return basis_; }
    // Until `end`, at most as far as was played.
    SpendInterval until(Micros end_unix) const;
    // That more than `dollars` come until then; nothing without a basis.
    std::optional<double> chance_over(double dollars, Micros end_unix) const;
    // When what is expected comes to `dollars`; nothing: not before `end`. `leaving`: what falls out of a rolling
    // window hour by hour from now on; empty: nothing does.
    std::optional<Micros> reaches(double dollars, Micros end_unix, const std::vector<double>& leaving = {}) const;

  private:
    // Where a time lies: `part` of the way from the sums by the end of hour `before` (0, where that is `hour`) to those
    // by the end of `hour`.
    struct Place {
        std::size_t hour, before;
        double part;
    };
    Place place_of(Micros end_unix) const;
    double expected_at(Micros end_unix) const;
    std::vector<double> futures_at(Micros end_unix) const;
    SpendForecast(Micros now_unix, std::size_t hours);
    void play(const SpendHistory& history, const TimeZone& zone);
    void guess(double dollars_an_hour);

    Basis basis_ = Basis::little;
    Micros now_, hour_end_;         // of the present hour
    double days_ = 0;               // of history
    std::size_t hours_;             // played; the first is what is left of the present one
    std::vector<double> expected_;  // sums until the end of each hour
    std::vector<float> futures_;    // the same in each future, by hour, then future; empty without a basis
};
std::string_view to_string(SpendForecast::Basis basis);

}  // namespace weir::limits
