#include "cascade/agreement.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "cascade/answer_words.h"
#include "cascade/quantity.h"
#include "text/refusal.h"

namespace weir::cascade {
namespace {

using namespace answer_words;

constexpr std::size_t kMaxBytes = 32 * 1024;
constexpr std::size_t kLongWordBytes = 24;  // longer: a sentence in a script that puts no blanks between words

constexpr Agreement agree(std::string_view how) {
    return {Agreed::agree, how};
}
constexpr Agreement differ(std::string_view how) {
    return {Agreed::differ, how};
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), small);
    return lower;
}

bool has_code(std::string_view text) {
    return text.find("```") != std::string_view::npos;
}

bool asks_yes_or_no(const std::vector<std::string>& question) {
    constexpr std::array<std::string_view, 17> kOpeners{"is",  "are",  "was",   "were", "do",    "does",
                                                        "did", "can",  "could", "will", "would", "should",
                                                        "has", "have", "had",   "may",  "am"};
    return !question.empty() && is_one_of(question.front(), kOpeners) && !holds(question, "or");
}

bool asks_for_a_quantity(std::string_view question) {
    const std::string lower = lower_case(question);
    constexpr std::array<std::string_view, 19> kAsks{"how many",
                                                     "how much",
                                                     "how long",
                                                     "how old",
                                                     "how far",
                                                     "how fast",
                                                     "how tall",
                                                     "what percent",
                                                     "what fraction",
                                                     "calculate",
                                                     "compute",
                                                     "solve",
                                                     "what is the sum",
                                                     "what is the total",
                                                     "what is the average",
                                                     "what is the value",
                                                     "what is the price",
                                                     "what number",
                                                     "how big"};
    return std::any_of(kAsks.begin(), kAsks.end(),
                       [&lower](std::string_view ask) { return lower.find(ask) != std::string::npos; });
}

// ---- choices

constexpr char kLastChoice = 'J';

std::optional<char> letter_at(std::string_view text, std::size_t at) {
    if (at >= text.size()) return std::nullopt;
    const char upper = text[at] >= 'a' && text[at] <= 'z' ? static_cast<char>(text[at] - 'a' + 'A') : text[at];
    if (upper < 'A' || upper > kLastChoice) return std::nullopt;
    if (at > 0 && (is_letter(text[at - 1]) || is_digit(text[at - 1]))) return std::nullopt;
    if (at + 1 < text.size() && (is_letter(text[at + 1]) || is_digit(text[at + 1]) || text[at + 1] == '\'')) {
        return std::nullopt;
    }
    return upper;
}

// "B", "(b)", "**B.**"
std::optional<char> only_letter(std::string_view text) {
    std::optional<char> letter;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (is_space(text[at]) || std::string_view("().:*[]").find(text[at]) != std::string_view::npos) continue;
        if (letter) return std::nullopt;
        letter = letter_at(text, at);
        if (!letter) return std::nullopt;
    }
    return letter;
}

// "B) Paris", "(B) Paris", and where the question lists choices "B. Paris", "B: Paris" (elsewhere "J. Smith" is a
// name).
std::optional<char> leading_letter(std::string_view text, bool listed_choices) {
    std::size_t at = 0;
    while (at < text.size() && (text[at] == '*' || text[at] == '(')) ++at;
    const bool opened = at > 0 && text[at - 1] == '(';
    if (at >= text.size() || text[at] < 'A' || text[at] > kLastChoice || !letter_at(text, at)) return std::nullopt;
    if (at + 1 >= text.size()) return std::nullopt;
    const char mark = text[at + 1];
    const bool listed = mark == ')' || (listed_choices && !opened && (mark == ':' || mark == '.'));
    if (!listed || (at + 2 < text.size() && !is_space(text[at + 2]) && text[at + 2] != '*')) return std::nullopt;
    return text[at];
}

// The lines "B) Paris" of a question, as letter and text.
std::vector<std::pair<char, std::string_view>> choices_in(std::string_view question) {
    std::vector<std::pair<char, std::string_view>> choices;
    while (!question.empty()) {
        const std::size_t end = std::min(question.find('\n'), question.size());
        const std::string_view line = trimmed(question.substr(0, end));
        question.remove_prefix(std::min(end + 1, question.size()));
        const std::optional<char> marked = leading_letter(line, true);
        if (!marked) continue;
        const std::size_t text = line.find_first_not_of(" \t).:*", line.find(*marked) + 1);
        if (text != std::string_view::npos) choices.emplace_back(*marked, line.substr(text));
    }
    if (choices.size() < 2) choices.clear();
    return choices;
}

// "the answer is (B)", "Answer: B", "option B", the last of them.
std::optional<char> announced_letter(std::string_view text) {
    const std::string lower = lower_case(text);
    std::optional<char> letter;
    std::size_t place = 0;
    constexpr std::array<std::string_view, 4> kAnnouncements{"answer is", "answer:", "option", "choice is"};
    for (const std::string_view announcement : kAnnouncements) {
        for (std::size_t at = lower.find(announcement); at != std::string::npos;
             at = lower.find(announcement, at + 1)) {
            std::size_t next = at + announcement.size();
            while (next < text.size() &&
                   (is_space(text[next]) || std::string_view("(*:[").find(text[next]) != std::string_view::npos)) {
                ++next;
            }
            const bool capital = next < text.size() && text[next] >= 'A' && text[next] <= kLastChoice;
            const std::optional<char> found = capital ? letter_at(text, next) : std::nullopt;
            // "The answer is A cat" names no choice, nor does "the answer is I do not know".
            const bool word = text[next < text.size() ? next : 0] == 'A' || text[next < text.size() ? next : 0] == 'I';
            const bool ends = !word || next + 1 >= text.size() || !is_space(text[next + 1]);
            if (!found || !ends || at < place) continue;
            letter = found;
            place = at;
        }
    }
    return letter;
}

std::optional<char> choice_of(const std::vector<std::pair<char, std::string_view>>& choices, std::string_view text) {
    if (const auto letter = only_letter(text)) return letter;
    if (const auto letter = leading_letter(text, !choices.empty())) return letter;
    if (const auto letter = announced_letter(text)) return letter;
    const std::string wanted = normalised(text, false);
    std::optional<char> letter;
    for (const auto& [name, said] : choices) {
        if (normalised(said, false) != wanted) continue;
        if (letter) return std::nullopt;  // stands there twice
        letter = name;
    }
    return letter;
}

std::optional<Agreement> by_choice(std::string_view question, std::string_view a, std::string_view b) {
    const auto choices = choices_in(question);
    const std::optional<char> first = choice_of(choices, a);
    const std::optional<char> second = first ? choice_of(choices, b) : std::nullopt;
    if (!second) return std::nullopt;
    return *first == *second ? agree("choice") : differ("choice");
}

// ---- numbers

// "5!", "5^2"
bool is_worked_on(std::string_view text, const Quantity& number) {
    return number.end < text.size() && (text[number.end] == '!' || text[number.end] == '^');
}

// What the answer marks as its result, or all that it says.
std::optional<Quantity> marked_number(std::string_view text) {
    const std::string lower = lower_case(text);
    std::size_t place = std::string::npos;
    constexpr std::array<std::string_view, 6> kMarks{"####",    "\\boxed{",  "answer is",
                                                     "answer:", "answer:**", "final answer"};
    for (const std::string_view mark : kMarks) {
        const std::size_t at = lower.rfind(mark);
        if (at != std::string::npos && (place == std::string::npos || at > place)) place = at;
    }
    if (place != std::string::npos) {
        const std::string_view rest = text.substr(place, std::min(text.find('\n', place), text.size()) - place);
        if (rest.find("\\frac") != std::string_view::npos || rest.find("\\sqrt") != std::string_view::npos) {
            return std::nullopt;
        }
        const std::vector<Quantity> found = find_quantities(rest);
        // "#### 42 apples" is a result, "#### 2. Conclusion" a heading.
        const std::string_view behind = found.empty() ? rest : rest.substr(found.front().end);
        if (found.size() != 1 ||
            (rest.starts_with("####") && (words_of(behind).size() > 1 || behind.starts_with('.')))) {
            return std::nullopt;
        }
        return found.front();
    }
    constexpr std::size_t kFewWords = 6;
    const std::vector<std::string> words = words_of(text);
    if (words.size() > kFewWords || (!words.empty() && std::any_of(words.begin(), words.end(), is_negation))) {
        return std::nullopt;
    }
    const std::vector<Quantity> found = find_quantities(text);
    if (found.empty()) return number_in_words(trimmed(text));
    if (found.size() != 1 || is_worked_on(text, found.front())) return std::nullopt;
    // Little more than the number: its unit and words without weight.
    std::size_t others = 0;
    for (const std::string& word : words) others += !is_digit(word.back()) && !has_no_weight(word);
    return others <= 2 ? std::optional(found.front()) : std::nullopt;
}

std::optional<Agreement> by_marked_number(std::string_view a, std::string_view b, double tolerance) {
    const std::optional<Quantity> first = marked_number(a);
    const std::optional<Quantity> second = first ? marked_number(b) : std::nullopt;
    if (!second) return std::nullopt;
    const Same same = same_quantity(*first, *second, tolerance);
    if (same == Same::unknown) return Agreement{Agreed::undecided, "number"};
    return same == Same::yes ? agree("number") : differ("number");
}

std::optional<Agreement> by_last_number(std::string_view question, std::string_view a, std::string_view b,
                                        double tolerance) {
    if (!asks_for_a_quantity(question)) return std::nullopt;
    const std::vector<Quantity> first = find_quantities(a);
    const std::vector<Quantity> second = find_quantities(b);
    if (first.empty() || second.empty()) return std::nullopt;
    // A result that was marked stands for the end.
    const Quantity end_of_a = marked_number(a).value_or(first.back());
    const Quantity end_of_b = marked_number(b).value_or(second.back());
    const Same same = same_quantity(end_of_a, end_of_b, tolerance);
    if (same == Same::yes) return agree("last number");
    if (same == Same::unknown) return std::nullopt;
    // Whatever the unit: the word behind a number need not be one.
    const auto stands_in = [&](Quantity one, const std::vector<Quantity>& all) {
        one.unit.clear();
        return std::any_of(all.begin(), all.end(), [&](Quantity other) {
            other.unit.clear();
            return same_quantity(one, other, tolerance) != Same::no;
        });
    };
    if (stands_in(end_of_a, second) || stands_in(end_of_b, first)) return std::nullopt;
    return differ("last number");
}

// ---- yes or no

int polarity_of(const std::vector<std::string>& words) {
    if (words.empty()) return 0;
    const std::string& first = words.front();
    if (first == "yes" || first == "true" || first == "correct" || first == "yeah") return 1;
    if (first == "no" || first == "false" || first == "incorrect" || first == "nope") return -1;
    return 0;
}

std::optional<Agreement> by_polarity(const std::vector<std::string>& question, const std::vector<std::string>& a,
                                     const std::vector<std::string>& b) {
    const int first = polarity_of(a);
    const int second = polarity_of(b);
    if (first == 0 || second == 0) return std::nullopt;
    if (first != second) return differ("yes or no");
    if (asks_yes_or_no(question) && std::min(a.size(), b.size()) <= 1) return agree("yes or no");
    return std::nullopt;
}

bool may_be_short_for(const std::string& a, const std::string& b) {
    // One begins with the other ("info", "information"), or they are nearly the same ("colour", "color").
    const std::size_t common =
        static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
    const std::string& longer = a.size() < b.size() ? b : a;
    const bool named_apart = longer.find_first_not_of("+#", common) == std::string::npos;  // C, C++, C#
    return common >= 3 || (common == std::min(a.size(), b.size()) && !named_apart);
}

bool may_be_initials(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    if (a.size() != 1 || b.size() < 2) return false;
    std::string initials;
    for (const std::string& word : b) initials += word[0];
    return initials == a[0] || a[0].size() <= 4;
}

std::optional<Agreement> by_shortness(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    if (a.empty() || b.empty() || a.size() > kShortWords || b.size() > kShortWords) return std::nullopt;
    if (std::any_of(a.begin(), a.end(), is_negation) || std::any_of(b.begin(), b.end(), is_negation)) {
        return std::nullopt;  // "not positive" is "negative"
    }
    const std::vector<std::string> first = weighty(a, nullptr).words;
    const std::vector<std::string> second = weighty(b, nullptr).words;
    const auto is_long = [](const std::string& word) { return word.size() > kLongWordBytes; };
    if (std::any_of(first.begin(), first.end(), is_long) || std::any_of(second.begin(), second.end(), is_long)) {
        return std::nullopt;
    }
    if (first.empty() || second.empty() || may_be_initials(first, second) || may_be_initials(second, first)) {
        return std::nullopt;
    }
    for (const std::string& one : first) {
        for (const std::string& other : second) {
            if (may_be_short_for(one, other)) return std::nullopt;
        }
    }
    return differ("short");
}

Agreement compare_texts(std::string_view question, std::string_view a, std::string_view b,
                        const AgreementRules& rules) {
    const std::vector<std::string> words_q = words_of(question);
    const std::vector<std::string> words_a = words_of(a);
    const std::vector<std::string> words_b = words_of(b);
    if (const auto by = by_choice(question, a, b)) return *by;
    if (const auto by = by_marked_number(a, b, rules.number_tolerance)) return *by;
    if (const auto by = by_polarity(words_q, words_a, words_b)) return *by;
    if (const auto by = by_last_number(question, a, b, rules.number_tolerance)) return *by;
    if (const auto by = by_words(words_q, words_a, words_b)) return *by;
    if (const auto by = by_shortness(words_a, words_b)) return *by;
    return {Agreed::undecided, "free text"};
}

// Both have it, or only one, or none.
template <class T, class Compare>
Agreement by_parts(const std::optional<T>& a, const std::optional<T>& b, std::string_view how, Compare compare) {
    if (!a && !b) return {Agreed::undecided, how};
    if (!a || !b) return differ(how);
    return {compare(*a, *b), how};
}

std::optional<Quantity> result_of(std::string_view text) {
    if (auto marked = marked_number(text)) return marked;
    std::vector<Quantity> found = find_quantities(text);
    return found.empty() ? std::nullopt : std::optional(std::move(found.back()));
}

Agreement by_number(std::string_view a, std::string_view b, double tolerance) {
    return by_parts(result_of(a), result_of(b), "number", [tolerance](const Quantity& first, const Quantity& second) {
        const Same same = same_quantity(first, second, tolerance);
        return same == Same::unknown ? Agreed::undecided : same == Same::yes ? Agreed::agree : Agreed::differ;
    });
}

// By the form that was set; they are not the same text.
Agreement by_form(std::string_view question, std::string_view a, std::string_view b, const AgreementRules& rules) {
    switch (rules.form) {
        case AgreementForm::automatic:
        case AgreementForm::text:
            break;
        case AgreementForm::choice: {
            const auto choices = choices_in(question);
            return by_parts(choice_of(choices, a), choice_of(choices, b), "choice",
                            [](char x, char y) { return x == y ? Agreed::agree : Agreed::differ; });
        }
        case AgreementForm::number:
            return by_number(a, b, rules.number_tolerance);
        case AgreementForm::json: {
            const bool one = is_json(a) != is_json(b);
            return one ? differ("JSON") : agreement_of_json(a, b, rules).value_or(Agreement{Agreed::undecided, "JSON"});
        }
        case AgreementForm::set:
            return agreement_of_sets(a, b, rules.set_overlap);
        case AgreementForm::contains:
            return agreement_by_containment(a, b);
        case AgreementForm::similarity:
        case AgreementForm::judge:
            return {Agreed::undecided, "free text"};
    }
    return differ("text");
}

}  // namespace

std::string_view to_string(AgreementForm form) {
    switch (form) {
        case AgreementForm::automatic:
            break;
        case AgreementForm::text:
            return "text";
        case AgreementForm::choice:
            return "choice";
        case AgreementForm::number:
            return "number";
        case AgreementForm::json:
            return "json";
        case AgreementForm::set:
            return "set";
        case AgreementForm::contains:
            return "contains";
        case AgreementForm::similarity:
            return "similarity";
        case AgreementForm::judge:
            return "judge";
    }
    return "auto";
}

std::string_view to_string(Agreed agreed) {
    switch (agreed) {
        case Agreed::agree:
            return "agree";
        case Agreed::differ:
            return "differ";
        case Agreed::undecided:
            break;
    }
    return "undecided";
}

Agreement agreement(std::string_view question, std::string_view a, std::string_view b, const AgreementRules& rules) {
    a = trimmed(a);
    b = trimmed(b);
    if (a == b) return a.empty() ? Agreement{Agreed::undecided, "empty"} : agree("same text");
    if (a.empty() || b.empty()) return differ("empty");
    if (std::max(a.size(), b.size()) > kMaxBytes) return {Agreed::undecided, "too long"};
    const bool code = has_code(a) || has_code(b);
    if (normalised(a, code) == normalised(b, code)) return agree("same text");
    question = question.substr(0, std::min(question.size(), kMaxBytes));
    if (rules.form != AgreementForm::automatic) return by_form(question, a, b, rules);
    if (const auto by = agreement_of_json(a, b, rules)) return *by;
    if (code) return {Agreed::undecided, "code"};
    if (text::refuses(a) != text::refuses(b)) return differ("refusal");
    return compare_texts(question, a, b, rules);
}

}  // namespace weir::cascade
