#include "prices/call_price.h"

#include <algorithm>
#include <limits>

namespace weir::prices {

Usd cost_of_call(const CallPrice& price, Micros taken) {
    constexpr __int128 kMicros = 1'000'000;
    __int128 nanos = price.per_call ? price.per_call->nanos : 0;
    if (price.per_second)
        nanos += (__int128{price.per_second->nanos} * std::max<Micros>(taken, 0) + kMicros / 2) / kMicros;
    return Usd{static_cast<std::int64_t>(std::min<__int128>(nanos, std::numeric_limits<std::int64_t>::max()))};
}

}  // namespace weir::prices
