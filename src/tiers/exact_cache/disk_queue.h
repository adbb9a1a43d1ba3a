// The exact cache's way to its EntryStore: a writer thread that groups entries into transactions, and a reader thread,
// so that a look-up never waits for a flush of the disk. A read sees everything queued before it.
// Thread rule: every function from any thread but flush() and the destructor, which wait. Read::done() is called on the
// reader thread.
// Limits: Options; a transaction takes at most 256 entries or 4 MiB. Erasures are small and must not get lost: 16 times
// as many of them as entries may be queued.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "store/entry_store.h"
#include "tiers/exact_cache/exact_cache.h"

namespace weir::tiers {

class DiskQueue {
  public:
    using EntryPtr = ExactCache::EntryPtr;

    struct Options {
        std::size_t max_entries = 4096;
        std::uint64_t max_bytes = 32ull << 20;
        std::size_t max_reads = 4096;
        Micros interval_micros = 50'000;
    };

    // A look-up under way, owned by whoever waits for it; untouched after done() has been called.
    struct Read {
        Digest256 key{};
        Read* next = nullptr;
        virtual void done(EntryPtr found) = 0;  // nullptr: not there

      protected:
        ~Read() = default;
    };

    // An entry that was accepted and could not be written after all; on the writer thread.
    using Lost = std::function<void(const Digest256& key)>;

    DiskQueue(const Options& options, std::unique_ptr<store::EntryStore> disk, Lost lost);
    ~DiskQueue();  // answers every read, writes what is queued
    DiskQueue(const DiskQueue&) = delete;

    // False: the queue is full, nothing was queued. A later one for the same key takes the place of a queued one.
    bool put(const Digest256& key, EntryPtr entry);
    bool erase(const Digest256& key);
    bool read(Read& read);
    void flush();

    std::uint64_t lost() const { return lost_count_; }  // accepted, but the disk refused
    std::uint64_t damaged() const { return damaged_count_; }
    std::uint64_t disk_bytes() const { return disk_->bytes(); }
    store::EntryStore& disk() { return *disk_; }

  private:
    struct DigestHash {
        std::size_t operator()(const Digest256& digest) const { return short_digest(digest); }
    };
    struct Ticket {
        Digest256 key;
        std::uint64_t number;
    };
    using Changes = std::unordered_map<Digest256, EntryPtr, DigestHash>;  // nullptr: to be erased

    bool push(const Digest256& key, EntryPtr entry);
    bool batch_is_due() const;
    void take_batch();   // with the lock
    void write_batch();  // without it
    void run_writer();
    void run_reader();
    EntryPtr find(const Digest256& key);

    const Options options_;
    const std::unique_ptr<store::EntryStore> disk_;
    const Lost lost_;

    std::mutex write_mutex_;
    std::condition_variable write_wanted_;
    std::condition_variable written_;
    Changes queued_;
    Changes writing_;           // being written; changed by the writer alone, under the lock
    std::deque<Ticket> order_;  // of queued_
    std::uint64_t queued_bytes_ = 0;
    std::uint64_t next_ticket_ = 1;
    std::uint64_t first_writing_ = 0;  // 0: none
    std::uint64_t flush_through_ = 0;
    bool stop_writing_ = false;

    std::mutex read_mutex_;
    std::condition_variable read_wanted_;
    Read* first_read_ = nullptr;
    Read* last_read_ = nullptr;
    std::size_t reads_ = 0;
    bool stop_reading_ = false;

    std::atomic<std::uint64_t> lost_count_{0};
    std::atomic<std::uint64_t> damaged_count_{0};
    // One warning a series of failures.
    bool write_failing_ = false;  // the writer's own
    bool read_failing_ = false;   // the reader's own

    std::thread writer_;
    std::thread reader_;
};

}  // namespace weir::tiers
