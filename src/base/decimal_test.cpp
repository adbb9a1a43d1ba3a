#include "base/decimal.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

#include "base/units.h"

using namespace weir;

namespace {
std::string outcome(std::string_view text, int scale, ExtraDigits extra = ExtraDigits::refuse) {
    const Result<std::int64_t> value = parse_decimal_scaled(text, scale, extra);
    return value ? std::to_string(*value) : std::string(to_string(value.error().code));
}
}  // namespace

TEST_CASE("decimals are scaled exactly") {
    CHECK(outcome("0.15", 6) == "150000");
    CHECK(outcome("0.1", 12) == "100000000000");
    CHECK(outcome("1.5e-07", 12) == "150000");
    CHECK(outcome("1E3", 0) == "1000");
    CHECK(outcome("1e+3", 0) == "1000");
    CHECK(outcome("-2.50", 1) == "-25");
    CHECK(outcome("1200", -2) == "12");
    CHECK(outcome("-0", 6) == "0");
    CHECK(outcome("0.000000000000000000000", 3) == "0");
    CHECK(outcome("0e999999999999999999999", 3) == "0");
    CHECK(outcome("1000000000000000000000e-21", 0) == "1");
}

TEST_CASE("the whole range of 64 bits, and nothing past it") {
    CHECK(outcome("9223372036854775807", 0) == "9223372036854775807");
    CHECK(outcome("-9223372036854775808", 0) == "-9223372036854775808");
    CHECK(outcome("9223372036854775808", 0) == "too_large");
    CHECK(outcome("-9223372036854775809", 0) == "too_large");
    CHECK(outcome("9999999999999999999", 0) == "too_large");
    CHECK(outcome("1e19", 0) == "too_large");
    CHECK(outcome("1e99999999999999999999", 0) == "too_large");
    CHECK(outcome("9223372036854775807.4", 0, ExtraDigits::round) == "9223372036854775807");
    CHECK(outcome("9223372036854775807.5", 0, ExtraDigits::round) == "too_large");
    CHECK(outcome("-9223372036854775808.4", 0, ExtraDigits::round) == "-9223372036854775808");
    CHECK(outcome(std::string(1025, '1'), 0) == "too_large");
}

TEST_CASE("digits below the scale are refused or rounded") {
    CHECK(outcome("0.0000001", 6) == "invalid");
    CHECK(outcome("1e-7", 6) == "invalid");
    CHECK(outcome("0.0000005", 6, ExtraDigits::round) == "1");
    CHECK(outcome("0.00000049999", 6, ExtraDigits::round) == "0");
    CHECK(outcome("-0.0000005", 6, ExtraDigits::round) == "-1");
    CHECK(outcome("0.99999999", 6, ExtraDigits::round) == "1000000");
    CHECK(outcome("1e-99999999999", 6, ExtraDigits::round) == "0");
    CHECK(outcome("3.4166666666666666e-07", 12, ExtraDigits::round) == "341667");
}

TEST_CASE("what is not a number is refused") {
    for (const char* text : {"", "-", "+1", ".5", "5.", "01", "1e", "1e+", "1.e3", " 1", "1 ", "0x1", "1,5", "NaN",
                             "inf", "--1", "1e1.5", "1_000"}) {
        CAPTURE(text);
        CHECK(outcome(text, 6) == "invalid");
    }
    CHECK(outcome(std::string_view("1\0", 2), 6) == "invalid");
}

TEST_CASE("what money prints is read back the same") {
    CHECK(rc::check([](std::int64_t nanos) {
        const Result<std::int64_t> back = parse_decimal_scaled(to_decimal(Usd{nanos}), 9);
        RC_ASSERT(back.has_value());
        RC_ASSERT(*back == nanos);
    }));
}
