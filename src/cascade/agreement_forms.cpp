// Forms of agreement that are not found by themselves: they are set by hand.
#include <algorithm>
#include <iterator>

#include "cascade/answer_words.h"

namespace weir::cascade {
namespace {

using namespace answer_words;

// Without the sign of a list ("- ", "* ", "1. ", "2) ") before it.
std::string_view without_bullet(std::string_view line) {
    line = trimmed(line);
    if (line.starts_with("- ") || line.starts_with("* ") || line.starts_with("\u2022 ")) {
        return trimmed(line.substr(line.find(' ')));
    }
    std::size_t digits = 0;
    while (digits < line.size() && is_digit(line[digits])) ++digits;
    const bool counted = digits > 0 && digits + 1 < line.size() && (line[digits] == '.' || line[digits] == ')') &&
                         is_space(line[digits + 1]);
    return counted ? trimmed(line.substr(digits + 1)) : line;
}

// "Labels: a, b" without what announces them; a line that does nothing else is empty.
std::string_view without_announcement(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return line;
    const bool ends = colon + 1 == line.size();
    if (!ends && (!is_space(line[colon + 1]) || words_of(line.substr(0, colon)).size() > kShortWords)) return line;
    return trimmed(line.substr(colon + 1));
}

std::vector<std::string> labels_of(std::string_view text) {
    std::vector<std::string> labels;
    const auto add = [&labels](std::string_view label) {
        std::string plain = normalised(trimmed(label), false);
        if (!plain.empty() && labels.size() < kMostLabels) labels.push_back(std::move(plain));
    };
    if (const auto listed = json_labels(text)) {
        for (const std::string& label : *listed) add(label);
    } else {
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            std::string_view line = without_announcement(without_bullet(text.substr(0, end)));
            text.remove_prefix(std::min(end + 1, text.size()));
            while (!line.empty()) {
                const std::size_t mark = std::min(line.find_first_of(",;"), line.size());
                add(line.substr(0, mark));
                line.remove_prefix(std::min(mark + 1, line.size()));
            }
        }
    }
    std::sort(labels.begin(), labels.end());
    labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
    return labels;
}

std::ptrdiff_t negations(const std::vector<std::string>& words) {
    return std::count_if(words.begin(), words.end(), is_negation);
}

}  // namespace

Agreement agreement_of_sets(std::string_view a, std::string_view b, double overlap) {
    const std::vector<std::string> first = labels_of(a);
    const std::vector<std::string> second = labels_of(b);
    if (first.empty() && second.empty()) return {Agreed::undecided, "set"};
    std::vector<std::string> common;
    std::set_intersection(first.begin(), first.end(), second.begin(), second.end(), std::back_inserter(common));
    const auto both = static_cast<double>(common.size());
    const double either = static_cast<double>(first.size() + second.size()) - both;
    constexpr double kRounding = 1e-9;
    return {both / either >= overlap - kRounding ? Agreed::agree : Agreed::differ, "set"};
}

bool contains_words(const std::vector<std::string>& whole, const std::vector<std::string>& part) {
    if (part.empty() || negations(whole) != negations(part)) return false;
    return std::search(whole.begin(), whole.end(), part.begin(), part.end()) != whole.end();
}

Agreement agreement_by_containment(std::string_view a, std::string_view b) {
    const std::vector<std::string> first = words_of(a);
    const std::vector<std::string> second = words_of(b);
    // Of two of one length always the same one, whichever comes first.
    const bool a_is_shorter = first.size() != second.size() ? first.size() < second.size() : first < second;
    const std::vector<std::string>& shorter = a_is_shorter ? first : second;
    const std::vector<std::string>& longer = a_is_shorter ? second : first;
    const Weighty weight = weighty(shorter, nullptr);
    const bool says_something = !weight.words.empty() || !weight.numbers.empty();
    if (shorter.size() > kContainedWords || !says_something) return {Agreed::undecided, "contained"};
    return {contains_words(longer, shorter) ? Agreed::agree : Agreed::differ, "contained"};
}

}  // namespace weir::cascade
