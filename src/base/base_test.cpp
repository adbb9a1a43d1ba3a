#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/frame_pool.h"
#include "base/hash.h"
#include "base/request_id.h"
#include "base/task.h"
#include "base/units.h"

using namespace weir;

TEST_CASE("money prints exactly") {
    CHECK(to_decimal(Usd{0}) == "0");
    CHECK(to_decimal(Usd{1}) == "0.000000001");
    CHECK(to_decimal(Usd{-2'500'000'000}) == "-2.5");
    CHECK(to_decimal(Usd{INT64_MIN}) == "-9223372036.854775808");
}

TEST_CASE("sha256 of the empty string and of abc are the published ones") {
    CHECK(to_hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(to_hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a number in hexadecimal") {
    CHECK(to_hex(std::uint64_t{0}) == "0000000000000000");
    CHECK(to_hex(std::uint64_t{0x0123456789abcdefU}) == "0123456789abcdef");
    CHECK(to_hex(std::uint64_t{0xfedcba9876543210U}) == "fedcba9876543210");
    for (unsigned bit = 0; bit < 64; ++bit) {
        const std::uint64_t value = ~std::uint64_t{0} >> bit ^ std::uint64_t{5} << bit;
        CHECK(parse_hex(to_hex(value)) == value);
    }
}

TEST_CASE("parts are kept apart") {
    Sha256 a, b;
    a.update_part("ab");
    a.update_part("c");
    b.update_part("a");
    b.update_part("bc");
    CHECK(a.finish() != b.finish());
}

TEST_CASE("request ids rise, never repeat, and parse back") {
    FakeClock clock;
    RequestIds ids(clock, 3);
    std::set<RequestId> seen;
    RequestId last = 0;
    for (int i = 0; i < 200'000; ++i) {
        if (i % 50'000 == 0) clock.advance(1000);
        const RequestId id = ids.next();
        CHECK_MESSAGE(id > last, i);
        last = id;
        seen.insert(id);
    }
    CHECK(seen.size() == 200'000);
    CHECK(parse_request_id(to_hex(static_cast<std::uint64_t>(last))) == last);
    CHECK_FALSE(parse_request_id("xyz"));
    CHECK_FALSE(parse_request_id("ffffffffffffffff"));
}

namespace {

struct Gate {
    std::coroutine_handle<> waiter;
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> h) { waiter = h; }
    void await_resume() const {}
};

Task<int> twice(Gate& gate, int x) {
    co_await gate;
    co_return 2 * x;
}

Task<void> store(Gate& gate, int& out) {
    out = co_await twice(gate, 21);
}

}  // namespace

TEST_CASE("a task resumes its awaiter with the value") {
    Gate gate;
    int out = 0;
    spawn(store(gate, out));
    CHECK(out == 0);
    gate.waiter.resume();
    CHECK(out == 42);
}

TEST_CASE("coroutine frames of every size are told apart, whoever frees them") {
    std::vector<std::pair<unsigned char*, std::size_t>> frames;
    for (int round = 0; round < 3; ++round) {
        for (std::size_t bytes = 1; bytes < frame_pool::kMaxBytes + 200; bytes += 37) {
            auto* const frame = static_cast<unsigned char*>(frame_pool::allocate(bytes));
            REQUIRE(reinterpret_cast<std::uintptr_t>(frame) % alignof(std::max_align_t) == 0);
            std::fill_n(frame, bytes, static_cast<unsigned char>(bytes % 251));
            frames.emplace_back(frame, bytes);
        }
        for (const auto& [frame, bytes] : frames) {
            CHECK(std::all_of(frame, frame + bytes, [n = bytes](unsigned char c) { return c == n % 251; }));
        }
        const auto free_all = [&] {
            for (const auto& [frame, bytes] : frames) frame_pool::free(frame, bytes);
            frames.clear();
        };
        if (round == 1) {
            std::thread(free_all).join();
        } else {
            free_all();
        }
    }
}
