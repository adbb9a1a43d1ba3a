#include "admin/query_text.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace weir::admin {
namespace {

// Percent-decoding (RFC 3986); a + is a space, as forms have it.
std::optional<std::string> decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        unsigned value = 0;
        const std::string_view digits = text.substr(i + 1, 2);
        if (digits.size() != 2 || !read_number(digits, value, 16)) return std::nullopt;
        out += static_cast<char>(value);
        i += 2;
    }
    return out;
}

// "90m", "24h", "7d".
Result<Micros> parse_back(std::string_view text) {
    const Micros unit = text.ends_with('m') ? 60 : text.ends_with('h') ? 3600 : text.ends_with('d') ? 86'400 : 0;
    Micros count = 0;
    if (unit != 0 && read_number(text.substr(0, text.size() - 1), count) && count >= 1 &&
        count <= kMostRange / 1'000'000 / unit) {
        return count * unit * 1'000'000;
    }
    return fail(ErrorCode::invalid, "since is a time back from now: 90m, 24h, 7d, at most 3660d");
}

}  // namespace

Result<Parameters> query_parameters(std::string_view query) {
    Parameters parameters;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view one = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const std::size_t equals = std::min(one.find('='), one.size());
        std::optional<std::string> value = decoded(one.substr(std::min(equals + 1, one.size())));
        if (!value) return fail(ErrorCode::invalid, "a % in the query is not followed by two hexadecimal digits");
        if (parameters.size() == kMostParameters) return fail(ErrorCode::invalid, "the query has too many parameters");
        parameters.emplace_back(one.substr(0, equals), std::move(*value));
    }
    return parameters;
}

bool is_of_range(std::string_view name) {
    return name == "since" || name == "since_unix_us" || name == "until_unix_us";
}

Result<std::int64_t> whole_of(std::string_view name, std::string_view value, std::int64_t low, std::int64_t high) {
    std::int64_t number = 0;
    if (read_number(value, number) && number >= low && number <= high) return number;
    return fail(ErrorCode::invalid,
                std::string(name) + " is a whole number from " + std::to_string(low) + " to " + std::to_string(high));
}

Result<TimeRange> range_of(const Parameters& parameters, Micros now_unix_micros) {
    TimeRange range{now_unix_micros - Micros{24} * 3600 * 1'000'000, now_unix_micros};
    for (const auto& [name, value] : parameters) {
        if (name == "since") {
            const Result<Micros> back = parse_back(value);
            if (!back) return tl::unexpected(back.error());
            range.since_unix_micros = std::max<Micros>(now_unix_micros - *back, 0);
        } else if (is_of_range(name)) {
            const auto at = whole_of(name, value, 0, std::numeric_limits<std::int64_t>::max() / 4);
            if (!at) return tl::unexpected(at.error());
            (name == "since_unix_us" ? range.since_unix_micros : range.until_unix_micros) = *at;
        }
    }
    if (range.since_unix_micros > range.until_unix_micros)
        return fail(ErrorCode::invalid, "the range ends before it begins");
    if (range.until_unix_micros - range.since_unix_micros > kMostRange) {
        return fail(ErrorCode::invalid, "a range is at most 3660 days");
    }
    return range;
}

}  // namespace weir::admin
