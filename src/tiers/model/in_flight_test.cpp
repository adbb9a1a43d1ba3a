#include "tiers/model/in_flight.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/task.h"
#include "tiers/model/retry_budget.h"

namespace weir::tiers {
namespace {

// Resumes at once, on whatever thread.
struct Inline final : Executor {
    void post(std::coroutine_handle<> resume) override { resume.resume(); }
};
// Resumes when it is told to.
struct Later final : Executor {
    std::vector<std::coroutine_handle<>> waiting;
    void post(std::coroutine_handle<> resume) override { waiting.push_back(resume); }
    void run() {
        std::vector<std::coroutine_handle<>> now;
        now.swap(waiting);
        for (const auto handle : now) handle.resume();
    }
};

using State = InFlight::Turn::State;

Task<void> wait_for(InFlight::Turn& turn, std::vector<int>& order, int number) {
    const State state = co_await turn.wait();
    order.push_back(state == State::held ? number : -number);
}

}  // namespace

TEST_CASE("as many as may, then a queue with an end, in order") {
    InFlight places(2, 2);
    Later later;
    std::vector<int> order;
    auto first = std::make_unique<InFlight::Turn>(places, later);
    auto second = std::make_unique<InFlight::Turn>(places, later);
    CHECK(first->take_at_once());
    CHECK(second->take_at_once());
    InFlight::Turn third(places, later), fourth(places, later), fifth(places, later);
    CHECK_FALSE(third.take_at_once());
    spawn(wait_for(third, order, 3));
    spawn(wait_for(fourth, order, 4));
    spawn(wait_for(fifth, order, 5));
    CHECK(order == std::vector{-5});
    CHECK(fifth.state() == State::full);
    CHECK(places.waiting() == 2);
    first.reset();
    second.reset();
    later.run();
    CHECK(order == std::vector{-5, 3, 4});
    CHECK(places.busy() == 2);
}

TEST_CASE("who waits may leave; who has been given a place keeps it") {
    InFlight places(1, 5);
    Later later;
    std::vector<int> order;
    {
        auto holder = std::make_unique<InFlight::Turn>(places, later);
        CHECK(holder->take_at_once());
        InFlight::Turn leaves(places, later), stays(places, later);
        spawn(wait_for(leaves, order, 1));
        spawn(wait_for(stays, order, 2));
        leaves.cancel();
        later.run();
        CHECK(order == std::vector{-1});
        CHECK(leaves.state() == State::canceled);
        holder.reset();
        stays.cancel();  // too late
        later.run();
        CHECK(order == std::vector{-1, 2});
        CHECK(places.busy() == 1);
    }
    CHECK(places.busy() == 0);
    CHECK(places.waiting() == 0);
    InFlight::Turn early(places, later);
    early.cancel();
    spawn(wait_for(early, order, 7));
    CHECK(order.back() == -7);
}

TEST_CASE("many threads: never more than may, and nobody is forgotten") {
    constexpr int kThreads = 4, kRounds = 3'000;
    InFlight places(3, 1'000);
    Inline at_once;
    std::atomic<int> inside{0}, most{0}, served{0};
    const auto work = [&] {
        for (int round = 0; round < kRounds; ++round) {
            InFlight::Turn turn(places, at_once);
            std::atomic<bool> held{turn.take_at_once()};
            if (!held) {
                static const auto wait = [](InFlight::Turn& one, std::atomic<bool>& done) -> Task<void> {
                    co_await one.wait();
                    done = true;
                    done.notify_one();
                };
                spawn(wait(turn, held));
                held.wait(false);
            }
            const int now = inside.fetch_add(1) + 1;
            int seen = most.load();
            while (now > seen && !most.compare_exchange_weak(seen, now)) {
            }
            served.fetch_add(1);
            inside.fetch_sub(1);
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
    CHECK(served == kThreads * kRounds);
    CHECK(most <= 3);
    CHECK(places.busy() == 0);
}

TEST_CASE("retries are a share of the requests, and some in reserve") {
    RetryBudget budget(0.2);
    int taken = 0;
    while (budget.take()) ++taken;
    CHECK(taken == RetryBudget::kReserve);
    for (int i = 0; i < 100; ++i) {
        budget.request();
        taken += budget.take();
    }
    CHECK(taken == RetryBudget::kReserve + 20);
}

}  // namespace weir::tiers
