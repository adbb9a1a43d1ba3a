// Open-addressing hash table from 64-bit fingerprints (parts of SHA-256, so they are their own hash) to small payloads.
// Two keys with the same fingerprint are one entry: users must live with that.
// Thread rule: as a std container.
// Limits: a slot is 8 bytes and the payload; at most three quarters of the slots are used, so 11 to 22 bytes an entry
// without a payload.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace weir::tiers {

struct NoPayload {};

template <class Payload = NoPayload>
class FingerprintTable {
  public:
    std::size_t size() const { return size_; }
    std::size_t slots() const { return slots_.size(); }

    // nullptr where it is not in. Valid until the next insert() or erase().
    Payload* find(std::uint64_t fingerprint) {
        if (size_ == 0) return nullptr;
        Slot& slot = slots_[place_of(used(fingerprint))];
        return slot.fingerprint == 0 ? nullptr : &slot.payload;
    }
    bool contains(std::uint64_t fingerprint) { return find(fingerprint) != nullptr; }

    // Replaces the payload of one that is in.
    void insert(std::uint64_t fingerprint, Payload payload = {}) {
        if ((size_ + 1) * 4 > slots_.size() * 3) grow();
        Slot& slot = slots_[place_of(used(fingerprint))];
        if (slot.fingerprint == 0) ++size_;
        slot = {used(fingerprint), payload};
    }

    bool erase(std::uint64_t fingerprint) {
        if (size_ == 0) return false;
        std::size_t hole = place_of(used(fingerprint));
        if (slots_[hole].fingerprint == 0) return false;
        // Knuth's algorithm R (TAOCP 6.4): moves up what a look-up would no longer reach past the hole.
        for (std::size_t at = next(hole); slots_[at].fingerprint != 0; at = next(at)) {
            const std::size_t home = slots_[at].fingerprint & mask();
            if (((at - home) & mask()) < ((at - hole) & mask())) continue;
            slots_[hole] = slots_[at];
            hole = at;
        }
        slots_[hole] = {};
        --size_;
        return true;
    }

  private:
    struct Slot {
        std::uint64_t fingerprint = 0;  // 0: free
        [[no_unique_address]] Payload payload{};
    };

    static std::uint64_t used(std::uint64_t fingerprint) { return fingerprint == 0 ? 1 : fingerprint; }
    std::size_t mask() const { return slots_.size() - 1; }
    std::size_t next(std::size_t at) const { return (at + 1) & mask(); }

    // Where it is, or the free slot where it would be.
    std::size_t place_of(std::uint64_t fingerprint) const {
        std::size_t at = fingerprint & mask();
        while (slots_[at].fingerprint != 0 && slots_[at].fingerprint != fingerprint) at = next(at);
        return at;
    }

    void grow() {
        std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.empty() ? 16 : slots_.size() * 2));
        for (const Slot& slot : old) {
            if (slot.fingerprint != 0) slots_[place_of(slot.fingerprint)] = slot;
        }
    }

    std::vector<Slot> slots_;  // a power of two of them
    std::size_t size_ = 0;
};

}  // namespace weir::tiers
