#include "base/decimal.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

namespace weir {
namespace {

constexpr std::size_t kMaxTextBytes = 1024;
constexpr int kMaxExponent = 100'000;  // larger ones are clamped: the result is out of range, or zero, all the same

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::size_t count_digits(std::string_view text) {
    return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
}

struct Parts {
    bool negative = false;
    std::string digits;  // without leading or trailing zeros; empty: zero
    int exponent = 0;    // value = digits * 10^exponent
};

std::optional<int> parse_exponent(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    if (text.empty() || count_digits(text) != text.size()) return std::nullopt;
    int value = 0;
    for (const char digit : text) value = std::min(kMaxExponent, value * 10 + (digit - '0'));
    return negative ? -value : value;
}

std::optional<Parts> split(std::string_view text) {
    Parts parts;
    if (text.starts_with('-')) {
        parts.negative = true;
        text.remove_prefix(1);
    }
    const std::size_t whole = count_digits(text);
    if (whole == 0 || (whole > 1 && text.front() == '0')) return std::nullopt;
    parts.digits = text.substr(0, whole);
    text.remove_prefix(whole);
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        const std::size_t fraction = count_digits(text);
        if (fraction == 0) return std::nullopt;
        parts.digits += text.substr(0, fraction);
        parts.exponent = -static_cast<int>(fraction);
        text.remove_prefix(fraction);
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        const std::optional<int> exponent = parse_exponent(text.substr(1));
        if (!exponent) return std::nullopt;
        parts.exponent += *exponent;
    } else if (!text.empty()) {
        return std::nullopt;
    }
    parts.digits.erase(0, std::min(parts.digits.size(), parts.digits.find_first_not_of('0')));
    while (parts.digits.ends_with('0')) {
        parts.digits.pop_back();
        ++parts.exponent;
    }
    return parts;
}

}  // namespace

Result<std::int64_t> parse_decimal_scaled(std::string_view text, int scale, ExtraDigits extra) {
    if (text.size() > kMaxTextBytes) return fail(ErrorCode::too_large, "a number longer than 1,024 characters");
    std::optional<Parts> parts = split(text);
    if (!parts) return fail(ErrorCode::invalid, "not a decimal number");
    std::string& digits = parts->digits;
    if (digits.empty()) return 0;

    const int exponent = parts->exponent + scale;
    bool round_up = false;
    if (exponent < 0) {
        if (extra == ExtraDigits::refuse) {
            return fail(ErrorCode::invalid, "more than " + std::to_string(scale) + " digits after the point");
        }
        const auto dropped = static_cast<std::size_t>(-exponent);
        if (dropped > digits.size()) return 0;
        round_up = digits[digits.size() - dropped] >= '5';
        digits.resize(digits.size() - dropped);
    }

    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    const std::uint64_t limit = parts->negative ? kMax + 1 : kMax;
    const int zeros = std::max(exponent, 0);
    constexpr std::size_t kMaxDigits = 19;  // of std::int64_t
    if (digits.size() + static_cast<std::size_t>(zeros) > kMaxDigits) return fail(ErrorCode::too_large, "out of range");
    std::uint64_t magnitude = 0;  // 19 digits always fit
    for (const char digit : digits) magnitude = magnitude * 10 + static_cast<std::uint64_t>(digit - '0');
    for (int i = 0; i < zeros; ++i) magnitude *= 10;
    if (round_up) ++magnitude;
    if (magnitude > limit) return fail(ErrorCode::too_large, "out of range");
    return static_cast<std::int64_t>(parts->negative ? ~magnitude + 1 : magnitude);
}

}  // namespace weir
