#include "limits/time_window.h"

#include <algorithm>
#include <chrono>

#include "base/files.h"

namespace weir::limits {
namespace {

using namespace std::chrono;

constexpr std::size_t kMostZoneBytes = 1u << 20;
constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 24 * kHour;
constexpr Micros kSecond = 1'000'000;

std::int64_t big_endian(std::string_view bytes, std::size_t at, std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return width == 4 ? static_cast<std::int32_t>(value) : static_cast<std::int64_t>(value);
}

std::int64_t floor_to(std::int64_t value, std::int64_t step) {
    const std::int64_t rest = value % step;
    return value - (rest < 0 ? rest + step : rest);
}

std::int64_t day_number(year_month_day date) {
    return sys_days(date).time_since_epoch().count();
}

// The pieces of "EST5EDT,M3.2.0,M11.1.0/1:30" in turn.
struct RuleText {
    std::string_view left;

    bool take(char c) {
        if (left.empty() || left.front() != c) return false;
        left.remove_prefix(1);
        return true;
    }
    bool name() {
        std::size_t end = 0;
        if (take('<')) {
            end = left.find('>');
            if (end == std::string_view::npos) return false;
            left.remove_prefix(end + 1);
            return true;
        }
        while (end < left.size() && ((left[end] >= 'a' && left[end] <= 'z') || (left[end] >= 'A' && left[end] <= 'Z')))
            ++end;
        left.remove_prefix(end);
        return end >= 3;
    }
    bool number(std::int64_t& to) {
        std::size_t digits = 0;
        for (to = 0; digits < left.size() && digits < 3 && left[digits] >= '0' && left[digits] <= '9'; ++digits)
            to = to * 10 + (left[digits] - '0');
        left.remove_prefix(digits);
        return digits > 0;
    }
    // [+-]h[:m[:s]], in seconds.
    bool time(std::int64_t& to) {
        const bool minus = take('-');
        if (!minus) take('+');
        std::int64_t hours = 0, minutes = 0, seconds = 0;
        if (!number(hours)) return false;
        if (take(':') && !number(minutes)) return false;
        if (take(':') && !number(seconds)) return false;
        to = (hours * 60 + minutes) * 60 + seconds;
        if (minus) to = -to;
        return true;
    }
};

}  // namespace

std::string_view to_string(Span span) {
    constexpr std::string_view kNames[] = {"hour", "day", "week", "month"};
    return kNames[static_cast<std::size_t>(span)];
}

Result<TimeZone> TimeZone::load(const std::string& name, const std::string& folder) {
    const bool plain = !name.empty() && name.size() <= 64 && name.front() != '/' && name.front() != '.' &&
                       name.find("..") == std::string::npos &&
                       std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (plain && (name == "UTC" || name == "Etc/UTC")) return TimeZone();
    if (plain) {
        const Result<std::string> bytes = read_file(folder + "/" + name, kMostZoneBytes);
        if (bytes) {
            if (Result<TimeZone> zone = parse(*bytes)) return zone;
        }
    }
    return fail(ErrorCode::invalid, "there is no time zone of that name in " + folder + " (as in Europe/Berlin)");
}

Result<TimeZone> TimeZone::parse(std::string_view bytes) {
    constexpr std::size_t kHead = 44;
    const Error wrong{ErrorCode::invalid, "no time zone file of version 2 or later"};
    const auto counts = [&](std::size_t at, std::int64_t(&to)[6]) {
        if (bytes.size() < at + kHead || bytes.substr(at, 4) != "TZif") return false;
        for (std::size_t i = 0; i < 6; ++i) to[i] = big_endian(bytes, at + 20 + 4 * i, 4);
        return std::all_of(to, to + 6, [](std::int64_t n) { return n >= 0 && n < 100'000; });
    };
    std::int64_t n[6];  // isut, isstd, leap, time, type, char
    if (!counts(0, n) || bytes[4] < '2') return tl::unexpected(wrong);
    std::size_t at = kHead + static_cast<std::size_t>(n[3] * 5 + n[4] * 6 + n[5] + n[2] * 8 + n[1] + n[0]);
    if (!counts(at, n) || n[4] == 0) return tl::unexpected(wrong);
    at += kHead;
    const auto times = static_cast<std::size_t>(n[3]);
    const std::size_t types_at = at + times * 9;
    const std::size_t end = types_at + static_cast<std::size_t>(n[4] * 6 + n[5] + n[2] * 12 + n[1] + n[0]);
    if (bytes.size() < end + 2 || bytes[end] != '\n') return tl::unexpected(wrong);
    TimeZone zone;
    zone.first_offset_ = big_endian(bytes, types_at, 4);
    for (std::size_t i = 0; i < times; ++i) {
        const auto type = static_cast<unsigned char>(bytes[at + times * 8 + i]);
        if (type >= n[4]) return tl::unexpected(wrong);
        zone.times_.push_back(big_endian(bytes, at + i * 8, 8));
        zone.offsets_.push_back(big_endian(bytes, types_at + type * 6u, 4));
    }
    std::string_view rule = bytes.substr(end + 1);
    rule = rule.substr(0, rule.find('\n'));
    if (!std::is_sorted(zone.times_.begin(), zone.times_.end())) return tl::unexpected(wrong);
    if (!rule.empty() && !parse_rule(rule, zone)) return tl::unexpected(wrong);
    return zone;
}

bool TimeZone::parse_rule(std::string_view text, TimeZone& to) {
    RuleText rule{text};
    if (!rule.name() || !rule.time(to.standard_)) return false;
    to.standard_ = -to.standard_;
    to.has_rule_ = true;
    if (rule.left.empty()) return true;
    to.summer_ = to.standard_ + kHour;
    if (!rule.name()) return false;
    if (!rule.left.empty() && rule.left.front() != ',') {
        if (!rule.time(to.summer_)) return false;
        to.summer_ = -to.summer_;
    }
    for (Change* const change : {&to.to_summer_, &to.to_standard_}) {
        std::int64_t month = 0, week = 0, day = 0;
        // Days of the year (Jn) occur in no zone of today but those without summer; such a file is refused.
        if (!rule.take(',') || !rule.take('M') || !rule.number(month) || !rule.take('.') || !rule.number(week) ||
            !rule.take('.') || !rule.number(day))
            return false;
        if (month < 1 || month > 12 || week < 1 || week > 5 || day > 6) return false;
        change->month = static_cast<int>(month);
        change->week = static_cast<int>(week);
        change->day = static_cast<int>(day);
        if (rule.take('/') && !rule.time(change->seconds)) return false;
    }
    to.has_summer_ = true;
    return rule.left.empty();
}

std::int64_t TimeZone::rule_offset(std::int64_t unix_s) const {
    if (!has_summer_) return standard_;
    const year_month_day today{sys_days(days(floor_to(unix_s + standard_, kDay) / kDay))};
    const auto moment = [&](const Change& change, std::int64_t before) {
        const month in{static_cast<unsigned>(change.month)};
        const weekday on{static_cast<unsigned>(change.day)};
        const sys_days date = change.week == 5 ? sys_days(today.year() / in / on[last])
                                               : sys_days(today.year() / in / on[static_cast<unsigned>(change.week)]);
        return std::int64_t{date.time_since_epoch().count()} * kDay + change.seconds - before;
    };
    const std::int64_t summer = moment(to_summer_, standard_);
    const std::int64_t winter = moment(to_standard_, summer_);
    const bool in_summer = summer < winter ? unix_s >= summer && unix_s < winter : unix_s >= summer || unix_s < winter;
    return in_summer ? summer_ : standard_;
}

std::int64_t TimeZone::offset(std::int64_t unix_s) const {
    const auto next = std::upper_bound(times_.begin(), times_.end(), unix_s);
    if (next == times_.end() && has_rule_) return rule_offset(unix_s);
    if (next == times_.begin()) return first_offset_;
    return offsets_[static_cast<std::size_t>(next - times_.begin()) - 1];
}

std::int64_t TimeZone::to_unix(std::int64_t local_s) const {
    const std::int64_t early = local_s - offset(local_s - kDay);
    const std::int64_t late = local_s - offset(local_s + kDay);
    const auto fits = [&](std::int64_t at) { return at + offset(at) == local_s; };
    if (fits(std::min(early, late))) return std::min(early, late);
    return fits(std::max(early, late)) ? std::max(early, late) : early;  // neither: the wall's clock jumps over it
}

TimeWindow calendar_window(Span span, const TimeZone& zone, Micros now_unix) {
    const std::int64_t now = floor_to(now_unix, kSecond) / kSecond;
    const std::int64_t local = now + zone.offset(now);
    if (span == Span::hour) {
        const std::int64_t start = now - (local - floor_to(local, kHour));
        return {start * kSecond, (start + kHour) * kSecond};
    }
    std::int64_t first = floor_to(local, kDay) / kDay;
    std::int64_t after = first + 1;
    if (span == Span::week) {
        first -= static_cast<std::int64_t>(weekday(sys_days(days(first))).iso_encoding()) - 1;
        after = first + 7;
    } else if (span == Span::month) {
        const year_month_day date{sys_days(days(first))};
        first = day_number(date.year() / date.month() / 1);
        after = day_number((date.year() / date.month() + months(1)) / 1);
    }
    return {zone.to_unix(first * kDay) * kSecond, zone.to_unix(after * kDay) * kSecond};
}

Micros rolling_length(Span span) {
    constexpr std::int64_t kSeconds[] = {kHour, kDay, 7 * kDay, 30 * kDay};
    return kSeconds[static_cast<std::size_t>(span)] * kSecond;
}

}  // namespace weir::limits
