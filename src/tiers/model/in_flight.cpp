#include "tiers/model/in_flight.h"

#include <algorithm>
#include <utility>

namespace weir::tiers {

bool InFlight::take() {
    std::size_t busy = busy_.load();
    while (most_ == 0 || busy < most_) {
        if (busy_.compare_exchange_weak(busy, busy + 1)) return true;
    }
    return false;
}

// A waiter counts itself before it looks for a place once more; whoever gives one back looks for waiters after. One of
// the two sees the other.
void InFlight::give_back() {
    busy_.fetch_sub(1);
    if (waiting_.load() == 0) return;
    const std::lock_guard lock(mutex_);
    while (!queue_.empty() && take()) {
        Turn* const next = queue_.front();
        queue_.pop_front();
        waiting_.fetch_sub(1);
        next->state_ = Turn::State::held;
        next->executor_.post(std::exchange(next->waiter_, nullptr));
    }
}

bool InFlight::Turn::take_at_once() {
    if (owner_.waiting_.load() > 0 || !owner_.take()) return false;
    state_ = State::held;
    return true;
}

bool InFlight::Turn::enlist(std::coroutine_handle<> waiter) {
    const std::lock_guard lock(owner_.mutex_);
    if (state_ == State::canceled) return false;
    if (owner_.queue_.size() >= owner_.queue_most_) {
        state_ = State::full;
        return false;
    }
    owner_.waiting_.fetch_add(1);
    if (owner_.queue_.empty() && owner_.take()) {
        owner_.waiting_.fetch_sub(1);
        state_ = State::held;
        return false;
    }
    state_ = State::waiting;
    waiter_ = waiter;
    owner_.queue_.push_back(this);
    return true;
}

void InFlight::Turn::cancel() {
    std::coroutine_handle<> waiter;
    {
        const std::lock_guard lock(owner_.mutex_);
        if (state_ == State::held) return;  // it is on its way; whoever holds it gives it back
        if (state_ == State::waiting) {
            owner_.queue_.erase(std::find(owner_.queue_.begin(), owner_.queue_.end(), this));
            owner_.waiting_.fetch_sub(1);
            waiter = std::exchange(waiter_, nullptr);
        }
        state_ = State::canceled;
    }
    if (waiter) executor_.post(waiter);
}

InFlight::Turn::~Turn() {
    // A frame is not destroyed while it waits.
    if (state_ == State::held) owner_.give_back();
}

}  // namespace weir::tiers
