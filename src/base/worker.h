// One thread for work that may wait for disk: reactors hand it over and go on when it is done.
// Thread rule: run() from a coroutine on the executor's thread, enqueue() from any; the work runs on the worker's.
// Limits: the queue is unbounded: callers bound what they send (one piece of work a request).
#pragma once

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "base/executor.h"

namespace weir {

class Worker {
  public:
    Worker() : thread_([this] { loop(); }) {}
    ~Worker();  // does what is queued first
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    struct Awaiter {
        Worker& worker;
        Executor& executor;
        std::function<void()> work;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> waiter) {
            worker.enqueue([this, waiter] {
                work();
                executor.post(waiter);
            });
        }
        void await_resume() const noexcept {}
    };
    // `work` must live in a named variable's place: pass by move, capture by reference what outlives the co_await.
    Awaiter run(Executor& executor, std::function<void()> work) { return {*this, executor, std::move(work)}; }

    // Done in its turn; nobody waits for it.
    void enqueue(std::function<void()> work);

  private:
    void loop();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> queue_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace weir
