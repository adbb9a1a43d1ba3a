// One partition of the semantic index: its entries by slot, their bags and vectors.
// Thread rule: const calls side by side, others alone (the shard's lock). Limits: the index's.
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
    std::size_t size() const { return size_; }
    std::size_t slots() const { return entries_.size(); }
    std::uint64_t bytes() const;

    // `sequence` is not 0. Returns the slot.
    std::uint32_t add(const SemanticRecord& record, std::uint32_t sequence);
    void remove(std::uint32_t slot);  // one that is used

    std::uint32_t sequence(std::uint32_t slot) const { return entries_[slot].sequence; }  // 0: free
    const Digest256& entry_key(std::uint32_t slot) const { return entries_[slot].key; }
    SemanticRecord record(std::uint32_t slot) const;

    void candidates(std::uint64_t bag, const std::array<embed::Int8Vector, kSpacesMost>& vectors, std::size_t k,
                    std::vector<Found>& out) const;

  private:
    struct Entry {
        Digest256 key{};
        std::uint64_t task = 0;
        Micros created_unix_micros = 0;
        std::unique_ptr<char[]> question;
        std::uint32_t question_bytes = 0;
        std::uint32_t sequence = 0;
        std::string_view text() const { return {question.get(), question_bytes}; }
    };
    void set_vector(std::size_t space, std::uint32_t slot, const embed::Int8Vector& vector);
    Found candidate(std::uint32_t slot, std::uint64_t bag,
                    const std::array<embed::Int8Vector, kSpacesMost>& vectors) const;

    const Shape& shape_;
    Digest256 key_;
    SlotBlocks<Entry> entries_;
    std::vector<std::uint64_t> bags_;  // by slot; beside the entries, to be scanned
    std::vector<std::uint32_t> free_;  // slots
    std::array<std::unique_ptr<embed::VectorIndex>, kSpacesMost> indexes_;  // made with the first vector
    std::size_t size_ = 0;
    std::uint64_t question_bytes_ = 0;
};

}  // namespace weir::tiers::semantic
