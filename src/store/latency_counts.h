// How long requests took, counted by buckets whose ends are at most an eighth apart, so that any percentile can be told
// to within a sixteenth. A cell of the rollups keeps the buckets that are not empty (packed: a byte for the bucket, a
// varint for its count, ascending); answers add them up in a LatencyCounts.
// Thread rule: plain values.
// Limits: kLatencyBuckets; a count stays at 2^32 - 1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"

namespace weir::store {

// Up to 15 us a bucket each; above, eight to each power of two, up to the largest std::int32_t.
constexpr std::size_t kLatencyBuckets = 16 + 27 * 8;
std::uint8_t latency_bucket(std::int32_t micros);       // below 0: as 0
Micros latency_of_bucket(std::uint8_t bucket);          // the middle of it
std::string pack_latency(std::int32_t micros);          // one request's
constexpr std::size_t kMaxPackedLatencyCount = 1 + 10;  // bytes of a bucket

class LatencyCounts {
  public:
    // False: malformed; what was read of it is added.
    bool add(std::string_view packed);
    void add(const LatencyCounts& other);
    std::string packed() const;
    // The latency that so many thousandths of the requests do not exceed (nearest rank); nothing where there is none.
    std::optional<Micros> percentile(std::int64_t thousandths) const;
    void clear() { counts_.fill(0); }

  private:
    std::array<std::uint32_t, kLatencyBuckets> counts_{};  // small: there is one for each line of an answer
};

}  // namespace weir::store
