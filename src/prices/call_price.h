// What a call costs that is not billed by tokens: by the call, by the second it takes, or both.
// Thread rule: plain values. Limits: cost saturates at the range of Usd.
#pragma once

#include <optional>

#include "base/units.h"

namespace weir::prices {

struct CallPrice {
    std::optional<Usd> per_call, per_second;  // at least one
    friend bool operator==(const CallPrice&, const CallPrice&) = default;
};

// Rounded once, half up, to nano-dollars. `taken`: from the question's first byte to the answer's last, not negative.
Usd cost_of_call(const CallPrice& price, Micros taken);

}  // namespace weir::prices
