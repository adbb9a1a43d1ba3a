#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <thread>
#include <vector>

#include "store/ledger_batch.h"
#include "store/ledger_ring.h"
#include "store/ledger_ring_file.h"
#include "store/ledger_testing.h"

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

struct TestRing {
    explicit TestRing(std::size_t rows, std::size_t size = 0)
        : memory(size != 0 ? size : ring_bytes(rows)), ring(marks, memory.data(), memory.size(), rows) {}

    // Everything in it, released.
    std::vector<LedgerRow> drain() {
        std::string batch;
        const std::uint64_t head = ring.head();
        const std::uint64_t count = ring.copy_to(head, batch);
        ring.release(head, count);
        std::vector<LedgerRow> rows = read(batch);
        CHECK(rows.size() == count);
        return rows;
    }
    static std::vector<LedgerRow> read(const std::string& batch) {
        std::vector<LedgerRow> rows;
        std::vector<PackedRow> packed;
        if (batch.empty()) return rows;
        REQUIRE(split_batch(batch, packed));
        for (const PackedRow& row : packed) REQUIRE(unpack_row(row, rows.emplace_back()));
        return rows;
    }

    RingMarks marks;
    std::vector<char> memory;
    LedgerRing ring;
};

}  // namespace

TEST_CASE("a ring holds what it says, refuses one more, and goes round") {
    TestRing world(5);
    LedgerRing& ring = world.ring;
    CHECK(ring.capacity() == 8);
    RequestId next = 0;
    for (int round = 0; round < 5000; ++round) {
        const RequestId first = next;
        while (ring.push(numbered(next))) ++next;
        CHECK(next - first == 8);
        CHECK(ring.depth() == 8);
        RequestId expected = first;
        for (const LedgerRow& row : world.drain()) {
            const LedgerRow original = numbered(expected);
            CHECK(testing::same(row, original));
            ++expected;
        }
        CHECK(expected == next);
        CHECK(ring.depth() == 0);
    }
}

TEST_CASE("a ring whose bytes run out before its rows refuses too, and loses nothing at its seam") {
    testing::RandomRows random(4);
    for (std::size_t size = kMaxPackedRowBytes + 2; size < kMaxPackedRowBytes + 90; ++size) {
        TestRing world(1024, size);
        RequestId pushed = 0;
        RequestId taken = 0;
        for (int i = 0; i < 400; ++i) {
            if (random.chance(3)) {
                for (const LedgerRow& row : world.drain()) CHECK(row.id == taken++);
            } else if (world.ring.push(random.row(pushed))) {
                ++pushed;
            }
        }
        for (const LedgerRow& row : world.drain()) CHECK(row.id == taken++);
        CHECK(taken == pushed);
        CHECK(pushed > 100);
    }
}

TEST_CASE("what another process left is read up to the first byte that makes no sense") {
    testing::RandomRows random(8);
    TestRing world(64, 4096);
    std::vector<LedgerRow> rows;
    for (RequestId id = 0; id < 500; ++id) {
        rows.push_back(random.row(id));
        if (!world.ring.push(rows.back())) {
            std::string batch;
            const Salvaged salvaged = salvage_ring(world.marks, world.memory.data(), world.memory.size(), batch);
            CHECK(salvaged.rows == world.ring.depth());
            CHECK(salvaged.lost_bytes == 0);
            const auto left = TestRing::read(batch);
            for (std::size_t i = 0; i < left.size(); ++i) {
                CHECK(testing::same(left[i], rows[rows.size() - 1 - left.size() + i]));
            }
            world.drain();
            REQUIRE(world.ring.push(rows.back()));
        }
    }
    std::string none;
    world.marks.tail = world.marks.head + 1;  // marks that can't be
    CHECK(salvage_ring(world.marks, world.memory.data(), world.memory.size(), none).rows == 0);
    world.marks.tail = world.marks.head - 5000;
    CHECK(salvage_ring(world.marks, world.memory.data(), world.memory.size(), none).rows == 0);
    CHECK(salvage_ring(world.marks, world.memory.data(), world.memory.size(), none).lost_bytes == 4096);
    // Any bytes, any marks: read within bounds or not at all.
    std::mt19937_64 any(2);
    for (int i = 0; i < 3000; ++i) {
        for (char& byte : world.memory) byte = any() % 3 == 0 ? static_cast<char>(any()) : '\0';
        world.marks.tail = any() % 8192;
        world.marks.head = world.marks.tail + any() % 4200;
        std::string batch;
        (void)salvage_ring(world.marks, world.memory.data(), world.memory.size(), batch);
        (void)TestRing::read(batch);
    }
}

TEST_CASE("a row that says it has more attempts than fit is packed within bounds") {
    TestRing world(2);
    LedgerRow row = numbered(6);
    row.attempt_count = 255;
    REQUIRE(world.ring.push(row));
    CHECK(world.drain().at(0).attempts[kMaxAttempts - 1].output == 6);
}

TEST_CASE("between two threads every row arrives once, in order, and nobody sleeps through one") {
    constexpr RequestId kRows = 200'000;
    TestRing world(64);
    LedgerRing& ring = world.ring;
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
        if (ring.head() == ring.tail()) {
            bell.wait(Doorbell::State::parked, std::nullopt, [&] { return ring.head() != ring.tail(); });
            continue;
        }
        for (const LedgerRow& row : world.drain()) in_order = in_order && row.id == expected++;
    }
    producer.join();
    CHECK(in_order);
}

TEST_CASE("rings in a file: what was not released is there for the next one, and nothing of another start or version") {
    const testing::TempFolder folder;
    const std::size_t bytes = ring_bytes(16);
    testing::RandomRows random(1);
    std::vector<LedgerRow> rows;
    {
        const RingFile file(folder.path(), 2, bytes);
        LedgerRing first(file.marks(0), file.bytes(0), bytes, 16);
        LedgerRing second(file.marks(1), file.bytes(1), bytes, 16);
        for (RequestId id = 0; id < 10; ++id) {
            rows.push_back(random.row(id));
            REQUIRE(second.push(rows.back()));
        }
        CHECK(salvage_rings(folder.path()).size() == 1);
    }
    const auto batches = salvage_rings(folder.path());
    REQUIRE(batches.size() == 1);
    const auto left = TestRing::read(batches.front());
    REQUIRE(left.size() == rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) CHECK(testing::same(left[i], rows[i]));

    const std::string path = ledger_ring_path(folder.path());
    const auto damage = [&](std::streamoff at) {
        std::fstream out(path, std::ios::in | std::ios::out | std::ios::binary);
        out.seekp(at);
        out.put('!');
    };
    std::string told;
    SUBCASE("another version") {
        damage(7);
        told = "it is damaged, or of another version";
    }
    SUBCASE("another start of the machine") {
        damage(30);
        told = std::to_string(batches.front().size()) +
               " bytes of rows that a killed process left behind are dropped: "
               "they are from before the machine's last start";
    }
    SUBCASE("more lanes than there are") {
        damage(8);
        told = "it is damaged, or of another version";
    }
    SUBCASE("cut off") {
        std::filesystem::resize_file(path, 4096 + 4096);
        told = "it is damaged, or of another version";
    }
    SUBCASE("a stump") {
        std::filesystem::resize_file(path, 10);
        told = "10 bytes of rows that a killed process left behind are dropped: it has not the size of such a file";
    }
    SUBCASE("empty") {
        std::filesystem::resize_file(path, 0);
    }
    SUBCASE("none") {
        std::filesystem::remove(path);
    }
    SUBCASE("opened anew") {
        const RingFile file(folder.path(), 1, bytes);
    }
    const testing::Log log;
    CHECK(salvage_rings(folder.path()).empty());
    if (told.empty()) {
        CHECK(log.text() == "");
    } else {
        CHECK(log.text().find("warning: " + path + ": ") == 0);
        CHECK(log.text().find(told) != std::string::npos);
    }
}

TEST_CASE("rings in a file: rows behind a damaged one are lost, and that is told") {
    const testing::TempFolder folder;
    const std::size_t bytes = ring_bytes(16);
    std::size_t first_two = 0;
    std::size_t all = 0;
    {
        const RingFile file(folder.path(), 1, bytes);
        LedgerRing ring(file.marks(0), file.bytes(0), bytes, 16);
        for (RequestId id = 0; id < 5; ++id) {
            if (id == 2) first_two = ring.head();
            REQUIRE(ring.push(numbered(id)));
        }
        all = ring.head();
        file.bytes(0)[first_two] = '\x01';  // the third row's length
        file.bytes(0)[first_two + 1] = '\0';
    }
    const testing::Log log;
    const auto batches = salvage_rings(folder.path());
    REQUIRE(batches.size() == 1);
    CHECK(TestRing::read(batches.front()).size() == 2);
    CHECK(log.text() == "warning: " + ledger_ring_path(folder.path()) + ": " + std::to_string(all - first_two) +
                            " bytes of rows that a killed process left behind are dropped: they are damaged\n");
}

TEST_CASE("rings without a file work, in memory of their own") {
    const RingFile file("/nonexistent/folder", 1, ring_bytes(16));
    LedgerRing ring(file.marks(0), file.bytes(0), ring_bytes(16), 16);
    CHECK(ring.push(numbered(3)));
    CHECK(ring.depth() == 1);
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
