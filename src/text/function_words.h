// The closed classes of English: the words that carry the structure of a sentence.
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::text {

enum class WordClass : std::uint8_t {
    content,  // everything else
    article,
    pronoun,
    demonstrative,
    question,     // what, which, who, ...
    auxiliary,    // forms of be, do, have
    modal,        // can, should, must, ...
    negation,     // not, never, no, without, ...
    preposition,  // also particles: up, off
    conjunction,
    quantifier,  // all, some, more, most, ...
    adverb,      // too, very, also, only, still, ...
};

WordClass class_of(std::uint64_t id);  // id: word_id of the lower-case word
WordClass class_of(std::string_view lower);

}  // namespace weir::text
