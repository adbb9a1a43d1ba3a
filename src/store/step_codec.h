// How a row's steps are packed, behind its attempts: docs/formats.md, "Steps", has the layout.
// Thread rule: pure functions. Limits: kMostSteps steps, kMaxPackedStepBytes each.
#pragma once

#include "store/ledger_bytes.h"
#include "store/ledger_row.h"

namespace weir::store {

// Three bytes that say what follows; model (5), detail (1), three numbers (3 each), two counts (3 each).
constexpr std::size_t kMaxPackedStepBytes = 3 + 5 + 1 + 9 + 6;

// Numbers keep 15 bits of their fraction: 4 decimal digits.
void pack_steps(const LedgerRow& row, Packer& out);
// All that is left of `in`; the row has its attempts. What pack_steps() does not make is refused.
void unpack_steps(Unpacker& in, LedgerRow& row);

}  // namespace weir::store
