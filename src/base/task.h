// Task<T>: a lazily started coroutine with one awaiter, resumed by symmetric transfer. Knows no event loop: whatever
// completes an operation resumes the handle, on the thread that owns the coroutine.
// Thread rule: a task, its awaiter and what it awaits belong to one reactor thread.
// Limits: no cancellation of its own (operations are cancelled at their source and return an error); destroy a task
// only when it has not started or has finished.
// GCC 12 compiles some coroutines wrongly; these rules keep clear of that: coroutines are free or member functions,
// never capturing lambdas (captures are destroyed twice); arguments are named variables, not temporaries with
// destructors; no co_await in the condition of an if, while or ?: (in a body without variables of its own the coroutine
// never runs), no ?:,
// && or || in the arguments of a co_await (both sides are evaluated). scripts/check_layers.py looks for these.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "base/frame_pool.h"

namespace weir {

template <class T = void>
class Task;

namespace task_detail {

struct PromiseBase {
    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::exception_ptr exception;

    static void* operator new(std::size_t bytes) { return frame_pool::allocate(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept { frame_pool::free(frame, bytes); }

    struct FinalAwaiter {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
            return self.promise().continuation;
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    FinalAwaiter final_suspend() const noexcept { return {}; }
    void unhandled_exception() { exception = std::current_exception(); }
    void rethrow() const {
        if (exception) std::rethrow_exception(exception);
    }
};

template <class T>
struct Promise final : PromiseBase {
    std::optional<T> value;
    Task<T> get_return_object();
    template <class U>
    void return_value(U&& result) {
        value.emplace(std::forward<U>(result));
    }
    T take() {
        rethrow();
        return std::move(*value);
    }
};

template <>
struct Promise<void> final : PromiseBase {
    Task<void> get_return_object();
    void return_void() const noexcept {}
    void take() const { rethrow(); }
};

}  // namespace task_detail

template <class T>
class [[nodiscard]] Task {
  public:
    using promise_type = task_detail::Promise<T>;
    using Handle = std::coroutine_handle<promise_type>;

    explicit Task(Handle handle) : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&&) = delete;
    Task(const Task&) = delete;
    ~Task() {
        if (handle_) handle_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
        handle_.promise().continuation = awaiter;
        return handle_;
    }
    T await_resume() { return handle_.promise().take(); }

  private:
    Handle handle_;
};

namespace task_detail {

template <class T>
Task<T> Promise<T>::get_return_object() {
    return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}

inline Task<void> Promise<void>::get_return_object() {
    return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

// Owns itself: runs until the task is done, then frees the frame.
struct Detached {
    struct promise_type {
        Detached get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
    };
};

inline Detached run_detached(Task<void> task) {
    co_await task;
}

}  // namespace task_detail

// Starts the task now, on this thread; it frees itself when it ends. An exception that leaves it ends the process.
inline void spawn(Task<void> task) {
    task_detail::run_detached(std::move(task));
}

}  // namespace weir
