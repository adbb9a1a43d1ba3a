#include <array>

#include "tiers/semantic_cache/guards_judge.h"
#include "tiers/semantic_cache/kinds.h"

namespace weir::tiers::semantic {

using text::word_id;

bool Judge::numbers() {
    if (refuse_left(Refusal::numbers, "number",
                    [](const Term& term) { return term.kind == TermKind::number || term.kind == TermKind::ordinal; })) {
        return true;
    }
    // The same numbers have to stand in the same order, with the same units.
    for (std::size_t k = 0; k < std::min(a_.quantities.size(), b_.quantities.size()); ++k) {
        const Quantity& x = a_.quantities[k];
        const Quantity& y = b_.quantities[k];
        if (x.id != y.id)
            return spread() <= 2 && refuse(Refusal::numbers, "order of numbers", word_a(x.term), word_b(y.term));
        const auto unit_of = [](const Question& q, const Quantity& quantity) -> const Term* {
            const std::size_t next = quantity.term + 1;
            return next < q.terms.size() && q.terms[next].is(term_unit) ? &q.terms[next] : nullptr;
        };
        const Term* one = unit_of(a_, x);
        const Term* two = unit_of(b_, y);
        if (one != nullptr && two != nullptr && one->meaning != two->meaning) {
            return refuse(Refusal::units, "unit", word_a(x.term + 1), word_b(y.term + 1));
        }
    }
    return false;
}

bool Judge::dates() {
    return refuse_left(Refusal::dates, "date", [](const Term& term) { return term.kind == TermKind::date; });
}

// A word with digits ("iphone6", "v2.1") is a version, everything else code.
bool Judge::codes() {
    const auto version = [](const Question& question) {
        return [&question](const Term& term) {
            const text::Word& word = question.words[term.word];
            return term.kind == TermKind::code && word.kind == text::WordKind::word &&
                   word.lower.find_first_of("0123456789") != std::string_view::npos;
        };
    };
    const std::uint32_t* one = first_left(left_a_, a_, version(a_));
    const std::uint32_t* two = first_left(left_b_, b_, version(b_));
    if (one != nullptr || two != nullptr) {
        return refuse(Refusal::versions, "version", one != nullptr ? word_a(*one) : "none",
                      two != nullptr ? word_b(*two) : "none");
    }
    return refuse_left(Refusal::code, "code",
                       [](const Term& term) { return term.kind == TermKind::code || term.kind == TermKind::symbol; });
}

bool Judge::quotations() {
    for (std::uint32_t i = 0; i < links_.a.size(); ++i) {
        if (links_.a[i].link == Link::none || !a_.terms[i].is(term_quoted) || !is_content(a_.terms[i])) continue;
        const auto j = static_cast<std::uint32_t>(links_.a[i].other);
        if (word_a(i) != word_b(j)) return refuse(Refusal::quoted, "quoted", word_a(i), word_b(j));
    }
    // "'1'" is a text, "1" a number.
    for (std::uint32_t i = 0; i < links_.a.size(); ++i) {
        if (links_.a[i].link == Link::none || a_.terms[i].kind != TermKind::number) continue;
        const auto j = static_cast<std::uint32_t>(links_.a[i].other);
        if (a_.terms[i].is(term_quoted) != b_.terms[j].is(term_quoted))
            return refuse(Refusal::quoted, "quoted", word_a(i), word_b(j));
    }
    return refuse_left(Refusal::quoted, "quoted",
                       [](const Term& term) { return term.is(term_quoted) && is_content(term); });
}

bool Judge::negations() {
    if (a_.negations != b_.negations) {
        return refuse_left(Refusal::negation, "negation",
                           [](const Term& term) { return term.kind == TermKind::negation; }) ||
               refuse(Refusal::negation, "negation", "", "");
    }
    if (a_.negations == 0) return false;
    const auto negated = [](const Question& question, std::uint32_t i) {
        while (i < question.terms.size() && !is_content(question.terms[i])) ++i;
        return i;
    };
    for (std::uint32_t i = 0; i < links_.a.size(); ++i) {
        if (a_.terms[i].kind != TermKind::negation || links_.a[i].link == Link::none) continue;
        const auto j = static_cast<std::uint32_t>(links_.a[i].other);
        const std::uint32_t x = negated(a_, i);
        const std::uint32_t y = negated(b_, j);
        // "wrong not to vote", "not wrong to vote"
        const bool other_word = x < a_.terms.size() && y < b_.terms.size() && links_.a[x].link != Link::none &&
                                links_.b[y].link != Link::none && links_.a[x].other != static_cast<std::int32_t>(y);
        if (links_.a[i].link == Link::moved || (other_word && spread() == 0)) {
            return refuse(Refusal::negation, "what is negated", word_a(i), word_b(j));
        }
        // "not rich", "not myself"
        const auto denied = [](const Question& question, std::uint32_t at) {
            do ++at;
            while (at < question.terms.size() && !is_content(question.terms[at]) &&
                   question.terms[at].kind != TermKind::pronoun);
            return at;
        };
        const std::uint32_t one = denied(a_, i);
        const std::uint32_t two = denied(b_, j);
        if (spread() <= 2 && one < a_.terms.size() && two < b_.terms.size() && links_.a[one].link == Link::none &&
            links_.b[two].link == Link::none) {
            return refuse(Refusal::negation, "what is negated", word_a(one), word_b(two));
        }
    }
    return false;
}

bool Judge::has_word(const Question& question, std::uint64_t id, std::string_view stem) {
    for (const auto& word : question.words) {
        if (word.id == id || word.stem == stem) return true;
    }
    return false;
}

bool Judge::part_of_known_name(const Question& question, const std::vector<Linked>& links, std::uint32_t i) const {
    const auto joined = [&](std::uint32_t x) {
        return question.terms[x].kind == TermKind::name && question.terms[x + 1].kind == TermKind::name &&
               question.terms[x].word + 1 == question.terms[x + 1].word;
    };
    std::uint32_t from = i;
    std::uint32_t end = i + 1;
    while (from > 0 && joined(from - 1)) --from;
    while (end < question.terms.size() && joined(end - 1)) ++end;
    std::size_t known = 0;
    for (std::uint32_t k = from; k < end; ++k) known += links[k].link != Link::none ? 1 : 0;
    const bool initial = question.words[question.terms[i].word].lower.size() == 1;
    return known == 1 || (known > 1 && initial);
}

bool Judge::names() {
    const auto open = [&](const Left& left, const Question& question, const Question& other, Left& found) {
        for (const std::uint32_t i : left) {
            const Term& term = question.terms[i];
            if (term.kind != TermKind::name) continue;
            const text::Word& word = question.words[term.word];
            if (has_word(other, word.id, word.stem)) continue;
            found.push_back(i);
        }
    };
    for (std::uint32_t i = 0; i < links_.a.size(); ++i) {
        if (links_.a[i].link == Link::none || a_.terms[i].kind != TermKind::name) continue;
        const Term& other = b_.terms[static_cast<std::size_t>(links_.a[i].other)];
        if (other.kind != TermKind::name || ((a_.terms[i].flags ^ other.flags) & term_plural) == 0 || spread() > 0)
            continue;
        return refuse(Refusal::name, "name", word_a(i), word_b(static_cast<std::uint32_t>(links_.a[i].other)));
    }
    Left one;
    Left two;
    open(left_a_, a_, b_, one);
    open(left_b_, b_, a_, two);
    if (one.empty() && two.empty()) return false;
    if (two.empty() || one.empty()) {
        bool parts = true;
        for (const std::uint32_t i : one) parts = parts && part_of_known_name(a_, links_.a, i);
        for (const std::uint32_t j : two) parts = parts && part_of_known_name(b_, links_.b, j);
        if (parts) return false;
    }
    return refuse(Refusal::name, "name", one.empty() ? "none" : word_a(one[0]), two.empty() ? "none" : word_b(two[0]));
}

bool Judge::opposites() {
    for (std::uint32_t i = 0; i < links_.a.size(); ++i) {
        const Linked& linked = links_.a[i];
        if (linked.link != Link::in_order && linked.link != Link::moved) continue;
        const auto j = static_cast<std::uint32_t>(linked.other);
        if (a_.terms[i].is(term_opposite) == b_.terms[j].is(term_opposite)) continue;
        const std::uint64_t meaning = a_.terms[i].meaning;
        const Refusal refusal = meaning == mean::before                          ? Refusal::time_order
                                : meaning == mean::more || meaning == mean::most ? Refusal::degree
                                : a_.terms[i].kind == TermKind::function         ? Refusal::direction
                                                                                 : Refusal::antonym;
        return refuse(refusal, "opposites", word_a(i), word_b(j));
    }
    const auto way = [](const Term& term) {
        static constexpr std::array<std::uint64_t, 10> ways = {
            word_id("to"),     word_id("into"),    word_id("#outof"), word_id("onto"),    word_id("off"),
            word_id("toward"), word_id("towards"), word_id("on"),     word_id("through"), word_id("#awayfrom")};
        return term.kind == TermKind::function && (std::find(ways.begin(), ways.end(), term.meaning) != ways.end());
    };
    if (spread() > 0) return false;
    const std::uint32_t* one = first_left(left_a_, a_, way);
    const std::uint32_t* two = first_left(left_b_, b_, way);
    return one != nullptr && two != nullptr && refuse(Refusal::direction, "direction", word_a(*one), word_b(*two));
}

bool Judge::things() {
    // Each word once: a long text of few words has few members.
    const auto members_of = [](const Left& left, const Question& question, const Question& other) {
        std::vector<const text::Word*> found;
        for (const std::uint32_t i : left) {
            const Term& term = question.terms[i];
            const text::Word& word = question.words[term.word];
            const bool thing = term.kind == TermKind::content || term.kind == TermKind::name;
            if (!thing || kinds_of(word).empty()) continue;
            const auto same = [&](const text::Word* known) { return known->id == word.id; };
            if (std::none_of(found.begin(), found.end(), same) && !has_word(other, word.id, word.stem))
                found.push_back(&word);
        }
        return found;
    };
    const std::vector<const text::Word*> only_a = members_of(left_a_, a_, b_);
    if (only_a.empty()) return false;
    const std::vector<const text::Word*> only_b = members_of(left_b_, b_, a_);
    for (const text::Word* one : only_a) {
        for (const text::Word* two : only_b) {
            const std::string_view kind = kind_of_two(*one, *two);
            if (!kind.empty()) return refuse(Refusal::kind, kind, one->lower, two->lower);
        }
    }
    return false;
}

}  // namespace weir::tiers::semantic
