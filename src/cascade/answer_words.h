// The words of an answer, as agreement.cpp and agreement_json.cpp compare them.
// Thread rule: pure functions. Limits: the callers'.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cascade/agreement.h"
#include "text/normalised.h"

namespace weir::cascade::answer_words {

constexpr std::size_t kShortWords = 3;  // a label has no more

inline bool is_space(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}
inline bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}
inline char small(char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}
inline bool is_letter(char byte) {
    const char lower = small(byte);
    return (lower >= 'a' && lower <= 'z') || static_cast<unsigned char>(byte) >= 0x80;
}

using text::normalised;
using text::trimmed;

// Small words and numbers in order. "don't" gives "do", "not".
std::vector<std::string> words_of(std::string_view text);

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}
bool holds(const std::vector<std::string>& words, std::string_view word);
bool is_negation(std::string_view word);
// Words that an answer may have or not without saying anything else. No prepositions but "of", no "or".
bool has_no_weight(std::string_view word);

struct Weighty {
    std::vector<std::string> words;  // those with weight, without numbers and negations
    std::vector<std::string> numbers;
    std::size_t negations = 0;
};
// `question`: leaves out its words as well; may be null.
Weighty weighty(const std::vector<std::string>& words, const std::vector<std::string>* question);

// "same words", "numbers" or "negation" (see agreement.h), or nothing.
std::optional<Agreement> by_words(const std::vector<std::string>& question, const std::vector<std::string>& a,
                                  const std::vector<std::string>& b);

}  // namespace weir::cascade::answer_words

namespace weir::cascade {

// agreement_forms.cpp: forms that are set by hand only.
Agreement agreement_of_sets(std::string_view a, std::string_view b, double overlap);
Agreement agreement_by_containment(std::string_view a, std::string_view b);
// Whether the words of `part` stand in `whole`, in their order and side by side, with no negation more or less.
bool contains_words(const std::vector<std::string>& whole, const std::vector<std::string>& part);

// agreement_json.cpp: whether it is a JSON object or array (perhaps fenced);
bool is_json(std::string_view text);
// the elements of an array of texts and numbers, as text; nothing where it is none.
std::optional<std::vector<std::string>> json_labels(std::string_view text);
// Where one of them is JSON at least; nothing otherwise.
std::optional<Agreement> agreement_of_json(std::string_view a, std::string_view b, const AgreementRules& rules);

}  // namespace weir::cascade
