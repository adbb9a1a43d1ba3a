// A batch of rows: one BLOB of the table `pending`, where commits put them, or of `segments`, where they stay.
// docs/formats.md, "ledger", has the layout and says why there are two.
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

// A row's cost and counterfactual are kept within +-10 million USD, so that a minute's sums can't overflow by one of
// them: the bound of two saturated amounts would.
constexpr Usd kMaxAmount{10'000'000'000'000'000};

// Writes the row, brought within the limits, as a batch holds it, at most kMaxPackedRowBytes, and returns how many
// bytes that took.
std::size_t pack_row(const LedgerRow& row, char* buffer);
// Appends such bytes, or the row, to a batch; an empty one is begun.
void append_packed(std::string_view packed, std::string& batch);
void pack_row(const LedgerRow& row, std::string& batch);

struct PackedRow {
    RequestId id = 0;
    std::string_view packed;                        // within the batch, without the length before it
    std::string_view whole() const;                 // with it: for append_packed
    static constexpr std::size_t kLengthBytes = 2;  // little endian
};

// Appends the batch's rows to `rows`, in the order they were packed in. Error protocol: not a batch of this version.
Result<void> split_batch(std::string_view batch, std::vector<PackedRow>& rows);

// Overwrites `row`, but for attempts and steps past those that it has. Error protocol: malformed; `row` is unspecified
// then.
Result<void> unpack_row(const PackedRow& packed, LedgerRow& row);

}  // namespace weir::store
