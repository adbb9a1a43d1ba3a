// A light English stemmer: inflection (plural, -ed, -ing, irregular verbs and nouns) goes, derivation stays, so that
// "happy" and "unhappy", "act" and "actor" remain different words. "took" -> "take", "boxes" -> "box".
// Own rules; where one is wrong for a word, two forms of that word stay apart, which only costs a match.
// Thread rule: pure function. Limit: words over 40 bytes, or with other than small ASCII letters, are their own stem.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::text {

enum class Inflection : std::uint8_t {
    none,
    plural_or_third,  // -s
    past,             // -ed, took: past tense, or both past and participle
    participle,       // taken, written: no past tense
    gerund,           // -ing
};

struct Stem {
    std::string_view base;     // a piece of the word, or a constant
    std::string_view restore;  // to be put behind base: "", "e" or "y"
    Inflection inflection = Inflection::none;
};

Stem stem_word(std::string_view lower);

}  // namespace weir::text
