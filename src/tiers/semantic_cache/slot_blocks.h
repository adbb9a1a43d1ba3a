// Slots by number that stay cheap when there is one and never move many at a time: a first block that grows by a half
// up to kBlockSlots, then block after block; empty blocks at the end are given back. Slots are default-made and
// assigned to. Thread rule: as a std container.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
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
    void pop_back() {
        (*this)[--size_] = T{};
        if (blocks_.size() == 1 || size_ > (blocks_.size() - 1) * kBlockSlots) return;
        blocks_.pop_back();
        last_slots_ = kBlockSlots;
    }
    // The slots in use of a block, from slot `block` * kBlockSlots on.
    std::size_t blocks() const { return blocks_.size(); }
    std::span<const T> block(std::size_t block) const {
        return {blocks_[block].get(), std::min(kBlockSlots, size_ - block * kBlockSlots)};
    }
    std::size_t next_growth() const {  // in slots; 0: there is room for one more
        if (size_ < room()) return 0;
        return last_slots_ == kBlockSlots ? kBlockSlots
               : blocks_.empty()          ? 1
                                          : std::min(kBlockSlots - last_slots_, last_slots_ / 2 + 1);
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
