#include "base/units.h"

namespace weir {

std::string to_decimal(Usd amount) {
    constexpr std::uint64_t kNanosPerUsd = 1'000'000'000;
    const bool negative = amount.nanos < 0;
    const std::uint64_t magnitude =
        negative ? ~static_cast<std::uint64_t>(amount.nanos) + 1 : static_cast<std::uint64_t>(amount.nanos);
    std::string text = std::to_string(magnitude / kNanosPerUsd);
    std::string fraction = std::to_string(magnitude % kNanosPerUsd);
    fraction.insert(0, 9 - fraction.size(), '0');
    fraction.erase(fraction.find_last_not_of('0') + 1);
    if (!fraction.empty()) text += "." + fraction;
    return negative ? "-" + text : text;
}

}  // namespace weir
