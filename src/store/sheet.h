// A rollup as it stands in the ledger: one row of the table `sheets` holds the sums of all that is told apart within
// one unit of time, packed, about 30 bytes a sum; a reader goes over it at about 30 ns a sum, and skips what it doesn't
// want. docs/formats.md, "sheets", has the layout.
// Thread rule: plain values.
// Limits: none of its own: as many cells as requests.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/latency_counts.h"
#include "store/ledger_sums.h"

namespace weir::store {

// What a sheet tells apart besides tier, would_have and purpose.
enum class Detail : std::uint8_t {
    all,    // nothing
    route,  // cascade, reference
    names,  // those and the tenant
    task,   // those and the task
};
constexpr std::size_t kDetails = 4;

// Each about twice as long as the one before, so that a range is a few of each.
enum class RollupUnit : std::uint8_t {
    minute,
    hour,
    hours_3,
    hours_6,
    hours_12,
    day,
    days_2,
    days_4,
    days_8,
    days_16,
    days_32,
    days_64
};
constexpr std::int64_t kDayMinutes = 24 * 60;
constexpr std::array<std::int64_t, 12> kUnitMinutes = {1,
                                                       60,
                                                       3 * 60,
                                                       6 * 60,
                                                       12 * 60,
                                                       kDayMinutes,
                                                       2 * kDayMinutes,
                                                       4 * kDayMinutes,
                                                       8 * kDayMinutes,
                                                       16 * kDayMinutes,
                                                       32 * kDayMinutes,
                                                       64 * kDayMinutes};
constexpr std::size_t kUnits = kUnitMinutes.size();
constexpr std::int64_t minutes_of(RollupUnit unit) {
    return kUnitMinutes[static_cast<std::size_t>(unit)];
}
constexpr RollupUnit kLongestUnit = RollupUnit::days_64;

// Sheets of an hour and longer are cut into parts, so that whoever asks about one task or tenant reads one of them: by
// the task's first seven bits, by the tenant's number; without either there is one.
constexpr unsigned kTaskParts = 128, kTenantParts = 16;
constexpr unsigned parts_of(Detail detail) {
    return detail == Detail::task ? kTaskParts : detail == Detail::names ? kTenantParts : 1;
}
constexpr unsigned part_of_task(std::uint64_t task) {
    return static_cast<unsigned>(task >> 57);
}
constexpr unsigned part_of_tenant(NameId tenant) {
    return tenant % kTenantParts;
}

constexpr std::int64_t kLastMinute = (1 << 28) - 1;  // in the year 2480, after the last request id's

// Minutes have sheets of full detail alone, in one part.
struct SheetKey {
    RollupUnit unit = RollupUnit::minute;
    Detail detail = Detail::task;
    unsigned part = 0;
    std::int64_t at = 0;  // units since the Unix epoch

    std::int64_t number() const {  // of the row: neighbours in time are neighbours in the file
        return (static_cast<std::int64_t>(unit) * 4 + static_cast<std::int64_t>(detail)) << 36 |
               static_cast<std::int64_t>(part) << 28 | at;
    }
    static std::int64_t at_of(std::int64_t number) { return number & kLastMinute; }
    friend auto operator<=>(const SheetKey&, const SheetKey&) = default;
};

struct Cell {
    FlowKey key;
    Sums sums;
    std::string latencies;  // latency_counts.h; of the same requests

    static Cell of(const LedgerRow& row);
    Cell at_detail(Detail detail) const;
    unsigned part(Detail detail) const;
};

// Sorts by key and adds up what has the same one.
void combine(std::vector<Cell>& cells);
std::string pack_sheet(std::span<const Cell> combined);
// Appends a sheet's cells. Error protocol: malformed; nothing is appended.
Result<void> unpack_sheet(std::string_view sheet, std::vector<Cell>& to);

// Goes over a sheet's cells: groups of the same task and names, and within each the cells by tier, would_have, purpose.
class SheetReader {
  public:
    explicit SheetReader(std::string_view sheet);

    // False: none left, or malformed. What is left of the group before is skipped.
    bool next_group();
    bool next_cell();
    bool ok() const { return ok_; }

    // Of the cell; the names and the task also before the group's first. Valid until the next step.
    const FlowKey& key() const { return key_; }
    const Sums& sums() const { return sums_; }
    std::string_view latencies() const { return latencies_; }

  private:
    unsigned byte();
    std::uint64_t varint();
    std::int64_t zigzag();
    bool refuse();

    const unsigned char* at_;
    const unsigned char* end_;
    const unsigned char* group_end_;
    bool ok_ = true;
    FlowKey key_;
    Sums sums_;
    std::string_view latencies_;
    std::array<char, kMaxPackedLatencyCount> lone_{};  // behind latencies_, where one bucket has them all
};

}  // namespace weir::store
