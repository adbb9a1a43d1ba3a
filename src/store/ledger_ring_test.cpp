#include <doctest/doctest.h>

#include <thread>

#include "store/ledger_ring.h"

using namespace weir;
using namespace weir::store;

namespace {
LedgerRow numbered(RequestId id) {
    LedgerRow row;
    row.id = id;
    row.attempt_count = static_cast<std::uint8_t>(static_cast<std::size_t>(id) % (kMaxAttempts + 1));
    for (unsigned i = 0; i < row.attempt_count; ++i) row.attempts[i].output = static_cast<std::int32_t>(id);
    return row;
}
}  // namespace

TEST_CASE("a ring holds what it says, refuses one more, and goes round") {
    LedgerRing ring(5);
    CHECK(ring.capacity() == 8);
    RequestId next = 0;
    for (int round = 0; round < 5; ++round) {
        const RequestId first = next;
        while (ring.push(numbered(next))) ++next;
        CHECK(next - first == 8);
        CHECK(ring.depth() == 8);
        RequestId expected = first;
        for (std::uint64_t i = ring.tail(); i != ring.head(); ++i, ++expected) {
            CHECK(ring.at(i).id == expected);
            if (ring.at(i).attempt_count != 0) {
                CHECK(ring.at(i).attempts[ring.at(i).attempt_count - 1U].output == expected);
            }
        }
        ring.release(ring.head());
        CHECK(ring.depth() == 0);
    }
}

TEST_CASE("a row that says it has more attempts than fit is copied within bounds") {
    LedgerRing ring(2);
    LedgerRow row = numbered(6);
    row.attempt_count = 255;
    REQUIRE(ring.push(row));
    CHECK(ring.at(ring.tail()).attempts[kMaxAttempts - 1].output == 6);
}

TEST_CASE("between two threads every row arrives once, in order, and nobody sleeps through one") {
    constexpr RequestId kRows = 200'000;
    LedgerRing ring(64);
    Doorbell bell;
    std::thread producer([&] {
        for (RequestId id = 0; id < kRows; ++id) {
            while (!ring.push(numbered(id))) std::this_thread::yield();
            if (bell.state() == Doorbell::State::parked) bell.ring();
        }
    });
    RequestId expected = 0;
    bool in_order = true;
    while (expected < kRows) {
        const std::uint64_t head = ring.head();
        if (head == ring.tail()) {
            bell.wait(Doorbell::State::parked, std::nullopt, [&] { return ring.head() != ring.tail(); });
            continue;
        }
        for (std::uint64_t i = ring.tail(); i != head; ++i) in_order = in_order && ring.at(i).id == expected++;
        ring.release(head);
    }
    producer.join();
    CHECK(in_order);
}

TEST_CASE("a bell rung before the wait is looked at is not lost to the predicate, and a timeout ends a wait") {
    Doorbell bell;
    bool asked = false;
    bell.wait(Doorbell::State::parked, std::nullopt, [&] { return asked = true; });
    CHECK(asked);
    CHECK(bell.state() == Doorbell::State::awake);
    // Rung between the look and the sleep: the futex sees the changed word.
    bell.wait(Doorbell::State::parked, std::nullopt, [&] {
        bell.ring();
        return false;
    });
    bell.wait(Doorbell::State::napping, 1, [] { return false; });
    CHECK(bell.state() == Doorbell::State::awake);
}
