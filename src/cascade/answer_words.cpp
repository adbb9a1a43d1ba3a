#include "cascade/answer_words.h"

namespace weir::cascade::answer_words {
namespace {

constexpr Agreement agree(std::string_view how) {
    return {Agreed::agree, how};
}
constexpr Agreement differ(std::string_view how) {
    return {Agreed::differ, how};
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    const auto finish = [&] {
        if (word.empty()) return;
        const bool contracted = word.ends_with("n't") || word.ends_with("n\u2019t");
        if (contracted || word == "cannot") {
            words.push_back(word == "can't" || word == "cannot" ? "can"
                            : word == "won't"                   ? "will"
                                                                : word.substr(0, word.find('n', word.size() - 5)));
            word = "not";
        } else if (word.size() > 2 && word.ends_with("'s")) {
            word.resize(word.size() - 2);
        }
        while (!word.empty() && word.back() == '\'') word.pop_back();
        if (!word.empty()) words.push_back(std::move(word));
        word.clear();
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char byte = text[at];
        const bool more = at + 1 < text.size() && is_digit(text[at + 1]);
        const bool inside = !word.empty() && ((byte == '\'' && is_letter(word.back())) ||
                                              ((byte == '.' || byte == ',') && is_digit(word.back()) && more) ||
                                              byte == '+' || byte == '#');  // C++, F#
        const bool sign = byte == '-' && word.empty() && more && (at == 0 || is_space(text[at - 1]));
        if (is_letter(byte) || is_digit(byte) || inside || sign) {
            if (byte != ',') word += small(byte);
        } else {
            finish();
        }
    }
    finish();
    return words;
}

bool is_negation(std::string_view word) {
    constexpr std::array<std::string_view, 14> kNegations{"not",   "no",        "never",  "none",    "neither",
                                                          "nor",   "nothing",   "nobody", "without", "cannot",
                                                          "false", "incorrect", "wrong",  "except"};
    return is_one_of(word, kNegations);
}

bool has_no_weight(std::string_view word) {
    constexpr std::array<std::string_view, 34> kLight{
        "a",      "an",    "the",    "is",    "are",   "was",  "were", "be",        "been",
        "it",     "its",   "this",   "that",  "of",    "so",   "then", "therefore", "thus",
        "hence",  "there", "here",   "sure",  "well",  "okay", "ok",   "please",    "certainly",
        "answer", "s",     "called", "known", "would", "have", "has"};
    return is_one_of(word, kLight);
}

bool holds(const std::vector<std::string>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

Weighty weighty(const std::vector<std::string>& words, const std::vector<std::string>* question) {
    Weighty out;
    for (const std::string& word : words) {
        if (is_negation(word)) {
            ++out.negations;
        } else if (question != nullptr && holds(*question, word)) {
            continue;
        } else if (is_digit(word.back()) && (is_digit(word.front()) || word.front() == '-')) {
            out.numbers.push_back(word);
        } else if (!has_no_weight(word)) {
            out.words.push_back(word);
        }
    }
    return out;
}

std::optional<Agreement> by_words(const std::vector<std::string>& question, const std::vector<std::string>& a,
                                  const std::vector<std::string>& b) {
    constexpr std::size_t kLongerWords = 5;  // so many equal words show that the rest is meant as the same sentence
    const Weighty all_a = weighty(a, nullptr);
    const Weighty all_b = weighty(b, nullptr);
    if (!all_a.words.empty() && all_a.words == all_b.words) {
        if (all_a.numbers == all_b.numbers && all_a.negations == all_b.negations) return agree("same words");
        const bool decided = all_a.words.size() >= kLongerWords && all_a.numbers.size() == all_b.numbers.size();
        if (decided && all_a.numbers != all_b.numbers) return differ("numbers");
        if (decided && all_a.negations % 2 != all_b.negations % 2) return differ("negation");
        return std::nullopt;
    }
    // What is new beside the question, where one of them says little more than that.
    constexpr std::size_t kFewNew = 4;
    const Weighty new_a = weighty(a, &question);
    const Weighty new_b = weighty(b, &question);
    const bool few = !new_a.words.empty() && new_a.words.size() <= kFewNew;
    // "Red, surely" and "blue, surely" to "red or blue?": what is not new may be the answer.
    const std::vector<std::string>& shorter = a.size() < b.size() ? a : b;
    const std::vector<std::string>& longer = a.size() < b.size() ? b : a;
    const bool within = std::all_of(shorter.begin(), shorter.end(), [&](const std::string& word) {
        return has_no_weight(word) || holds(longer, word);
    });
    if (!within || holds(question, "or")) return std::nullopt;
    if (few && new_a.words == new_b.words && new_a.numbers == new_b.numbers && new_a.negations == 0 &&
        new_b.negations == 0 && std::min(a.size(), b.size()) <= kFewNew + 1) {
        return agree("same words");
    }
    return std::nullopt;
}

}  // namespace weir::cascade::answer_words
