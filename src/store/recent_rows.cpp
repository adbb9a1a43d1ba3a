#include "store/recent_rows.h"

#include <algorithm>

#include "store/ledger_batch.h"

namespace weir::store {

void RecentRows::add(std::string_view batch) {
    std::vector<PackedRow> rows;
    if (!split_batch(batch, rows)) return;  // never: the ledger's own bytes
    const std::lock_guard lock(mutex_);
    written_ += rows.size();
    for (std::size_t i = rows.size() - std::min(rows.size(), kRecentRows); i < rows.size(); ++i) {
        if (rows_.size() == kRecentRows) rows_.pop_front();
        append_packed(rows[i].whole(), rows_.emplace_back());
    }
}

SettledRows RecentRows::since(std::uint64_t after) const {
    SettledRows settled;
    std::vector<std::string> packed;
    {
        const std::lock_guard lock(mutex_);
        settled.next = written_;
        if (after > written_) after = 0;
        const auto kept = std::min<std::uint64_t>(written_ - after, rows_.size());
        settled.missed = written_ - after - kept;
        packed.assign(rows_.end() - static_cast<std::ptrdiff_t>(kept), rows_.end());
    }
    std::vector<PackedRow> rows;
    for (const std::string& one : packed) {
        rows.clear();
        LedgerRow row;
        if (split_batch(one, rows) && unpack_row(rows.front(), row)) settled.rows.push_back(row);
    }
    return settled;
}

}  // namespace weir::store
