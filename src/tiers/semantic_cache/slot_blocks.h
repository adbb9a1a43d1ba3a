// Slots by number that stay cheap when there is one and never move many at a time: a first block that grows by a half
// up to kBlockSlots, then block after block. Slots are default-made and assigned to. Thread rule: as a std container.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace weir::tiers::semantic {

template <class T>
class SlotBlocks {
  public:
    static constexpr std::size_t kBlockSlots = 1024;

    std::size_t size() const { return size_; }
    T& operator[](std::size_t i) { return blocks_[i / kBlockSlots][i % kBlockSlots]; }
    const T& operator[](std::size_t i) const { return blocks_[i / kBlockSlots][i % kBlockSlots]; }

    // Returns its number.
    std::size_t push_back(T value) {
        if (size_ == room()) grow();
        (*this)[size_] = std::move(value);
        return size_++;
    }
    std::size_t bytes() const { return room() * sizeof(T) + blocks_.capacity() * sizeof(blocks_[0]); }

  private:
    std::size_t room() const { return blocks_.empty() ? 0 : (blocks_.size() - 1) * kBlockSlots + last_slots_; }

    void grow() {
        if (blocks_.empty() || last_slots_ == kBlockSlots) {
            last_slots_ = blocks_.empty() ? 1 : kBlockSlots;
            blocks_.push_back(std::make_unique<T[]>(last_slots_));
            return;
        }
        const std::size_t slots = std::min(kBlockSlots, last_slots_ + last_slots_ / 2 + 1);
        auto larger = std::make_unique<T[]>(slots);
        std::move(blocks_.back().get(), blocks_.back().get() + last_slots_, larger.get());
        blocks_.back() = std::move(larger);
        last_slots_ = slots;
    }

    std::vector<std::unique_ptr<T[]>> blocks_;
    std::size_t size_ = 0;
    std::size_t last_slots_ = 0;
};

}  // namespace weir::tiers::semantic
