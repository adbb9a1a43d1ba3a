#include "tiers/exact_cache/s3_fifo.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace weir::tiers {

std::uint8_t MoneyScale::credits_of(std::int64_t worth_nanos, std::uint32_t bytes) {
    constexpr std::uint32_t kMemory = 1024;  // entries
    if (worth_nanos == kUnknown || bytes == 0) return kAccess;
    const float worth =
        std::log2(static_cast<float>(std::max<std::int64_t>(worth_nanos, 1)) / static_cast<float>(bytes));
    seen_ = std::min(seen_ + 1, kMemory);
    mean_ += (worth - mean_) / static_cast<float>(seen_);
    const float above = std::min(worth - mean_, 10.0F);
    return static_cast<std::uint8_t>(std::clamp(static_cast<int>(kAccess * std::exp2(above) + 0.5F), 1, kMost));
}

S3Fifo::S3Fifo(std::uint64_t capacity_bytes)
    : capacity_bytes_(capacity_bytes),
      small_target_bytes_(capacity_bytes / 10),
      main_target_bytes_(capacity_bytes - capacity_bytes / 10),
      buckets_(16, kNone) {}

std::uint32_t& S3Fifo::bucket_of(const Digest256& key) {
    return buckets_[short_digest(key) & (buckets_.size() - 1)];
}

std::uint32_t S3Fifo::locate(const Digest256& key) const {
    std::uint32_t at = buckets_[short_digest(key) & (buckets_.size() - 1)];
    while (at != kNone && nodes_[at].key != key) at = nodes_[at].chain;
    return at;
}

const S3Fifo::Value* S3Fifo::find(const Digest256& key) {
    const std::uint32_t at = locate(key);
    if (at == kNone) return nullptr;
    Node& node = nodes_[at];
    const int most = kMostAccesses * std::max<int>(node.worth, MoneyScale::kAccess);
    node.credits = static_cast<std::int16_t>(std::min(node.credits + node.worth, most));
    ++node.hits;
    return &node.value;
}

bool S3Fifo::copy_some(std::size_t& position, std::size_t most, std::vector<Kept>& out) const {
    for (std::size_t copied = 0; position < nodes_.size() && copied < most; ++position, ++copied) {
        const Node& node = nodes_[position];
        if (node.value != nullptr) out.push_back({node.key, node.value, node.hits});
    }
    return position < nodes_.size();
}

bool S3Fifo::insert(const Digest256& key, Value value, std::uint32_t bytes, std::vector<Value>& removed,
                    std::int64_t worth_nanos) {
    Queue queue = Queue::small;
    std::int16_t credits = 0;
    const std::uint8_t worth = scale_.credits_of(worth_nanos, bytes);
    if (const std::uint32_t at = locate(key); at != kNone) {
        queue = nodes_[at].queue;
        credits = nodes_[at].credits;
        unlink(at);
        removed.push_back(release(at));
        if (bytes > capacity_bytes_) return false;
    } else {
        if (bytes > capacity_bytes_) return false;
        if (recall_ghost(key)) {
            queue = Queue::main;
            credits = static_cast<std::int16_t>(worth - MoneyScale::kAccess);
        }
    }
    while (this->bytes() + bytes > capacity_bytes_) evict(removed);

    const std::uint32_t at = take_node();
    Node& node = nodes_[at];
    node.key = key;
    node.value = std::move(value);
    node.bytes = bytes;
    node.worth = worth;
    node.credits = credits;
    node.hits = 0;
    if (++entries_ > buckets_.size()) grow_buckets();
    std::uint32_t& bucket = bucket_of(key);
    node.chain = std::exchange(bucket, at);
    link_newest(at, queue);
    return true;
}

bool S3Fifo::erase(const Digest256& key, std::vector<Value>& removed) {
    const std::uint32_t at = locate(key);
    if (at == kNone) return false;
    unlink(at);
    removed.push_back(release(at));
    return true;
}

void S3Fifo::link_newest(std::uint32_t at, Queue queue) {
    Fifo& into = fifo(queue);
    Node& node = nodes_[at];
    node.queue = queue;
    node.newer = kNone;
    node.older = into.newest;
    if (into.newest != kNone) nodes_[into.newest].newer = at;
    into.newest = at;
    if (into.oldest == kNone) into.oldest = at;
    into.bytes += node.bytes;
}

void S3Fifo::unlink(std::uint32_t at) {
    const Node& node = nodes_[at];
    Fifo& from = fifo(node.queue);
    (node.newer != kNone ? nodes_[node.newer].older : from.newest) = node.older;
    (node.older != kNone ? nodes_[node.older].newer : from.oldest) = node.newer;
    from.bytes -= node.bytes;
}

S3Fifo::Value S3Fifo::release(std::uint32_t at) {
    Node& node = nodes_[at];
    std::uint32_t* link = &bucket_of(node.key);
    while (*link != at) link = &nodes_[*link].chain;
    *link = node.chain;
    node.chain = std::exchange(free_node_, at);
    --entries_;
    return std::move(node.value);
}

std::uint32_t S3Fifo::take_node() {
    if (free_node_ == kNone) {
        nodes_.emplace_back();
        return static_cast<std::uint32_t>(nodes_.size() - 1);
    }
    return std::exchange(free_node_, nodes_[free_node_].chain);
}

void S3Fifo::grow_buckets() {
    const std::vector<std::uint32_t> old =
        std::exchange(buckets_, std::vector<std::uint32_t>(buckets_.size() * 2, kNone));
    for (std::uint32_t at : old) {
        while (at != kNone) {
            const std::uint32_t next = nodes_[at].chain;
            nodes_[at].chain = std::exchange(bucket_of(nodes_[at].key), at);
            at = next;
        }
    }
}

void S3Fifo::evict(std::vector<Value>& removed) {
    const bool small_is_full = small_.oldest != kNone && small_.bytes >= small_target_bytes_;
    if (small_is_full || main_.oldest == kNone) {
        evict_small(removed);
    } else {
        evict_main(removed);
    }
}

void S3Fifo::give_up(std::uint32_t at, std::vector<Value>& removed) {
    removed.push_back(release(at));
    ++evicted_;
}

void S3Fifo::evict_small(std::vector<Value>& removed) {
    while (small_.oldest != kNone) {
        const std::uint32_t at = small_.oldest;
        Node& node = nodes_[at];
        unlink(at);
        const bool wanted = node.credits >= 2 * MoneyScale::kAccess;
        if (!wanted && node.worth < MoneyScale::kDear) {
            remember_ghost(node);
            return give_up(at, removed);
        }
        const int start = wanted ? node.worth : node.worth / 8;
        node.credits = static_cast<std::int16_t>(start - MoneyScale::kAccess);
        link_newest(at, Queue::main);
        while (main_.bytes > main_target_bytes_) evict_main(removed);
    }
}

void S3Fifo::evict_main(std::vector<Value>& removed) {
    std::uint32_t poorest = kNone;
    for (int visits = 0; main_.oldest != kNone; ++visits) {
        const std::uint32_t at = main_.oldest;
        Node& node = nodes_[at];
        if (visits == kMostVisits) {
            unlink(poorest);
            return give_up(poorest, removed);
        }
        unlink(at);
        if (node.credits < MoneyScale::kAccess) return give_up(at, removed);
        node.credits = static_cast<std::int16_t>(node.credits - MoneyScale::kAccess);
        link_newest(at, Queue::main);
        if (poorest == kNone || node.credits < nodes_[poorest].credits) poorest = at;
    }
}

void S3Fifo::remember_ghost(const Node& node) {
    if (node.bytes == 0) return;
    recall_ghost(node.key);  // another key with the same fingerprint
    const std::uint64_t fingerprint = short_digest(node.key);
    ghost_places_.insert(fingerprint, first_ghost_ + static_cast<std::uint32_t>(ghosts_.size()));
    ghosts_.push_back({fingerprint, node.bytes, false});
    ghost_bytes_ += node.bytes;
    while (ghost_bytes_ > main_target_bytes_) {
        const Ghost& oldest = ghosts_.front();
        if (!oldest.recalled) ghost_places_.erase(oldest.fingerprint);
        ghost_bytes_ -= oldest.bytes;
        ghosts_.pop_front();
        ++first_ghost_;
    }
}

bool S3Fifo::recall_ghost(const Digest256& key) {
    const std::uint64_t fingerprint = short_digest(key);
    const std::uint32_t* number = ghost_places_.find(fingerprint);
    if (number == nullptr) return false;
    ghosts_[*number - first_ghost_].recalled = true;
    ghost_places_.erase(fingerprint);
    return true;
}

}  // namespace weir::tiers
