#include "limits/forecast.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "learn/random_bits.h"

namespace weir::limits {
namespace {

constexpr Micros kHour = 3'600'000'000;
constexpr std::size_t kDay = 24, kWeekDays = 7, kSlots = kWeekDays * kDay;
constexpr std::array<double, 5> kSmoothings{0.05, 0.12, 0.25, 0.45, 0.7};
constexpr std::size_t kChosenOver = 3;  // days
constexpr double kShrink = 3;           // weeks' worth of "hour of day by day of week" in a slot
// As shares of the mean day: a level does not fall below the first (it could not rise again), and below the second
// errors do not shrink with it (a burst after a silence is no multiple of the silence). Of a mean day's profile: the
// least that a day's errors are told in.
constexpr double kLeastLevel = 0.02, kLeastScale = 0.25, kLeastDay = 0.1;
constexpr double kMostLevel = 1.5;       // times the highest that was
constexpr std::size_t kChosenFrom = 28;  // days; before, the smoothing is kUsualSmoothing
constexpr double kUsualSmoothing = 0.2;
// The interval is made wider than its futures are: few weeks know few of the errors there are, and the further it is
// looked ahead of them, the more may come that they did not have. By what forecast_test.cpp plays.
constexpr double kFewWeeks = 0.4, kFarAhead = 0.35;
constexpr double kLittleHigh = 3;  // times what is expected, where there is too little history
constexpr std::uint64_t kSeed = 20'260'131;

using Profile = std::array<double, kSlots>;

// Hour of the week on the wall, from Monday 00:00.
std::size_t slot_of(std::int64_t hour, const TimeZone& zone) {
    const std::int64_t local = hour * 3600 + zone.offset(hour * 3600);
    const std::int64_t since_monday = local + 3 * 86'400;  // 1970 began on a Thursday
    constexpr std::int64_t kWeekSeconds = 7 * 86'400;
    return static_cast<std::size_t>(((since_monday % kWeekSeconds) + kWeekSeconds) % kWeekSeconds / 3600);
}

// The latest whole days of a history, counted back from its end.
struct Days {
    std::size_t count = 0;
    std::vector<double> dollars;     // hours
    std::vector<std::size_t> slots;  // of them
    std::vector<double> totals;      // days
    double mean = 0;                 // day

    Days(const SpendHistory& history, const TimeZone& zone) {
        count = std::min(history.dollars.size() / kDay, kForecastWeeks * kWeekDays);
        const std::size_t begin = history.dollars.size() - count * kDay;
        dollars.assign(history.dollars.begin() + static_cast<std::ptrdiff_t>(begin), history.dollars.end());
        for (std::size_t i = 0; i < dollars.size(); ++i) {
            slots.push_back(slot_of(history.first_hour + static_cast<std::int64_t>(begin + i), zone));
        }
        for (std::size_t day = 0; day < count; ++day) {
            const auto at = dollars.begin() + static_cast<std::ptrdiff_t>(day * kDay);
            totals.push_back(std::accumulate(at, at + kDay, 0.0));
        }
        mean =
            std::accumulate(totals.begin(), totals.end(), 0.0) / static_cast<double>(std::max<std::size_t>(1, count));
    }
    std::size_t week_of(std::size_t day) const { return (count - 1 - day) / kWeekDays; }
    // The mean day of the seven around it: what its hours are told in while the profile is made.
    double around(std::size_t day) const {
        const std::size_t first = std::min(day > 3 ? day - 3 : 0, count - kWeekDays);
        const auto at = totals.begin() + static_cast<std::ptrdiff_t>(first);
        return std::max(std::accumulate(at, at + kWeekDays, 0.0) / kWeekDays, kLeastLevel * mean);
    }
};

// What share of a mean day each hour of the week has. `without`: a week that is left out; none: kForecastWeeks.
Profile profile_of(const Days& days, std::size_t without) {
    Profile sums{}, counts{}, profile{};
    for (std::size_t day = 0; day < days.count; ++day) {
        if (days.week_of(day) == without) continue;
        const double level = days.around(day);
        for (std::size_t i = day * kDay; i < (day + 1) * kDay; ++i) {
            sums[days.slots[i]] += days.dollars[i] / level;
            counts[days.slots[i]] += 1;
        }
    }
    std::array<double, kDay> hour{}, hour_counts{};
    std::array<double, kWeekDays> weekday{}, weekday_counts{};
    double all = 0, all_counts = 0;
    for (std::size_t slot = 0; slot < kSlots; ++slot) {
        if (counts[slot] == 0) continue;
        const double mean = sums[slot] / counts[slot];
        hour[slot % kDay] += mean;
        hour_counts[slot % kDay] += 1;
        weekday[slot / kDay] += mean;
        weekday_counts[slot / kDay] += 1;
        all += mean;
        all_counts += 1;
    }
    const auto mean_of = [](double sum, double count) { return count > 0 ? sum / count : 0; };
    const double mean = mean_of(all, all_counts);
    for (std::size_t slot = 0; slot < kSlots; ++slot) {
        const double usual = mean_of(hour[slot % kDay], hour_counts[slot % kDay]);
        const double of_day = mean > 0 ? mean_of(weekday[slot / kDay], weekday_counts[slot / kDay]) / mean : 1;
        profile[slot] = (sums[slot] + kShrink * usual * of_day) / (counts[slot] + kShrink);
    }
    return profile;
}

// The model run over the days that were.
struct Fit {
    std::vector<double> shares;  // hours, of the profile without their own week
    std::vector<double> parts;   // days: the sum of theirs
    double smoothing = 0;
    std::vector<double> levels;  // before each day, and one after the last
    double drift = 0;            // of the mean day's errors
    double highest = 0;          // level

    void run(const Days& days, double with) {
        smoothing = with;
        double first = 0, weights = 0;
        for (std::size_t day = 0; day < kWeekDays; ++day) {
            first += days.totals[day];
            weights += parts[day];
        }
        levels.assign(1, weights > 0 ? first / weights : days.mean);
        for (std::size_t day = 0; day < days.count; ++day) {
            levels.push_back(next(levels.back(), days.totals[day], parts[day], days.mean));
        }
    }
    double next(double level, double total, double part, double mean) const {
        const double off = (total - level * part) / std::max(part, kLeastDay);
        return std::max(level + smoothing * off, kLeastLevel * mean);
    }
    double wrong(const Days& days) const {
        double sum = 0;
        for (std::size_t day = kWeekDays; day + kChosenOver <= days.count; ++day) {
            double off = 0;
            for (std::size_t ahead = 0; ahead < kChosenOver; ++ahead) {
                off += days.totals[day + ahead] - levels[day] * parts[day + ahead];
            }
            sum += std::abs(off);
        }
        return sum;
    }
};

double scale_of(double level, double part, double mean) {
    return std::max(level, kLeastScale * mean) * std::max(part, kLeastDay);
}

Fit fit(const Days& days) {
    Fit best;
    best.shares.resize(days.dollars.size());
    best.parts.assign(days.count, 0);
    std::vector<Profile> profiles;
    for (std::size_t week = 0; week <= days.week_of(0); ++week) profiles.push_back(profile_of(days, week));
    for (std::size_t i = 0; i < days.dollars.size(); ++i) {
        best.shares[i] = profiles[days.week_of(i / kDay)][days.slots[i]];
        best.parts[i / kDay] += best.shares[i];
    }
    double least = INFINITY, chosen = 0;
    for (const double smoothing : kSmoothings) {
        best.run(days, smoothing);
        const double wrong = best.wrong(days);
        if (wrong < least) {
            least = wrong;
            chosen = smoothing;
        }
    }
    best.run(days, days.count >= kChosenFrom ? chosen : kUsualSmoothing);
    best.highest = *std::max_element(best.levels.begin(), best.levels.end());
    double drift = 0;
    for (std::size_t day = kWeekDays; day < days.count; ++day) {
        drift += (days.totals[day] - best.levels[day] * best.parts[day]) /
                 scale_of(best.levels[day], best.parts[day], days.mean);
    }
    best.drift = drift / static_cast<double>(days.count - kWeekDays);
    return best;
}

// What the model was wrong by in each hour that was, as a share of that day's scale, without its drift.
std::vector<double> errors_of(const Days& days, const Fit& model) {
    std::vector<double> errors(days.dollars.size());
    for (std::size_t i = 0; i < errors.size(); ++i) {
        const std::size_t day = i / kDay;
        const double off = days.dollars[i] - model.levels[day] * model.shares[i];
        errors[i] = off / scale_of(model.levels[day], model.parts[day], days.mean) - model.drift / kDay;
    }
    return errors;
}

// For each future and each of its days the day whose errors it has; kStretchDays that followed each other follow each
// other.
std::vector<std::size_t> draw_days(std::size_t count, std::size_t ahead) {
    const std::size_t stretches = count - kWeekDays - kStretchDays + 1;  // where one may begin
    learn::RandomBits random(kSeed);
    std::vector<std::size_t> drawn(kFutures * ahead);
    for (std::size_t i = 0; i < drawn.size(); ++i) {
        const bool begins = i % ahead % kStretchDays == 0;
        drawn[i] = begins ? kWeekDays + random.below(stretches) : drawn[i - 1] + 1;
    }
    return drawn;
}

// How far each future has come.
struct Futures {
    using Values = std::array<double, kFutures>;
    Values level, scale;  // of its day
    Values total;         // of the day so far
    Values sum, most;     // of all; and the highest that it was
};

}  // namespace

std::string_view to_string(SpendForecast::Basis basis) {
    return basis == SpendForecast::Basis::weekly ? "weekly profile" : "too little history";
}

SpendForecast::SpendForecast(Micros now_unix, std::size_t hours)
    : now_(now_unix),
      hour_end_((now_unix / kHour + 1) * kHour),
      hours_(std::clamp<std::size_t>(hours, 1, kMostForecastHours)) {}

SpendForecast SpendForecast::make(const SpendHistory& history, const TimeZone& zone, Micros now_unix,
                                  std::size_t hours) {
    SpendForecast made(now_unix, hours);
    const auto begin = std::find_if(history.dollars.begin(), history.dollars.end(), [](double d) { return d > 0; });
    const auto before = begin - history.dollars.begin();
    const SpendHistory used{history.first_hour + before, {begin, history.dollars.end()}};
    if (used.dollars.size() >= kLeastForecastDays * kDay) {
        made.basis_ = Basis::weekly;
        made.play(used, zone);
    } else {
        const double sum = std::accumulate(used.dollars.begin(), used.dollars.end(), 0.0);
        made.guess(sum / static_cast<double>(std::max<std::size_t>(1, used.dollars.size())));
    }
    return made;
}

SpendForecast SpendForecast::at_pace(double dollars_an_hour, Micros now_unix, std::size_t hours) {
    SpendForecast made(now_unix, hours);
    made.guess(dollars_an_hour);
    return made;
}

void SpendForecast::guess(double dollars_an_hour) {
    const double first = static_cast<double>(hour_end_ - now_) / static_cast<double>(kHour);
    for (std::size_t i = 0; i < hours_; ++i) expected_.push_back(dollars_an_hour * (first + static_cast<double>(i)));
}

void SpendForecast::play(const SpendHistory& history, const TimeZone& zone) {
    const Days days(history, zone);
    const Fit model = fit(days);
    const Profile profile = profile_of(days, kForecastWeeks);
    const std::size_t ahead = (hours_ + kDay - 1) / kDay;  // days
    std::vector<double> shares(ahead * kDay), parts(ahead, 0);
    for (std::size_t i = 0; i < shares.size(); ++i) {
        shares[i] = profile[slot_of(history.end_hour() + static_cast<std::int64_t>(i), zone)];
        parts[i / kDay] += shares[i];
    }
    hours_ = shares.size();
    expected_.assign(hours_, 0);
    futures_.resize(kFutures * hours_);
    days_ = static_cast<double>(days.count);
    const double first = static_cast<double>(hour_end_ - now_) / static_cast<double>(kHour);
    const std::vector<double> errors = errors_of(days, model);
    const std::vector<std::size_t> days_like = draw_days(days.count, ahead);
    // All futures go on an hour at a time: they do not wait for one another as the hours of one do.
    Futures at{};
    at.level.fill(model.levels.back());
    for (std::size_t day = 0; day < ahead; ++day) {
        std::array<const double*, kFutures> off{};
        for (std::size_t i = 0; i < kFutures; ++i) {
            off[i] = &errors[days_like[i * ahead + day] * kDay];
            at.scale[i] = scale_of(at.level[i], parts[day], days.mean);
            at.total[i] = 0;
        }
        for (std::size_t hour = day * kDay; hour < (day + 1) * kDay; ++hour) {
            const double share = shares[hour], left = hour == 0 ? first : 1;
            float* const sums = &futures_[hour * kFutures];
            double all = 0;
            for (std::size_t i = 0; i < kFutures; ++i) {
                const double dollars = at.level[i] * share + at.scale[i] * off[i][hour % kDay];
                at.total[i] += dollars;
                at.sum[i] += left * dollars;
                at.most[i] = std::max(at.most[i], at.sum[i]);  // nothing is given back
                sums[i] = static_cast<float>(at.most[i]);
                all += at.most[i];
            }
            expected_[hour] = all / kFutures;
        }
        for (std::size_t i = 0; i < kFutures; ++i) {
            const double next = model.next(at.level[i], std::max(at.total[i], 0.0), parts[day], days.mean);
            at.level[i] = std::min(next, kMostLevel * model.highest);
        }
    }
}

SpendForecast::Place SpendForecast::place_of(Micros end_unix) const {
    if (end_unix <= now_) return {0, 0, 0};
    if (end_unix <= hour_end_) {
        return {0, 0, static_cast<double>(end_unix - now_) / static_cast<double>(hour_end_ - now_)};
    }
    const auto hour = static_cast<std::size_t>((end_unix - hour_end_) / kHour);
    if (hour + 1 >= hours_) return {hours_ - 1, hours_ - 1, 1};
    const double part = static_cast<double>((end_unix - hour_end_) % kHour) / static_cast<double>(kHour);
    return {hour + 1, hour, part};
}

double SpendForecast::expected_at(Micros end_unix) const {
    const Place at = place_of(end_unix);
    const double before = at.hour == at.before ? 0 : expected_[at.before];
    return before + at.part * (expected_[at.hour] - before);
}

std::vector<double> SpendForecast::futures_at(Micros end_unix) const {
    const Place at = place_of(end_unix);
    std::vector<double> sums(kFutures);
    for (std::size_t i = 0; i < kFutures; ++i) {
        const double before = at.hour == at.before ? 0 : futures_[at.before * kFutures + i];
        sums[i] = before + at.part * (futures_[at.hour * kFutures + i] - before);
    }
    return sums;
}

SpendInterval SpendForecast::until(Micros end_unix) const {
    SpendInterval interval;
    interval.expected = expected_at(end_unix);
    if (basis_ == Basis::little) {
        interval.high = kLittleHigh * interval.expected;
        return interval;
    }
    std::vector<double> sums = futures_at(end_unix);
    const auto rank = [&](double share) {
        const auto at = sums.begin() + static_cast<std::ptrdiff_t>(share * (kFutures - 1) + 0.5);
        std::nth_element(sums.begin(), at, sums.end());
        return *at;
    };
    const double ahead = static_cast<double>(end_unix - now_) / static_cast<double>(kDay * kHour);
    const double wider = 1 + kFewWeeks * kWeekDays / (days_ - kWeekDays) + kFarAhead * std::min(1.0, ahead / days_);
    const auto widened = [&](double to) { return std::max(0.0, interval.expected + wider * (to - interval.expected)); };
    interval.low = widened(rank((1 - kForecastInterval) / 2));
    interval.high = widened(rank((1 + kForecastInterval) / 2));
    return interval;
}

std::optional<double> SpendForecast::chance_over(double dollars, Micros end_unix) const {
    if (basis_ == Basis::little) return std::nullopt;
    const std::vector<double> sums = futures_at(end_unix);
    const auto over = std::count_if(sums.begin(), sums.end(), [&](double sum) { return sum > dollars; });
    return static_cast<double>(over) / kFutures;
}

std::optional<Micros> SpendForecast::reaches(double dollars, Micros end_unix,
                                             const std::vector<double>& leaving) const {
    if (dollars <= 0) return now_;
    double left = 0, before = 0;
    Micros begun = now_;
    for (std::size_t i = 0; i < hours_ && begun < end_unix; ++i) {
        if (i < leaving.size()) left += leaving[i];
        const Micros end = hour_end_ + static_cast<Micros>(i) * kHour;
        const double sum = expected_[i] - left;
        if (sum >= dollars) {
            const double part = sum > before ? std::clamp((dollars - before) / (sum - before), 0.0, 1.0) : 1;
            const Micros at = begun + static_cast<Micros>(part * static_cast<double>(end - begun));
            if (at > end_unix) return std::nullopt;
            return at;
        }
        before = sum;
        begun = end;
    }
    return std::nullopt;
}

}  // namespace weir::limits
