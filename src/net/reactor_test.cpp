#include "net/reactor.h"

#include <doctest/doctest.h>

#include "base/worker.h"
#include "net/buffer.h"
#include "net/loopback_testing.h"

using namespace weir;
using namespace weir::net;
using namespace weir::net::testing;

namespace {

Task<int> answer_elsewhere(Worker& worker, Reactor& reactor, const std::thread::id& reactor_thread) {
    int answer = 0;
    std::function<void()> work = [&answer, &reactor_thread] {
        if (std::this_thread::get_id() != reactor_thread) answer = 42;
    };
    co_await worker.run(reactor, std::move(work));
    if (std::this_thread::get_id() != reactor_thread) answer = -1;
    co_return answer;
}

Task<void> sleep_for(Reactor& reactor, Micros duration, std::vector<Micros>& order) {
    co_await reactor.sleep(duration);
    order.push_back(duration);
}

Task<int> one_of(int value) {
    co_return value;
}

Task<int> sum_of(int count) {
    int sum = 0;
    for (int i = 0; i < count; ++i) {
        const int one = co_await one_of(1);
        sum += one;
    }
    co_return sum;
}

}  // namespace

TEST_CASE("calls from other threads run on the reactor's, in order") {
    Loop loop;
    const auto there = loop.call([] { return std::this_thread::get_id(); });
    CHECK(there != std::this_thread::get_id());
    std::vector<int> order;
    for (int i = 0; i < 100; ++i) loop.reactor.call([&order, i] { order.push_back(i); });
    loop.call([] {});
    CHECK(order.size() == 100);
    CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("work on another thread comes back to the reactor's") {
    Loop loop;
    Worker worker;
    const auto there = loop.call([] { return std::this_thread::get_id(); });
    for (int i = 0; i < 20; ++i) CHECK(loop.run(answer_elsewhere(worker, loop.reactor, there)) == 42);
}

TEST_CASE("sleeps end in their order") {
    Loop loop;
    std::vector<Micros> order;
    auto long_one = loop.start(sleep_for(loop.reactor, 50'000, order));
    auto short_one = loop.start(sleep_for(loop.reactor, 1'000, order));
    auto none = loop.start(sleep_for(loop.reactor, 0, order));
    get(none);
    get(short_one);
    get(long_one);
    CHECK(order == std::vector<Micros>{0, 1'000, 50'000});
}

TEST_CASE("many awaits in a row that never wait") {
    // Without optimisation GCC makes each of them a call in a call, so a million needs a release build.
    Loop loop;
    CHECK(loop.run(sum_of(10'000)) == 10'000);
}

TEST_CASE("what is called at every sweep may add to it and end") {
    Loop loop;
    std::atomic<int> ended = 0, added = 0;
    loop.call([&] {
        for (int i = 0; i < 10; ++i) {
            loop.reactor.every_sweep([&, left = i]() mutable {
                for (int more = 0; more < 20; ++more) {
                    loop.reactor.every_sweep([&] {
                        ++added;
                        return false;
                    });
                }
                if (left-- > 0) return true;
                ++ended;
                return false;
            });
        }
    });
    loop.eventually([&] { return ended == 10; });
    loop.eventually([&] { return added == 55 * 20; });
}

TEST_CASE("a reactor that is stopped runs nothing more") {
    const SystemClock clock;
    Reactor reactor(clock, 3);
    CHECK(reactor.index() == 3);
    bool ran = false;
    reactor.stop();
    reactor.call([&] { ran = true; });
    reactor.run();
    CHECK(!ran);
}

TEST_CASE("a buffer is filled at its end and read from its front") {
    Buffer buffer(8);
    const auto put = [&](std::string_view bytes) {
        const auto room = buffer.room();
        REQUIRE(room.size() >= bytes.size());
        std::copy(bytes.begin(), bytes.end(), room.begin());
        buffer.added(bytes.size());
    };
    CHECK(buffer.empty());
    CHECK(buffer.room().size() == 8);
    put("abcdef");
    buffer.consume(4);
    CHECK(buffer.content() == "ef");
    CHECK(buffer.room().size() == 2);
    put("gh");
    CHECK(buffer.room().size() == 4);  // moved to the front
    CHECK(buffer.content() == "efgh");
    put("ijkl");
    CHECK(buffer.room().empty());
    buffer.grow(4);
    CHECK(buffer.capacity() == 8);
    buffer.grow(16);
    CHECK(buffer.content() == "efghijkl");
    put("mnopqrst");
    CHECK(buffer.room().empty());
    CHECK(buffer.content() == "efghijklmnopqrst");
    buffer.consume(16);
    CHECK(buffer.empty());
    CHECK(buffer.room().size() == 16);
}
