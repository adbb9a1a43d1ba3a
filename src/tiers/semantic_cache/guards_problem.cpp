#include "tiers/semantic_cache/guards_problem.h"

#include <algorithm>
#include <array>
#include <vector>

#include "tiers/semantic_cache/question_terms.h"

namespace weir::tiers::semantic {

namespace {

using text::word_id;

bool is_content(const Term& term) {
    return term.kind == TermKind::content || term.kind == TermKind::name || term.kind == TermKind::code ||
           term.kind == TermKind::date;
}

bool asks(const Term& term) {
    return term.kind == TermKind::wh || term.meaning == mean::howmany || term.meaning == mean::howmuch ||
           term.meaning == mean::howto || term.meaning == word_id("#howlong") || term.meaning == word_id("#howfar") ||
           term.meaning == word_id("#howold") || term.meaning == word_id("calculate") ||
           term.meaning == word_id("determine") || term.meaning == word_id("find") ||
           term.meaning == word_id("compute");
}

struct Span {
    std::size_t from = 0;
    std::size_t end = 0;
};

bool opens_condition(const Term& term) {
    return term.meaning == word_id("if") || term.meaning == word_id("given") || term.meaning == word_id("when") ||
           term.meaning == word_id("while") || term.meaning == word_id("assume") || term.meaning == word_id("because");
}

// The last clause that asks: from its question word to the next break or condition.
Span asking_clause(const Question& question) {
    const auto& terms = question.terms;
    for (std::size_t i = terms.size(); i-- > 0;) {
        if (!asks(terms[i])) continue;
        Span span{i, i + 1};
        while (span.from > 0 && !terms[span.from].is(term_after_break) && !terms[span.from].is(term_first)) --span.from;
        while (span.end < terms.size() && !terms[span.end].is(term_after_break) && !terms[span.end].is(term_first) &&
               !opens_condition(terms[span.end])) {
            ++span.end;
        }
        if (span.end - span.from >= 3) return span;
    }
    return {0, terms.size()};
}

std::vector<std::uint64_t> meanings_of(const Question& question, Span span) {
    std::vector<std::uint64_t> found;
    for (std::size_t i = span.from; i < span.end; ++i) {
        if (is_content(question.terms[i])) found.push_back(question.terms[i].meaning);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

double common_share(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
    std::vector<std::uint64_t> both;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    const std::size_t fewer = std::min(a.size(), b.size());
    return fewer == 0 ? 1.0 : static_cast<double>(both.size()) / static_cast<double>(fewer);
}

// What about the quantity is asked for. A bit a kind.
constexpr std::array<std::pair<std::string_view, unsigned>, 36> aspects = {{
    {"left", 1},     {"leave", 1},       {"remain", 1},     {"remaining", 1}, {"still", 1},       {"rest", 1},
    {"leftover", 1}, {"balance", 1},     {"each", 2},       {"per", 2},       {"apiece", 2},      {"average", 4},
    {"mean", 4},     {"more", 8},        {"less", 8},       {"fewer", 8},     {"difference", 8},  {"additional", 8},
    {"extra", 8},    {"farther", 8},     {"initially", 16}, {"initial", 16},  {"originally", 16}, {"original", 16},
    {"percent", 32}, {"percentage", 32}, {"fraction", 64},  {"ratio", 64},    {"profit", 128},    {"cost", 0},
    {"change", 256}, {"#instead", 512},  {"reach", 0},      {"spend", 0},     {"begin", 16},      {"than", 8},
}};

unsigned aspects_of(const Question& question, Span span) {
    unsigned found = 0;
    for (std::size_t i = span.from; i < span.end; ++i) {
        const Term& term = question.terms[i];
        const std::uint64_t written = question.words[term.word].id;
        for (const auto& [word, bit] : aspects) {
            const std::uint64_t id = word_id(word);
            if (term.meaning == id || written == id) found |= bit;
        }
    }
    return found;
}

std::uint64_t unit_of(const Question& question, const Quantity& quantity) {
    const std::size_t next = quantity.term + 1;
    return next < question.terms.size() && question.terms[next].is(term_unit) ? question.terms[next].meaning : 0;
}

std::vector<Quantity> amounts_of(const Question& question) {
    std::vector<Quantity> amounts;
    for (const Quantity& quantity : question.quantities) {
        if (!quantity.ordinal) amounts.push_back(quantity);
    }
    return amounts;
}

// "the first day" is often told otherwise; so one side may leave ordinals out, but not change them.
bool ordinals_fit(const Question& a, const Question& b) {
    const auto sorted = [](const Question& question) {
        std::vector<std::uint64_t> found;
        for (const Quantity& quantity : question.quantities) {
            if (quantity.ordinal) found.push_back(quantity.id);
        }
        std::sort(found.begin(), found.end());
        return found;
    };
    const std::vector<std::uint64_t> x = sorted(a);
    const std::vector<std::uint64_t> y = sorted(b);
    return std::includes(x.begin(), x.end(), y.begin(), y.end()) ||
           std::includes(y.begin(), y.end(), x.begin(), x.end());
}

// In the same order with the same units; or in another order, then each with the same word behind it.
bool same_numbers(const Question& a, const Question& b) {
    std::vector<Quantity> one = amounts_of(a);
    std::vector<Quantity> two = amounts_of(b);
    if (one.size() != two.size()) {  // "1 hour" is also told as "an hour"
        const auto single = [](const Quantity& quantity) { return quantity.single; };
        std::erase_if(one, single);
        std::erase_if(two, single);
    }
    if (one.size() != two.size() || !ordinals_fit(a, b)) return false;
    std::vector<bool> used(two.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
        const Quantity& x = one[i];
        const auto fits = [&](std::size_t k) {
            const Quantity& y = two[k];
            if (used[k] || x.id != y.id) return false;
            if (k != i) return x.unit != 0 && x.unit == y.unit;
            // what is counted may have another word, but not the word of another number
            const auto counted = [&](const std::vector<Quantity>& all) {
                return std::count_if(all.begin(), all.end(), [&](const Quantity& z) { return z.unit == x.unit; });
            };
            if (x.unit != y.unit && x.unit != 0 && counted(one) == 1 && counted(two) == 1) return false;
            const std::uint64_t unit_x = unit_of(a, x);
            const std::uint64_t unit_y = unit_of(b, y);
            return unit_x == 0 || unit_y == 0 || unit_x == unit_y;
        };
        std::size_t k = fits(i) ? i : 0;
        while (k < used.size() && !fits(k)) ++k;
        if (k == used.size()) return false;
        used[k] = true;
    }
    return true;
}

bool has_word(const Question& question, const text::Word& word) {
    for (const text::Word& other : question.words) {
        if (other.id == word.id || other.stem == word.stem) return true;
    }
    return false;
}

// Each name of one side is a word of the other.
bool names_found(const Question& a, const Question& b) {
    for (const Term& term : a.terms) {
        if ((term.kind == TermKind::name || term.kind == TermKind::date) && !has_word(b, a.words[term.word]))
            return false;
    }
    return true;
}

std::size_t count_less(const Question& question) {
    std::size_t count = 0;
    for (const Term& term : question.terms) {
        const bool fewer = term.meaning == mean::more && term.is(term_opposite);
        count += fewer || term.meaning == mean::less ? 1 : 0;
    }
    return count;
}

// Numbers stand in many long texts (choices, years, items of a list); only where an amount is asked for is equality of
// all of them evidence that the same is asked.
bool asks_for_an_amount(const Question& question) {
    constexpr std::array<std::string_view, 14> kMeasures{"many", "much",  "long", "far",  "old",   "tall", "fast",
                                                         "high", "heavy", "big",  "wide", "large", "deep", "often"};
    constexpr std::array<std::string_view, 24> kAmounts{
        "total",  "sum",    "average", "amount",   "number", "profit", "percent", "percentage",
        "cost",   "price",  "value",   "quantity", "length", "size",   "age",     "difference",
        "weight", "height", "width",   "distance", "speed",  "angle",  "count",   "remaining"};
    constexpr std::array<std::string_view, 6> kAsking{"what", "calculate", "find", "determine", "compute", "tell"};
    bool after_how = false;
    bool asks = false;
    bool counts = false;
    for (const text::Word& word : question.words) {
        if (after_how && std::find(kMeasures.begin(), kMeasures.end(), word.lower) != kMeasures.end()) return true;
        after_how = word.lower == "how";
        asks = asks || std::find(kAsking.begin(), kAsking.end(), word.lower) != kAsking.end();
        counts = counts || std::find(kAmounts.begin(), kAmounts.end(), word.lower) != kAmounts.end();
    }
    return asks && counts;
}

}  // namespace

bool is_problem(const Question& question, const ProblemRules& rules) {
    return question.terms.size() >= rules.min_terms && question.quantities.size() >= rules.min_numbers &&
           asks_for_an_amount(question);
}

ProblemView compare_problems(const Question& a, const Question& b, const Alignment& links, const ProblemRules& rules) {
    ProblemView view;
    const std::size_t shorter = std::min(a.terms.size(), b.terms.size());
    const std::size_t longer = std::max(a.terms.size(), b.terms.size());
    if (!is_problem(a, rules) || !is_problem(b, rules)) return view;
    view.same_numbers = same_numbers(a, b);
    if (!view.same_numbers) return view;
    std::size_t in_order = 0;
    for (std::size_t i = 0; i < links.a.size(); ++i) {
        const Linked& linked = links.a[i];
        in_order += linked.link == Link::in_order || linked.link == Link::spelling ? 1 : 0;
        if (linked.link != Link::in_order || !is_content(a.terms[i])) continue;
        view.opposites = view.opposites || a.terms[i].is(term_opposite) !=
                                               b.terms[static_cast<std::size_t>(linked.other)].is(term_opposite);
    }
    view.opposites = view.opposites || count_less(a) != count_less(b);
    view.verbatim = static_cast<double>(in_order) / static_cast<double>(shorter);
    view.length_ratio = static_cast<double>(shorter) / static_cast<double>(longer);
    view.content = common_share(meanings_of(a, {0, a.terms.size()}), meanings_of(b, {0, b.terms.size()}));
    view.same_names = names_found(a, b) && names_found(b, a);
    const Span one = asking_clause(a);
    const Span two = asking_clause(b);
    view.target = common_share(meanings_of(a, one), meanings_of(b, two));
    view.same_aspect = aspects_of(a, one) == aspects_of(b, two);
    view.told_anew = view.same_names && view.same_aspect && !view.opposites && a.negations == b.negations &&
                     view.target > 0 && view.verbatim <= rules.most_verbatim && view.content >= rules.least_content &&
                     view.length_ratio >= rules.least_length_ratio;
    return view;
}

}  // namespace weir::tiers::semantic
