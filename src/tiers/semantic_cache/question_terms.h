// From words to canonical terms, the steps of read_question: phrases and single words (question_terms.cpp), numbers
// (question_numbers.cpp), the shape of sentences (question_shape.cpp). Only question.cpp uses this.
// Thread rule: pure functions on what they are given.
#pragma once

#include <cstdint>
#include <vector>

#include "tiers/semantic_cache/question.h"

namespace weir::tiers::semantic {

// Terms of one sentence, in their order.
using Terms = std::vector<Term>;

// A word that is looked at, marks left out.
struct Piece {
    std::uint32_t word = 0;
    std::uint64_t id = 0;      // word_id of its small form
    bool after_break = false;  // a mark stands before it
    bool sentence_start = false;
};

struct Outline {
    bool shouting = false;  // nearly all words have a capital: capitals say nothing
    bool english = true;
    bool past = false;
    bool asked_politely =
        false;  // "can you tell me" was dropped: the clause behind it may be in the order of statements
};

// Phrases replaced, articles and fillers dropped, synonyms joined, comparisons taken apart.
void read_terms(const text::Words& words, const std::vector<Piece>& pieces, Outline& outline, Terms& terms);

// The value of a number word or of digits at pieces[at], with what follows ("two hundred and five", "1 1/2", "10k").
// Returns how many pieces were used; 0: no number.
struct ReadNumber {
    double value = 0;
    std::uint64_t spelling = 0;  // not 0: no plain value
    bool ordinal = false;
    bool times = false;     // "twice"
    bool fraction = false;  // written as parts ("half", "3/4"), which an answer may follow, not as a decimal
};
std::uint64_t number_meaning(const ReadNumber& number);
std::size_t read_number(const text::Words& words, const std::vector<Piece>& pieces, std::size_t at, ReadNumber& number);

// One sentence's terms brought into one order: active voice, the greater first, symmetric pairs sorted, clauses that
// stand in front moved behind. Returns what kind of question it is.
QuestionKind settle_sentence(Terms& sentence, Outline& outline);
// "Is A bigger than B?" and "Which is bigger, A or B?" of a settled sentence.
Comparison read_comparison(const Terms& sentence, QuestionKind kind);

// Meanings that rules name.
namespace mean {
std::uint64_t constexpr of(std::string_view word) {
    return text::word_id(word);
}
inline constexpr std::uint64_t be = of("be"), do_ = of("do"), have = of("have"), more = of("more"), most = of("most"),
                               less = of("less"), than = of("than"), by = of("by"), and_ = of("and"), or_ = of("or"),
                               howto = of("#howto"), ifwant = of("#ifwant"), whatdo = of("#whatdo"), what = of("what"),
                               which = of("which"), who = of("who"), that = of("that"), think = of("think"),
                               think_phrase = of("#think"), according = of("#according"), meaning = of("#meaning"),
                               difference = of("#difference"), before = of("before"), to = of("to"), not_ = of("not"),
                               usedto = of("#usedto"), now = of("#now"), times = of("times"), percent = of("percent"),
                               with = of("with"), of_ = of("of"), how = of("how"), between = of("between"),
                               mean_ = of("mean"), howmany = of("#howmany"), howmuch = of("#howmuch"),
                               canone = of("#canone"), okto = of("#okto"), mustone = of("#mustone"),
                               comma = of("#comma");
}  // namespace mean

}  // namespace weir::tiers::semantic
