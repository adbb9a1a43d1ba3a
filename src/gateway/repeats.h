// How often each of the questions last seen was given another question's answer: one that comes again and again has
// earned an answer of its own, and should that other answer be wrong, it is not wrong for ever. Thread rule: one owner;
// one a reactor. Limits: kSlots questions; one that shares a slot with another starts anew.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/hash.h"

namespace weir::gateway {

class Repeats {
  public:
    static constexpr std::size_t kSlots = 4096;

    // Counts one more; from 1.
    std::uint32_t count(const Digest256& key) {
        const std::uint64_t name = short_digest(key);
        Slot& slot = slots_[name % kSlots];
        if (slot.name != name) slot = {name, 0};
        return ++slot.served;
    }

  private:
    struct Slot {
        std::uint64_t name = 0;
        std::uint32_t served = 0;
    };
    std::array<Slot, kSlots> slots_{};
};

}  // namespace weir::gateway
