// The rows that the ledger has written last, for who looks on live: without a look at the disk.
// Thread rule: any thread; a short lock. Limits: kRecentRows, packed (about 100 bytes each).
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "store/ledger_row.h"

namespace weir::store {

constexpr std::size_t kRecentRows = 1'000;

struct SettledRows {
    std::uint64_t next = 0;    // rows written since the start: where to go on
    std::uint64_t missed = 0;  // too many came in between: so many are not among the rows
    std::vector<LedgerRow> rows;
};

class RecentRows {
  public:
    // A batch that has been written.
    void add(std::string_view batch);
    // What was written after the first `after` rows since the start, in that order. More than were written: `after` is
    // from before a restart, and taken as 0.
    SettledRows since(std::uint64_t after) const;

  private:
    mutable std::mutex mutex_;
    std::deque<std::string> rows_;  // a batch of one row each
    std::uint64_t written_ = 0;
};

}  // namespace weir::store
