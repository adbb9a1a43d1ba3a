// Request ids: 63 bits, ordered by time, unique in one data folder without a lock: 41 bits of milliseconds since
// 2020-01-01, 6 bits of reactor, 16 bits of sequence. Written as 16 lower-case hex digits.
// Thread rule: one RequestIds a reactor. Limits: 64 reactors; 65,536 ids a millisecond a reactor, then it runs ahead
// of the clock rather than repeat one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace weir {

using RequestId = std::int64_t;

class RequestIds {
  public:
    RequestIds(const Clock& clock, unsigned reactor) : clock_(clock), reactor_(reactor & 63U) {}
    RequestId next();

  private:
    const Clock& clock_;
    std::uint64_t reactor_;
    std::uint64_t last_millis_ = 0;
    std::uint64_t sequence_ = 0;
};

Micros unix_micros_of(RequestId id);                              // when it was made, to the millisecond
std::optional<RequestId> parse_request_id(std::string_view hex);  // 16 hex digits

}  // namespace weir
