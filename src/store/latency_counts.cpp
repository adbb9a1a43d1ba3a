#include "store/latency_counts.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "store/ledger_bytes.h"

namespace weir::store {
namespace {

constexpr unsigned kExact = 16;        // below this a bucket is a microsecond
constexpr unsigned kExactBits = 4;     // its logarithm
constexpr unsigned kMantissaBits = 3;  // eight buckets to a power of two

std::uint32_t sum_of(std::uint32_t count, std::uint64_t more) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::min(count + std::min(more, kMost), kMost));
}

void append_count(unsigned bucket, std::uint32_t count, std::string& to) {
    std::array<char, kMaxPackedLatencyCount> buffer;
    Packer packer(buffer.data());
    packer.byte(bucket);
    packer.varint(count);
    to += packer.packed();
}

}  // namespace

std::uint8_t latency_bucket(std::int32_t micros) {
    const auto value = static_cast<std::uint32_t>(std::max(micros, 0));
    if (value < kExact) return static_cast<std::uint8_t>(value);
    const auto power = static_cast<unsigned>(std::bit_width(value)) - 1;
    const std::uint32_t mantissa = (value >> (power - kMantissaBits)) & 7U;
    return static_cast<std::uint8_t>(kExact + (power - kExactBits) * 8 + mantissa);
}

Micros latency_of_bucket(std::uint8_t bucket) {
    if (bucket < kExact) return bucket;
    const unsigned shift = (bucket - kExact) / 8 + kExactBits - kMantissaBits;
    const Micros low = static_cast<Micros>(8 + (bucket - kExact) % 8) << shift;
    return low + (Micros{1} << shift) / 2;
}

std::string pack_latency(std::int32_t micros) {
    std::string packed;
    append_count(latency_bucket(micros), 1, packed);
    return packed;
}

bool LatencyCounts::add(std::string_view packed) {
    const auto* at = reinterpret_cast<const unsigned char*>(packed.data());
    const auto* const end = at + packed.size();
    while (at != end) {
        const unsigned bucket = *at++;
        std::uint64_t count = 0;
        for (unsigned shift = 0;; shift += 7) {
            if (at == end || shift > 56 || bucket >= kLatencyBuckets) return false;
            count |= std::uint64_t{*at & 0x7FU} << shift;
            if (*at++ < 0x80U) break;
        }
        counts_[bucket] = sum_of(counts_[bucket], count);
    }
    return true;
}

void LatencyCounts::add(const LatencyCounts& other) {
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
        const std::uint32_t sum = counts_[bucket] + other.counts_[bucket];
        counts_[bucket] = sum < counts_[bucket] ? std::numeric_limits<std::uint32_t>::max() : sum;  // no branch
    }
}

std::string LatencyCounts::packed() const {
    std::string packed;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
        if (counts_[bucket] != 0) append_count(static_cast<unsigned>(bucket), counts_[bucket], packed);
    }
    return packed;
}

std::optional<Micros> LatencyCounts::percentile(std::int64_t thousandths) const {
    double total = 0;
    for (const std::uint32_t count : counts_) total += count;
    double left = total * static_cast<double>(thousandths) / 1000;
    std::optional<Micros> reached;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
        if (counts_[bucket] == 0) continue;
        reached = latency_of_bucket(static_cast<std::uint8_t>(bucket));
        left -= counts_[bucket];
        if (left <= 0) break;
    }
    return reached;
}

}  // namespace weir::store
