#include "gateway/repeats.h"

#include <doctest/doctest.h>

#include <cstring>

using namespace weir;
using namespace weir::gateway;

namespace {

Digest256 key(std::uint64_t name) {
    Digest256 digest{};
    std::memcpy(digest.data(), &name, sizeof name);
    return digest;
}

}  // namespace

TEST_CASE("repeats are counted by question; one that shares a slot starts anew") {
    Repeats repeats;
    for (std::uint32_t i = 1; i <= 6; ++i) CHECK(repeats.count(key(7)) == i);
    CHECK(repeats.count(key(8)) == 1);
    CHECK(repeats.count(key(7)) == 7);
    CHECK(repeats.count(key(7 + Repeats::kSlots)) == 1);
    CHECK(repeats.count(key(7)) == 1);
}
