// What lies between a reactor and the ledger's writer: a ring of packed rows for each lane, and the bell that wakes the
// writer. A ring's bytes may lie in a file (ledger_ring_file.h): then rows that wait survive the process.
// Thread rule: LedgerRing has one producer (push) and one consumer (the rest), without locks. Doorbell: one waiter;
// anybody rings.
// Limits: the rows asked for, rounded up to a power of two; and the bytes given, which hold that many usual rows but
// fewer unusually large ones.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/units.h"
#include "store/ledger_row.h"

namespace weir::store {

constexpr std::size_t kCacheLineBytes = 64;

// How far producer and consumer have come, in bytes since the beginning of time.
struct RingMarks {
    alignas(kCacheLineBytes) std::atomic<std::uint64_t> head{0};
    alignas(kCacheLineBytes) std::atomic<std::uint64_t> tail{0};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

// The bytes that a ring for so many rows needs.
std::size_t ring_bytes(std::size_t rows);

class LedgerRing {
  public:
    // `marks` and `size` bytes at `bytes` outlive it; size as ring_bytes(rows) says. Begins empty.
    LedgerRing(RingMarks& marks, char* bytes, std::size_t size, std::size_t rows);

    std::size_t capacity() const { return max_rows_; }

    // Producer. False: full.
    bool push(const LedgerRow& row);
    // Rows not yet released; rows ever pushed. Any thread.
    std::size_t depth() const {
        return pushed_.load(std::memory_order_relaxed) - released_.load(std::memory_order_relaxed);
    }
    std::uint64_t pushed() const { return pushed_.load(std::memory_order_relaxed); }

    // Consumer: what is between tail() and head() may be copied until release().
    std::uint64_t head() const { return marks_.head.load(std::memory_order_seq_cst); }
    std::uint64_t tail() const { return marks_.tail.load(std::memory_order_relaxed); }
    // Appends the rows up to `head` to a batch (ledger_batch.h); returns how many.
    std::uint64_t copy_to(std::uint64_t head, std::string& batch) const;
    void release(std::uint64_t head, std::uint64_t rows);

  private:
    RingMarks& marks_;
    char* bytes_;
    std::size_t size_;
    std::size_t max_rows_;
    std::uint64_t tail_seen_ = 0;  // producer's copy of the tail
    alignas(kCacheLineBytes) std::atomic<std::uint64_t> pushed_{0};
    alignas(kCacheLineBytes) std::atomic<std::uint64_t> released_{0};
};

struct Salvaged {
    std::uint64_t rows = 0;
    std::uint64_t lost_bytes =
        0;  // behind the first byte that makes no sense; all of the ring where its marks make none
};

// Appends what lies between the marks of a ring that another process left behind to a batch, as far as it can be read.
Salvaged salvage_ring(const RingMarks& marks, const char* bytes, std::size_t size, std::string& batch);

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
