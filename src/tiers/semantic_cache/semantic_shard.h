// A shard of the semantic index: partitions by key, entries by key, and the order in which entries came.
// Thread rule: const calls side by side, others alone (`lock` is the users' to take). Limits: the index's.
#pragma once

#include <pthread.h>

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "tiers/exact_cache/fingerprint_table.h"
#include "tiers/semantic_cache/semantic_partition.h"

namespace weir::tiers::semantic {

// For std::shared_lock and std::unique_lock. A writer that waits goes before readers that come later; std::shared_mutex
// would let readers that overlap keep it waiting for ever.
class WriterFirstMutex {
  public:
    WriterFirstMutex() {
        pthread_rwlockattr_t attributes;
        ::pthread_rwlockattr_init(&attributes);
        ::pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
        ::pthread_rwlock_init(&lock_, &attributes);
        ::pthread_rwlockattr_destroy(&attributes);
    }
    ~WriterFirstMutex() { ::pthread_rwlock_destroy(&lock_); }
    WriterFirstMutex(const WriterFirstMutex&) = delete;
    WriterFirstMutex& operator=(const WriterFirstMutex&) = delete;

    void lock() { ::pthread_rwlock_wrlock(&lock_); }
    void unlock() { ::pthread_rwlock_unlock(&lock_); }
    void lock_shared() { ::pthread_rwlock_rdlock(&lock_); }
    void unlock_shared() { ::pthread_rwlock_unlock(&lock_); }

  private:
    pthread_rwlock_t lock_;
};

class SemanticShard {
  public:
    mutable WriterFirstMutex lock;

    // Sets the shape before the first add().
    const SemanticPartition::Shape* shape = nullptr;

    // Replaces an entry of the same key.
    void add(const SemanticRecord& record, std::uint32_t sequence);
    bool holds(const Digest256& key) const;
    bool remove(const Digest256& key);
    std::size_t remove_partition(const Digest256& key);
    // The entry that came first goes, unless it was used since: each use is another round. `last` is the index's last
    // sequence, moved on for each. False: there is none.
    bool remove_least(std::atomic<std::uint32_t>& last);
    std::optional<std::uint32_t> first_sequence();  // of what is there
    // With the lock shared.
    void count_use(const Digest256& partition, const Digest256& key);
    // What this record will take, at most.
    std::uint64_t growth(const SemanticRecord& record) const;

    const SemanticPartition* find(const Digest256& key) const;

    std::size_t entries() const { return places_.size(); }
    std::size_t partitions() const { return numbers_.size(); }
    std::uint64_t bytes() const { return bytes_; }

    // Up to `most` entries from a position on (0 to begin with), which is moved on; false: that was the last.
    bool copy_some(std::uint64_t& position, std::size_t most, std::vector<SemanticRecord>& out) const;

  private:
    struct Place {
        std::uint32_t partition = 0;  // its number
        std::uint32_t slot = 0;
    };
    struct Arrival {
        std::uint64_t short_key = 0;  // of places_
        std::uint32_t sequence = 0;   // the entry's, else it went or was counted anew
    };
    struct KeyHash {
        std::size_t operator()(const Digest256& key) const { return short_digest(key); }
    };

    // What a partition costs beside what it counts itself: a node of numbers_, a place in partitions_, what malloc
    // keeps of its many small blocks (semantic_index_bench measures it).
    static constexpr std::uint64_t kPartitionBytes = 328;
    // A slot of places_ at half load, two arrivals.
    static constexpr std::uint64_t kEntryBytes = 32 + 2 * sizeof(Arrival);

    std::uint32_t number_of(const Digest256& key);  // makes it where there is none
    void remove_at(Place place);
    void drop(std::uint32_t number);
    void note_arrival(const Arrival& arrival);
    const Place* place_of(const Arrival& arrival) const;  // nullptr: it is no more

    std::vector<std::unique_ptr<SemanticPartition>> partitions_;  // by number; nullptr: free
    std::vector<std::uint32_t> free_numbers_;
    std::unordered_map<Digest256, std::uint32_t, KeyHash> numbers_;
    mutable FingerprintTable<Place> places_;  // by the entry's key; the key itself is checked. find() changes nothing
    std::deque<Arrival> arrivals_;            // the oldest first, some of them gone already
    std::uint64_t bytes_ = 0;
};

}  // namespace weir::tiers::semantic
