#include "base/units.h"

#include <array>

namespace weir {

std::string to_decimal(Usd amount) {
    constexpr std::uint64_t kNanosPerUsd = 1'000'000'000;
    const bool negative = amount.nanos < 0;
    const std::uint64_t magnitude =
        negative ? ~static_cast<std::uint64_t>(amount.nanos) + 1 : static_cast<std::uint64_t>(amount.nanos);
    // 11 digits of dollars at most, a point, 9 digits, a sign; filled from the end.
    std::array<char, 32> buffer;
    char* const end = buffer.data() + buffer.size();
    char* at = end;
    std::uint64_t fraction = magnitude % kNanosPerUsd;
    int places = 9;
    for (; places > 0 && fraction % 10 == 0; --places) fraction /= 10;
    for (int i = 0; i < places; ++i, fraction /= 10) *--at = static_cast<char>('0' + fraction % 10);
    if (places > 0) *--at = '.';
    std::uint64_t dollars = magnitude / kNanosPerUsd;
    do {
        *--at = static_cast<char>('0' + dollars % 10);
        dollars /= 10;
    } while (dollars != 0);
    if (negative) *--at = '-';
    return {at, end};
}

}  // namespace weir
