// Requests under way whose answers will be stored, by cache key: whoever asks the same meanwhile waits for that answer
// instead of buying it again. A waiter looks once more when the first one has ended, and then asks for itself.
// Thread rule: one InFlight a process; any reactor; a lock held for a hash look-up, never across I/O. A waiter is
// resumed on its own executor.
// Limits: as many keys as requests under way. A waiter waits as long as the request it waits for lasts.
#pragma once

#include <coroutine>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/hash.h"

namespace weir::tiers {

class InFlight {
  public:
    // Held by the request that is under way; its end wakes the waiters.
    class Lease {
      public:
        Lease(InFlight& owner, const Digest256& key) : owner_(owner), key_(key) {}
        ~Lease() { owner_.end(key_); }
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;

      private:
        InFlight& owner_;
        Digest256 key_;
    };

    // The lease, if nobody holds the key; else nullptr.
    std::unique_ptr<Lease> begin(const Digest256& key);

    struct Awaiter {
        InFlight& owner;
        const Digest256& key;
        Executor& executor;
        bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> waiter) { return owner.enlist(key, executor, waiter); }
        void await_resume() const noexcept {}
    };
    // Until the lease on the key has ended; at once where there is none. `key` outlives the wait.
    Awaiter wait(const Digest256& key, Executor& executor) { return {*this, key, executor}; }

    std::size_t size() const;

  private:
    struct Waiter {
        Executor* executor;
        std::coroutine_handle<> resume;
    };
    struct KeyHash {
        std::size_t operator()(const Digest256& key) const { return short_digest(key); }
    };
    bool enlist(const Digest256& key, Executor& executor, std::coroutine_handle<> waiter);
    void end(const Digest256& key);

    mutable std::mutex mutex_;
    std::unordered_map<Digest256, std::vector<Waiter>, KeyHash> keys_;
};

}  // namespace weir::tiers
