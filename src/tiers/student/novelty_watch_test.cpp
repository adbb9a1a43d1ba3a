#include "tiers/student/novelty_watch.h"

#include <doctest/doctest.h>

#include "learn/random_bits.h"

using namespace weir;
using namespace weir::tiers::student;
using Sight = NoveltyWatch::Sight;

namespace {

// A text of 20 to 119 grams, each unknown with this probability.
Sight add(NoveltyWatch& watch, double unknown, learn::RandomBits& random) {
    const std::size_t grams = 20 + random.below(100);
    std::size_t count = 0;
    for (std::size_t i = 0; i < grams; ++i) count += random.chance(unknown) ? 1 : 0;
    return watch.add(static_cast<double>(count) / static_cast<double>(grams), grams);
}

}  // namespace

TEST_CASE("novelty watch: few texts are unusual while they are like those before, and there is no alarm") {
    std::size_t unusual = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        learn::RandomBits random(seed);
        NoveltyWatch watch;
        for (int i = 0; i < 2'000; ++i) {
            const Sight sight = add(watch, 0.3, random);
            REQUIRE(sight != Sight::alarm);
            unusual += sight == Sight::unusual ? 1 : 0;
        }
    }
    CHECK(unusual < 0.012 * 20'000);
}

TEST_CASE("novelty watch: texts that differ by a number alone stay usual when it has a new digit") {
    NoveltyWatch watch;
    for (std::size_t i = 0; i < 5'000; ++i)
        REQUIRE(watch.add(0.20 + 0.005 * static_cast<double>(i / 250), 200) == Sight::usual);
}

TEST_CASE("novelty watch: texts in another language are unusual from the first one on, and soon an alarm") {
    learn::RandomBits random(3);
    NoveltyWatch watch;
    for (int i = 0; i < 600; ++i) add(watch, 0.3, random);
    int texts = 0;
    Sight sight = Sight::usual;
    while (sight != Sight::alarm) {
        sight = add(watch, 0.9, random);
        CHECK(sight != Sight::usual);
        REQUIRE(++texts < 10);
    }
    for (int i = 0; i < 600; ++i) REQUIRE(add(watch, 0.9, random) != Sight::alarm);  // that is usual now
}

TEST_CASE("novelty watch: a new subject in an eighth of the texts is unusual while it is new, and no alarm") {
    learn::RandomBits random(5);
    NoveltyWatch watch;
    for (int i = 0; i < 600; ++i) add(watch, 0.2, random);
    std::size_t unusual = 0;
    for (int i = 0; i < 80; ++i) {
        const Sight sight = add(watch, i % 8 == 0 ? 0.8 : 0.2, random);
        REQUIRE(sight != Sight::alarm);
        unusual += i % 8 == 0 && sight == Sight::unusual ? 1 : 0;
    }
    CHECK(unusual >= 6);  // of 10
}
