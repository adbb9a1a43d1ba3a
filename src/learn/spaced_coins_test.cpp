#include "learn/spaced_coins.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "learn/random_bits.h"

using weir::learn::RandomBits;
using weir::learn::SpacedCoins;

TEST_CASE("spaced coins: each outcome has its share, from the first on, and gaps are short") {
    std::size_t fallen = 0, of_first = 0, longest = 0;
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        RandomBits random(seed);
        SpacedCoins coins;
        std::size_t gap = 0;
        for (int i = 0; i < 1'000; ++i) {
            ++gap;
            if (!coins.falls(0.04, random.uniform())) continue;
            ++fallen;
            of_first += i < 20 ? 1 : 0;
            longest = std::max(longest, gap);
            gap = 0;
        }
    }
    CHECK(fallen > 0.039 * 400 * 1'000);
    CHECK(fallen < 0.041 * 400 * 1'000);
    CHECK(of_first > 260);  // 320 expected
    CHECK(of_first < 380);
    CHECK(longest <= 32);
}

TEST_CASE("spaced coins: unequal shares are kept as well") {
    std::size_t rare = 0, often = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        RandomBits random(seed);
        SpacedCoins coins;
        for (int i = 0; i < 1'000; ++i) {
            const bool risky = random.chance(0.2);
            if (coins.falls(risky ? 0.1 : 0.02, random.uniform())) ++(risky ? often : rare);
        }
    }
    CHECK(static_cast<double>(often) == doctest::Approx(200 * 200 * 0.1).epsilon(0.05));
    CHECK(static_cast<double>(rare) == doctest::Approx(200 * 800 * 0.02).epsilon(0.05));
    SpacedCoins always;
    for (int i = 0; i < 10; ++i) CHECK(always.falls(1, 0.5));
    SpacedCoins never;
    for (int i = 0; i < 10; ++i) CHECK_FALSE(never.falls(0, 0.5));
}
