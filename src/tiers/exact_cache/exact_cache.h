// The exact cache: the answer to the very same request of the same tenant. S3-FIFO in memory (Yang et al., SOSP 2023)
// in front of an EntryStore on disk, with TTL and byte limits. Thread rule: one ExactCache a process. lookup_memory(),
// store() and erase() from any reactor: sharded locks held for a hash look-up and a few list links, never across I/O.
// lookup() may wait for the disk's thread and comes back on `executor`. Limits: Options; an entry larger than
// max_entry_bytes is not kept. What may be stored is the caller's decision (cascade/cacheable.h), not this class's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/executor.h"
#include "base/hash.h"
#include "base/task.h"
#include "base/units.h"
#include "store/entry_store.h"
#include "wire/usage.h"

namespace weir::tiers {

// Everything that must be equal for an answer to be shared. `upstream` is the identity of whoever would answer:
// provider name, base URL and model as sent upstream.
struct CacheScope {
    std::string_view tenant;
    std::string_view api;  // "openai.chat"
    std::string_view upstream;
};
Digest256 cache_key(const CacheScope& scope, const Digest256& canonical_request);

struct CacheEntry {
    std::string body;     // the complete answer as a body, one byte-exact copy; streams are rendered from it
    std::string model;    // "provider/model" that made it
    wire::Usage usage;    // what making it cost in tokens
    Usd cost;             // and in money
    bool priced = false;  // false: cost is unknown
    Micros created_unix_micros = 0;
};
// The stored form: docs/formats.md, "cache entry". decode() refuses other versions, damaged bytes and every spelling
// but encode()'s own.
std::string encode(const CacheEntry& entry);
Result<CacheEntry> decode(std::string_view bytes);

class ExactCache {
  public:
    struct Options {
        std::uint64_t memory_bytes = 64ull << 20;       // of entries with all their overhead
        std::size_t max_entry_bytes = 1u << 20;         // body and model; at most 16 MiB
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

    // Takes the place of an older entry. The entry must not change any more; spare capacity of its strings is counted.
    void store(const Digest256& key, EntryPtr entry);
    void erase(const Digest256& key);
    void flush();  // waits until everything stored or erased is on disk; not from a reactor
    Counters counters() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weir::tiers
