// One thread's event loop: its sockets, deadlines and coroutines. Deadlines and vanished peers are found by one sweep
// every kSweepMicros, not by a timer each.
// Thread rule: everything but post(), call() and stop() on the reactor's own thread, or before it runs.
// Lifetime: streams, clients and servers go before their reactor. Coroutines that still wait when it goes are not
// freed. Limits: a deadline fires up to kSweepMicros late.
#pragma once

#include <coroutine>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/executor.h"

namespace weir::net {

constexpr Micros kSweepMicros = 100'000;

class Reactor final : public Executor {
  public:
    Reactor(const Clock& clock, unsigned index);
    ~Reactor() override;
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    void run();   // the calling thread is the reactor's until stop(); once
    void stop();  // any thread

    void post(std::coroutine_handle<> resume) override;  // any thread
    void call(std::function<void()> work);               // any thread: runs on the reactor's

    const Clock& clock() const { return clock_; }
    Micros now() const { return clock_.steady_micros(); }
    unsigned index() const { return index_; }

    struct SleepAwaiter {
        Reactor& reactor;
        Micros duration;
        bool await_ready() const { return duration <= 0; }
        void await_suspend(std::coroutine_handle<> waiter) { reactor.wake_after(duration, waiter); }
        void await_resume() const {}
    };
    // Real time, whatever the clock.
    SleepAwaiter sleep(Micros duration) { return {*this, duration}; }

    // Calls `work` at every sweep until it returns false; it may call every_sweep() itself.
    void every_sweep(std::function<bool()> work);

    struct Impl;  // of this room
    Impl& impl() { return *impl_; }

  private:
    void wake_after(Micros duration, std::coroutine_handle<> waiter);

    const Clock& clock_;
    unsigned index_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weir::net
