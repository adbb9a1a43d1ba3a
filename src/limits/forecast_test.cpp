#include "limits/forecast.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "learn/random_bits.h"

using namespace weir;
using namespace weir::limits;
using Basis = SpendForecast::Basis;

namespace {

constexpr Micros kHour = 3'600'000'000;
constexpr std::int64_t kMonday = 20'402 * 24;  // 2025-11-10 00:00 UTC

// Spending that nobody has seen: what a week is like, and what comes between.
struct World {
    double noise_of_hours, noise_of_days, days_alike;
    double bursts;  // an hour; each multiplies a few hours by 3 to 10
    double shifts;  // a day; each multiplies all that comes after by 0.5 to 2
    bool weekends;
};

std::vector<double> play(const World& world, learn::RandomBits& random, std::size_t hours) {
    const auto factor = [&](double noise, double normal) { return std::exp(noise * normal - noise * noise / 2); };
    std::vector<double> dollars;
    const double swing = 0.3 + 0.6 * random.uniform(), phase = 6.283 * random.uniform();
    const double weekend = world.weekends ? 0.1 + 0.4 * random.uniform() : 1;
    double level = 10, day = 1, mood = 0, burst = 1;
    std::size_t burst_left = 0;
    for (std::size_t hour = 0; hour < hours; ++hour) {
        if (hour % 24 == 0) {
            mood = world.days_alike * mood + std::sqrt(1 - world.days_alike * world.days_alike) * random.normal();
            day = factor(world.noise_of_days, mood);
            if (random.chance(world.shifts)) {
                level *= random.chance(0.5) ? 0.5 + 0.3 * random.uniform() : 1.25 + 0.75 * random.uniform();
            }
        }
        if (burst_left == 0 && random.chance(world.bursts)) {
            burst_left = 1 + random.below(5);
            burst = 3 + 7 * random.uniform();
        }
        const double season = (1 + swing * std::sin(static_cast<double>(hour % 24) / 24 * 6.283 + phase)) *
                              (hour / 24 % 7 >= 5 ? weekend : 1);
        dollars.push_back(level * day * season * factor(world.noise_of_hours, random.normal()) / 24 *
                          (burst_left > 0 ? burst : 1));
        if (burst_left > 0) --burst_left;
    }
    return dollars;
}

SpendHistory hours_of(const std::vector<double>& all, std::size_t count) {
    return {kMonday, {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)}};
}

}  // namespace

// Measured here with 400 runs a world in place of 80 (2026-11-30). After 8 weeks: 81 to 84 % over all worlds, by how
// far it is looked ahead; world by world 75 to 86 % up to 84 hours ahead and 73 to 93 % for 20 days. After 2 weeks: 76
// to 83 %; where the level jumps each ten days 64 % of what comes in 84 hours and 48 % of 20 days.
TEST_CASE("an interval of 80 % holds what comes in about that many worlds that have weeks, bursts and jumps") {
    constexpr std::array<World, 8> kWorlds{{{.3, .1, 0, 0, 0, true},
                                            {.5, .3, 0, 0, 0, true},
                                            {.5, .2, 0, .005, 0, true},
                                            {.3, .15, 0, 0, 1 / 28., true},
                                            {.5, .2, .3, .005, 1 / 28., true},
                                            {.8, .5, .5, .01, 1 / 56., true},
                                            {.3, .15, 0, 0, 1 / 10., true},
                                            {1.5, .3, 0, .01, 0, false}}};
    constexpr std::array<std::size_t, 4> kAhead{10, 24, 84, 480};
    constexpr std::size_t kRuns = 80;
    std::array<std::size_t, kAhead.size()> held{};
    for (const World& world : kWorlds) {
        learn::RandomBits random(20'261'130);
        std::size_t of_world = 0;
        for (std::size_t run = 0; run < kRuns; ++run) {
            const std::size_t known = kForecastWeeks * 168 + random.below(24);
            const std::vector<double> all = play(world, random, known + kAhead.back());
            const SpendHistory history = hours_of(all, known);
            const Micros now = history.end_hour() * kHour;
            const SpendForecast forecast = SpendForecast::make(history, {}, now, kAhead.back());
            REQUIRE(forecast.basis() == Basis::weekly);
            for (std::size_t i = 0; i < kAhead.size(); ++i) {
                const auto from = all.begin() + static_cast<std::ptrdiff_t>(known);
                const double came = std::accumulate(from, from + static_cast<std::ptrdiff_t>(kAhead[i]), 0.0);
                const SpendInterval said = forecast.until(now + static_cast<Micros>(kAhead[i]) * kHour);
                REQUIRE(said.low <= said.high);
                const bool inside = said.low <= came && came <= said.high;
                held[i] += inside ? 1 : 0;
                of_world += inside ? 1 : 0;
            }
        }
        CHECK(of_world >= kRuns * kAhead.size() * 70 / 100);
    }
    for (const std::size_t in : held) {
        const double share = static_cast<double>(in) / static_cast<double>(kWorlds.size() * kRuns);
        CHECK(share >= 0.77);
        CHECK(share <= 0.93);
    }
}

TEST_CASE("a new ledger, one of a few days, and one in which nothing was spent") {
    const Micros now = kMonday * kHour + kHour / 2;
    const SpendForecast none = SpendForecast::make({kMonday, {}}, {}, now, 24);
    CHECK(none.basis() == Basis::little);
    CHECK(none.until(now + 5 * kHour).high == 0);
    CHECK_FALSE(none.reaches(1, now + 5 * kHour));
    CHECK_FALSE(none.chance_over(1, now + 5 * kHour));

    const SpendForecast zeros = SpendForecast::make({kMonday - 1344, std::vector<double>(1344, 0.0)}, {}, now, 24);
    CHECK(zeros.basis() == Basis::little);
    CHECK(zeros.until(now + 5 * kHour).high == 0);

    // Two dollars an hour since 10 hours: the pace, from nothing more to three times that.
    std::vector<double> few(200, 0.0);
    few.resize(210, 2.0);
    const SpendForecast little = SpendForecast::make({kMonday - 210, few}, {}, now, 24);
    CHECK(little.basis() == Basis::little);
    const SpendInterval said = little.until(now + 5 * kHour);
    CHECK(said.expected == doctest::Approx(10));
    CHECK(said.low == 0);
    CHECK(said.high == doctest::Approx(30));
    CHECK(little.reaches(4, now + 5 * kHour) == now + 2 * kHour);
    CHECK_FALSE(little.reaches(11, now + 5 * kHour));
    CHECK(little.reaches(0, now + 5 * kHour) == now);
}

TEST_CASE("the same money each hour is told to the cent, and when a limit is reached") {
    const std::vector<double> even(kForecastWeeks * 168, 3.0);
    const Micros now = kMonday * kHour + kHour / 4;
    const SpendHistory history{kMonday - static_cast<std::int64_t>(even.size()), even};
    const SpendForecast forecast = SpendForecast::make(history, {}, now, 100);
    const SpendInterval said = forecast.until(now + 40 * kHour);
    CHECK(said.expected == doctest::Approx(120).epsilon(0.001));
    CHECK(said.low == doctest::Approx(120).epsilon(0.001));
    CHECK(said.high == doctest::Approx(120).epsilon(0.001));
    CHECK(forecast.until(now - kHour).expected == 0);
    CHECK(forecast.until(now + kHour / 4).expected == doctest::Approx(0.75).epsilon(0.001));
    const auto reached = forecast.reaches(30, now + 40 * kHour);
    REQUIRE(reached);
    CHECK(std::abs(*reached - (now + 10 * kHour)) < kHour / 60);
    CHECK_FALSE(forecast.reaches(30, now + 9 * kHour));
    CHECK(forecast.chance_over(100, now + 40 * kHour) == 1);
    CHECK(forecast.chance_over(130, now + 40 * kHour) == 0);
    // A rolling window in which as much leaves as comes.
    CHECK_FALSE(forecast.reaches(30, now + 40 * kHour, std::vector<double>(40, 3.0)));
    CHECK(forecast.until(now + 10'000 * kHour).expected == doctest::Approx(3 * 119.75).epsilon(0.001));
}

TEST_CASE("all of a day's money in one hour: nothing until then, all of it after") {
    std::vector<double> nightly(kForecastWeeks * 168, 0.0);
    for (std::size_t hour = 2; hour < nightly.size(); hour += 24) nightly[hour] = 5;
    const SpendHistory history{kMonday - static_cast<std::int64_t>(nightly.size()), nightly};
    const Micros now = kMonday * kHour;
    const SpendForecast forecast = SpendForecast::make(history, {}, now, 24 * 7);
    CHECK(forecast.until(now + 2 * kHour).high < 0.01);
    CHECK(forecast.until(now + 3 * kHour).expected == doctest::Approx(5).epsilon(0.01));
    CHECK(forecast.until(now + 24 * 7 * kHour).expected == doctest::Approx(35).epsilon(0.01));

    // A single burst in eight weeks is no habit.
    std::vector<double> once(kForecastWeeks * 168, 0.0);
    once[30] = 1000;
    const SpendForecast rare =
        SpendForecast::make({kMonday - static_cast<std::int64_t>(once.size()), once}, {}, now, 24);
    CHECK(rare.basis() == Basis::weekly);
    CHECK(rare.until(now + 24 * kHour).low == 0);
    CHECK(rare.until(now + 24 * kHour).expected < 30);
}

TEST_CASE("a profile goes by the clock on the wall, over a change of it") {
    const Result<TimeZone> berlin = TimeZone::load("Europe/Berlin");
    REQUIRE(berlin);
    // Office hours, 9 to 17, through the night of 2025-10-26, when 03:00 came twice.
    const std::int64_t first = 20'340 * 24;
    std::vector<double> dollars;
    for (std::int64_t hour = first; hour < first + static_cast<std::int64_t>(kForecastWeeks) * 168; ++hour) {
        const std::int64_t on_the_wall = (hour * 3600 + berlin->offset(hour * 3600)) / 3600 % 24;
        dollars.push_back(on_the_wall >= 9 && on_the_wall < 17 ? 4 : 0);
    }
    const SpendHistory history{first, dollars};
    const Micros now = history.end_hour() * kHour;
    REQUIRE(berlin->offset(first * 3600) != berlin->offset(now / 1'000'000));
    const SpendForecast here = SpendForecast::make(history, *berlin, now, 48);
    const SpendForecast elsewhere = SpendForecast::make(history, {}, now, 48);
    const Micros nine = berlin->to_unix((now / 1'000'000 + 3600) / 86'400 * 86'400 + 9 * 3600) * 1'000'000;
    const double early = here.until(nine).expected, all = here.until(nine + 8 * kHour).expected;
    CHECK(early < 0.5);
    CHECK(all - early == doctest::Approx(32).epsilon(0.02));
    CHECK(elsewhere.until(nine).expected > 1);  // UTC's profile has smeared the hour
}

TEST_CASE("the same question has the same answer, and growth is followed") {
    std::vector<double> growing;
    for (std::size_t hour = 0; hour < kForecastWeeks * 168; ++hour) {
        growing.push_back(hour < kForecastWeeks * 168 - 10 * 24 ? 1 : 3);
    }
    const SpendHistory history{kMonday - static_cast<std::int64_t>(growing.size()), growing};
    const Micros now = kMonday * kHour;
    const SpendInterval one = SpendForecast::make(history, {}, now, 48).until(now + 24 * kHour);
    const SpendInterval other = SpendForecast::make(history, {}, now, 48).until(now + 24 * kHour);
    CHECK(one.expected == other.expected);
    CHECK(one.high == other.high);
    CHECK(one.expected == doctest::Approx(72).epsilon(0.1));
}
