// How a row's attempts and steps are packed into the column `attempts`, and its yes-and-no facts into the column
// `flags`: docs/formats.md, "ledger", has the layout. Thread rule: pure functions. Limits: kMaxAttempts attempts,
// kMostSteps steps, kMaxPackedAttemptsBytes.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "store/ledger_row.h"
#include "store/step_codec.h"

namespace weir::store {

constexpr std::uint8_t kAttemptsVersion = 3;  // written as 1 or 2, which are read as well, where they can say it
// Version, and for each attempt: 2 bytes of flags, status (3), model (5), five token counts (25), cost (10),
// latency (5), evidence (4); one more byte of flags, writes for an hour (5), two numbers of pieces (3 each), the
// table's cost (10). Their number (1) and the steps.
constexpr std::size_t kMaxPackedAttemptsBytes =
    2 + kMaxAttempts * (2 + 3 + 5 + 25 + 10 + 5 + 4 + 1 + 5 + 6 + 10) + kMostSteps * kMaxPackedStepBytes;

using PackedAttempts = std::array<char, kMaxPackedAttemptsBytes>;

// Packs the row's attempts and steps into `buffer` and returns the part used.
std::string_view pack_attempts(const LedgerRow& row, PackedAttempts& buffer);

// Sets the row's attempts and steps and how many there are. Error protocol: not what pack_attempts makes (another
// version, cut short, bytes left over, values out of range); both are unspecified then.
Result<void> unpack_attempts(std::string_view packed, LedgerRow& row);

// Streamed, complete, whether the cost is incomplete, and how the counterfactual was come by: 5 bits.
unsigned row_flags(const LedgerRow& row);
void set_row_flags(LedgerRow& row, unsigned flags);

}  // namespace weir::store
