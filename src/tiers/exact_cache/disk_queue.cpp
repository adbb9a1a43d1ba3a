#include "tiers/exact_cache/disk_queue.h"

#include <chrono>
#include <utility>

#include "base/log.h"

namespace weir::tiers {
namespace {

constexpr std::size_t kBatchEntries = 256;
constexpr std::uint64_t kBatchBytes = 4u << 20;
constexpr std::size_t kErasuresPerEntry = 16;

std::uint64_t bytes_of(const ExactCache::EntryPtr& entry) {
    return entry == nullptr ? 0 : sizeof(CacheEntry) + heap_bytes(*entry);
}

}  // namespace

DiskQueue::DiskQueue(const Options& options, std::unique_ptr<store::EntryStore> disk, Lost lost)
    : options_(options), disk_(std::move(disk)), lost_(std::move(lost)) {
    writer_ = std::thread(&DiskQueue::run_writer, this);
    reader_ = std::thread(&DiskQueue::run_reader, this);
}

DiskQueue::~DiskQueue() {
    {
        const std::scoped_lock lock(read_mutex_);
        stop_reading_ = true;
    }
    read_wanted_.notify_one();
    reader_.join();
    {
        const std::scoped_lock lock(write_mutex_);
        stop_writing_ = true;
    }
    write_wanted_.notify_one();
    writer_.join();
}

bool DiskQueue::put(const Digest256& key, EntryPtr entry) {
    return push(key, std::move(entry));
}
bool DiskQueue::erase(const Digest256& key) {
    return push(key, nullptr);
}

bool DiskQueue::push(const Digest256& key, EntryPtr entry) {
    const std::uint64_t bytes = bytes_of(entry);
    bool wake = false;
    {
        const std::scoped_lock lock(write_mutex_);
        const auto known = queued_.find(key);
        const std::size_t others = queued_.size() - (known != queued_.end() ? 1 : 0);
        const std::uint64_t replaced = known != queued_.end() ? bytes_of(known->second) : 0;
        const std::size_t room = entry != nullptr ? options_.max_entries : options_.max_entries * kErasuresPerEntry;
        if (others >= room) return false;
        if (entry != nullptr && queued_bytes_ - replaced + bytes > options_.max_bytes) return false;
        queued_bytes_ += bytes - replaced;
        if (known != queued_.end()) {
            // The old entry may be the last reference to a large body, but it is rarely freed here: memory holds it
            // too.
            known->second = std::move(entry);
        } else {
            const bool was_due = batch_is_due();
            wake = order_.empty();
            queued_.emplace(key, std::move(entry));
            order_.push_back({key, next_ticket_++});
            wake = wake || (!was_due && batch_is_due());
        }
    }
    if (wake) write_wanted_.notify_one();
    return true;
}

bool DiskQueue::read(Read& read) {
    bool wake = false;
    {
        const std::scoped_lock lock(read_mutex_);
        if (reads_ >= options_.max_reads || stop_reading_) return false;
        wake = reads_++ == 0;
        read.next = nullptr;
        (last_read_ != nullptr ? last_read_->next : first_read_) = &read;
        last_read_ = &read;
    }
    if (wake) read_wanted_.notify_one();
    return true;
}

void DiskQueue::flush() {
    std::unique_lock lock(write_mutex_);
    const std::uint64_t through = next_ticket_ - 1;
    flush_through_ = through;
    write_wanted_.notify_one();
    written_.wait(lock, [&] {
        const bool queued = !order_.empty() && order_.front().number <= through;
        return !queued && (first_writing_ == 0 || first_writing_ > through);
    });
}

bool DiskQueue::batch_is_due() const {
    if (order_.empty()) return stop_writing_;
    return stop_writing_ || order_.size() >= kBatchEntries || queued_bytes_ >= kBatchBytes ||
           order_.front().number <= flush_through_;
}

void DiskQueue::take_batch() {
    std::uint64_t bytes = 0;
    first_writing_ = order_.front().number;
    while (!order_.empty() && writing_.size() < kBatchEntries && bytes < kBatchBytes) {
        auto change = queued_.extract(order_.front().key);
        order_.pop_front();
        bytes += bytes_of(change.mapped());
        writing_.insert(std::move(change));
    }
    queued_bytes_ -= bytes;
}

void DiskQueue::run_writer() {
    const auto interval = std::chrono::microseconds(options_.interval_micros);
    std::unique_lock lock(write_mutex_);
    while (true) {
        write_wanted_.wait(lock, [&] { return !order_.empty() || stop_writing_; });
        if (order_.empty()) return;
        write_wanted_.wait_for(lock, interval, [&] { return batch_is_due(); });
        take_batch();
        lock.unlock();
        write_batch();
        lock.lock();
        Changes done = std::exchange(writing_, {});
        first_writing_ = 0;
        written_.notify_all();
        lock.unlock();
        done.clear();  // the last reference to an entry may be here
        lock.lock();
    }
}

void DiskQueue::write_batch() {
    std::vector<store::EntryStore::Put> puts;
    std::vector<Digest256> erased;
    for (const auto& [key, entry] : writing_) {
        if (entry == nullptr) {
            erased.push_back(key);
        } else {
            puts.push_back({key, encode(*entry)});
        }
    }
    // What can't be written must not stay on disk as the older answer it was.
    const auto lose = [&](std::span<const store::EntryStore::Put> refused) {
        lost_count_ += refused.size();
        for (const store::EntryStore::Put& put : refused) {
            erased.push_back(put.key);
            lost_(put.key);
        }
    };
    Result<void> outcome = puts.empty() ? Result<void>{} : disk_->put(puts);
    if (!outcome && outcome.error().code == ErrorCode::too_large) {
        outcome = {};
        for (const store::EntryStore::Put& put : puts) {  // one is too large, the others need not suffer
            if (!disk_->put({&put, 1})) lose({&put, 1});
        }
    } else if (!outcome) {
        lose(puts);
    }
    if (!erased.empty()) {
        if (auto done = disk_->erase(erased); !done && outcome) outcome = std::move(done);
    }
    if (!outcome && !write_failing_) log_warning("the exact cache can't write to disk: " + outcome.error().message);
    write_failing_ = !outcome;
}

void DiskQueue::run_reader() {
    std::unique_lock lock(read_mutex_);
    while (true) {
        read_wanted_.wait(lock, [&] { return first_read_ != nullptr || stop_reading_; });
        if (first_read_ == nullptr) return;
        Read* read = first_read_;
        first_read_ = read->next;
        if (first_read_ == nullptr) last_read_ = nullptr;
        lock.unlock();
        EntryPtr found = find(read->key);
        lock.lock();
        --reads_;
        lock.unlock();
        read->done(std::move(found));
        lock.lock();
    }
}

DiskQueue::EntryPtr DiskQueue::find(const Digest256& key) {
    {
        const std::scoped_lock lock(write_mutex_);
        for (const Changes* changes : {&queued_, &writing_}) {
            if (const auto change = changes->find(key); change != changes->end()) return change->second;
        }
    }
    auto bytes = disk_->get(key);
    if (!bytes) {
        ++damaged_count_;
        if (!read_failing_) log_warning("the exact cache can't read from disk: " + bytes.error().message);
        read_failing_ = true;
        return nullptr;
    }
    read_failing_ = false;
    if (!*bytes) return nullptr;
    auto entry = decode(**bytes);
    if (!entry) {
        ++damaged_count_;
        erase(key);
        return nullptr;
    }
    return std::make_shared<const CacheEntry>(std::move(*entry));
}

}  // namespace weir::tiers
