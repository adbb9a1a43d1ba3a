// A batch of committed rows that are not yet in their tables: one BLOB of the table `pending`. docs/formats.md,
// "ledger", has the layout and says why there is such a thing.
// Thread rule: pure functions.
// Limits: kMaxPackedRowBytes a row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/ledger_codec.h"
#include "store/ledger_row.h"

namespace weir::store {

constexpr std::uint8_t kBatchVersion = 1;
// Length (2), id (8), started (10), latency and overhead (5 each), status (3), mode, flags, tiers (1 each), four names
// (5 each), task (8), two amounts (10 each), attempts.
constexpr std::size_t kMaxPackedRowBytes = 2 + 8 + 10 + 5 + 5 + 3 + 3 + 20 + 8 + 20 + kMaxPackedAttemptsBytes;

// Appends the row to a batch; an empty one is begun.
void pack_row(const LedgerRow& row, std::string& batch);

struct PackedRow {
    RequestId id = 0;
    std::string_view packed;  // within the batch
};

// Appends the batch's rows to `rows`, in the order they were packed in. Error protocol: not a batch of this version.
Result<void> split_batch(std::string_view batch, std::vector<PackedRow>& rows);

// Overwrites `row`, but for attempts past its attempt_count. Error protocol: malformed; `row` is unspecified then.
Result<void> unpack_row(const PackedRow& packed, LedgerRow& row);

}  // namespace weir::store
