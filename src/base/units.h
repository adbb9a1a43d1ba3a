// Money, time and token counts as distinct types, so that they can't be mixed up.
// Money is an integer count of nano-dollars (1e-9 USD); prices are pico-dollars (1e-12 USD) a token and are rounded to
// nano-dollars once an attempt. Range: +-9.2 billion USD.
// Thread rule: plain values.
#pragma once

#include <cmath>
#include <compare>
#include <cstdint>
#include <string>

namespace weir {

struct Usd {
    std::int64_t nanos = 0;

    friend constexpr auto operator<=>(Usd, Usd) = default;
    constexpr Usd& operator+=(Usd other) {
        nanos += other.nanos;
        return *this;
    }
    constexpr Usd& operator-=(Usd other) {
        nanos -= other.nanos;
        return *this;
    }
    friend constexpr Usd operator+(Usd a, Usd b) { return a += b; }
    friend constexpr Usd operator-(Usd a, Usd b) { return a -= b; }
};

// As a plain number, for what is estimated or learned; and back, to the nearest nano-dollar.
constexpr double to_dollars(Usd amount) {
    return static_cast<double>(amount.nanos) / 1e9;
}
inline Usd from_dollars(double dollars) {
    return Usd{std::llround(dollars * 1e9)};
}

// Decimal dollars, exact, without trailing zeros: "0.0000125", "-3", "0".
std::string to_decimal(Usd amount);

// A price: pico-dollars a token. 1 USD per million tokens = 1,000,000 pico-dollars a token.
struct PicoUsdPerToken {
    std::int64_t picos = 0;
    friend constexpr auto operator<=>(PicoUsdPerToken, PicoUsdPerToken) = default;
};

using Tokens = std::int64_t;
using Micros = std::int64_t;  // a duration or, where a name says so, microseconds since the Unix epoch

}  // namespace weir
