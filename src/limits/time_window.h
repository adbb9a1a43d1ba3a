// Windows of money: the hour, day, week or month that a moment is in, by the clock on the wall of an IANA time zone.
// g++ 12 has C++20's calendar but not its time zones, and libc's zone is one for the whole process; so the system's own
// files (TZif, RFC 8536) are read: the transitions they list, and behind those the rule in their last line.
// Thread rule: load() reads a file; else immutable. Limits: a zone's file 1 MiB, its name 64 bytes without "..".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace weir::limits {

class TimeZone {
  public:
    TimeZone() = default;  // UTC
    // "Europe/Berlin". Errors: invalid (no such zone, or its file is none).
    static Result<TimeZone> load(const std::string& name, const std::string& folder = "/usr/share/zoneinfo");
    static Result<TimeZone> parse(std::string_view bytes);

    std::int64_t offset(std::int64_t unix_s) const;    // seconds east of UTC
    std::int64_t to_unix(std::int64_t local_s) const;  // of a time on the wall; of two the first

  private:
    struct Change {
        int month = 0, week = 0, day = 0;  // the week's day of the month: "M3.5.0"
        std::int64_t seconds = 7200;       // of that day, on the wall
    };
    static bool parse_rule(std::string_view text, TimeZone& to);
    std::int64_t rule_offset(std::int64_t unix_s) const;

    std::vector<std::int64_t> times_;    // unix seconds, rising
    std::vector<std::int64_t> offsets_;  // from times_[i] on
    std::int64_t first_offset_ = 0;      // before
    bool has_rule_ = false, has_summer_ = false;
    std::int64_t standard_ = 0, summer_ = 0;  // offsets
    Change to_summer_, to_standard_;
};

enum class Span : std::uint8_t { hour, day, week, month };
std::string_view to_string(Span span);

struct TimeWindow {
    Micros start = 0, end = 0;  // unix; the end is not in it
};
// The calendar's window around `now_unix`. A week begins on Monday. A day may have 23 or 25 hours.
TimeWindow calendar_window(Span span, const TimeZone& zone, Micros now_unix);
// How long a rolling window is: 1 hour, 24 hours, 7 days, 30 days.
Micros rolling_length(Span span);

}  // namespace weir::limits
