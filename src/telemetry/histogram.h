// Counts by fixed buckets, cheap enough for every request: one writer, any number of readers, no lock.
// Thread rule: record() from one thread; add_to() from any. A reader may see a record in part: counts and sum are each
// right a moment later.
// Limits: values of 0 and above; the last bucket has no bound.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <vector>

#include "base/units.h"

namespace weir::telemetry {

inline constexpr std::int64_t kMillisecond = 1'000;
// Micros. From 10 ms on those of OpenTelemetry's gen_ai.server.request.duration, and finer below: a cache's answers.
inline constexpr std::array<std::int64_t, 18> kDurationBounds = {
    250,     500,     1'000,   2'500,     5'000,     10'000,    20'000,     40'000,     80'000,
    160'000, 320'000, 640'000, 1'280'000, 2'560'000, 5'120'000, 10'240'000, 20'480'000, 81'920'000};
// Micros: the gateway's own share.
inline constexpr std::array<std::int64_t, 14> kOverheadBounds = {
    25, 50, 100, 200, 400, 800, 1'600, 3'200, 6'400, 12'800, 25'600, 102'400, 409'600, 1'638'400};
// Those of gen_ai.client.token.usage.
inline constexpr std::array<std::int64_t, 14> kTokenBounds = {
    1, 4, 16, 64, 256, 1'024, 4'096, 16'384, 65'536, 262'144, 1'048'576, 4'194'304, 16'777'216, 67'108'864};

// What readers sum up. Not cumulative.
struct HistogramSum {
    std::vector<std::uint64_t> counts;
    std::int64_t sum = 0;
    std::uint64_t total() const {
        std::uint64_t all = 0;
        for (const std::uint64_t count : counts) all += count;
        return all;
    }
};

template <class T, class U>
void add_relaxed(std::atomic<T>& counter, U amount) {
    // One thread alone writes: no read-modify-write across threads is needed.
    counter.store(counter.load(std::memory_order_relaxed) + static_cast<T>(amount), std::memory_order_relaxed);
}

// By how many bits a value has: the bucket of the smallest of them. The one that is looked for is at most as many
// further on as there are bounds within a factor of two.
template <std::size_t size>
constexpr std::array<std::uint8_t, 65> first_buckets(const std::array<std::int64_t, size>& bounds) {
    static_assert(size < 256);
    std::array<std::uint8_t, 65> first{};
    for (std::size_t bits = 1; bits < first.size(); ++bits) {
        const std::uint64_t smallest = std::uint64_t{1} << (bits - 1);
        for (const std::int64_t bound : bounds) {
            if (static_cast<std::uint64_t>(bound) < smallest) ++first[bits];
        }
    }
    return first;
}

template <const auto& bounds>
class Histogram {
  public:
    static std::size_t bucket_of(std::int64_t value) {
        static constexpr std::array<std::uint8_t, 65> kFirst = first_buckets(bounds);
        const auto positive = static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
        std::size_t bucket = kFirst[static_cast<std::size_t>(std::bit_width(positive))];
        while (bucket < bounds.size() && value > bounds[bucket]) ++bucket;
        return bucket;
    }
    void record(std::int64_t value) { record(value, bucket_of(value)); }
    // `bucket`: of the value, where it is known.
    void record(std::int64_t value, std::size_t bucket) {
        add_relaxed(counts_[bucket], 1U);
        add_relaxed(sum_, value);
    }
    void add_to(HistogramSum& all) const {
        all.counts.resize(counts_.size());
        for (std::size_t i = 0; i < counts_.size(); ++i) all.counts[i] += counts_[i].load(std::memory_order_relaxed);
        all.sum += sum_.load(std::memory_order_relaxed);
    }

  private:
    std::array<std::atomic<std::uint64_t>, bounds.size() + 1> counts_{};
    std::atomic<std::int64_t> sum_{0};
};

using Durations = Histogram<kDurationBounds>;
using Overheads = Histogram<kOverheadBounds>;
using TokenCounts = Histogram<kTokenBounds>;

}  // namespace weir::telemetry
