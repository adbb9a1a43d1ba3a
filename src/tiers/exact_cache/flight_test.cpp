#include "tiers/exact_cache/flight.h"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <random>
#include <thread>

#include "base/executor_testing.h"
#include "base/task.h"

using namespace weir;
using namespace weir::tiers;
using Until = Follower::Until;
using Ending = Flight::Ending;

namespace {

// Follows to the end, or to `leave_after` bytes.
Task<void> follow(Follower& follower, std::size_t leave_after, std::string& got, bool& lost, bool& done) {
    while (true) {
        const bool kept_up = follower.read(got);
        if (!kept_up) lost = true;
        if (lost || got.size() >= leave_after) break;
        const Flight::State state = follower.flight().state();
        const std::size_t before = got.size();
        follower.read(got);
        if (got.size() > before) continue;
        if (state.ending != Ending::none || follower.canceled()) break;
        co_await follower.wait(Until::more_or_ended);
    }
    done = true;
}

struct Following {
    Following(std::shared_ptr<Flight> flight, Executor& executor, std::size_t leave_after = SIZE_MAX)
        : follower(std::make_unique<Follower>(std::move(flight), executor)) {
        spawn(follow(*follower, leave_after, got, lost, done));
    }
    std::unique_ptr<Follower> follower;
    std::string got;
    bool lost = false;
    bool done = false;
};

const Digest256 kKey = sha256("key");

}  // namespace

TEST_CASE("one leads, the next ones follow from the first byte, late ones too") {
    Flights flights;
    QueueExecutor executor;
    auto lead = flights.board(kKey);
    REQUIRE(lead.lease);
    CHECK(flights.board(sha256("another")).lease);
    auto second = flights.board(kKey);
    CHECK_FALSE(second.lease);
    REQUIRE(second.flight);
    Following early(second.flight, executor);
    CHECK_FALSE(second.flight->state().began);
    lead.lease->flight().begin("a: b\r\n", true);
    lead.lease->flight().append("one ");
    executor.run();
    CHECK(early.got == "one ");
    lead.lease->flight().append("two ");
    Following late(flights.board(kKey).flight, executor);
    CHECK(late.got == "one two ");
    CHECK(late.follower->flight().header_lines() == "a: b\r\n");
    lead.lease->flight().append("three");
    lead.lease->conclude(Ending::stored);
    lead.lease.reset();
    executor.run();
    for (const Following* one : {&early, &late}) {
        CHECK(one->done);
        CHECK(one->got == "one two three");
        CHECK(one->follower->flight().state().ending == Ending::stored);
    }
    CHECK(flights.size() == 0);
    CHECK(flights.board(kKey).lease);
}

TEST_CASE("a lease that ends unsaid has failed") {
    Flights flights;
    auto lead = flights.board(kKey);
    const auto flight = flights.board(kKey).flight;
    lead.lease.reset();
    CHECK(flight->state().ending == Ending::failed);
}

TEST_CASE("a slow follower loses the stream and slows nobody") {
    Flights flights;
    QueueExecutor quick_executor, slow_executor;
    auto lead = flights.board(kKey);
    const auto flight = flights.board(kKey).flight;
    flight->begin("", false);
    flight->append("x");
    Following quick(flight, quick_executor), slow(flight, slow_executor);
    const std::string piece(1u << 20, 'y');
    for (int i = 0; i < 9; ++i) {
        flight->append(piece);
        quick_executor.run();
    }
    lead.lease->conclude(Ending::stored);
    lead.lease.reset();
    quick_executor.run();
    slow_executor.run();
    CHECK(quick.got.size() == 9 * piece.size() + 1);
    CHECK(slow.done);
    CHECK(slow.lost);
}

TEST_CASE("a canceled wait comes back, and the last to leave is noticed") {
    Flights flights;
    QueueExecutor executor;
    auto lead = flights.board(kKey);
    int deserted = 0;
    {
        Following first(flights.board(kKey).flight, executor);
        Following second(flights.board(kKey).flight, executor);
        CHECK(lead.lease->flight().followed());
        lead.lease->flight().when_deserted([&] { ++deserted; });
        first.follower->cancel();
        executor.run();
        CHECK(first.done);
        CHECK_FALSE(second.done);
        first.follower.reset();
        CHECK(deserted == 0);
        second.follower->cancel();
        executor.run();
        CHECK(second.done);
    }
    CHECK(deserted == 1);
    lead.lease->flight().when_deserted([&] { ++deserted; });
    CHECK(deserted == 2);  // nobody there: at once
}

namespace {

// An executor with a thread of its own.
class ThreadExecutor final : public Executor {
  public:
    ThreadExecutor() : thread_([this] { loop(); }) {}
    ~ThreadExecutor() {
        post(nullptr);
        thread_.join();
    }
    void post(std::coroutine_handle<> resume) override {
        const std::lock_guard lock(mutex_);
        queue_.push_back(resume);
        wake_.notify_one();
    }

  private:
    void loop() {
        while (true) {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return !queue_.empty(); });
            const auto next = queue_.front();
            queue_.pop_front();
            lock.unlock();
            if (!next) return;
            next.resume();
        }
    }
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::coroutine_handle<>> queue_;
    std::thread thread_;
};

struct Hop {
    Executor& executor;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) { executor.post(waiter); }
    void await_resume() const noexcept {}
};

// A request that comes back until it has led or has got the whole stream; every third one leaves early.
Task<void> request(Flights& flights, Executor& executor, unsigned number, std::atomic<int>& led, std::atomic<int>& left,
                   std::atomic<int>& wrong) {
    co_await Hop{executor};
    Flights::Boarding boarding = flights.board(kKey);
    if (boarding.lease) {
        led.fetch_add(1);
        boarding.lease->flight().begin("", false);
        for (int i = 0; i < 50; ++i) {
            boarding.lease->flight().append("event\n");
            co_await Hop{executor};
        }
        boarding.lease->conclude(Ending::stored);
    } else {
        Follower follower(boarding.flight, executor);
        std::string got;
        bool lost = false;
        bool done = false;
        const std::size_t enough = number % 3 == 0 ? 60 : 300;
        co_await follow(follower, enough, got, lost, done);
        if (number % 3 != 0 && got.size() != 300) wrong.fetch_add(1);
    }
    left.fetch_add(1);
}

}  // namespace

TEST_CASE("leaders and followers on many threads") {
    Flights flights;
    std::atomic<int> led{0}, left{0}, wrong{0};
    constexpr int kRequests = 2'000;
    {
        std::vector<std::unique_ptr<ThreadExecutor>> threads;
        for (int i = 0; i < 4; ++i) threads.push_back(std::make_unique<ThreadExecutor>());
        for (unsigned i = 0; i < kRequests; ++i) spawn(request(flights, *threads[i % 4], i, led, left, wrong));
        while (left < kRequests) std::this_thread::yield();
    }
    CHECK(wrong == 0);
    CHECK(led >= 1);
    CHECK(flights.size() == 0);
}
