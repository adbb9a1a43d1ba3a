// How many calls a provider has under way, over all reactors, and who waits for a place: in order, in a queue with an
// end.
// Thread rule: any thread; a waiter is resumed on its own executor. No lock as long as there is room.
// Limits: those given.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <mutex>

#include "base/cancellation.h"
#include "base/executor.h"

namespace weir::tiers {

class InFlight {
  public:
    // `most` 0: no limit, nobody waits.
    InFlight(std::size_t most, std::size_t queue_most) : most_(most), queue_most_(queue_most) {}
    InFlight(const InFlight&) = delete;

    // A place, or the wait for one. Lives in the frame of whoever waits.
    class Turn final : public Cancelable {
      public:
        Turn(InFlight& owner, Executor& executor) : owner_(owner), executor_(executor) {}
        ~Turn();  // gives the place back
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;

        enum class State : std::uint8_t { outside, waiting, held, full, canceled };
        bool take_at_once();  // a free place, if nobody waits for one
        State state() const { return state_; }

        struct Awaiter {
            Turn& turn;
            bool await_ready() const noexcept { return false; }
            bool await_suspend(std::coroutine_handle<> waiter) { return turn.enlist(waiter); }
            State await_resume() const noexcept { return turn.state_; }
        };
        // held; full: as many wait as may; canceled: cancel() was called.
        Awaiter wait() { return {*this}; }
        void cancel() override;  // on the executor's thread

      private:
        friend class InFlight;
        bool enlist(std::coroutine_handle<> waiter);

        InFlight& owner_;
        Executor& executor_;
        std::coroutine_handle<> waiter_;
        State state_ = State::outside;
    };

    std::size_t busy() const { return busy_.load(std::memory_order_relaxed); }
    std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

  private:
    bool take();
    void give_back();

    const std::size_t most_, queue_most_;
    std::atomic<std::size_t> busy_{0};
    std::atomic<std::size_t> waiting_{0};
    std::mutex mutex_;
    std::deque<Turn*> queue_;
};

}  // namespace weir::tiers
