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

std::uint64_t SemanticShard::growth(const SemanticRecord& record) const {
    const SemanticPartition* partition = find(record.partition);
    return record.question.size() + kEntryBytes +
           (partition == nullptr ? kPartitionBytes + SemanticPartition::growth_of(*shape) : partition->growth());
}

void SemanticShard::add(const SemanticRecord& record, std::uint32_t sequence) {
    remove(record.key);
    // Another key with the same first 64 bits would lose its place: such an entry goes.
    if (const Place* taken = places_.find(short_digest(record.key))) remove_at(*taken);
    const std::uint32_t number = number_of(record.partition);
    SemanticPartition& partition = *partitions_[number];
    const std::uint64_t before = partition.bytes();
    const Place place{number, partition.add(record, sequence)};
    bytes_ += partition.bytes() - before + kEntryBytes;
    places_.insert(short_digest(record.key), place);
    note_arrival({short_digest(record.key), sequence});
}

void SemanticShard::note_arrival(const Arrival& arrival) {
    arrivals_.push_back(arrival);
    if (arrivals_.size() <= 2 * entries() + 64) return;
    std::erase_if(arrivals_, [this](const Arrival& each) { return place_of(each) == nullptr; });
}

const SemanticShard::Place* SemanticShard::place_of(const Arrival& arrival) const {
    const Place* place = places_.find(arrival.short_key);
    if (place == nullptr || partitions_[place->partition]->sequence(place->slot) != arrival.sequence) return nullptr;
    return place;
}

void SemanticShard::remove_at(Place place) {
    SemanticPartition& partition = *partitions_[place.partition];
    places_.erase(short_digest(partition.entry_key(place.slot)));
    const std::uint64_t before = partition.bytes();
    partition.remove(place.slot);
    bytes_ -= before - partition.bytes() + kEntryBytes;
    if (partition.size() == 0) return drop(place.partition);
    if (place.slot < partition.size()) places_.find(short_digest(partition.entry_key(place.slot)))->slot = place.slot;
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
    for (std::uint32_t slot = 0; slot < count; ++slot) places_.erase(short_digest(partition.entry_key(slot)));
    bytes_ -= count * kEntryBytes;
    drop(number);
    return count;
}

std::optional<std::uint32_t> SemanticShard::first_sequence() {
    while (!arrivals_.empty() && place_of(arrivals_.front()) == nullptr) arrivals_.pop_front();
    if (arrivals_.empty()) return std::nullopt;
    return arrivals_.front().sequence;
}

bool SemanticShard::remove_least(std::atomic<std::uint32_t>& last) {
    constexpr int kRoundsMost = 64;  // entries that are spared at a time
    for (int spared = 0; first_sequence(); ++spared) {
        const Arrival first = arrivals_.front();
        const Place place = *place_of(first);
        arrivals_.pop_front();
        if (spared < kRoundsMost && partitions_[place.partition]->spend_use(place.slot)) {
            const std::uint32_t sequence = last.fetch_add(1, std::memory_order_relaxed) + 1;
            partitions_[place.partition]->set_sequence(place.slot, sequence);
            arrivals_.push_back({first.short_key, sequence});
            continue;
        }
        remove_at(place);
        return true;
    }
    return false;
}

void SemanticShard::count_use(const Digest256& partition, const Digest256& key) {
    if (!holds(key)) return;
    const Place place = *places_.find(short_digest(key));
    if (partitions_[place.partition]->key() == partition) partitions_[place.partition]->count_use(place.slot);
}

bool SemanticShard::copy_some(std::uint64_t& position, std::size_t most, std::vector<SemanticRecord>& out) const {
    // From the end of each partition: an entry that takes another's place meanwhile comes twice rather than not at all.
    std::size_t number = position >> 32U;
    auto seen = static_cast<std::uint32_t>(position);  // slots from here on were looked at; 0: none
    for (; number < partitions_.size(); ++number, seen = 0) {
        if (partitions_[number] == nullptr) continue;
        const SemanticPartition& partition = *partitions_[number];
        const auto size = static_cast<std::uint32_t>(partition.size());
        for (std::uint32_t slot = seen == 0 ? size : std::min(seen - 1, size); slot-- > 0;) {
            if (out.size() == most) {
                position = (std::uint64_t{number} << 32U) | (slot + 2);
                return true;
            }
            out.push_back(partition.record(slot));
        }
    }
    return false;
}

}  // namespace weir::tiers::semantic
