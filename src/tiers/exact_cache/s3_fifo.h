// The replacement policy of one shard of the exact cache: S3-FIFO, "FIFO queues are all you need for cache eviction"
// (Yang, Zhang, Qiu, Yue, Vinayak; SOSP 2023), algorithm 1, with sizes in bytes instead of objects, and with credits in
// place of its counts of accesses, so that what is kept saves the most dollars a byte:
//   small (10 %): new entries; with the credits of two ordinary accesses by the time they reach its end they go to
//   main,
//                 else to ghost; the dearest go to main even if nobody asked for them
//   main  (90 %): the end goes round again for the credits of an access, and is evicted where it has not so many
//   ghost: fingerprints of what small gave up, as many as would have filled main; coming back, they go to main at once
// An access is worth kAccess credits to an entry of ordinary worth a byte, and to others in proportion (MoneyScale).
// Where all are worth the same, or nothing is known of their worth, this is plain S3-FIFO.
// Thread rule: none of its own; the shard's lock guards it.
// Limits: capacity in bytes as the caller counts them; an entry below 4 GiB, 4 billion entries; an eviction looks at
// kMostVisits entries of main at most.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/hash.h"
#include "tiers/exact_cache/fingerprint_table.h"

namespace weir::tiers {

struct CacheEntry;

// What an access is worth to an entry, in credits: kAccess times its dollars a byte over what entries have as a rule
// (the geometric mean, kept as they are inserted, over the last thousand or so), 1 to kMost.
class MoneyScale {
  public:
    static constexpr int kAccess = 4;
    static constexpr int kMost = 252;
    static constexpr int kDear = 8 * kAccess;  // kept for a while though nobody has asked for it yet
    static constexpr std::int64_t kUnknown = -1;

    // `worth_nanos`: nano-dollars that a hit saves; kUnknown: as much as others.
    std::uint8_t credits_of(std::int64_t worth_nanos, std::uint32_t bytes);

  private:
    float mean_ = 0;  // of the logarithm, to base 2, of nano-dollars a byte
    std::uint32_t seen_ = 0;
};

class S3Fifo {
  public:
    using Value = std::shared_ptr<const CacheEntry>;
    static constexpr int kMostVisits = 256;

    explicit S3Fifo(std::uint64_t capacity_bytes);

    // nullptr where it is not in; valid until the next change. Counts as an access.
    const Value* find(const Digest256& key);
    bool contains(const Digest256& key) const { return locate(key) != kNone; }  // counts for nothing
    Value peek(const Digest256& key) const {                                    // the same; null where it is not in
        const std::uint32_t at = locate(key);
        return at == kNone ? nullptr : nodes_[at].value;
    }
    // How often find() has found this value; 0 where it is not in.
    std::uint32_t hits(const Digest256& key) const {
        const std::uint32_t at = locate(key);
        return at == kNone ? 0 : nodes_[at].hits;
    }
    // Up to `most` entries from a position on (0 to begin with), which is moved on, in no order; false: that was the
    // last. Counts for nothing.
    struct Kept {
        Digest256 key{};
        Value value;
        std::uint32_t hits = 0;
    };
    bool copy_some(std::size_t& position, std::size_t most, std::vector<Kept>& out) const;

    // Takes the place of an older value (which keeps its standing). What had to go is appended to `removed`, for the
    // caller to let go of outside its lock. False: larger than the capacity, not kept (an older value is removed).
    // `worth_nanos`: see MoneyScale.
    bool insert(const Digest256& key, Value value, std::uint32_t bytes, std::vector<Value>& removed,
                std::int64_t worth_nanos = MoneyScale::kUnknown);
    bool erase(const Digest256& key, std::vector<Value>& removed);

    std::size_t entries() const { return entries_; }
    std::uint64_t bytes() const { return small_.bytes + main_.bytes; }
    std::uint64_t evicted() const { return evicted_; }
    std::size_t ghosts() const { return ghost_places_.size(); }

  private:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    static constexpr int kMostAccesses = 3;  // that count
    enum class Queue : std::uint8_t { small, main };

    struct Node {
        Digest256 key{};
        Value value;
        std::uint32_t bytes = 0;
        std::uint32_t newer = kNone;
        std::uint32_t older = kNone;
        std::uint32_t chain = kNone;  // next in the bucket; next free one
        Queue queue = Queue::small;
        std::uint8_t worth = MoneyScale::kAccess;  // credits an access
        std::int16_t credits = 0;
        std::uint32_t hits = 0;
    };
    struct Fifo {
        std::uint32_t newest = kNone;
        std::uint32_t oldest = kNone;
        std::uint64_t bytes = 0;
    };
    struct Ghost {
        std::uint64_t fingerprint = 0;
        std::uint32_t bytes = 0;
        bool recalled = false;  // its place is kept (so a ghost's age is what small gave up since), its effect is not
    };

  public:
    // What an entry costs here besides its value: its node, its share of the buckets, and a ghost of its size (a place
    // in the queue and a slot of the table).
    static constexpr std::size_t kEntryOverheadBytes = sizeof(Node) + 2 * sizeof(std::uint32_t) + sizeof(Ghost) + 32;

  private:
    std::uint32_t locate(const Digest256& key) const;
    std::uint32_t& bucket_of(const Digest256& key);
    Fifo& fifo(Queue queue) { return queue == Queue::small ? small_ : main_; }
    void link_newest(std::uint32_t at, Queue queue);
    void unlink(std::uint32_t at);
    Value release(std::uint32_t at);  // unlinked already
    std::uint32_t take_node();
    void grow_buckets();
    void evict(std::vector<Value>& removed);
    void evict_small(std::vector<Value>& removed);
    void evict_main(std::vector<Value>& removed);
    void give_up(std::uint32_t at, std::vector<Value>& removed);
    void remember_ghost(const Node& node);
    bool recall_ghost(const Digest256& key);

    std::uint64_t capacity_bytes_;
    std::uint64_t small_target_bytes_;
    std::uint64_t main_target_bytes_;
    MoneyScale scale_;
    std::deque<Node> nodes_;
    std::uint32_t free_node_ = kNone;
    std::vector<std::uint32_t> buckets_;
    std::size_t entries_ = 0;
    Fifo small_;
    Fifo main_;
    std::uint64_t evicted_ = 0;

    std::deque<Ghost> ghosts_;       // oldest first
    std::uint32_t first_ghost_ = 0;  // number of ghosts_.front(); wraps
    std::uint64_t ghost_bytes_ = 0;
    FingerprintTable<std::uint32_t> ghost_places_;  // fingerprint -> number
};

}  // namespace weir::tiers
