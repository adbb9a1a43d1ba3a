// Requests under way whose answers will be stored: one upstream call for any number of the same request. The first one
// leads; the same request meanwhile follows: attached to the leader's stream from its first event where both want a
// stream, else waiting for its end.
// Thread rule: Flights and Flight from any thread (a lock held for a copy of at most kMaxReadBytes, never across I/O);
// a Lease and a Follower belong to one reactor's coroutine each, which is resumed on its own executor. Limits:
// kKeptBytes of a stream are kept for followers; one that falls further behind has lost it (it never slows the others
// down). As many flights as requests under way.
#pragma once

#include <coroutine>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/cancellation.h"
#include "base/executor.h"
#include "base/hash.h"

namespace weir::tiers {

class Flight {
  public:
    static constexpr std::size_t kKeptBytes = 4u << 20;
    static constexpr std::size_t kMaxReadBytes = 64 * 1024;

    // What a follower waits for.
    enum class Until : std::uint8_t { ended, began_or_ended, more_or_ended };
    // How it ended, as far as followers are concerned.
    enum class Ending : std::uint8_t {
        none,        // not yet
        stored,      // the whole answer is in the cache
        not_stored,  // an answer that is not kept: whoever wants one asks for itself
        failed,      // no whole answer: the next one may lead
    };

    // The leader's side. begin(): the answer is a stream with these header lines, and it has a usage or not; from now
    // on streams may follow. append(): payload bytes as the upstream sent them.
    void begin(std::string header_lines, bool has_usage);
    void append(std::string_view bytes);
    // Called once nobody follows any more, on the thread of whoever left last (or at once, if nobody does). Null: none.
    void when_deserted(std::function<void()> call);
    bool followed() const;

    struct State {
        bool began = false;
        bool has_usage = false;
        Ending ending = Ending::none;
    };
    State state() const;
    std::string header_lines() const;

  private:
    friend class Flights;
    friend class Follower;
    struct Waiter {
        const void* owner;
        Until until;
        Executor* executor;
        std::coroutine_handle<> resume;
    };
    void end(Ending ending);
    static void wake(std::vector<Waiter>& waiters);
    std::vector<Waiter> take_waiters(Until until);  // with the lock

    mutable std::mutex mutex_;
    State state_;
    std::string header_lines_;
    std::string kept_;
    std::uint64_t kept_from_ = 0;  // the stream's offset of kept_'s first byte
    std::vector<Waiter> waiters_;
    std::size_t followers_ = 0;
    std::function<void()> when_deserted_;
};

// One request's place behind a flight.
class Follower final : public Cancelable {
  public:
    Follower(std::shared_ptr<Flight> flight, Executor& executor);
    ~Follower();
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;

    using Until = Flight::Until;
    struct Awaiter {
        Follower& follower;
        Until until;
        bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> waiter) { return follower.enlist(until, waiter); }
        void await_resume() const noexcept {}
    };
    // Comes back when it is so, and when cancel() was called.
    Awaiter wait(Until until) { return {*this, until}; }
    void cancel() override;  // on the executor's thread: the wait under way ends, and no other begins
    bool canceled() const { return canceled_; }

    const Flight& flight() const { return *flight_; }

    // Appends what came since the last read, at most kMaxReadBytes. False: this follower fell too far behind.
    bool read(std::string& out);

  private:
    bool enlist(Until until, std::coroutine_handle<> waiter);

    const std::shared_ptr<Flight> flight_;
    Executor& executor_;
    std::uint64_t position_ = 0;
    bool canceled_ = false;
};

class Flights {
  public:
    // Held by the leader; its end ends the flight, as `failed` unless conclude() said otherwise.
    class Lease {
      public:
        Lease(Flights& owner, const Digest256& key, std::shared_ptr<Flight> flight)
            : owner_(owner), key_(key), flight_(std::move(flight)) {}
        ~Lease() { owner_.end(key_, *flight_, ending_); }
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;

        Flight& flight() { return *flight_; }
        void conclude(Flight::Ending ending) { ending_ = ending; }

      private:
        Flights& owner_;
        Digest256 key_;
        std::shared_ptr<Flight> flight_;
        Flight::Ending ending_ = Flight::Ending::failed;
    };

    // The lease, if nobody holds the key; else the flight that is under way.
    struct Boarding {
        std::unique_ptr<Lease> lease;
        std::shared_ptr<Flight> flight;
    };
    Boarding board(const Digest256& key);

    std::size_t size() const;

  private:
    struct KeyHash {
        std::size_t operator()(const Digest256& key) const { return short_digest(key); }
    };
    void end(const Digest256& key, Flight& flight, Flight::Ending ending);

    mutable std::mutex mutex_;
    std::unordered_map<Digest256, std::shared_ptr<Flight>, KeyHash> flights_;
};

}  // namespace weir::tiers
