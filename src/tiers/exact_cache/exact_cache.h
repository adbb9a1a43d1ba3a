// The exact cache: the answer to the very same request of the same tenant. S3-FIFO in memory (Yang et al., SOSP 2023)
// in front of an EntryStore on disk, with TTL and byte limits. Thread rule: one ExactCache a process. lookup_memory(),
// store() and erase() from any reactor: sharded locks held for a hash look-up and a few list links, never across I/O.
// lookup() may wait for the disk's thread and comes back on `executor`. Limits: Options; an entry larger than
// max_entry_bytes is not kept. What may be stored is the caller's decision (cascade/cacheable.h), not this class's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/executor.h"
#include "base/hash.h"
#include "base/task.h"
#include "base/units.h"
#include "store/entry_store.h"
#include "tiers/exact_cache/cache_entry.h"

namespace weir::tiers {

class ExactCache {
  public:
    struct Options {
        std::uint64_t memory_bytes = 64ull << 20;       // of entries with all their overhead
        std::size_t max_entry_bytes = 1u << 20;         // body, model and question; at most 16 MiB
        Micros ttl_micros = 24ll * 3600 * 1'000'000;    // 0: never expires
        std::size_t write_queue_entries = 4096;         // beyond: the entry stays in memory alone (counted)
        std::uint64_t write_queue_bytes = 32ull << 20;  // the same
        std::size_t read_queue_entries = 4096;          // look-ups waiting for disk; beyond: a miss (counted)
        Micros write_interval_micros = 50'000;          // an entry waits so long for others to be written with it
    };
    struct Counters {
        std::uint64_t memory_hits = 0, disk_hits = 0, misses = 0, expired = 0, stored = 0, evicted = 0,
                      not_persisted = 0;
        std::uint64_t entries = 0, bytes = 0;  // in memory, now
        std::uint64_t disk_bytes = 0;          // on disk, now
        std::uint64_t disk_entries = 0;        // the same, as far as is known: some may have been dropped since
        std::uint64_t disk_refused = 0;        // misses because too many look-ups waited for disk
        std::uint64_t damaged = 0;             // on disk, but not readable: taken for misses
    };

    // `disk` may be null: memory only. Reads the disk's keys once, here; throws std::runtime_error where it can't.
    ExactCache(const Options& options, const Clock& clock, std::unique_ptr<store::EntryStore> disk);
    // Writes what is queued. Every lookup() must have come back before.
    ~ExactCache();
    ExactCache(const ExactCache&) = delete;

    using EntryPtr = std::shared_ptr<const CacheEntry>;

    // Memory, then disk; nullptr where there is none or it has expired. Never blocks the calling thread.
    // Call it on `executor`'s own thread. Once started, the coroutine must not be destroyed before it is resumed.
    Task<EntryPtr> lookup(const Digest256& key, Executor& executor);
    // Memory alone. `maybe_on_disk` tells whether lookup() would find it worth going to disk: false is certain (and
    // counted as a miss), true may be wrong.
    EntryPtr lookup_memory(const Digest256& key, bool& maybe_on_disk);

    // Memory alone, and only a hit counts: for whoever asks one of the others after a nullptr.
    EntryPtr hit_in_memory(const Digest256& key);

    // The same, counting for nothing: for whoever compares answers.
    EntryPtr peek(const Digest256& key) const;

    // What is kept, for people to look at, until `visit` says false: what is in memory, in no order, then what is on
    // disk alone, the newest first. Counts for nothing. `visit` is called without a lock; what is stored or erased
    // meanwhile may be missed. Blocks on disk: not from a reactor. Error io: what is on disk can't be read.
    struct Kept {
        Digest256 key{};
        EntryPtr entry;
        bool in_memory = false;
        std::uint32_t hits = 0;  // since it came to memory
    };
    Result<void> each(const std::function<bool(const Kept& kept)>& visit) const;

    // Takes the place of an older entry. The entry must not change any more; spare capacity of its strings is counted.
    // `risk`: the share of its hits that may be wrong, 0 to 1: what is kept in memory is what saves the most dollars a
    // byte, and a hit saves its entry's cost times 1 - risk.
    void store(const Digest256& key, EntryPtr entry, double risk = 0);
    void erase(const Digest256& key);
    void flush();  // waits until everything stored or erased is on disk; not from a reactor
    Counters counters() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weir::tiers
