#include "store/sheet.h"

#include <algorithm>
#include <utility>

#include "store/ledger_bytes.h"

namespace weir::store {
namespace {

constexpr unsigned kSheetVersion = 1;
// What a group's first byte says is there.
enum : unsigned { kHasTask = 1, kHasTenant = 2, kHasCascade = 4, kHasReference = 8 };
constexpr std::size_t kMaxGroupBytes = 1 + 8 + 3 * 5;
// A cell's first byte: tier, purpose, and
enum : unsigned { kHasWouldHave = 64, kLoneBucket = 128 };
// Its second one: which sums are not 0, and whether `saved` is something else than counterfactual minus cost.
enum : unsigned {
    kErrors = 1,
    kUnpriced = 2,
    kInput = 4,
    kInputCached = 8,
    kOutput = 16,
    kCost = 32,
    kCounterfactual = 64,
    kSavedDiffers = 128
};
constexpr std::size_t kMaxCellBytes = 3 + 10 * 10 + 10;  // without its latencies

std::int64_t difference(std::int64_t a, std::int64_t b) {  // without overflow
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

bool same_group(const FlowKey& a, const FlowKey& b) {
    return a.task == b.task && a.tenant == b.tenant && a.cascade == b.cascade && a.reference == b.reference;
}

// The bucket, where all requests are in one; -1 otherwise.
int lone_bucket(const Cell& cell) {
    std::array<char, kMaxPackedLatencyCount> buffer;
    Packer packer(buffer.data());
    if (cell.latencies.empty()) return -1;
    packer.byte(static_cast<unsigned char>(cell.latencies.front()));
    packer.varint(static_cast<std::uint64_t>(cell.sums.requests));
    return packer.packed() == cell.latencies ? static_cast<unsigned char>(cell.latencies.front()) : -1;
}

void append_cell(const Cell& cell, std::string& to) {
    const FlowKey& key = cell.key;
    const Sums& sums = cell.sums;
    const int lone = lone_bucket(cell);
    std::array<char, kMaxCellBytes> buffer;
    Packer packer(buffer.data());
    packer.byte(static_cast<unsigned>(tier_code(key.tier)) | static_cast<unsigned>(key.purpose) << 3 |
                (key.would_have ? kHasWouldHave : 0U) | (lone >= 0 ? kLoneBucket : 0U));
    const bool differs = sums.saved != difference(sums.counterfactual, sums.cost);
    packer.byte((sums.errors != 0 ? kErrors : 0U) | (sums.unpriced != 0 ? kUnpriced : 0U) |
                (sums.input != 0 ? kInput : 0U) | (sums.input_cached != 0 ? kInputCached : 0U) |
                (sums.output != 0 ? kOutput : 0U) | (sums.cost != 0 ? kCost : 0U) |
                (sums.counterfactual != 0 ? kCounterfactual : 0U) | (differs ? kSavedDiffers : 0U));
    if (key.would_have) packer.byte(static_cast<unsigned>(tier_code(key.would_have)));
    packer.varint(static_cast<std::uint64_t>(sums.requests));
    for (const std::int64_t sum : {sums.errors, sums.unpriced, sums.input, sums.input_cached, sums.output}) {
        if (sum != 0) packer.varint(static_cast<std::uint64_t>(sum));
    }
    for (const std::int64_t sum : {sums.cost, sums.counterfactual}) {
        if (sum != 0) packer.zigzag(sum);
    }
    if (differs) packer.zigzag(sums.saved);
    packer.varint(static_cast<std::uint64_t>(sums.latency));
    lone >= 0 ? packer.byte(static_cast<unsigned>(lone)) : packer.varint(cell.latencies.size());
    to += packer.packed();
    if (lone < 0) to += cell.latencies;
}

void append_group(const FlowKey& key, std::string_view cells, std::string& to) {
    std::array<char, kMaxGroupBytes + 10> buffer;
    Packer packer(buffer.data());
    packer.byte((key.task != 0 ? kHasTask : 0U) | (key.tenant != kNoName ? kHasTenant : 0U) |
                (key.cascade != kNoName ? kHasCascade : 0U) | (key.reference != kNoName ? kHasReference : 0U));
    if (key.task != 0) packer.fixed64(key.task);
    for (const NameId name : {key.tenant, key.cascade, key.reference}) {
        if (name != kNoName) packer.varint(name);
    }
    packer.varint(cells.size());
    to += packer.packed();
    to += cells;
}

}  // namespace

Cell Cell::of(const LedgerRow& row) {
    Cell cell{FlowKey::of(row), Sums::of(row), {}};
    if (cell.sums.requests != 0) cell.latencies = pack_latency(row.latency_micros);
    return cell;
}

Cell Cell::at_detail(Detail detail) const {
    Cell cell = *this;
    if (detail != Detail::task) cell.key.task = 0;
    if (detail < Detail::names) cell.key.tenant = kNoName;
    if (detail < Detail::route) cell.key.cascade = cell.key.reference = kNoName;
    return cell;
}

unsigned Cell::part(Detail detail) const {
    return detail == Detail::task ? part_of_task(key.task) : detail == Detail::names ? part_of_tenant(key.tenant) : 0;
}

void combine(std::vector<Cell>& cells) {
    std::vector<Cell*> ordered;
    ordered.reserve(cells.size());
    for (Cell& cell : cells) ordered.push_back(&cell);
    std::sort(ordered.begin(), ordered.end(), [](const Cell* a, const Cell* b) { return a->key < b->key; });
    std::vector<Cell> combined;
    combined.reserve(cells.size());
    LatencyCounts latencies;
    for (std::size_t i = 0; i < ordered.size();) {
        Cell& cell = combined.emplace_back(std::move(*ordered[i]));
        const std::size_t first = i;
        while (++i < ordered.size() && ordered[i]->key == cell.key) {
            if (i == first + 1) latencies.add(cell.latencies);
            cell.sums += ordered[i]->sums;
            latencies.add(ordered[i]->latencies);
        }
        if (i == first + 1) continue;
        cell.latencies = latencies.packed();
        latencies.clear();
    }
    cells = std::move(combined);
}

std::string pack_sheet(std::span<const Cell> combined) {
    std::string sheet(1, static_cast<char>(kSheetVersion)), group;
    for (std::size_t i = 0; i < combined.size(); ++i) {
        append_cell(combined[i], group);
        if (i + 1 < combined.size() && same_group(combined[i].key, combined[i + 1].key)) continue;
        append_group(combined[i].key, group, sheet);
        group.clear();
    }
    return sheet;
}

Result<void> unpack_sheet(std::string_view sheet, std::vector<Cell>& to) {
    const std::size_t before = to.size();
    SheetReader reader(sheet);
    while (reader.next_group()) {
        while (reader.next_cell()) {
            to.push_back(Cell{reader.key(), reader.sums(), std::string(reader.latencies())});
        }
    }
    if (reader.ok()) return {};
    to.erase(to.begin() + static_cast<std::ptrdiff_t>(before), to.end());
    return fail(ErrorCode::protocol, "a sheet of the ledger's rollups is malformed");
}

SheetReader::SheetReader(std::string_view sheet)
    : at_(reinterpret_cast<const unsigned char*>(sheet.data())), end_(at_ + sheet.size()), group_end_(at_) {
    if (byte() != kSheetVersion) refuse();
    group_end_ = at_;
}

bool SheetReader::refuse() {
    ok_ = false;
    at_ = group_end_ = end_;
    return false;
}

unsigned SheetReader::byte() {
    if (at_ != end_) return *at_++;
    ok_ = false;
    return 0;
}

std::uint64_t SheetReader::varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const unsigned next = byte();
        value |= std::uint64_t{next & 0x7FU} << shift;
        if (next < 0x80U) return value;
    }
    ok_ = false;
    return 0;
}

std::int64_t SheetReader::zigzag() {
    const std::uint64_t value = varint();
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

bool SheetReader::next_group() {
    at_ = group_end_;
    if (at_ == end_) return false;
    const unsigned has = byte();
    key_ = FlowKey();
    if ((has & kHasTask) != 0) {
        if (end_ - at_ < 8) return refuse();
        for (unsigned shift = 0; shift < 64; shift += 8) key_.task |= std::uint64_t{*at_++} << shift;
    }
    if ((has & kHasTenant) != 0) key_.tenant = static_cast<NameId>(varint());
    if ((has & kHasCascade) != 0) key_.cascade = static_cast<NameId>(varint());
    if ((has & kHasReference) != 0) key_.reference = static_cast<NameId>(varint());
    const std::uint64_t size = varint();
    if (!ok_ || size > static_cast<std::uint64_t>(end_ - at_)) return refuse();
    group_end_ = at_ + size;
    return true;
}

bool SheetReader::next_cell() {
    if (at_ == group_end_) return false;
    const unsigned kinds = byte(), has = byte();
    const auto sum = [&](unsigned bit) { return (has & bit) != 0 ? static_cast<std::int64_t>(varint()) : 0; };
    key_.tier = tier_of_code(kinds & 7U);
    key_.purpose = static_cast<Purpose>(kinds >> 3 & 7U);
    key_.would_have = (kinds & kHasWouldHave) != 0 ? tier_of_code(byte()) : std::nullopt;
    sums_.requests = static_cast<std::int64_t>(varint());
    sums_.errors = sum(kErrors);
    sums_.unpriced = sum(kUnpriced);
    sums_.input = sum(kInput);
    sums_.input_cached = sum(kInputCached);
    sums_.output = sum(kOutput);
    sums_.cost = (has & kCost) != 0 ? zigzag() : 0;
    sums_.counterfactual = (has & kCounterfactual) != 0 ? zigzag() : 0;
    sums_.saved = (has & kSavedDiffers) != 0 ? zigzag() : difference(sums_.counterfactual, sums_.cost);
    sums_.latency = static_cast<std::int64_t>(varint());
    if ((kinds & kLoneBucket) != 0) {
        Packer packer(lone_.data());
        packer.byte(byte());
        packer.varint(static_cast<std::uint64_t>(sums_.requests));
        latencies_ = packer.packed();
    } else {
        const std::uint64_t size = varint();
        if (!ok_ || at_ > group_end_ || size > static_cast<std::uint64_t>(group_end_ - at_)) return refuse();
        latencies_ = {reinterpret_cast<const char*>(at_), static_cast<std::size_t>(size)};
        at_ += size;
    }
    return (ok_ && at_ <= group_end_ && key_.purpose <= Purpose::trial) || refuse();
}

}  // namespace weir::store
