#include "tiers/semantic_cache/semantic_memory.h"

#include <algorithm>

#include "base/log.h"

namespace weir::tiers::semantic {

SemanticMemory::SemanticMemory(const Options& options, std::unique_ptr<store::EntryStore> disk)
    : index_(options.index), disk_(std::move(disk)), queue_most_(options.queue_most) {
    if (disk_) {
        thread_ = std::thread([this] { run(); });
    } else {
        loaded_ = true;
    }
}

SemanticMemory::~SemanticMemory() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

// What is on disk for this key must not take the place of what is there from now on.
void SemanticMemory::note_changed(const Digest256& key) {
    if (!disk_) return;
    const std::lock_guard lock(mutex_);
    if (!loaded_) changed_since_start_.insert(key);
}

bool SemanticMemory::add(SemanticRecord record) {
    note_changed(record.key);
    if (!index_.add(record)) return false;
    if (!disk_) return true;
    Result<std::string> bytes = encode(record, index_.spaces());
    if (bytes) push({record.key, std::move(*bytes)});
    return true;
}

void SemanticMemory::remove(const Digest256& key) {
    note_changed(key);
    index_.remove(key);
    if (disk_) push({key, {}});
}

bool SemanticMemory::push(Change change) {
    {
        const std::lock_guard lock(mutex_);
        if (queue_.size() >= queue_most_) {
            dropped_.fetch_add(1, std::memory_order_relaxed);
            return false;
        }
        queue_.push_back(std::move(change));
    }
    changed_.notify_all();
    return true;
}

void SemanticMemory::wait_until_loaded() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return loaded_; });
}

void SemanticMemory::flush() {
    if (!disk_) return;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return loaded_ && queue_.empty() && !writing_; });
}

// By when their answers were made, so that the index lets go of the oldest where not all fit in.
std::vector<std::pair<Micros, Digest256>> SemanticMemory::oldest_first() {
    std::vector<std::pair<Micros, Digest256>> found;
    const auto listed = disk_->each_key([&](const Digest256& key, std::size_t) { found.emplace_back(0, key); });
    if (!listed) log_warning("semantic cache: can't read what is on disk: " + listed.error().message);
    for (auto& [created, key] : found) {
        const Result<std::optional<std::string>> bytes = disk_->get(key);
        if (!bytes || !*bytes) continue;
        if (const auto record = decode(**bytes, index_.spaces())) created = record->created_unix_micros;
    }
    std::sort(found.begin(), found.end());
    return found;
}

bool SemanticMemory::add_loaded(const SemanticRecord& record) {
    const std::lock_guard lock(mutex_);
    return changed_since_start_.contains(record.key) || index_.add(record);
}

void SemanticMemory::load() {
    std::size_t damaged = 0;
    for (const auto& [created, key] : oldest_first()) {
        const Result<std::optional<std::string>> bytes = disk_->get(key);
        if (!bytes || !*bytes) continue;
        const Result<SemanticRecord> record = decode(**bytes, index_.spaces());
        if (!record || record->key != key || !add_loaded(*record)) ++damaged;
    }
    if (damaged > 0) log_warning("semantic cache: " + std::to_string(damaged) + " records on disk can't be used");
}

void SemanticMemory::write(std::deque<Change>& changes) {
    std::vector<store::EntryStore::Put> puts;
    std::vector<Digest256> erased;
    const auto put_all = [&] {
        if (puts.empty()) return;
        if (const auto done = disk_->put(puts); !done) log_warning("semantic cache: " + done.error().message);
        puts.clear();
    };
    const auto erase_all = [&] {
        if (erased.empty()) return;
        if (const auto done = disk_->erase(erased); !done) log_warning("semantic cache: " + done.error().message);
        erased.clear();
    };
    for (Change& change : changes) {  // in their order: a key may come and go
        if (change.record.empty()) {
            put_all();
            erased.push_back(change.key);
        } else {
            erase_all();
            puts.push_back({change.key, std::move(change.record)});
        }
    }
    put_all();
    erase_all();
}

void SemanticMemory::run() {
    load();
    std::unique_lock lock(mutex_);
    loaded_ = true;
    changed_since_start_.clear();
    changed_.notify_all();
    while (true) {
        changed_.wait(lock, [this] { return stop_ || !queue_.empty(); });
        if (queue_.empty()) return;
        std::deque<Change> changes;
        changes.swap(queue_);
        writing_ = true;
        lock.unlock();
        write(changes);
        lock.lock();
        writing_ = false;
        changed_.notify_all();
    }
}

}  // namespace weir::tiers::semantic
