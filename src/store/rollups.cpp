#include "store/rollups.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "store/ledger_tables.h"

namespace weir::store {
namespace {

struct Kept {
    Detail detail;
    RollupUnit unit;
};
constexpr std::array kKept = {
    Kept{Detail::all, RollupUnit::minute}, Kept{Detail::all, RollupUnit::hour},
    Kept{Detail::all, RollupUnit::day},    Kept{Detail::names, RollupUnit::minute},
    Kept{Detail::names, RollupUnit::hour}, Kept{Detail::names, RollupUnit::day},
    Kept{Detail::task, RollupUnit::hour},  Kept{Detail::task, RollupUnit::day},
};

RollupCell coarser(const RollupCell& minute, Kept to) {
    RollupCell cell{to.detail, to.unit, minute.at / minutes_of(to.unit), minute.key};
    if (to.detail != Detail::task) cell.key.task = 0;
    if (to.detail == Detail::all) cell.key.tenant = cell.key.cascade = cell.key.reference = kNoName;
    return cell;
}

}  // namespace

FlowKey FlowKey::of(const LedgerRow& row) {
    return FlowKey{row.task, row.tenant, row.cascade, row.reference, row.tier, row.purpose};
}

std::size_t RollupCellHash::operator()(const RollupCell& cell) const {
    // As RollupKeyHash: multiply and fold.
    std::uint64_t hash = cell.key.task;
    const auto mix = [&hash](std::uint64_t word) {
        hash = (hash ^ word) * 0x9E37'79B9'7F4A'7C15U;
        hash ^= hash >> 32;
    };
    mix(static_cast<std::uint64_t>(cell.at) << 8 | static_cast<std::uint64_t>(cell.detail) << 4 |
        static_cast<std::uint64_t>(cell.unit));
    mix(static_cast<std::uint64_t>(cell.key.tenant) << 32 | cell.key.cascade);
    mix(static_cast<std::uint64_t>(cell.key.reference) << 8 |
        static_cast<std::uint64_t>(tier_code(cell.key.tier) << 4 | static_cast<std::int64_t>(cell.key.purpose)));
    return hash;
}

void Rollups::add(const LedgerRow& row) {
    const RollupCell cell{Detail::task, RollupUnit::minute, minute_of(unix_micros_of(row.id)), FlowKey::of(row)};
    minutes_[cell] += Sums::of(row);
}

bool Rollups::write(LedgerTables& tables) {
    Cells cells;
    for (const auto& [minute, sums] : minutes_) {
        for (const Kept kept : kKept) cells[coarser(minute, kept)] += sums;
    }
    minutes_.clear();
    std::vector<const Cells::value_type*> ordered;  // pages of the table one after the other
    ordered.reserve(cells.size());
    for (const auto& cell : cells) ordered.push_back(&cell);
    std::sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    return std::all_of(ordered.begin(), ordered.end(),
                       [&](const auto* cell) { return tables.add_to_rollup(cell->first, cell->second); });
}

}  // namespace weir::store
