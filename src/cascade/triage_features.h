// What a prompt's text alone says about how hard it is: hashed words and pairs of words, and some numbers about its
// form (length, listed choices, digits, symbols, negation, ...). What TriageModel learns from.
// Thread rule: pure functions. Limits: of the user's text the first and last kMostUserBytes / 2 are looked at, of the
// system text and the history likewise; linear in those, invalid UTF-8 included; no more than kGramBuckets grams.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "cascade/prompt_signals.h"

namespace weir::cascade {

inline constexpr std::size_t kMostUserBytes = 2048;
inline constexpr std::size_t kMostSystemBytes = 1024;
inline constexpr std::size_t kMostHistoryBytes = 1024;
inline constexpr std::uint32_t kGramBuckets = 1U << 14U;

enum class PromptNumber : std::uint8_t {
    // "log" is log(1 + x). The question is what stands before the listed choices, or everything where there are none.
    log_bytes,
    log_question_bytes,
    log_words,
    choices,  // lines such as "A. 12", "(B) both", "C: none", in the alphabet's order
    log_mean_choice_bytes,
    log_longest_choice_bytes,
    log_shortest_choice_bytes,
    log_choices_with_digits,
    choices_of_digits_only,
    has_tiny_choice,  // three bytes or fewer
    log_numbers,
    numbers_per_word,
    log_digits,
    log_decimals,
    mean_word_bytes,
    capitalised_share,
    long_word_share,  // nine bytes or more
    distinct_word_share,
    question_line_ends,
    log_question_sentences,
    question_mark,
    blank,     // "___"
    negation,  // not, except, least, false, ...
    which_of_the_following,
    following,
    all_of_the,      // all, none, both of the ...
    roman_numerals,  // II, III
    statement,
    quotation,
    person,         // he, she, his, her
    condition,      // if
    log_symbols,    // neither letters, digits nor everyday punctuation
    log_operators,  // = + * / ^ < >
    log_non_ascii,
    percent,
    currency,
    slash,
    quantity_asked,     // how many, how much
    long_answer_asked,  // explain, write, prove, why, ...
    log_code_marks,     // { } ; ` and backslashes
    log_system_bytes,
    count
};
inline constexpr std::size_t kPromptNumbers = static_cast<std::size_t>(PromptNumber::count);

struct PromptFeatures {
    std::array<float, kPromptNumbers> numbers{};  // finite
    PromptSignals signals{};
    std::vector<std::uint32_t> grams;  // buckets below kGramBuckets, each once, as met

    float operator[](PromptNumber which) const { return numbers[static_cast<std::size_t>(which)]; }
};

// `user`: the last user turn; `history`: what was said before it. Signs count as words of one character each; small and
// capital letters are the same; the system's words are other grams than the user's, and the history's other ones again.
// Numbers are of `user` alone but for log_system_bytes; signals: what is asked for.
PromptFeatures prompt_features(std::string_view system, std::string_view user, std::string_view history = {});

// The same of a request, with its conversation.
PromptFeatures prompt_features(const wire::ChatRequest& chat);

}  // namespace weir::cascade
