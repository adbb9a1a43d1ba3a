// The semantic index with its records on disk: what was added is found again after a restart.
// Thread rule: any thread; nothing waits for the disk but the constructor's thread of its own, which first reads what
// is there (the index fills meanwhile) and then writes what comes, in batches. Limits: Options; a full queue drops the
// record from the disk's share alone (counted).
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "store/entry_store.h"
#include "tiers/semantic_cache/semantic_index.h"

namespace weir::tiers::semantic {

class SemanticMemory {
  public:
    struct Options {
        SemanticIndex::Options index;
        std::size_t queue_most = 8'192;  // changes waiting to be written
    };
    // `disk` may be null: memory only.
    SemanticMemory(const Options& options, std::unique_ptr<store::EntryStore> disk);
    ~SemanticMemory();  // writes what is queued
    SemanticMemory(const SemanticMemory&) = delete;

    bool add(SemanticRecord record);  // see SemanticIndex::add
    void used(const Digest256& partition, const Digest256& key) { index_.used(partition, key); }
    void remove(const Digest256& key);
    void wait_until_loaded();
    void flush();  // what was added or removed is on disk; not from a reactor

    const SemanticIndex& index() const { return index_; }
    std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  private:
    struct Change {
        Digest256 key{};
        std::string record;  // empty: remove
    };
    struct KeyHash {
        std::size_t operator()(const Digest256& key) const { return short_digest(key); }
    };
    bool push(Change change);
    void note_changed(const Digest256& key);
    void run();
    void load();
    std::vector<std::pair<Micros, Digest256>> oldest_first();
    bool add_loaded(const SemanticRecord& record);
    void write(std::deque<Change>& changes);

    SemanticIndex index_;
    const std::unique_ptr<store::EntryStore> disk_;
    const std::size_t queue_most_;
    std::atomic<std::uint64_t> dropped_{0};

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Change> queue_;
    std::unordered_set<Digest256, KeyHash> changed_since_start_;  // until all is loaded
    bool loaded_ = false, writing_ = false, stop_ = false;
    std::thread thread_;  // the last member: it uses all others
};

}  // namespace weir::tiers::semantic
