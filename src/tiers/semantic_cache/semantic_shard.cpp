#include "tiers/semantic_cache/semantic_shard.h"

#include <algorithm>

namespace weir::tiers::semantic {

const SemanticPartition* SemanticShard::find(const Digest256& key) const {
    const auto found = numbers_.find(key);
    return found == numbers_.end() ? nullptr : partitions_[found->second].get();
}

std::uint32_t SemanticShard::number_of(const Digest256& key) {
    const auto [found, fresh] = numbers_.try_emplace(key, 0);
    if (!fresh) return found->second;
    std::uint32_t number = static_cast<std::uint32_t>(partitions_.size());
    if (free_numbers_.empty()) {
        partitions_.emplace_back();
    } else {
        number = free_numbers_.back();
        free_numbers_.pop_back();
    }
    partitions_[number] = std::make_unique<SemanticPartition>(*shape, key);
    bytes_ += partitions_[number]->bytes() + kPartitionBytes;
    return found->second = number;
}

void SemanticShard::add(const SemanticRecord& record) {
    remove(record.key);
    // Another key with the same first 64 bits would lose its place: such an entry goes.
    if (const Place* taken = places_.find(short_digest(record.key))) remove_at(*taken);
    const std::uint32_t number = number_of(record.partition);
    SemanticPartition& partition = *partitions_[number];
    if (++sequence_ == 0) ++sequence_;
    const std::uint64_t before = partition.bytes();
    const Place place{number, partition.add(record, sequence_)};
    bytes_ += partition.bytes() - before + kEntryBytes;
    places_.insert(short_digest(record.key), place);
    note_arrival(place, sequence_);
}

void SemanticShard::note_arrival(Place place, std::uint32_t sequence) {
    arrivals_.push_back({place, sequence});
    if (arrivals_.size() <= 2 * entries() + 1024) return;
    std::erase_if(arrivals_, [this](const Arrival& arrival) {
        const SemanticPartition* partition = partitions_[arrival.place.partition].get();
        return partition == nullptr || arrival.place.slot >= partition->slots() ||
               partition->sequence(arrival.place.slot) != arrival.sequence;
    });
}

void SemanticShard::remove_at(Place place) {
    SemanticPartition& partition = *partitions_[place.partition];
    places_.erase(short_digest(partition.entry_key(place.slot)));
    const std::uint64_t before = partition.bytes();
    partition.remove(place.slot);
    bytes_ -= before - partition.bytes() + kEntryBytes;
    if (partition.size() == 0) drop(place.partition);
}

// Its entries are out of places_ already.
void SemanticShard::drop(std::uint32_t number) {
    bytes_ -= partitions_[number]->bytes() + kPartitionBytes;
    numbers_.erase(partitions_[number]->key());
    partitions_[number] = nullptr;
    free_numbers_.push_back(number);
}

bool SemanticShard::holds(const Digest256& key) const {
    const Place* place = places_.find(short_digest(key));
    return place != nullptr && partitions_[place->partition]->entry_key(place->slot) == key;
}

bool SemanticShard::remove(const Digest256& key) {
    if (!holds(key)) return false;
    remove_at(*places_.find(short_digest(key)));
    return true;
}

std::size_t SemanticShard::remove_partition(const Digest256& key) {
    const auto found = numbers_.find(key);
    if (found == numbers_.end()) return 0;
    const std::uint32_t number = found->second;
    const SemanticPartition& partition = *partitions_[number];
    const std::size_t count = partition.size();
    for (std::uint32_t slot = 0; slot < partition.slots(); ++slot) {
        if (partition.sequence(slot) != 0) places_.erase(short_digest(partition.entry_key(slot)));
    }
    bytes_ -= count * kEntryBytes;
    drop(number);
    return count;
}

bool SemanticShard::remove_oldest() {
    while (!arrivals_.empty()) {
        const Arrival oldest = arrivals_.front();
        arrivals_.pop_front();
        const SemanticPartition* partition = partitions_[oldest.place.partition].get();
        if (partition == nullptr || oldest.place.slot >= partition->slots()) continue;
        if (partition->sequence(oldest.place.slot) != oldest.sequence) continue;
        remove_at(oldest.place);
        return true;
    }
    return false;
}

bool SemanticShard::copy_some(std::uint64_t& position, std::size_t most, std::vector<SemanticRecord>& out) const {
    std::size_t number = position >> 32U;
    auto slot = static_cast<std::uint32_t>(position);
    std::size_t looked_at = 0;
    for (; number < partitions_.size(); ++number, slot = 0) {
        if (partitions_[number] == nullptr) continue;
        const SemanticPartition& partition = *partitions_[number];
        for (; slot < partition.slots(); ++slot) {
            if (looked_at++ == most) {
                position = (std::uint64_t{number} << 32U) | slot;
                return true;
            }
            if (partition.sequence(slot) != 0) out.push_back(partition.record(slot));
        }
    }
    return false;
}

}  // namespace weir::tiers::semantic
