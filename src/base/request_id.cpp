#include "base/request_id.h"

#include <algorithm>

#include "base/hash.h"

namespace weir {
namespace {
constexpr std::uint64_t kEpochMillis = 1'577'836'800'000;  // 2020-01-01T00:00:00Z
constexpr unsigned kSequenceBits = 16;
constexpr unsigned kReactorBits = 6;
}  // namespace

RequestId RequestIds::next() {
    const auto now = static_cast<std::uint64_t>(clock_.unix_micros()) / 1000 - kEpochMillis;
    if (now > last_millis_) {
        last_millis_ = now;
        sequence_ = 0;
    } else if (++sequence_ >> kSequenceBits != 0) {
        ++last_millis_;
        sequence_ = 0;
    }
    return static_cast<RequestId>((last_millis_ << (kSequenceBits + kReactorBits)) | (reactor_ << kSequenceBits) |
                                  sequence_);
}

Micros unix_micros_of(RequestId id) {
    const auto millis = (static_cast<std::uint64_t>(id) >> (kSequenceBits + kReactorBits)) + kEpochMillis;
    return static_cast<Micros>(millis * 1000);
}

std::optional<RequestId> parse_request_id(std::string_view hex) {
    const std::optional<std::uint64_t> value = parse_hex(hex);
    if (!value || *value >> 63 != 0) return std::nullopt;
    return static_cast<RequestId>(*value);
}

}  // namespace weir
