#include "tiers/exact_cache/exact_tier.h"

#include <doctest/doctest.h>

#include <deque>

using namespace weir;
using namespace weir::tiers;

namespace {

class QueueExecutor final : public Executor {
  public:
    void post(std::coroutine_handle<> resume) override { queue.push_back(resume); }
    void run() {
        while (!queue.empty()) {
            const auto next = queue.front();
            queue.pop_front();
            next.resume();
        }
    }
    std::deque<std::coroutine_handle<>> queue;
};

struct World {
    FakeClock clock;
    ExactCache cache{ExactCache::Options{}, clock, nullptr};
    InFlight in_flight;
    QueueExecutor executor;
    ExactTier tier{cache, in_flight, executor, clock, 60'000'000};
    wire::ChatRequest chat;
    Question question{chat, "t", sha256("key"), true, true, false, 0};
    Cancellation cancellation;

    void store() {
        auto entry = std::make_shared<CacheEntry>();
        entry->body = "{}";
        entry->created_unix_micros = clock.unix_micros();
        cache.store(question.cache_key, entry);
    }
};

Task<void> ask(World& world, Climb& out, bool& done) {
    out = co_await world.tier.offer(world.question, world.cancellation);
    done = true;
}

struct Asked {
    explicit Asked(World& world) { spawn(ask(world, climb, done)); }
    Climb climb;
    bool done = false;
};

}  // namespace

TEST_CASE("a miss leads, the same request waits and finds the answer") {
    World world;
    Asked first(world);
    REQUIRE(first.done);
    CHECK_FALSE(first.climb.offer);
    CHECK(first.climb.lease);

    Asked second(world), third(world);
    CHECK_FALSE(second.done);
    world.store();
    CHECK_FALSE(second.done);
    first.climb.lease.reset();
    world.executor.run();
    REQUIRE(second.done);
    REQUIRE(third.done);
    CHECK(second.climb.offer);
    CHECK(third.climb.offer);
    CHECK(world.in_flight.size() == 0);
}

TEST_CASE("when the first one stores nothing, every waiter asks for itself, at once") {
    World world;
    Asked first(world), second(world), third(world);
    first.climb.lease.reset();
    world.executor.run();
    REQUIRE(second.done);
    REQUIRE(third.done);
    CHECK_FALSE(second.climb.offer);
    CHECK_FALSE(third.climb.offer);
}

TEST_CASE("who may not store does not lead, who may not look up does not wait") {
    World world;
    world.question.may_store = false;
    Asked first(world);
    CHECK_FALSE(first.climb.lease);
    world.question.may_store = true;
    Asked second(world);
    CHECK(second.climb.lease);
    world.question.may_look_up = false;
    Asked third(world);
    CHECK(third.done);
    CHECK_FALSE(third.climb.lease);
}

TEST_CASE("an entry past the cascade's time to live is a miss") {
    World world;
    world.store();
    CHECK(Asked(world).climb.offer);
    world.clock.advance(60'000'000);
    CHECK(Asked(world).climb.offer);  // not yet: exactly its age
    world.clock.advance(1);
    Asked late(world);
    CHECK_FALSE(late.climb.offer);
    CHECK(late.climb.reason == "expired");
}
