// What words mean to the guards: which stand for the same thing, which are opposites, which are names of places, units,
// months, nationalities. Own small tables of plain English: a word that is in none only equals itself.
// Thread rule: constants and pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir::tiers::semantic {

enum class WordSort : std::uint8_t {
    common,
    place,        // countries, big cities
    nationality,  // also religions: adjectives that just add a property to a noun ("a Turkish nurse" is Turkish and a
                  // nurse)
    person,       // common first names
    product,      // brands and products often written without a capital
    unit,
    month,
    weekday,
    filler,     // adds nothing: "really", "please"
    scope,      // changes what is asked when added: "only", "become", "stop", "try"
    symmetric,  // relation that holds both ways: married, related
};

struct Meaning {
    std::uint64_t id = 0;   // of the group's first word
    bool opposite = false;  // stands on the far side of its group: "sad" is the opposite of "happy"
    bool gradable = false;  // an adjective that can be compared
    bool polar = false;     // there is room between it and its opposite: what is not hot need not be cold
    WordSort sort = WordSort::common;
};

// By a word's stem or, where that is not known, the word itself. Null: no table has it.
const Meaning* meaning_of(std::uint64_t id);
inline constexpr std::size_t longest_affix_base = 24;
// "unreasonable" -> reasonable, opposite. Only with bases that are known to take the prefix; else false.
bool strip_affix(std::string_view word, Meaning& meaning);
// "larger" -> large, +1; "largest" -> large, +2; 0 where the word is no comparison of an adjective we know.
int comparison_of(std::string_view word, Meaning& meaning);
// British and American spelling brought together. Returns the id of the common spelling.
std::uint64_t spelling_id(std::string_view word);
// Pairs of words one typing slip apart that are both words.
bool is_real_word_pair(std::string_view a, std::string_view b);

// Two or more words that mean the same as others, or nothing.
enum class PhraseAt : std::uint8_t { anywhere, start, end, before_question };
struct Phrase {
    std::array<std::uint64_t, 8> words{};
    std::uint8_t count = 0;
    PhraseAt at = PhraseAt::anywhere;
    std::array<std::uint64_t, 2> stands_for{};
    std::uint8_t stands_for_count = 0;
};
// The phrases that begin with this word, longest first.
std::span<const Phrase> phrases_from(std::uint64_t first_word);

}  // namespace weir::tiers::semantic
