#include "tiers/exact_cache/exact_cache.h"

#include <algorithm>
#include <atomic>
#include <coroutine>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tiers/exact_cache/disk_queue.h"
#include "tiers/exact_cache/fingerprint_table.h"
#include "tiers/exact_cache/s3_fifo.h"

namespace weir::tiers {
namespace {

constexpr std::size_t kMostShards = 16;
constexpr std::size_t kLargestPerShard = 4;  // a shard has room for that many entries of the largest size
constexpr std::size_t kMostEntryBytes = 16u << 20;

std::uint32_t charge_of(const CacheEntry& entry) {
    constexpr std::size_t kSharedBytes = (16 + sizeof(CacheEntry) + 8 + 15) / 16 * 16;  // with make_shared's two counts
    return static_cast<std::uint32_t>(kSharedBytes + heap_bytes(entry) + S3Fifo::kEntryOverheadBytes);
}

// Nano-dollars that a hit saves.
std::int64_t worth_of(const CacheEntry& entry, double risk) {
    if (!entry.priced) return MoneyScale::kUnknown;
    const double saved =
        static_cast<double>(std::max<std::int64_t>(entry.cost.nanos, 0)) * (1 - std::clamp(risk, 0.0, 1.0));
    return static_cast<std::int64_t>(std::min(saved, 1e18));
}

struct alignas(64) Shard {
    explicit Shard(std::uint64_t capacity_bytes) : memory(capacity_bytes) {}

    std::mutex mutex;
    S3Fifo memory;
    FingerprintTable<> on_disk;  // holds every key that is on disk or queued for it, and some that no longer are
    std::uint64_t changes = 0;   // by store() and erase(): tells a read from disk that it may have been overtaken
    ExactCache::Counters counters;
};

}  // namespace

struct ExactCache::Impl {
    Options options;
    const Clock& clock;
    std::vector<std::unique_ptr<Shard>> shards;
    std::unique_ptr<DiskQueue> disk;  // last: its threads use the rest

    Impl(const Options& chosen, const Clock& time) : options(chosen), clock(time) {
        options.max_entry_bytes = std::min(options.max_entry_bytes, kMostEntryBytes);
        std::size_t count = kMostShards;
        while (count > 1 && options.memory_bytes / count < options.max_entry_bytes * kLargestPerShard) count /= 2;
        for (std::size_t i = 0; i < count; ++i) {
            shards.push_back(std::make_unique<Shard>(options.memory_bytes / count));
        }
    }

    // By a byte that fingerprints don't use.
    Shard& shard_of(const Digest256& key) { return *shards[key[8] & (shards.size() - 1)]; }

    bool expired(const CacheEntry& entry) const {
        if (options.ttl_micros == 0) return false;
        const Micros now = clock.unix_micros();
        if (entry.created_unix_micros >= now) return false;
        const std::uint64_t age =
            static_cast<std::uint64_t>(now) - static_cast<std::uint64_t>(entry.created_unix_micros);
        return age > static_cast<std::uint64_t>(options.ttl_micros);
    }

    void forget(const Digest256& key) {
        Shard& shard = shard_of(key);
        const std::scoped_lock lock(shard.mutex);
        shard.on_disk.erase(short_digest(key));
    }

    EntryPtr look_in_memory(const Digest256& key, bool& maybe_on_disk, std::uint64_t& changes);
    EntryPtr take_from_disk(const Digest256& key, EntryPtr found, std::uint64_t changes_before);

    struct DiskLookup;
};

// Lives in the frame of the coroutine that waits; the reader thread fills it in and posts the coroutine.
struct ExactCache::Impl::DiskLookup final : DiskQueue::Read {
    DiskLookup(Impl& cache, const Digest256& wanted, Executor& resume_on) : impl(cache), executor(resume_on) {
        key = wanted;
    }

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> handle) {
        waiter = handle;
        return impl.disk->read(*this);
    }
    bool await_resume() noexcept { return answered; }

    void done(EntryPtr found) override {
        result = impl.take_from_disk(key, std::move(found), changes);
        answered = true;
        executor.post(waiter);  // from here on *this may be gone
    }

    Impl& impl;
    Executor& executor;
    std::uint64_t changes = 0;
    std::coroutine_handle<> waiter;
    EntryPtr result;
    bool answered = false;
};

ExactCache::EntryPtr ExactCache::Impl::look_in_memory(const Digest256& key, bool& maybe_on_disk,
                                                      std::uint64_t& changes) {
    maybe_on_disk = false;
    std::vector<EntryPtr> removed;
    Shard& shard = shard_of(key);
    {
        const std::scoped_lock lock(shard.mutex);
        changes = shard.changes;
        if (const EntryPtr* found = shard.memory.find(key); found != nullptr) {
            if (!expired(**found)) {
                ++shard.counters.memory_hits;
                return *found;
            }
            ++shard.counters.expired;
            ++shard.counters.misses;
            ++shard.changes;
            shard.memory.erase(key, removed);
            shard.on_disk.erase(short_digest(key));
        } else {
            maybe_on_disk = shard.on_disk.contains(short_digest(key));
            if (!maybe_on_disk) ++shard.counters.misses;
            return nullptr;
        }
    }
    if (disk != nullptr) disk->erase(key);
    return nullptr;
}

// On the reader thread. An answer that a store() or erase() in the meantime may have overtaken is still returned (the
// look-up began before them) but not kept.
ExactCache::EntryPtr ExactCache::Impl::take_from_disk(const Digest256& key, EntryPtr found,
                                                      std::uint64_t changes_before) {
    const bool stale = found != nullptr && expired(*found);
    std::vector<EntryPtr> removed;
    Shard& shard = shard_of(key);
    {
        const std::scoped_lock lock(shard.mutex);
        const bool overtaken = shard.changes != changes_before;
        if (found != nullptr && !stale) {
            ++shard.counters.disk_hits;
            // Two look-ups may have gone to disk for the same key.
            if (!overtaken && !shard.memory.contains(key)) {
                shard.memory.insert(key, found, charge_of(*found), removed, worth_of(*found, 0));
            }
            return found;
        }
        ++shard.counters.misses;
        if (stale) ++shard.counters.expired;
        if (!overtaken) shard.on_disk.erase(short_digest(key));
        if (!stale || overtaken) return nullptr;
        ++shard.changes;
    }
    disk->erase(key);
    return nullptr;
}

ExactCache::ExactCache(const Options& options, const Clock& clock, std::unique_ptr<store::EntryStore> disk)
    : impl_(std::make_unique<Impl>(options, clock)) {
    if (disk == nullptr) return;
    const auto listed = disk->each_key(
        [this](const Digest256& key, std::size_t) { impl_->shard_of(key).on_disk.insert(short_digest(key)); });
    if (!listed) throw std::runtime_error("exact cache: " + listed.error().message);
    const DiskQueue::Options queue{options.write_queue_entries, options.write_queue_bytes, options.read_queue_entries,
                                   options.write_interval_micros};
    Impl* impl = impl_.get();
    impl_->disk =
        std::make_unique<DiskQueue>(queue, std::move(disk), [impl](const Digest256& key) { impl->forget(key); });
}

ExactCache::~ExactCache() = default;

Task<ExactCache::EntryPtr> ExactCache::lookup(const Digest256& key, Executor& executor) {
    Impl::DiskLookup read(*impl_, key, executor);
    bool maybe_on_disk = false;
    EntryPtr found = impl_->look_in_memory(key, maybe_on_disk, read.changes);
    if (!maybe_on_disk) co_return found;
    const bool answered = co_await read;
    if (answered) co_return std::move(read.result);  // the cache itself is not touched after the wait

    Shard& shard = impl_->shard_of(read.key);
    const std::scoped_lock lock(shard.mutex);
    ++shard.counters.disk_refused;
    ++shard.counters.misses;
    co_return nullptr;
}

ExactCache::EntryPtr ExactCache::lookup_memory(const Digest256& key, bool& maybe_on_disk) {
    std::uint64_t changes = 0;
    return impl_->look_in_memory(key, maybe_on_disk, changes);
}

ExactCache::EntryPtr ExactCache::hit_in_memory(const Digest256& key) {
    Shard& shard = impl_->shard_of(key);
    const std::scoped_lock lock(shard.mutex);
    const EntryPtr* found = shard.memory.find(key);
    if (found == nullptr || impl_->expired(**found)) return nullptr;
    ++shard.counters.memory_hits;
    return *found;
}

ExactCache::EntryPtr ExactCache::peek(const Digest256& key) const {
    Shard& shard = impl_->shard_of(key);
    const std::scoped_lock lock(shard.mutex);
    return shard.memory.peek(key);
}

Result<void> ExactCache::each(const std::function<bool(const Kept& kept)>& visit) const {
    constexpr std::size_t kAtOnce = 256;  // copied under the lock
    for (const auto& shard : impl_->shards) {
        std::size_t position = 0;
        for (bool more = true; more;) {
            std::vector<S3Fifo::Kept> some;
            {
                const std::scoped_lock lock(shard->mutex);
                more = shard->memory.copy_some(position, kAtOnce, some);
            }
            for (S3Fifo::Kept& kept : some) {
                if (!visit({kept.key, std::move(kept.value), true, kept.hits})) return {};
            }
        }
    }
    if (impl_->disk == nullptr) return {};
    return impl_->disk->disk().newest_first([&](const Digest256& key, std::string_view value) {
        Shard& shard = impl_->shard_of(key);
        {
            const std::scoped_lock lock(shard.mutex);
            // The second: its erasure is on the way to the disk.
            if (shard.memory.contains(key) || !shard.on_disk.contains(short_digest(key))) return true;
        }
        Result<CacheEntry> entry = decode(value);
        return !entry || visit({key, std::make_shared<const CacheEntry>(std::move(*entry)), false, 0});
    });
}

void ExactCache::store(const Digest256& key, EntryPtr entry, double risk) {
    if (entry == nullptr) return;
    const std::size_t bytes = entry->body.size() + entry->model.size() + entry->provenance.question.size();
    if (bytes > impl_->options.max_entry_bytes) return erase(key);
    // Queued for disk first: whoever sees the fingerprint must find the entry in the queue or on disk.
    const bool queued = impl_->disk != nullptr && impl_->disk->put(key, entry);
    const std::uint32_t charge = charge_of(*entry);
    const std::int64_t worth = worth_of(*entry, risk);
    std::vector<EntryPtr> removed;  // freed after the lock
    Shard& shard = impl_->shard_of(key);
    const std::scoped_lock lock(shard.mutex);
    ++shard.changes;
    if (shard.memory.insert(key, std::move(entry), charge, removed, worth)) ++shard.counters.stored;
    if (queued) {
        shard.on_disk.insert(short_digest(key));
    } else if (impl_->disk != nullptr) {
        ++shard.counters.not_persisted;
        shard.on_disk.erase(short_digest(key));  // an older answer that may be there is not this key's any more
    }
}

void ExactCache::erase(const Digest256& key) {
    std::vector<EntryPtr> removed;
    Shard& shard = impl_->shard_of(key);
    {
        const std::scoped_lock lock(shard.mutex);
        ++shard.changes;
        shard.memory.erase(key, removed);
        shard.on_disk.erase(short_digest(key));
    }
    if (impl_->disk != nullptr && !impl_->disk->erase(key)) {
        const std::scoped_lock lock(shard.mutex);
        ++shard.counters.not_persisted;
    }
}

void ExactCache::flush() {
    if (impl_->disk != nullptr) impl_->disk->flush();
}

ExactCache::Counters ExactCache::counters() const {
    Counters sum;
    for (const auto& shard : impl_->shards) {
        const std::scoped_lock lock(shard->mutex);
        const Counters& one = shard->counters;
        sum.memory_hits += one.memory_hits;
        sum.disk_hits += one.disk_hits;
        sum.misses += one.misses;
        sum.expired += one.expired;
        sum.stored += one.stored;
        sum.not_persisted += one.not_persisted;
        sum.disk_refused += one.disk_refused;
        sum.evicted += shard->memory.evicted();
        sum.entries += shard->memory.entries();
        sum.bytes += shard->memory.bytes();
        sum.disk_entries += shard->on_disk.size();
    }
    if (impl_->disk != nullptr) {
        sum.not_persisted += impl_->disk->lost();
        sum.damaged = impl_->disk->damaged();
        sum.disk_bytes = impl_->disk->disk_bytes();
    }
    return sum;
}

}  // namespace weir::tiers
