#include "store/ledger_batch.h"

#include <algorithm>
#include <array>

#include "store/ledger_bytes.h"
#include "store/ledger_sums.h"

namespace weir::store {
namespace {
constexpr std::size_t kLengthBytes = PackedRow::kLengthBytes;
constexpr unsigned kWouldHaveShift = 4, kClassShift = 2;

Usd limited(Usd amount) {
    return std::clamp(amount, Usd{-kMaxAmount.nanos}, kMaxAmount);
}
}  // namespace

std::size_t pack_row(const LedgerRow& row, char* buffer) {
    Packer out(buffer + kLengthBytes);
    out.fixed64(static_cast<std::uint64_t>(row.id));
    out.zigzag(row.started_unix_micros - unix_micros_of(row.id));
    out.count(row.latency_micros);
    out.count(row.overhead_micros);
    out.varint(row.status);
    out.byte(static_cast<unsigned>(row.mode) | static_cast<unsigned>(row.prompt_class) << kClassShift);
    out.byte(row_flags(row));
    out.byte(static_cast<unsigned>(tier_code(row.tier) | tier_code(row.would_have) << kWouldHaveShift));
    for (const NameId name : {row.tenant, row.cascade, row.reference, row.served_model}) out.varint(name);
    out.fixed64(row.task);
    out.zigzag(limited(row.cost).nanos);
    out.zigzag(limited(row.counterfactual).nanos);
    PackedAttempts attempts;
    out.bytes(pack_attempts(row, attempts));

    const std::size_t size = out.packed().size();
    buffer[0] = static_cast<char>(size & 0xFFU);
    buffer[1] = static_cast<char>(size >> 8);
    return kLengthBytes + size;
}

void append_packed(std::string_view packed, std::string& batch) {
    if (batch.empty()) batch.push_back(static_cast<char>(kBatchVersion));
    batch.append(packed);
}

void pack_row(const LedgerRow& row, std::string& batch) {
    std::array<char, kMaxPackedRowBytes> buffer;
    append_packed({buffer.data(), pack_row(row, buffer.data())}, batch);
}

std::string_view PackedRow::whole() const {
    return {packed.data() - kLengthBytes, packed.size() + kLengthBytes};
}

Result<void> split_batch(std::string_view batch, std::vector<PackedRow>& rows) {
    if (batch.empty() || static_cast<unsigned char>(batch.front()) != kBatchVersion) {
        return fail(ErrorCode::protocol, "pending rows of another version");
    }
    batch.remove_prefix(1);
    while (!batch.empty()) {
        Unpacker in(batch);
        const std::size_t low = in.byte();
        const std::size_t size = low | static_cast<std::size_t>(in.byte()) << 8;
        const auto id = static_cast<RequestId>(in.fixed64());
        if (!in.ok() || size < sizeof(RequestId) || size > batch.size() - kLengthBytes || id < 0) {
            return fail(ErrorCode::protocol, "malformed pending rows");
        }
        rows.push_back(PackedRow{id, batch.substr(kLengthBytes, size)});
        batch.remove_prefix(kLengthBytes + size);
    }
    return {};
}

Result<void> unpack_row(const PackedRow& packed, LedgerRow& row) {
    Unpacker in(packed.packed);
    row.id = static_cast<RequestId>(in.fixed64());
    row.started_unix_micros = unix_micros_of(row.id) + in.zigzag();
    row.latency_micros = in.count();
    row.overhead_micros = in.count();
    row.status = static_cast<std::uint16_t>(in.varint(UINT16_MAX));
    const unsigned mode = in.byte();
    row.mode = static_cast<Mode>(mode & 3U);
    row.prompt_class = static_cast<PromptClass>(mode >> kClassShift & 3U);
    set_row_flags(row, in.byte());
    const unsigned tiers = in.byte();
    row.tier = tier_of_code(tiers & 0xFU);
    row.would_have = tier_of_code(tiers >> kWouldHaveShift);
    for (NameId* name : {&row.tenant, &row.cascade, &row.reference, &row.served_model}) {
        *name = static_cast<NameId>(in.varint(UINT32_MAX));
    }
    row.task = in.fixed64();
    row.cost = Usd{in.zigzag()};
    row.counterfactual = Usd{in.zigzag()};
    if (!in.ok()) return fail(ErrorCode::protocol, "malformed pending row");
    return unpack_attempts(in.rest(), row);
}

}  // namespace weir::store
