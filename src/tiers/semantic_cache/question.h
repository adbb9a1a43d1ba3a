// A question as the semantic cache sees it: its words brought into a canonical form in which wordings of the same
// meaning are equal as often as plain rules of English allow, with what must not differ between two questions (numbers,
// negation, names, dates, quoted text, code) marked as such. Computed once a text; guards.h compares two of them.
// Thread rule: read_question is pure; a Question is a plain value (moved, not copied), read by any thread.
// Limits: max_analysed_bytes and max_terms; a longer text is `too_long`, which only matches an equal text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "text/words.h"

namespace weir::tiers::semantic {

constexpr std::size_t max_analysed_bytes = 8192;
constexpr std::size_t max_terms = 1024;

enum class QuestionKind : std::uint8_t {
    other,  // a statement, a command, a title
    yes_no,
    what,
    which,
    who,
    when,
    where,
    why,
    how,
    how_to,    // how do I, what is the best way to, ...
    how_many,  // and how long, how far, how old, each of which is also a term of its own
};

enum class Language : std::uint8_t {
    unknown,
    english,
    other_latin,
    cyrillic,
    greek,
    arabic,
    hebrew,
    indic,
    cjk,
    other
};

// What a canonical word is, for the rules that compare.
enum class TermKind : std::uint8_t {
    content,
    function,
    number,
    ordinal,
    date,  // month, weekday
    name,  // person, place, product: written with a capital, or known
    wh,
    pronoun,
    negation,
    code,  // code, or a word with digits
    symbol,
};

enum TermFlag : std::uint16_t {
    term_plural = 1,
    term_past = 2,        // -ed, took
    term_participle = 4,  // taken
    term_gerund = 8,
    term_opposite = 16,  // the far side of its meaning: sad = the opposite of happy
    term_gradable = 32,
    term_after_article = 64,
    term_after_break = 128,  // a comma, or a sentence's end, stands before it
    term_quoted = 256,
    term_first = 512,  // first of its sentence
    term_nationality = 1024,
    term_symmetric = 2048,
    term_scope = 4096,
    term_unit = 8192,
    term_polar = 16384,  // what is not this need not be its opposite
};

// A word of the canonical form. Equal `meaning` and equal term_opposite = exchangeable.
struct Term {
    std::uint64_t meaning = 0;  // id of the concept: of the stem, or of the first word of its group
    std::uint32_t word = 0;     // index into Question::words of the (first) word it stands for
    std::uint16_t flags = 0;
    TermKind kind = TermKind::content;

    bool is(TermFlag flag) const { return (flags & flag) != 0; }
};

struct Quantity {
    std::uint64_t id = 0;  // equal ids = the same number, written as digits or in words; 2.1, 2.10 and 21/10 are three
    std::uint64_t unit = 0;  // meaning of the term that follows (a unit, or what is counted); 0: none
    std::uint32_t term = 0;  // index into Question::terms
    bool ordinal = false;
    bool single = false;  // the number 1
};

// "Is A bigger than B?", "Which is bigger, A or B?"
struct Comparison {
    std::uint64_t measure = 0;  // 0: the question is none
    std::uint64_t more = 0;     // what is asked to have more of it; for `which` the smaller id of the two
    std::uint64_t less = 0;
    bool which = false;     // asks which of two, instead of whether
    bool opposite = false;  // for which: asks for the one with less
};

struct Question {
    text::Words words;
    std::uint64_t exact_id = 0;   // of the whole text as written, also beyond max_analysed_bytes
    std::uint64_t folded_id = 0;  // of the lower-case words without punctuation: case, space and marks don't matter
    bool too_long = false;
    bool past = false;                   // tells of the past
    bool plain_capitals = false;         // capitals tell names from other words (not all words are written with one)
    std::vector<Term> terms;             // the canonical form, meaning-bearing words only
    std::uint64_t canonical_id = 0;      // equal ids = same canonical form
    std::uint64_t bag_id = 0;            // the same without order: a key for candidates
    std::vector<std::uint64_t> content;  // meanings of content, names, numbers and code: sorted, each once
    std::vector<Quantity> quantities;    // in the order of the terms
    Comparison comparison;
    std::uint32_t negations = 0;
    QuestionKind kind = QuestionKind::other;
    Language language = Language::unknown;
    bool leans_on_context = false;  // can't be understood without what was said before: "and the second one?", "why?"
};

Question read_question(std::string_view text);

}  // namespace weir::tiers::semantic
