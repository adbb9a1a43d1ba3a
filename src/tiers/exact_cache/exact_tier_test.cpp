#include "tiers/exact_cache/exact_tier.h"

#include <doctest/doctest.h>

#include "base/executor_testing.h"
#include "tiers/exact_cache/entry_judge_testing.h"

using namespace weir;
using namespace weir::tiers;

namespace {

struct World {
    FakeClock clock;
    ExactCache cache{ExactCache::Options{}, clock, nullptr};
    Flights flights;
    MinuteJudge judge{clock};
    QueueExecutor executor;
    ExactTier tier{cache, flights, judge, executor, clock};
    wire::ChatRequest chat;
    Question question{chat, "t"};
    Cancellation cancellation;

    World() {
        question.cache_key = sha256("key");
        question.may_look_up = true;
        question.may_store = true;
    }

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
    first.climb.lease->conclude(Flight::Ending::stored);
    first.climb.lease.reset();
    world.executor.run();
    REQUIRE(second.done);
    REQUIRE(third.done);
    CHECK(second.climb.offer);
    CHECK(third.climb.offer);
    CHECK(world.flights.size() == 0);
}

TEST_CASE("when the first one's answer is not kept, every waiter asks for itself, at once") {
    World world;
    Asked first(world), second(world), third(world);
    first.climb.lease->conclude(Flight::Ending::not_stored);
    first.climb.lease.reset();
    world.executor.run();
    for (const Asked* waiter : {&second, &third}) {
        REQUIRE(waiter->done);
        CHECK_FALSE(waiter->climb.offer);
        CHECK_FALSE(waiter->climb.lease);
    }
}

TEST_CASE("when the first one fails, the next one leads, and after some rounds everybody asks for itself") {
    World world;
    std::vector<std::unique_ptr<Asked>> all;
    for (int i = 0; i < 6; ++i) all.push_back(std::make_unique<Asked>(world));
    std::size_t led = 0, done = 0;
    for (int round = 0; round < 8; ++round) {
        for (auto& one : all) {
            if (!one || !one->done) continue;
            led += one->climb.lease ? 1U : 0U;
            ++done;
            one.reset();  // its lease ends: failed
            break;
        }
        world.executor.run();
    }
    for (const auto& one : all) done += one && one->done ? 1U : 0U;
    CHECK(done == 6);
    CHECK(led == 3);  // three rounds
    CHECK(world.flights.size() == 0);
}

TEST_CASE("streams follow a stream under way, bodies wait for its end") {
    World world;
    Asked first(world);
    Asked body(world);
    world.chat.stream = true;
    Asked stream(world);
    CHECK_FALSE(stream.done);
    CHECK_FALSE(body.done);
    first.climb.lease->flight().begin("x: y\r\n", true);
    world.executor.run();
    REQUIRE(stream.done);
    CHECK(stream.climb.follower);
    CHECK_FALSE(stream.climb.offer);
    CHECK_FALSE(body.done);
    Asked late(world);
    REQUIRE(late.done);
    CHECK(late.climb.follower);
    for (int i = 0; i < 10; ++i) {  // events do not wake whoever waits for the end
        first.climb.lease->flight().append("event");
        world.executor.run();
    }
    CHECK_FALSE(body.done);
    world.chat.stream = false;
    world.store();
    first.climb.lease->conclude(Flight::Ending::stored);
    first.climb.lease.reset();
    world.executor.run();
    REQUIRE(body.done);
    CHECK(body.climb.offer);
}

TEST_CASE("a caller that leaves while it waits is let go") {
    World world;
    Asked first(world);
    Asked second(world);
    CHECK_FALSE(second.done);
    world.cancellation.cancel();
    world.executor.run();
    CHECK(second.done);
    CHECK_FALSE(second.climb.offer);
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

TEST_CASE("age and purges decide whether an entry is offered") {
    World world;
    world.store();
    Asked fresh(world);
    REQUIRE(fresh.climb.offer);
    CHECK_FALSE(fresh.climb.offer->stale);
    world.clock.advance(60'000'001);
    Asked stale(world);
    REQUIRE(stale.climb.offer);
    CHECK(stale.climb.offer->stale);
    world.question.max_age = 1'000'000;
    Asked picky(world);
    CHECK_FALSE(picky.climb.offer);
    CHECK(picky.climb.words() == "expired");
    picky.climb.lease.reset();
    world.question.max_age.reset();
    world.judge.voided = true;
    Asked purged(world);
    CHECK_FALSE(purged.climb.offer);
    CHECK(purged.climb.words() == "purged");
}
