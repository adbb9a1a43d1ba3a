// What lies between a reactor and the ledger's writer: a ring of rows for each lane, and the bell that wakes the
// writer. Thread rule: LedgerRing has one producer (push) and one consumer (the rest), without locks. Doorbell: one
// waiter; anybody rings. Limits: the ring's capacity is the number asked for, rounded up to a power of two.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <vector>

#include "base/units.h"
#include "store/ledger_row.h"

namespace weir::store {

constexpr std::size_t kCacheLineBytes = 64;

class LedgerRing {
  public:
    explicit LedgerRing(std::size_t rows) : slots_(std::bit_ceil(std::max<std::size_t>(rows, 2))) {}

    std::size_t capacity() const { return slots_.size(); }

    // Producer. False: full.
    bool push(const LedgerRow& row) {
        const std::uint64_t head = head_.load(std::memory_order_relaxed);
        if (head - tail_seen_ == slots_.size()) {
            tail_seen_ = tail_.load(std::memory_order_acquire);
            if (head - tail_seen_ == slots_.size()) return false;
        }
        copy(slots_[head & (slots_.size() - 1)], row);
        head_.store(head + 1, std::memory_order_seq_cst);  // ordered before the look at the bell
        return true;
    }
    // Producer: rows not yet consumed.
    std::size_t depth() const { return head_.load(std::memory_order_relaxed) - tail_.load(std::memory_order_relaxed); }

    // Consumer: rows [tail(), head()) may be read until release().
    std::uint64_t head() const { return head_.load(std::memory_order_seq_cst); }
    std::uint64_t tail() const { return tail_.load(std::memory_order_relaxed); }
    LedgerRow& at(std::uint64_t index) { return slots_[index & (slots_.size() - 1)]; }
    void release(std::uint64_t up_to) { tail_.store(up_to, std::memory_order_release); }

  private:
    static_assert(std::is_trivially_copyable_v<LedgerRow> && std::is_standard_layout_v<LedgerRow>);

    // Only the attempts that there are: most rows have one or two of six.
    static void copy(LedgerRow& to, const LedgerRow& from) {
        const std::size_t attempts = std::min<std::size_t>(from.attempt_count, kMaxAttempts);
        std::memcpy(static_cast<void*>(&to), &from, offsetof(LedgerRow, attempts) + attempts * sizeof(Attempt));
    }

    std::vector<LedgerRow> slots_;
    alignas(kCacheLineBytes) std::atomic<std::uint64_t> head_{0};
    std::uint64_t tail_seen_ = 0;  // producer's copy of tail_
    alignas(kCacheLineBytes) std::atomic<std::uint64_t> tail_{0};
};

class Doorbell {
  public:
    enum class State : std::uint32_t {
        awake,
        napping,  // gathers rows: wake it only when there are many
        parked,   // nothing to do: wake it for the first row
    };

    // Any thread. The waiter's next wait() that began before this call returns. A system call only if it sleeps.
    void ring();
    State state() const { return state_.load(std::memory_order_seq_cst); }

    // The waiter: sleeps in `state` until ring(), the timeout, or a spurious wake. `work_waits` is asked once after the
    // state is visible, so that nothing is missed.
    template <class Predicate>
    void wait(State state, std::optional<Micros> timeout, Predicate work_waits) {
        state_.store(state, std::memory_order_seq_cst);
        if (!work_waits()) sleep(state, timeout);
        state_.store(State::awake, std::memory_order_seq_cst);
    }

  private:
    void sleep(State state, std::optional<Micros> timeout);

    std::atomic<State> state_{State::awake};
    static_assert(sizeof(std::atomic<State>) == sizeof(std::uint32_t) && std::atomic<State>::is_always_lock_free);
};

}  // namespace weir::store
