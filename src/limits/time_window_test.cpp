#include "limits/time_window.h"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::limits;

namespace {

constexpr Micros kSecond = 1'000'000;

TimeZone zone(const char* name) {
    Result<TimeZone> loaded = TimeZone::load(name);
    REQUIRE(loaded);
    return *loaded;
}

}  // namespace

TEST_CASE("windows of UTC") {
    const Micros now = 1'782'919'845 * kSecond;  // Wed 2026-07-01 15:30:45
    CHECK(calendar_window(Span::hour, {}, now).start == 1'782'918'000 * kSecond);
    CHECK(calendar_window(Span::day, {}, now).start == 1'782'864'000 * kSecond);
    CHECK(calendar_window(Span::week, {}, now).start == 1'782'691'200 * kSecond);  // Monday the 29th of June
    CHECK(calendar_window(Span::month, {}, now).start == 1'782'864'000 * kSecond);
    CHECK(calendar_window(Span::month, {}, now).end == (1'782'864'000 + 31 * 86'400) * kSecond);
}

TEST_CASE("days of a zone with summer time, in its table and behind it") {
    const TimeZone berlin = zone("Europe/Berlin");
    CHECK(berlin.offset(1'782'919'845) == 7200);
    CHECK(berlin.offset(1'767'225'600) == 3600);
    CHECK(berlin.offset(4'086'979'200) == 7200);  // July 2099: by the rule in the last line
    CHECK(berlin.offset(4'070'908'800) == 3600);  // January 2099
    const TimeWindow spring = calendar_window(Span::day, berlin, 1'774'742'400 * kSecond);  // 2026-03-29
    CHECK(spring.end - spring.start == 23 * 3600 * kSecond);
    const TimeWindow autumn = calendar_window(Span::day, berlin, 1'792'882'800 * kSecond);  // 2026-10-25
    CHECK(autumn.end - autumn.start == 25 * 3600 * kSecond);
    CHECK(zone("Australia/Sydney").offset(4'070'908'800) == 11 * 3600);  // summer over the new year
    CHECK(zone("Asia/Kolkata").offset(1'782'919'845) == 19'800);
}

TEST_CASE("every moment is in its window, and windows meet") {
    for (const char* name : {"UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Santiago"}) {
        const TimeZone here = zone(name);
        for (const Span span : {Span::day, Span::week, Span::month}) {
            for (Micros now = 1'770'000'000 * kSecond; now < 1'810'000'000 * kSecond; now += 7'321 * kSecond) {
                const TimeWindow window = calendar_window(span, here, now);
                REQUIRE(window.start <= now);
                REQUIRE(now < window.end);
                REQUIRE(calendar_window(span, here, window.end).start == window.end);
            }
        }
    }
}

TEST_CASE("what is no zone") {
    for (const char* name : {"", "Nowhere/Town", "../../etc/passwd", "/etc/localtime", "Europe"}) {
        CHECK_FALSE(TimeZone::load(name));
    }
    CHECK_FALSE(TimeZone::parse("TZif2"));
    CHECK_FALSE(TimeZone::parse(std::string(200, '\xff')));
}
