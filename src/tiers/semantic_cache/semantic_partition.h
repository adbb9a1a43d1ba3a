// One partition of the semantic index: its entries by slot, their bags and vectors. Slots are dense: where an entry
// goes, the last one takes its place, so that memory shrinks with the entries. Thread rule: const calls side by side,
// others alone (the shard's lock). Limits: the index's.
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "embed/vector_index.h"
#include "tiers/semantic_cache/semantic_index.h"
#include "tiers/semantic_cache/slot_blocks.h"

namespace weir::tiers::semantic {

class SemanticPartition {
  public:
    struct Shape {
        std::array<SpaceName, kSpacesMost> spaces{};
        std::size_t exact_most = 0;
    };

    SemanticPartition(const Shape& shape, const Digest256& key) : shape_(shape), key_(key) {}

    const Digest256& key() const { return key_; }
    std::size_t size() const { return entries_.size(); }  // and the number of slots
    std::uint64_t bytes() const;
    // What one more entry will take beside its question, at most; without a partition: `of` a new one.
    std::uint64_t growth() const;
    static std::uint64_t growth_of(const Shape& shape);

    // Returns the slot.
    std::uint32_t add(const SemanticRecord& record, std::uint32_t sequence);
    void remove(std::uint32_t slot);  // the last entry takes the slot

    std::uint32_t sequence(std::uint32_t slot) const { return entries_[slot].sequence; }
    void set_sequence(std::uint32_t slot, std::uint32_t sequence) { entries_[slot].sequence = sequence; }
    const Digest256& entry_key(std::uint32_t slot) const { return entries_[slot].key; }
    // How often it was used lately: count_use() side by side with const calls, up to kUsesMost; spend_use() alone.
    void count_use(std::uint32_t slot);
    bool spend_use(std::uint32_t slot);  // false: there is none left
    SemanticRecord record(std::uint32_t slot) const;

    void candidates(std::uint64_t bag, const std::array<embed::Int8Vector, kSpacesMost>& vectors, std::size_t k,
                    std::vector<Found>& out) const;

  private:
    static constexpr std::uint8_t kUsesMost = 3;

    struct Entry {
        Digest256 key{};
        std::uint64_t task = 0;
        std::uint64_t answer = 0;
        Micros created_unix_micros = 0;
        std::unique_ptr<char[]> question;
        std::uint32_t sequence = 0;
        std::uint16_t question_bytes = 0;
        std::uint8_t uses = 0;
        std::string_view text() const { return {question.get(), question_bytes}; }
    };
    static_assert(kQuestionBytesMost <= 0xFFFF);
    void set_vector(std::size_t space, std::uint32_t slot, embed::Int8View vector);
    void same_bag(std::uint64_t bag, std::size_t k, std::vector<std::uint32_t>& slots) const;
    Found candidate(std::uint32_t slot, std::uint64_t bag,
                    const std::array<embed::Int8Vector, kSpacesMost>& vectors) const;

    const Shape& shape_;
    Digest256 key_;
    SlotBlocks<Entry> entries_;
    SlotBlocks<std::uint64_t> bags_;                                        // beside the entries, to be scanned
    std::array<std::unique_ptr<embed::VectorIndex>, kSpacesMost> indexes_;  // made with the first vector
    std::uint64_t question_bytes_ = 0;
};

}  // namespace weir::tiers::semantic
