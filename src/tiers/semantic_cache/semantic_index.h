// Which cached answers could answer a question: entries by partition, found by the nearest vectors and by equal bags of
// stems. Only finds; whether a candidate is right is for guards, verifier and gate to say.
// Thread rule: any thread. 16 shards by partition, each with a lock that look-ups share and that changes hold for
// microseconds (writers first); nothing waits for disk or a model under it. Large partitions are searched by sketches
// (embed/sketch_index.h), the others vector by vector.
// Limits: Options. Full, the least valuable goes first: of what was not used since it came or was last spared, the
// oldest (a second chance for each use, as in S3-FIFO's main queue). Memory an entry: some 200 bytes, its question, and
// each vector's codes (a byte a dimension, rounded up to 64) and sketch (a bit a dimension, rounded up to a power of
// two); what a lone entry in a partition costs: semantic_index_bench.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tiers/semantic_cache/semantic_record.h"

namespace weir::tiers::semantic {

constexpr std::size_t kCandidatesMost = 16;  // by each way of finding them

struct Found {
    Digest256 key{};
    std::string question;
    Micros created_unix_micros = 0;
    std::uint64_t task = 0;
    std::uint64_t answer = 0;
    std::array<float, kSpacesMost> similarity{};  // cosine by space; 0 where either side has no vector
    bool same_bag = false;
};

class SemanticIndex {
  public:
    struct Options {
        std::array<std::string, kSpacesMost> identities;      // of the embedders; empty: no such space
        std::array<std::size_t, kSpacesMost> dimensions{};    // 0: no such space
        std::uint64_t bytes_most = std::uint64_t{64} << 20U;  // of memory, by bytes()
        std::size_t exact_most = 4096;                        // vectors in a partition; more: by sketches
    };
    explicit SemanticIndex(const Options& options);
    ~SemanticIndex();

    // Replaces an entry of the same key. False: it breaks a limit (the question, a vector's dimensions, or it is larger
    // than all that may be kept), and nothing has changed.
    bool add(const SemanticRecord& record);
    // Its answer was served: it stays longer. Nothing where there is none.
    void used(const Digest256& partition, const Digest256& key);
    bool holds(const Digest256& partition, const Digest256& key) const;
    bool remove(const Digest256& key);
    std::size_t remove_partition(const Digest256& partition);

    // At most k (1 to kCandidatesMost) by each space's vector and k by the bag; those with the same bag first, then by
    // similarity in the second space, then in the first. `vectors` by space, empty ones are not asked for. `out` is
    // cleared first.
    void candidates(const Digest256& partition, std::uint64_t bag,
                    const std::array<embed::Int8Vector, kSpacesMost>& vectors, std::size_t k,
                    std::vector<Found>& out) const;

    // Every entry, shard by shard, as it can be added again. `visit` is called without a lock, for copies of up to
    // 256 entries at a time; entries added or removed meanwhile may be missed.
    void each(const std::function<void(const SemanticRecord&)>& visit) const;

    const std::array<SpaceName, kSpacesMost>& spaces() const;  // for encode() and decode()
    std::size_t entries() const;
    std::size_t partitions() const;
    std::uint64_t bytes() const;  // counted, not measured
    std::uint64_t evicted() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weir::tiers::semantic
