#include <algorithm>

#include "tiers/semantic_cache/meanings.h"
#include "tiers/semantic_cache/question_terms.h"

namespace weir::tiers::semantic {

namespace {

using text::class_of;
using text::WordClass;

using Range = std::pair<std::size_t, std::size_t>;  // from, end exclusive

bool is(const Term& term, std::uint64_t meaning) {
    return term.meaning == meaning;
}

bool is_content(const Term& term) {
    return term.kind == TermKind::content || term.kind == TermKind::name || term.kind == TermKind::code ||
           term.kind == TermKind::number || term.kind == TermKind::date || term.kind == TermKind::ordinal;
}

bool is_modal(const Term& term) {
    return term.kind == TermKind::function && class_of(term.meaning) == WordClass::modal;
}

bool is_preposition(const Term& term) {
    return term.kind == TermKind::function && class_of(term.meaning) == WordClass::preposition;
}

bool is_verb_helper(const Term& term) {
    return is(term, mean::be) || is(term, mean::do_) || is(term, mean::have) || is_modal(term);
}

bool asks(const Term& term) {
    using namespace mean;
    return term.kind == TermKind::wh || is(term, of("#howlong")) || is(term, of("#howold")) ||
           is(term, of("#howfar")) || is(term, of("#howoften")) || is(term, of("#howtall")) || is(term, howto) ||
           is(term, howmany) || is(term, howmuch) || is(term, canone) || is(term, okto) || is(term, mustone) ||
           is(term, meaning) || is(term, difference);
}

std::uint64_t hash_of(const Terms& terms, Range range) {
    std::uint64_t hash = 0x51ed270b5a1cd1afu;
    for (std::size_t i = range.first; i < range.second; ++i) {
        hash = (hash ^ (terms[i].meaning + (terms[i].is(term_opposite) ? 1 : 0))) * 0x2545f4914f6cdd1du;
        hash ^= hash >> 29;
    }
    return hash;
}

void drop_at(Terms& terms, std::size_t at) {
    terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(at));
}

void move_to_end(Terms& terms, std::size_t count) {
    std::rotate(terms.begin(), terms.begin() + static_cast<std::ptrdiff_t>(count), terms.end());
}

// Puts the parts, which together are the whole, in a new order.
void reorder(Terms& terms, std::initializer_list<Range> parts) {
    Terms result;
    result.reserve(terms.size());
    for (const auto& [from, end] : parts) {
        for (std::size_t i = from; i < end; ++i) result.push_back(terms[i]);
    }
    terms = std::move(result);
}

// "In India, what is X" -> "what is X in India"; "before A, B" -> "B before A".
void settle_front(Terms& terms) {
    if (terms.size() < 4 || terms[0].kind != TermKind::function) return;
    const WordClass kind = class_of(terms[0].meaning);
    const bool opens =
        kind == WordClass::preposition || kind == WordClass::conjunction || is(terms[0], mean::according);
    if (!opens || is(terms[0], mean::and_) || is(terms[0], mean::or_)) return;
    std::size_t cut = 0;
    for (std::size_t i = 2; i + 1 < terms.size(); ++i) {
        if (!terms[i].is(term_after_break)) continue;
        if (cut == 0) cut = i;
        if (asks(terms[i]) || is_verb_helper(terms[i])) {
            cut = i;
            break;
        }
    }
    if (cut != 0) move_to_end(terms, cut);
}

void settle_howto(Terms& terms) {
    if (terms.size() < 3) return;
    if (is(terms.front(), mean::ifwant) && is(terms.back(), mean::whatdo)) {
        terms.pop_back();
        terms.front().meaning = mean::howto;
        return;
    }
    // "what should I do, if I want to X" reaches here as "... to X" behind its own phrase.
}

// "(can you tell me) what the capital of France is" -> "what is the capital of France"
void settle_indirect(Terms& terms) {
    if (terms.size() < 3 || !asks(terms[0]) || !is(terms.back(), mean::be)) return;
    std::rotate(terms.begin() + 1, terms.end() - 1, terms.end());
}

// "do" that only helps to ask or to deny.
void drop_do(Terms& terms) {
    for (std::size_t i = 0; i < terms.size(); ++i) {
        if (!is(terms[i], mean::do_) || terms[i].is(term_gerund)) continue;
        const bool opens = i == 0 || asks(terms[i - 1]) || terms[i].is(term_after_break);
        // "which country does": the noun that is asked for may stand between
        const bool asked_noun = i >= 2 && i <= 5 && asks(terms[0]) && i + 2 < terms.size();
        const bool denies = i + 1 < terms.size() && terms[i + 1].kind == TermKind::negation;
        if ((opens || asked_noun || denies) && i + 1 < terms.size()) drop_at(terms, i--);
    }
}

// "not safe" -> unsafe (but "not hot" stays: it need not be cold), "less happy" -> more unhappy, "least happy" -> most
// unhappy.
void settle_polarity(Terms& terms) {
    for (std::size_t i = 0; i + 1 < terms.size(); ++i) {
        Term& next = terms[i + 1];
        if (!next.is(term_gradable)) continue;
        const std::uint64_t here = terms[i].meaning;
        if (terms[i].kind == TermKind::negation && here == mean::not_) {
            if (next.is(term_polar)) continue;
            next.flags ^= term_opposite;
            drop_at(terms, i);
        } else if (here == mean::less || here == mean::of("least")) {
            terms[i].meaning = here == mean::less ? mean::more : mean::most;
            next.flags ^= term_opposite;
        }
    }
}

// "a person who is happy" -> "a happy person"
void settle_relative(Terms& terms) {
    for (std::size_t i = 1; i + 2 < terms.size(); ++i) {
        const bool relative = (is(terms[i], mean::who) || is(terms[i], mean::that) || is(terms[i], mean::which)) &&
                              is(terms[i + 1], mean::be) && terms[i - 1].kind == TermKind::content &&
                              !terms[i - 1].is(term_gradable);
        if (!relative) continue;
        const Term adjective = terms[i + 2];
        const bool ends = i + 3 == terms.size() || terms[i + 3].is(term_after_break) || !is_content(terms[i + 3]);
        if ((!adjective.is(term_gradable) && !adjective.is(term_nationality)) || !ends) continue;
        terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(i), terms.begin() + static_cast<std::ptrdiff_t>(i) + 3);
        terms.insert(terms.begin() + static_cast<std::ptrdiff_t>(i) - 1, adjective);
    }
}

bool is_anyone(const Term& term) {
    return term.kind == TermKind::pronoun && (is(term, mean::of("i")) || is(term, mean::of("you")) ||
                                              is(term, mean::of("we")) || is(term, mean::of("one")));
}

// "(do you think) I can swim" -> "can I swim", as it is asked directly.
void settle_belief(Terms& terms) {
    drop_at(terms, 0);
    if (terms.size() < 3) return;
    const bool need = is(terms[1], mean::of("require")) || is(terms[1], mean::have);
    if (is_anyone(terms[0]) && need && is(terms[2], mean::to)) {
        terms.erase(terms.begin() + 1, terms.begin() + 3);
        terms[0].meaning = mean::mustone;
        terms[0].kind = TermKind::function;
        return;
    }
    for (std::size_t i = 1; i < terms.size() && i < 6; ++i) {
        if (!is_verb_helper(terms[i])) continue;
        std::rotate(terms.begin(), terms.begin() + static_cast<std::ptrdiff_t>(i),
                    terms.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        if (is(terms[0], mean::of("can")) && is_anyone(terms[1])) {
            terms[0].meaning = mean::canone;
            drop_at(terms, 1);
        }
        return;
    }
}

// "who do X think is Y" -> "who is Y according to X"
void settle_opinion(Terms& terms) {
    if (!terms.empty() && is(terms[0], mean::think_phrase)) settle_belief(terms);
    for (std::size_t i = 0; i < terms.size(); ++i) {
        if (is(terms[i], mean::think_phrase)) drop_at(terms, i--);
    }
    if (terms.size() < 5 || terms[0].kind != TermKind::wh) return;
    for (std::size_t i = 2; i + 2 < terms.size() && i < 6; ++i) {
        const bool thinks = is(terms[i], mean::think) || is(terms[i], mean::of("believe")) ||
                            is(terms[i], mean::of("say")) || is(terms[i], mean::of("consider"));
        if (!thinks || !is(terms[i + 1], mean::be)) continue;
        terms[i].meaning = mean::according;
        terms[i].kind = TermKind::function;
        terms[i].flags = 0;
        reorder(terms, {{0, 1}, {i + 1, terms.size()}, {i, i + 1}, {1, i}});
        return;
    }
}

// "was A hit by B" -> "B hit A"; "who was A hit by" -> "who hit A"; "what was made by A" -> "what A make".
void settle_passive(Terms& terms) {
    for (std::size_t verb = 1; verb + 1 < terms.size(); ++verb) {
        const Term& candidate = terms[verb];
        const bool participle = candidate.kind == TermKind::content &&
                                (candidate.is(term_past) || candidate.is(term_participle) ||
                                 (candidate.flags & (term_plural | term_gerund | term_gradable)) == 0);
        if (!participle || !is(terms[verb + 1], mean::by)) continue;
        const Term* agent = verb + 2 < terms.size() ? &terms[verb + 2] : nullptr;
        if (agent != nullptr &&
            ((agent->is(term_gerund) && !agent->is(term_after_article)) || agent->kind == TermKind::number ||
             agent->kind == TermKind::date ||
             !(is_content(*agent) || agent->kind == TermKind::pronoun || agent->kind == TermKind::wh))) {
            continue;
        }
        std::size_t be = verb;
        while (be > 0 && !is(terms[be], mean::be)) --be;
        if (!is(terms[be], mean::be)) return;
        if (be > 0 && is(terms[be - 1], mean::have)) return;
        std::size_t end = verb + 2;
        while (end < terms.size() && (is_content(terms[end]) || terms[end].kind == TermKind::pronoun) &&
               !(end > verb + 2 && terms[end].is(term_after_break))) {
            ++end;
        }
        const std::size_t size = terms.size();
        const std::uint16_t keep = static_cast<std::uint16_t>(~(term_past | term_participle));
        terms[verb].flags &= keep;
        if (agent == nullptr) {  // "who was A hit by"
            if (be != 1 || terms[0].kind != TermKind::wh || verb == be + 1) return;
            return reorder(terms, {{0, 1}, {verb, verb + 1}, {be + 1, verb}});
        }
        if (be == 0) {
            if (verb == 1) return;
            return reorder(terms, {{verb + 2, end}, {verb, verb + 1}, {1, verb}, {end, size}});
        }
        if (verb == be + 1 && terms[0].kind == TermKind::wh) {  // "what (book) was written by A"
            return reorder(terms, {{0, be}, {verb + 2, end}, {verb, verb + 1}, {end, size}});
        }
        if (verb > be + 1 && be == 1 && asks(terms[0])) {  // "when was A hit by B"
            return reorder(terms, {{0, 1}, {verb + 2, end}, {verb, verb + 1}, {be + 1, verb}, {end, size}});
        }
        if (verb == be + 1) {  // "A was hit by B"
            std::size_t from = be;
            while (from > 0 && (is_content(terms[from - 1]) || terms[from - 1].kind == TermKind::pronoun)) --from;
            if (from == be) return;
            return reorder(terms, {{0, from}, {verb + 2, end}, {verb, verb + 1}, {from, be}, {end, size}});
        }
        return;
    }
}

// "what does X mean" -> meaning X; "how is A different from B" -> difference A and B.
void settle_fixed_questions(Terms& terms) {
    const std::size_t size = terms.size();
    if (size >= 3 && is(terms[0], mean::what) && is(terms.back(), mean::mean_)) {
        terms.pop_back();
        terms[0].meaning = mean::meaning;
        terms[0].kind = TermKind::function;
        return;
    }
    if (size < 4 || !is(terms[0], mean::how)) return;
    for (std::size_t i = 1; i + 2 < size; ++i) {
        const bool differs = is(terms[i], mean::of("differ")) || is(terms[i], mean::of("different"));
        if (!differs || terms[i + 1].meaning != mean::to) continue;  // "from" is the opposite side of "to"
        terms[0].meaning = mean::difference;
        terms[0].kind = TermKind::function;
        terms[i].meaning = mean::and_;
        terms[i].kind = TermKind::function;
        terms[i].flags = 0;
        drop_at(terms, i + 1);
        if (is(terms[1], mean::be)) drop_at(terms, 1);
        return;
    }
}

// "A is more ADJECTIVE than B": where the adjective is the far side, the two change places.
void settle_comparison(Terms& terms) {
    for (std::size_t than = 3; than + 1 < terms.size(); ++than) {
        if (!is(terms[than], mean::than) || !terms[than - 1].is(term_gradable) || !is(terms[than - 2], mean::more))
            continue;
        if (!terms[than - 1].is(term_opposite)) return;
        std::size_t end = than + 1;
        while (end < terms.size() && !terms[end].is(term_after_break) &&
               (is_content(terms[end]) || terms[end].kind == TermKind::pronoun))
            ++end;
        if (end == than + 1) return;
        std::size_t be = than - 2;
        while (be > 0 && !is(terms[be], mean::be)) --be;
        if (!is(terms[be], mean::be)) return;
        const Range other{than + 1, end};
        Range first{be + 1, than - 2};
        if (first.first == first.second) {  // "A is bigger than B"
            first = {be, be};
            while (first.first > 0 &&
                   (is_content(terms[first.first - 1]) || terms[first.first - 1].kind == TermKind::pronoun))
                --first.first;
        }
        if (first.first == first.second) return;  // "what is bigger than B"
        terms[than - 1].flags &= static_cast<std::uint16_t>(~term_opposite);
        return reorder(terms, {{0, first.first}, other, {first.second, than + 1}, first, {end, terms.size()}});
    }
}

bool symmetric_link(const Term& term) {
    return is(term, mean::to) || is(term, mean::with) || is(term, mean::of_) || is(term, mean::of("as"));
}

bool all_content(const Terms& terms, Range range) {
    if (range.first >= range.second) return false;
    for (std::size_t i = range.first; i < range.second; ++i) {
        if (!is_content(terms[i]) && terms[i].kind != TermKind::pronoun) return false;
    }
    return true;
}

// "is A married to B" = "is B married to A" = "are A and B married"
void settle_symmetric(Terms& terms) {
    const std::size_t size = terms.size();
    if (size < 4 || !(is(terms[0], mean::be) || terms[0].kind == TermKind::name)) return;
    for (std::size_t i = 2; i < size; ++i) {
        if (!terms[i].is(term_symmetric)) continue;
        const std::size_t from = is(terms[0], mean::be) ? 1 : 0;
        std::size_t first_end = i;
        while (first_end > from && is(terms[first_end - 1], mean::of("be"))) --first_end;
        if (i + 2 < size + 0 && symmetric_link(terms[i + 1])) {
            const Range a{from, first_end};
            const Range b{i + 2, size};
            if (!all_content(terms, a) || !all_content(terms, b)) return;
            terms[i + 1].meaning = mean::and_;
            terms[i + 1].flags = 0;
            const bool swap = hash_of(terms, b) < hash_of(terms, a);
            return reorder(terms, {{0, from}, swap ? b : a, {i + 1, i + 2}, swap ? a : b, {first_end, i + 1}});
        }
        if (terms[i].is(term_gerund) && i + 1 < size) {  // "is A dating B"
            const Range a{from, i};
            const Range b{i + 1, size};
            if (!all_content(terms, a) || !all_content(terms, b) || hash_of(terms, a) < hash_of(terms, b)) return;
            return reorder(terms, {{0, from}, b, {i, i + 1}, a});
        }
        return;
    }
}

// Where a conjunct that ends before `joint` begins, `like` being the conjunct on the other side.
std::size_t conjunct_start(const Terms& terms, std::size_t joint, Range like) {
    const std::size_t length = like.second - like.first;
    if (terms[like.first].is(term_after_article)) {
        for (std::size_t i = joint; i > 0 && joint - i < 4; --i) {
            if (!is_content(terms[i - 1])) break;
            if (terms[i - 1].is(term_after_article)) return i - 1;
        }
    }
    if (terms[like.first].kind == TermKind::name) {
        std::size_t from = joint;
        while (from > 0 && terms[from - 1].kind == TermKind::name && joint - from < 4) --from;
        if (from != joint) return from;
    }
    if (joint < length) return joint;
    for (std::size_t i = joint - length; i < joint; ++i) {
        if (!is_content(terms[i])) return joint;
    }
    return joint - length;
}

// "B or A" -> "A or B" by a fixed order of meanings; lists of three and more too.
void settle_lists(Terms& terms) {
    for (const Term& term : terms) {
        if (is(term, mean::of("respectively"))) return;
    }
    for (std::size_t joint = 1; joint + 1 < terms.size(); ++joint) {
        if (!is(terms[joint], mean::and_) && !is(terms[joint], mean::or_)) continue;
        if (is(terms[joint + 1], mean::of("then"))) continue;
        std::size_t end = joint + 1;
        while (end < terms.size() && is_content(terms[end]) && !(end > joint + 1 && (terms[end].is(term_after_break))))
            ++end;
        if (end == joint + 1) continue;
        if (terms[joint + 1].kind == TermKind::name && terms[joint - 1].kind == TermKind::name) {
            end = joint + 2;
            while (end < terms.size() && terms[end].kind == TermKind::name && !terms[end].is(term_after_break)) ++end;
        }
        // A first conjunct of one word joins one word: "red and blue cars".
        Range last{joint + 1, end};
        std::size_t from = conjunct_start(terms, joint, last);
        if (from == joint && end - joint > 2) {
            last.second = joint + 2;
            from = conjunct_start(terms, joint, last);
        }
        if (from == joint) continue;
        std::vector<Range> parts{{from, joint}};
        while (parts.front().first > 0 && terms[parts.front().first].is(term_after_break) && parts.size() < 8) {
            const std::size_t before = conjunct_start(terms, parts.front().first, parts.front());
            if (before == parts.front().first ||
                terms[parts.front().first - 1].is(term_gradable) != terms[parts.front().first].is(term_gradable))
                break;
            parts.insert(parts.begin(), {before, parts.front().first});
        }
        from = parts.front().first;
        parts.push_back(last);
        std::vector<std::pair<std::uint64_t, Range>> sorted;
        for (const Range& part : parts) sorted.emplace_back(hash_of(terms, part), part);
        std::sort(sorted.begin(), sorted.end());
        Terms result(terms.begin(), terms.begin() + static_cast<std::ptrdiff_t>(from));
        for (std::size_t i = 0; i < sorted.size(); ++i) {
            const Range part = sorted[i].second;
            if (i + 1 == sorted.size()) result.push_back(terms[joint]);
            const std::size_t start = result.size();
            for (std::size_t k = part.first; k < part.second; ++k) result.push_back(terms[k]);
            constexpr std::uint16_t place = term_after_break | term_after_article;
            result[start].flags &= static_cast<std::uint16_t>(~place);
        }
        result.insert(result.end(), terms.begin() + static_cast<std::ptrdiff_t>(last.second), terms.end());
        terms = std::move(result);
        joint = last.second - 1;
    }
}

// "is X a Turkish nurse" = "is X a nurse and Turkish"
void settle_nationality(Terms& terms) {
    const std::size_t size = terms.size();
    if (size < 4 || !is(terms[0], mean::be)) return;
    const Term& adjective = terms[size - 2];
    const Term& noun = terms[size - 1];
    if (!adjective.is(term_nationality) || noun.kind != TermKind::content || noun.is(term_nationality)) return;
    if (!adjective.is(term_after_article)) return;
    Term joint;
    joint.meaning = mean::and_;
    joint.kind = TermKind::function;
    joint.word = noun.word;
    terms.insert(terms.end() - 1, joint);
}

// "who painted it": the verb itself tells of the past, where no helping verb does.
void settle_past(Terms& terms, Outline& outline) {
    Term* verb = nullptr;
    for (Term& term : terms) {
        if (is_verb_helper(term) || is(term, mean::canone) || is(term, mean::okto) || is(term, mean::mustone)) return;
        if (verb == nullptr && term.kind == TermKind::content && term.is(term_past) && !term.is(term_after_article))
            verb = &term;
    }
    if (verb == nullptr) return;
    verb->flags &= static_cast<std::uint16_t>(~term_past);
    outline.past = true;
}

QuestionKind kind_of(const Terms& terms) {
    using namespace mean;
    if (terms.empty()) return QuestionKind::other;
    const auto of_term = [](const Term& term) {
        if (is(term, howto)) return QuestionKind::how_to;
        if (is(term, howmany) || is(term, howmuch) || is(term, of("#howlong")) || is(term, of("#howfar")) ||
            is(term, of("#howold")) || is(term, of("#howoften")) || is(term, of("#howtall"))) {
            return QuestionKind::how_many;
        }
        if (is(term, meaning) || is(term, difference)) return QuestionKind::what;
        if (is(term, what)) return QuestionKind::what;
        if (is(term, which)) return QuestionKind::which;
        if (is(term, who) || is(term, of("whose"))) return QuestionKind::who;
        if (is(term, of("when"))) return QuestionKind::when;
        if (is(term, of("where"))) return QuestionKind::where;
        if (is(term, of("why"))) return QuestionKind::why;
        if (is(term, how)) return QuestionKind::how;
        return QuestionKind::other;
    };
    if (is(terms[0], canone) || is(terms[0], okto) || is(terms[0], mustone) || is_verb_helper(terms[0])) {
        return QuestionKind::yes_no;
    }
    const QuestionKind first = of_term(terms[0]);
    if (first != QuestionKind::other) return first;
    for (std::size_t i = 1; i < terms.size(); ++i) {
        const bool clause = terms[i].is(term_after_break) || is_preposition(terms[i - 1]);
        if (!clause) continue;
        const QuestionKind kind = of_term(terms[i]);
        if (kind != QuestionKind::other) return kind;
        if (terms[i].is(term_after_break) && is_verb_helper(terms[i])) return QuestionKind::yes_no;
    }
    return QuestionKind::other;
}

}  // namespace

QuestionKind settle_sentence(Terms& terms, Outline& outline) {
    if (!outline.english) return QuestionKind::other;
    settle_past(terms, outline);
    settle_front(terms);
    settle_howto(terms);
    if (outline.asked_politely) settle_indirect(terms);
    const bool believed = !terms.empty() && is(terms[0], mean::think_phrase);
    const QuestionKind asked = kind_of(terms);
    drop_do(terms);
    settle_opinion(terms);
    const QuestionKind kind = believed ? QuestionKind::yes_no : asked;
    settle_polarity(terms);
    settle_relative(terms);
    settle_passive(terms);
    settle_fixed_questions(terms);
    settle_comparison(terms);
    settle_symmetric(terms);
    settle_nationality(terms);
    settle_lists(terms);
    return kind;
}

Comparison read_comparison(const Terms& terms, QuestionKind kind) {
    Comparison comparison;
    std::size_t more = 0;
    while (more < terms.size() &&
           !(is(terms[more], mean::more) && more + 1 < terms.size() && terms[more + 1].is(term_gradable)))
        ++more;
    if (more + 2 >= terms.size()) return comparison;
    const std::size_t size = terms.size();
    if (kind == QuestionKind::yes_no && is(terms[0], mean::be) && is(terms[more + 2], mean::than)) {
        const Range a{1, more};
        const Range b{more + 3, size};
        if (!all_content(terms, a) || !all_content(terms, b) || terms[more + 1].is(term_opposite)) return comparison;
        comparison.measure = terms[more + 1].meaning;
        comparison.more = hash_of(terms, a);
        comparison.less = hash_of(terms, b);
        return comparison;
    }
    const bool asks_which = kind == QuestionKind::which || kind == QuestionKind::what || kind == QuestionKind::who;
    std::size_t joint = more + 3;
    while (joint < size && !is(terms[joint], mean::or_)) ++joint;
    if (!asks_which || joint + 1 >= size || more > 3 || !is(terms[more - 1], mean::be) || more != 2) return comparison;
    const Range a{more + 2, joint};
    const Range b{joint + 1, size};
    if (!all_content(terms, a) || !all_content(terms, b)) return comparison;
    comparison.measure = terms[more + 1].meaning;
    comparison.which = true;
    comparison.opposite = terms[more + 1].is(term_opposite);
    comparison.more = std::min(hash_of(terms, a), hash_of(terms, b));
    comparison.less = std::max(hash_of(terms, a), hash_of(terms, b));
    return comparison;
}

}  // namespace weir::tiers::semantic
