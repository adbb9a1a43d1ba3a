// Word problems told anew: long texts with several numbers, where a rewording changes nearly every sentence while the
// numbers, the names and what is asked stay. Word by word nothing is explained there, so they have their own
// acceptance. What it rests on: that an amount is asked for, the same numbers in the same order with the same units,
// the same names, as many negations, no opposite words, much of the content in common, the same thing asked for (how
// much is left, each, more, at first, in percent); and that the texts are *not* nearly the same word for word: there,
// the piece that differs was changed on purpose. Thread rule: pure function. Limits: those of read_question; texts of
// at least min_problem_terms and two numbers.
#pragma once

#include <cstdint>

#include "tiers/semantic_cache/guards_align.h"
#include "tiers/semantic_cache/question.h"

namespace weir::tiers::semantic {

struct ProblemRules {
    std::size_t min_terms = 18;        // canonical words in each text
    std::size_t min_numbers = 2;       // in each
    double most_verbatim = 0.76;       // share of the shorter text that stands in the other, in order
    double least_content = 0.33;       // share of the shorter text's content words that stand anywhere in the other
    double least_length_ratio = 0.60;  // shorter to longer
};

struct ProblemView {
    double verbatim = 0;
    double content = 0;
    double length_ratio = 0;
    double target = 0;          // share of the asking clause's content words in common
    bool same_numbers = false;  // in order, with their units
    bool same_names = false;
    bool same_aspect = false;  // left, each, more than, at first, percent
    bool opposites = false;
    bool told_anew = false;  // all of the rules hold
};

// A text that the rules above are for: long enough, with enough numbers.
bool is_problem(const Question& question, const ProblemRules& rules = {});

ProblemView compare_problems(const Question& a, const Question& b, const Alignment& links,
                             const ProblemRules& rules = {});

}  // namespace weir::tiers::semantic
