// Exact decimal text -> a scaled integer, with no binary floating point on the way. Money and prices are read with it.
// Thread rule: pure functions.
// Limits: text of 1,024 bytes, results within std::int64_t.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace weir {

// What becomes of digits below the scale.
enum class ExtraDigits : std::uint8_t {
    refuse,  // Error invalid
    round,   // to the nearest, halves away from zero
};

// `text` times 10^scale, exactly: parse_decimal_scaled("0.15", 6) is 150000, ("1.5e-07", 12) is 150000.
// Grammar: JSON's for numbers (optional minus, no leading zeros, no bare point, optional exponent).
// Errors: invalid (not such a number, or digits below the scale where they are refused), too_large (out of range).
Result<std::int64_t> parse_decimal_scaled(std::string_view text, int scale, ExtraDigits extra = ExtraDigits::refuse);

}  // namespace weir
