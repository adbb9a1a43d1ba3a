// Settled requests on their way from one reactor to the telemetry thread. A full ring loses what comes next and counts
// it: nobody waits.
// Thread rule: push() from the reactor, take() from the telemetry thread, lost() from any.
// Limits: kSettledRows requests.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

#include "telemetry/settled.h"

namespace weir::telemetry {

constexpr std::size_t kSettledRows = 2048;

class SettledRing {
  public:
    SettledRing() : rows_(kSettledRows) {}

    // A free place to be filled, then push(); nullptr: full, and counted.
    Settled* place() {
        const std::size_t head = head_.load(std::memory_order_relaxed);
        if (head - tail_.load(std::memory_order_acquire) == kSettledRows) {
            lost_.store(lost_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
            return nullptr;
        }
        return &rows_[head % kSettledRows];
    }
    void push() { head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

    // Calls `use` with each that waits.
    template <class Use>
    void take(Use use) {
        const std::size_t head = head_.load(std::memory_order_acquire);
        for (std::size_t tail = tail_.load(std::memory_order_relaxed); tail != head; ++tail) {
            use(static_cast<const Settled&>(rows_[tail % kSettledRows]));
            tail_.store(tail + 1, std::memory_order_release);
        }
    }
    std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
    std::size_t waiting() const { return head_.load() - tail_.load(); }

  private:
    std::vector<Settled> rows_;
    std::atomic<std::size_t> head_{0}, tail_{0};
    std::atomic<std::uint64_t> lost_{0};
};

}  // namespace weir::telemetry
