#include "tiers/semantic_cache/semantic_partition.h"

#include <algorithm>
#include <functional>

#include "embed/sketch_index.h"

namespace weir::tiers::semantic {
namespace {

constexpr std::size_t kAllocationBytes = 16;  // malloc's own for a block

bool comes_first(const Found& a, const Found& b) {
    if (a.same_bag != b.same_bag) return a.same_bag;
    for (std::size_t space = kSpacesMost; space-- > 0;) {
        if (a.similarity[space] != b.similarity[space]) return a.similarity[space] > b.similarity[space];
    }
    return false;
}

}  // namespace

std::uint64_t SemanticPartition::bytes() const {
    std::uint64_t total = sizeof(*this) + entries_.bytes() + question_bytes_ + size_ * kAllocationBytes;
    total += bags_.capacity() * sizeof(bags_[0]) + free_.capacity() * sizeof(free_[0]);
    for (const auto& index : indexes_) {
        if (index != nullptr) total += index->bytes();
    }
    return total;
}

void SemanticPartition::set_vector(std::size_t space, std::uint32_t slot, const embed::Int8Vector& vector) {
    std::unique_ptr<embed::VectorIndex>& index = indexes_[space];
    if (index == nullptr) {
        if (vector.empty()) return;
        index = std::make_unique<embed::SketchIndex>(shape_.spaces[space].dimensions, shape_.exact_most);
    }
    index->set(slot, vector.view());
}

std::uint32_t SemanticPartition::add(const SemanticRecord& record, std::uint32_t sequence) {
    Entry entry;
    entry.key = record.key;
    entry.task = record.task;
    entry.created_unix_micros = record.created_unix_micros;
    entry.question = std::make_unique_for_overwrite<char[]>(record.question.size());
    entry.question_bytes = static_cast<std::uint32_t>(record.question.size());
    std::copy(record.question.begin(), record.question.end(), entry.question.get());
    entry.sequence = sequence;
    question_bytes_ += record.question.size();

    std::uint32_t slot = 0;
    if (free_.empty()) {
        slot = static_cast<std::uint32_t>(entries_.push_back(std::move(entry)));
        bags_.push_back(record.bag);
    } else {
        slot = free_.back();
        free_.pop_back();
        entries_[slot] = std::move(entry);
        bags_[slot] = record.bag;
    }
    ++size_;
    for (std::size_t space = 0; space < kSpacesMost; ++space) set_vector(space, slot, record.vectors[space]);
    return slot;
}

void SemanticPartition::remove(std::uint32_t slot) {
    question_bytes_ -= entries_[slot].question_bytes;
    entries_[slot] = {};
    bags_[slot] = 0;
    for (const auto& index : indexes_) {
        if (index != nullptr) index->remove(slot);
    }
    free_.push_back(slot);
    --size_;
}

SemanticRecord SemanticPartition::record(std::uint32_t slot) const {
    const Entry& entry = entries_[slot];
    SemanticRecord record;
    record.partition = key_;
    record.key = entry.key;
    record.task = entry.task;
    record.created_unix_micros = entry.created_unix_micros;
    record.bag = bags_[slot];
    record.question = entry.text();
    for (std::size_t space = 0; space < kSpacesMost; ++space) {
        if (indexes_[space] == nullptr) continue;
        const embed::Int8View view = indexes_[space]->at(slot);
        if (view.scale == 0) continue;
        record.vectors[space] = embed::Int8Vector(std::span(view.codes, indexes_[space]->dimensions()), view.scale);
    }
    return record;
}

Found SemanticPartition::candidate(std::uint32_t slot, std::uint64_t bag,
                                   const std::array<embed::Int8Vector, kSpacesMost>& vectors) const {
    const Entry& entry = entries_[slot];
    Found found;
    found.key = entry.key;
    found.question = entry.text();
    found.created_unix_micros = entry.created_unix_micros;
    found.task = entry.task;
    found.same_bag = bag != 0 && bags_[slot] == bag;
    for (std::size_t space = 0; space < kSpacesMost; ++space) {
        if (indexes_[space] == nullptr || vectors[space].empty()) continue;
        found.similarity[space] = embed::similarity(vectors[space].view(), indexes_[space]->at(slot),
                                                    embed::padded(indexes_[space]->dimensions()));
    }
    return found;
}

void SemanticPartition::candidates(std::uint64_t bag, const std::array<embed::Int8Vector, kSpacesMost>& vectors,
                                   std::size_t k, std::vector<Found>& out) const {
    std::vector<std::uint32_t> slots;
    slots.reserve((kSpacesMost + 1) * k);
    std::vector<embed::Neighbour> nearest;
    for (std::size_t space = 0; space < kSpacesMost; ++space) {
        if (indexes_[space] == nullptr || vectors[space].empty()) continue;
        indexes_[space]->nearest(vectors[space].view(), k, nearest);
        for (const embed::Neighbour& neighbour : nearest) slots.push_back(neighbour.id);
    }
    if (bag != 0) {
        // The newest first: slots are mostly given in order.
        std::size_t found = 0;
        for (std::size_t slot = bags_.size(); slot-- > 0 && found < k;) {
            if (bags_[slot] != bag) continue;
            slots.push_back(static_cast<std::uint32_t>(slot));
            ++found;
        }
    }
    std::sort(slots.begin(), slots.end(), std::greater<>());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    for (const std::uint32_t slot : slots) out.push_back(candidate(slot, bag, vectors));
    std::stable_sort(out.begin(), out.end(), comes_first);
}

}  // namespace weir::tiers::semantic
