#include "tiers/student/text_grams.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>

using namespace weir::tiers::student;

namespace {

std::vector<Gram> grams_of(std::string_view text) {
    std::vector<Gram> grams;
    REQUIRE(text_grams(text, grams));
    return grams;
}

std::size_t words(const std::vector<Gram>& grams) {
    return static_cast<std::size_t>(
        std::count_if(grams.begin(), grams.end(), [](const Gram& gram) { return !gram.is_piece(); }));
}

}  // namespace

TEST_CASE("grams: words, pairs and pieces") {
    const auto grams = grams_of("My card, my card");
    CHECK(words(grams) == 4);  // my, card, my card, card my
    std::size_t counted = 0;
    for (const Gram& gram : grams) counted += gram.is_piece() ? 0 : gram.count;
    CHECK(counted == 7);
    // " my ": 2 of 3, 1 of 4; " card, ": 5, 4, 3; " card ": 4, 3, 2, of which "_ca", "car", "ard", "_car", "card",
    // "_card" stand in both
    CHECK(grams.size() - words(grams) == 3 + 12 + 9 - 6);
    CHECK(grams_of("MY  CARD\n").size() == grams_of("my card").size());
    CHECK(words(grams_of("\u00C4rger")) == 1);
    CHECK(words(grams_of("\u6F22\u5B57")) == 3);  // each character is a word
    CHECK(grams_of("").empty());
    CHECK(grams_of(" \t ").empty());
    CHECK(words(grams_of("!?")) == 0);
}

TEST_CASE("grams: a text that is too long has none") {
    std::vector<Gram> grams = {{1, 1}};
    CHECK(text_grams(std::string(kMostTextBytes, 'x'), grams));
    CHECK_FALSE(text_grams(std::string(kMostTextBytes + 1, 'x'), grams));
    CHECK(grams.empty());
}

TEST_CASE("grams: ascending, of any bytes") {
    rc::check("ascending and counted", [](const std::string& some) {
        std::string text = some;
        for (int i = 0; i < *rc::gen::inRange(0, 60); ++i) text += " " + *rc::gen::arbitrary<std::string>();
        std::vector<Gram> grams, again;
        RC_ASSERT(text_grams(text, grams));
        RC_ASSERT(text_grams(text, again));
        RC_ASSERT(grams.size() == again.size());
        for (std::size_t i = 0; i < grams.size(); ++i) {
            RC_ASSERT(grams[i].count > 0);
            if (i > 0) RC_ASSERT(grams[i - 1].hash < grams[i].hash);  // RC_ASSERT looks at both sides of ||
        }
    });
}
