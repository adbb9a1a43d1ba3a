// Sums over minutes, hours and days that the dashboard reads, beside the minutes that `weir report` reads: less detail
// the longer the time, so that a month of millions of requests is a few thousand rows of a table. Written in the same
// transaction as what they sum (ledger_fold.h), so that they equal the rows to the nano-dollar.
// Thread rule: plain values; writing: whoever owns the Database.
// Limits: memory as many keys as the rows that are added have.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "store/ledger_sums.h"

namespace weir::store {

class LedgerTables;

// What a rollup tells apart besides tier and purpose.
enum class Detail : std::uint8_t {
    all,    // nothing
    names,  // tenant, cascade, reference
    task,   // those and the task
};

enum class RollupUnit : std::uint8_t { minute, hour, day };
constexpr std::int64_t minutes_of(RollupUnit unit) {
    return unit == RollupUnit::minute ? 1 : unit == RollupUnit::hour ? 60 : 24 * 60;
}

// The finest unit that is kept: a task's minutes are not (they would be almost as many as the requests).
constexpr RollupUnit finest_unit(Detail detail) {
    return detail == Detail::task ? RollupUnit::hour : RollupUnit::minute;
}

struct FlowKey {
    std::uint64_t task = 0;
    NameId tenant = kNoName;
    NameId cascade = kNoName;
    NameId reference = kNoName;
    std::optional<TierKind> tier;
    Purpose purpose = Purpose::request;

    static FlowKey of(const LedgerRow& row);
    friend auto operator<=>(const FlowKey&, const FlowKey&) = default;
};

// One row of the table `rollups`.
struct RollupCell {
    Detail detail = Detail::all;
    RollupUnit unit = RollupUnit::minute;
    std::int64_t at = 0;  // units since the Unix epoch
    FlowKey key;
    friend auto operator<=>(const RollupCell&, const RollupCell&) = default;
};

struct RollupCellHash {
    std::size_t operator()(const RollupCell& cell) const;
};

class Rollups {
  public:
    void add(const LedgerRow& row);
    // False: Database::last_error says why.
    bool write(LedgerTables& tables);

  private:
    using Cells = std::unordered_map<RollupCell, Sums, RollupCellHash>;
    Cells minutes_;  // of full detail
};

}  // namespace weir::store
