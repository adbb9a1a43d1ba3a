#include "cascade/canary.h"

#include <doctest/doctest.h>

#include "learn/random_bits.h"

using namespace weir;
using namespace weir::cascade;
using Move = Canary::Move;

namespace {

std::size_t outcomes_until(Canary& canary, Move wanted, double worse, learn::RandomBits& random, std::size_t most) {
    for (std::size_t i = 1; i <= most; ++i) {
        if (canary.outcome(random.chance(worse), 0.1) == wanted) return i;
    }
    return most + 1;
}

}  // namespace

TEST_CASE("a tenth, three tenths, all: after thirty confirmed answers each") {
    Canary canary(0.1, 0.02);
    for (const double share : {0.1, 0.3}) {
        CHECK(canary.share() == doctest::Approx(share));
        for (std::size_t i = 1; i < Canary::kOutcomes; ++i) CHECK(canary.outcome(false, 0.1) == Move::none);
        CHECK(canary.outcome(false, 0.1) == Move::raised);
    }
    CHECK(canary.share() == 1);
    for (int i = 0; i < 1'000; ++i) CHECK(canary.outcome(false, 0.1) == Move::none);
}

TEST_CASE("what is clearly worse goes back to the first share, from wherever it is") {
    Canary canary(0.1, 0.02);
    for (std::size_t i = 0; i < 2 * Canary::kOutcomes; ++i) canary.outcome(false, 0.1);
    REQUIRE(canary.share() == 1);
    Move last = Move::none;
    for (int i = 0; i < 10 && last == Move::none; ++i) last = canary.outcome(true, 0.1);
    CHECK(last == Move::lowered);
    CHECK(canary.share() == doctest::Approx(0.1));
    // At the first share it stays there.
    for (int i = 0; i < 100; ++i) CHECK(canary.outcome(true, 0.1) == Move::none);
    CHECK(canary.share() == doctest::Approx(0.1));
}

TEST_CASE("a tier as good as promised passes soon, one that is ten times worse seldom does") {
    learn::RandomBits random(3);
    std::size_t good = 0, bad = 0;
    for (int round = 0; round < 1'000; ++round) {
        Canary canary(0.1, 0.02);
        good += outcomes_until(canary, Move::raised, 0.02, random, 60) <= 60;
        Canary other(0.1, 0.02);
        bad += outcomes_until(other, Move::raised, 0.2, random, 60) <= 60;
    }
    CHECK(good > 900);
    CHECK(bad < 100);
}
