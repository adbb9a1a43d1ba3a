#include "tiers/semantic_cache/semantic_partition.h"

#include <algorithm>
#include <atomic>
#include <functional>

#include "embed/sketch_index.h"

namespace weir::tiers::semantic {
namespace {

constexpr std::size_t kAllocationBytes = 16;  // malloc's own for a block
constexpr std::size_t kSketchBlockRows = embed::Int8Rows::kBlockRows;

std::uint64_t row_bytes(const SpaceName& space) {
    return embed::padded(space.dimensions) + sizeof(float);
}

bool comes_first(const Found& a, const Found& b) {
    if (a.same_bag != b.same_bag) return a.same_bag;
    for (std::size_t space = kSpacesMost; space-- > 0;) {
        if (a.similarity[space] != b.similarity[space]) return a.similarity[space] > b.similarity[space];
    }
    return false;
}

}  // namespace

std::uint64_t SemanticPartition::bytes() const {
    std::uint64_t total = sizeof(*this) + entries_.bytes() + bags_.bytes();
    total += question_bytes_ + entries_.size() * kAllocationBytes;
    for (const auto& index : indexes_) {
        if (index != nullptr) total += index->bytes();
    }
    return total;
}

std::uint64_t SemanticPartition::growth_of(const Shape& shape) {
    std::uint64_t total = sizeof(SemanticPartition) + sizeof(Entry) + sizeof(std::uint64_t) + kAllocationBytes;
    for (const SpaceName& space : shape.spaces) {
        if (space.dimensions > 0) total += sizeof(embed::SketchIndex) + row_bytes(space) + kAllocationBytes;
    }
    return total;
}

std::uint64_t SemanticPartition::growth() const {
    const std::uint64_t slots = entries_.next_growth();
    const bool sketched = entries_.size() >= shape_.exact_most;
    std::uint64_t total = kAllocationBytes + slots * (sizeof(Entry) + sizeof(std::uint64_t));
    for (const SpaceName& space : shape_.spaces) {
        if (space.dimensions == 0) continue;
        total += slots * row_bytes(space);
        if (sketched) total += kSketchBlockRows * embed::sketch_words(space.dimensions) * sizeof(std::uint64_t);
    }
    return total;
}

void SemanticPartition::set_vector(std::size_t space, std::uint32_t slot, embed::Int8View vector) {
    std::unique_ptr<embed::VectorIndex>& index = indexes_[space];
    if (index == nullptr) {
        if (vector.scale == 0) return;
        index = std::make_unique<embed::SketchIndex>(shape_.spaces[space].dimensions, shape_.exact_most);
    }
    index->set(slot, vector);
}

std::uint32_t SemanticPartition::add(const SemanticRecord& record, std::uint32_t sequence) {
    Entry entry;
    entry.key = record.key;
    entry.task = record.task;
    entry.answer = record.answer;
    entry.created_unix_micros = record.created_unix_micros;
    entry.question = std::make_unique_for_overwrite<char[]>(record.question.size());
    entry.question_bytes = static_cast<std::uint16_t>(record.question.size());
    std::copy(record.question.begin(), record.question.end(), entry.question.get());
    entry.sequence = sequence;
    question_bytes_ += record.question.size();
    const auto slot = static_cast<std::uint32_t>(entries_.push_back(std::move(entry)));
    bags_.push_back(record.bag);
    for (std::size_t space = 0; space < kSpacesMost; ++space) set_vector(space, slot, record.vectors[space].view());
    return slot;
}

void SemanticPartition::remove(std::uint32_t slot) {
    const auto last = static_cast<std::uint32_t>(entries_.size() - 1);
    question_bytes_ -= entries_[slot].question_bytes;
    for (std::size_t space = 0; space < kSpacesMost; ++space) {
        if (indexes_[space] == nullptr) continue;
        if (slot != last) indexes_[space]->set(slot, indexes_[space]->at(last));
        indexes_[space]->remove(last);
    }
    if (slot != last) {
        entries_[slot] = std::move(entries_[last]);
        bags_[slot] = bags_[last];
    }
    entries_.pop_back();
    bags_.pop_back();
}

void SemanticPartition::count_use(std::uint32_t slot) {
    const std::atomic_ref uses(entries_[slot].uses);
    const std::uint8_t seen = uses.load(std::memory_order_relaxed);
    if (seen < kUsesMost) uses.store(static_cast<std::uint8_t>(seen + 1), std::memory_order_relaxed);
}

bool SemanticPartition::spend_use(std::uint32_t slot) {
    std::uint8_t& uses = entries_[slot].uses;
    return uses > 0 && uses-- > 0;
}

SemanticRecord SemanticPartition::record(std::uint32_t slot) const {
    const Entry& entry = entries_[slot];
    SemanticRecord record;
    record.partition = key_;
    record.key = entry.key;
    record.task = entry.task;
    record.answer = entry.answer;
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
    found.answer = entry.answer;
    found.same_bag = bag != 0 && bags_[slot] == bag;
    for (std::size_t space = 0; space < kSpacesMost; ++space) {
        if (indexes_[space] == nullptr || vectors[space].empty()) continue;
        found.similarity[space] = embed::similarity(vectors[space].view(), indexes_[space]->at(slot),
                                                    embed::padded(indexes_[space]->dimensions()));
    }
    return found;
}

// Appends the slots of this bag, at most k: the newest.
void SemanticPartition::same_bag(std::uint64_t bag, std::size_t k, std::vector<std::uint32_t>& slots) const {
    const std::size_t first = slots.size();
    const auto newer = [this](std::uint32_t a, std::uint32_t b) {
        return static_cast<std::int32_t>(entries_[a].sequence - entries_[b].sequence) > 0;
    };
    for (std::size_t block = 0; block < bags_.blocks(); ++block) {
        const std::span<const std::uint64_t> bags = bags_.block(block);
        for (std::size_t i = 0; i < bags.size(); ++i) {
            if (bags[i] == bag) slots.push_back(static_cast<std::uint32_t>(block * SlotBlocks<Entry>::kBlockSlots + i));
        }
    }
    const auto begin = slots.begin() + static_cast<std::ptrdiff_t>(first);
    if (slots.size() - first <= k) return;
    std::nth_element(begin, begin + static_cast<std::ptrdiff_t>(k), slots.end(), newer);
    slots.resize(first + k);
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
    if (bag != 0) same_bag(bag, k, slots);
    std::sort(slots.begin(), slots.end(), std::greater<>());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    for (const std::uint32_t slot : slots) out.push_back(candidate(slot, bag, vectors));
    std::stable_sort(out.begin(), out.end(), comes_first);
}

}  // namespace weir::tiers::semantic
