// What stands behind the '?' of a request's target, in the words that docs/admin-api.md gives all views: names and
// values, a range of time, whole numbers.
// Thread rule: pure functions. Limits: kMostParameters; ranges of kMostRange.
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace weir::admin {

constexpr std::size_t kMostParameters = 100;
constexpr Micros kMostRange = Micros{3660} * 24 * 3600 * 1'000'000;

using Parameters = std::vector<std::pair<std::string, std::string>>;

// "a=1&b=x%20y", in order. Error invalid: a % that is not followed by two hexadecimal digits, or too many.
Result<Parameters> query_parameters(std::string_view query);

struct TimeRange {
    Micros since_unix_micros = 0, until_unix_micros = 0;
};

// `since=24h` (m, h or d back from now), or `since_unix_us` and `until_unix_us`; 24 hours where neither is given.
// Other names are left alone. Error invalid.
Result<TimeRange> range_of(const Parameters& parameters, Micros now_unix_micros);
bool is_of_range(std::string_view name);

// A whole number from `low` to `high`. Error invalid, which names it.
Result<std::int64_t> whole_of(std::string_view name, std::string_view value, std::int64_t low, std::int64_t high);

// The whole of the text.
template <class T>
bool read_number(std::string_view text, T& to, int base = 10) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to, base);
    return error == std::errc() && end == text.data() + text.size();
}

}  // namespace weir::admin
