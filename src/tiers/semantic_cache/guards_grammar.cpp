#include <array>

#include "tiers/semantic_cache/guards_judge.h"

namespace weir::tiers::semantic {

using text::class_of;
using text::word_id;
using text::WordClass;

namespace {

bool is_modal(const Term& term) {
    return (term.kind == TermKind::function && class_of(term.meaning) == WordClass::modal) ||
           term.meaning == mean::canone || term.meaning == mean::okto || term.meaning == mean::mustone;
}

}  // namespace

bool Judge::pronouns() {
    static constexpr std::array<std::uint64_t, 8> he_or_she = {word_id("he"),      word_id("him"),    word_id("his"),
                                                               word_id("himself"), word_id("she"),    word_id("her"),
                                                               word_id("hers"),    word_id("herself")};
    static constexpr std::array<std::uint64_t, 11> others = {
        word_id("they"),       word_id("them"), word_id("their"),  word_id("theirs"),
        word_id("themselves"), word_id("me"),   word_id("myself"), word_id("us"),
        word_id("yourself"),   word_id("mine"), word_id("yours")};
    const auto one_of = [](const auto& list) {
        return [&list](const Term& term) {
            return term.kind == TermKind::pronoun && std::find(list.begin(), list.end(), term.meaning) != list.end();
        };
    };
    if (spread() <= 3 && refuse_left(Refusal::coreference, "who is meant", one_of(he_or_she))) return true;
    const auto other = one_of(others);
    if (spread() <= 1 && first_left(left_a_, a_, other) != nullptr && first_left(left_b_, b_, other) != nullptr &&
        refuse_left(Refusal::coreference, "who is meant", other)) {
        return true;
    }
    const auto object = [](const Term& term) {
        return term.kind == TermKind::pronoun && (term.meaning == word_id("me") || term.meaning == word_id("us"));
    };
    if (spread() == 0 && report_.moved > 0 && refuse_left(Refusal::coreference, "who is meant", object)) return true;
    // "my" here and "your" there, all else equal
    const auto own = [](const Term& term) { return term.kind == TermKind::pronoun; };
    return spread() == 0 && first_left(left_a_, a_, own) != nullptr && first_left(left_b_, b_, own) != nullptr &&
           a_.kind != QuestionKind::how_to && refuse_left(Refusal::coreference, "who is meant", own);
}

bool Judge::modals() {
    if (a_.kind != b_.kind || spread() > 2) return false;
    const std::uint32_t* one = first_left(left_a_, a_, is_modal);
    const std::uint32_t* two = first_left(left_b_, b_, is_modal);
    if (one == nullptr && two == nullptr) return false;
    if ((one == nullptr || two == nullptr) && (a_.kind != QuestionKind::yes_no || spread() > 1)) return false;
    return refuse(Refusal::modality, "modal", one != nullptr ? word_a(*one) : "none",
                  two != nullptr ? word_b(*two) : "none");
}

bool Judge::times() {
    const auto habit = [](const Term& term) {
        return term.meaning == mean::usedto || term.meaning == word_id("#nolonger") ||
               term.meaning == word_id("#anymore") || term.meaning == word_id("ago");
    };
    const auto when = [](const Term& term) {
        return term.meaning == mean::before || term.meaning == word_id("during") || term.meaning == word_id("until") ||
               term.meaning == word_id("since") || term.meaning == word_id("still") || term.meaning == word_id("yet") ||
               term.meaning == word_id("already") || term.meaning == word_id("again") || term.meaning == mean::now;
    };
    if (refuse_left(Refusal::time_order, "time", habit)) return true;
    if (spread() <= 1 && refuse_left(Refusal::time_order, "time", when)) return true;
    const auto ahead = [](const Term& term) {
        return term.meaning == word_id("will") || (term.meaning == word_id("go") && term.is(term_gerund));
    };
    const bool future = first_left(left_a_, a_, ahead) != nullptr || first_left(left_b_, b_, ahead) != nullptr;
    if (a_.past == b_.past || spread() > (future ? 2u : 0u)) return false;
    return refuse(Refusal::time_order, "time", a_.past ? "past" : "present", b_.past ? "past" : "present");
}

bool Judge::logic() {
    const auto either = [](const Term& term) { return term.meaning == mean::or_; };
    const auto both = [](const Term& term) { return term.meaning == mean::and_; };
    const bool exchanged = (first_left(left_a_, a_, either) != nullptr && first_left(left_b_, b_, both) != nullptr) ||
                           (first_left(left_a_, a_, both) != nullptr && first_left(left_b_, b_, either) != nullptr);
    if (exchanged) return refuse(Refusal::logic, "logic", "and", "or");
    // "every cell but the first", "every cell and the first"
    const auto but = [](const Term& term) { return term.meaning == word_id("but"); };
    const bool excepted = (first_left(left_a_, a_, but) != nullptr && first_left(left_b_, b_, both) != nullptr) ||
                          (first_left(left_a_, a_, both) != nullptr && first_left(left_b_, b_, but) != nullptr);
    if (excepted && spread() == 0) return refuse(Refusal::logic, "logic", "and", "but");
    return spread() <= 2 && refuse_left(Refusal::logic, "logic", [](const Term& term) {
               return term.meaning == word_id("only") || term.meaning == word_id("both") ||
                      term.meaning == word_id("either") || term.meaning == word_id("unless") ||
                      term.meaning == word_id("except") || term.meaning == word_id("#instead") ||
                      term.meaning == word_id("besides") || term.meaning == word_id("include") ||
                      term.meaning == word_id("all") || term.meaning == word_id("every") ||
                      term.meaning == word_id("few");
           });
}

bool Judge::degrees() {
    const auto more = [](const Term& term) {
        return (term.meaning == mean::more && !term.is(term_opposite)) || term.meaning == mean::most ||
               term.meaning == word_id("too") || term.meaning == mean::than;
    };
    const auto less = [](const Term& term) {
        return term.meaning == mean::less || (term.meaning == mean::more && term.is(term_opposite)) ||
               term.meaning == word_id("least") || term.meaning == word_id("fewest") ||
               term.meaning == word_id("enough") || term.meaning == word_id("as");
    };
    if (spread() <= 3 && ((first_left(left_a_, a_, more) != nullptr && first_left(left_b_, b_, less) != nullptr) ||
                          (first_left(left_a_, a_, less) != nullptr && first_left(left_b_, b_, more) != nullptr))) {
        return refuse(Refusal::degree, "degree", "more", "less");
    }
    const auto top = [](const Term& term) { return term.meaning == mean::most || term.meaning == word_id("too"); };
    if (spread() == 0 && a_.kind == QuestionKind::yes_no && b_.kind == QuestionKind::yes_no &&
        refuse_left(Refusal::degree, "degree", top)) {
        return true;
    }
    const auto bound = [](const Term& term) {
        return term.meaning == word_id("#atleast") || term.meaning == word_id("#atmost");
    };
    return refuse_left(Refusal::degree, "degree", bound);
}

bool Judge::kinds() {
    const auto measure = [](const Term& term) {
        static constexpr std::array<std::uint64_t, 7> measures = {
            mean::howmany,        mean::howmuch,      word_id("#howlong"), word_id("#howfar"),
            word_id("#howoften"), word_id("#howold"), word_id("#howtall")};
        return std::find(measures.begin(), measures.end(), term.meaning) != measures.end();
    };
    if (first_left(left_a_, a_, measure) != nullptr && first_left(left_b_, b_, measure) != nullptr) {
        return refuse_left(Refusal::question_kind, "question", measure);
    }
    if (a_.kind == b_.kind) return false;
    const auto strict = [](QuestionKind kind) {
        return kind == QuestionKind::who || kind == QuestionKind::when || kind == QuestionKind::where ||
               kind == QuestionKind::why || kind == QuestionKind::how_many || kind == QuestionKind::yes_no;
    };
    const auto how = [](QuestionKind kind) { return kind == QuestionKind::how_to || kind == QuestionKind::how; };
    const bool apart = strict(a_.kind) && strict(b_.kind) && spread() <= 3;
    const bool manner = ((how(a_.kind) && strict(b_.kind)) || (strict(a_.kind) && how(b_.kind))) && spread() <= 1;
    return (apart || manner) && refuse(Refusal::question_kind, "question", name_of(a_.kind), name_of(b_.kind));
}

bool Judge::scopes() {
    const auto scope = [](const Term& term) { return term.is(term_scope); };
    const bool both = first_left(left_a_, a_, scope) != nullptr && first_left(left_b_, b_, scope) != nullptr;
    if ((spread() <= 1 || both) && refuse_left(Refusal::condition, "scope", scope)) return true;
    const auto circumstance = [](const Term& term) {
        return term.meaning == word_id("if") || term.meaning == word_id("when") || term.meaning == word_id("while") ||
               term.meaning == word_id("during");
    };
    const bool one_sided = (left_a_.empty() || left_b_.empty()) && spread() >= 1 && spread() <= 2;
    return one_sided && refuse_left(Refusal::condition, "condition", circumstance);
}

bool Judge::roles() {
    if (report_.moved == 0 || spread() > 3) return false;
    const bool permuted = spread() == 0 && small_left(left_a_, a_) && small_left(left_b_, b_);
    // "what does the moon orbit", "what orbits the moon"
    const bool asks_actor = a_.kind == b_.kind && (a_.kind == QuestionKind::who || a_.kind == QuestionKind::what ||
                                                   a_.kind == QuestionKind::which);
    if (permuted && asks_actor && has_helper(a_) != has_helper(b_))
        return refuse(Refusal::roles, "who does what", "", "");
    const auto actor = [&](const Term& term) {
        if (term.kind == TermKind::name || term.kind == TermKind::pronoun || term.kind == TermKind::number) return true;
        return permuted && is_content(term);
    };
    for (std::uint32_t x = 0; x < links_.a.size(); ++x) {
        if (links_.a[x].link != Link::moved || !actor(a_.terms[x])) continue;
        const std::int32_t to_x = links_.a[x].other;
        for (std::uint32_t y = 0; y < links_.a.size(); ++y) {
            if (y == x || links_.a[y].link == Link::none || !actor(a_.terms[y])) continue;
            const std::int32_t to_y = links_.a[y].other;
            if ((x < y) == (to_x < to_y) || !stands_between(x, y)) continue;
            const bool named = a_.terms[x].kind != TermKind::content && a_.terms[y].kind != TermKind::content;
            const bool asked = a_.kind == QuestionKind::yes_no || a_.kind == b_.kind;
            return refuse(named || asked ? Refusal::roles : Refusal::order, "exchanged", word_a(x), word_a(y));
        }
    }
    return false;
}

bool Judge::has_helper(const Question& question) {
    const auto is_by = [](const Term& term) { return term.meaning == mean::by; };
    const bool by_kept = std::any_of(question.terms.begin(), question.terms.end(), is_by);
    for (std::size_t i = 0; i < question.words.size(); ++i) {
        const text::Word& word = question.words[i];
        if (word.lower == "do" || word.lower == "does" || word.lower == "did") return true;
        // "who was fired by him" asks for the one to whom it was done, "who was he fired by" does not
        const bool agent = i + 1 < question.words.size() && question.words[i + 1].kind != text::WordKind::punctuation;
        if (word.id == mean::by && agent && !by_kept) return true;
    }
    return false;
}

bool Judge::small_left(const Left& left, const Question& question) const {
    for (const std::uint32_t i : left) {
        const std::uint64_t meaning = question.terms[i].meaning;
        if (meaning != mean::be && meaning != mean::do_ && meaning != mean::have) return false;
    }
    return true;
}

bool Judge::stands_between(std::uint32_t x, std::uint32_t y) const {
    const std::int32_t to_x = links_.a[x].other;
    const std::int32_t to_y = links_.a[y].other;
    for (std::uint32_t r = std::min(x, y) + 1; r < std::max(x, y); ++r) {
        if (links_.a[r].link == Link::none || a_.terms[r].meaning == mean::and_ || a_.terms[r].meaning == mean::or_)
            continue;
        if (links_.a[r].other > std::min(to_x, to_y) && links_.a[r].other < std::max(to_x, to_y)) return true;
    }
    return false;
}

std::size_t Judge::only_and(const Left& left, const Question& question) {
    std::size_t others = 0;
    for (const std::uint32_t i : left) others += question.terms[i].meaning != mean::and_ ? 1 : 0;
    return others;
}

std::size_t Judge::distinct(const Left& left, const Question& question, const std::uint32_t*& one) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < left.size(); ++i) {
        if (!is_content(question.terms[left[i]])) continue;
        bool seen = false;
        for (std::size_t k = 0; k < i; ++k)
            seen = seen || question.terms[left[k]].meaning == question.terms[left[i]].meaning;
        if (seen) continue;
        ++count;
        one = &left[i];
    }
    return count;
}

bool Judge::contents_only(const Left& left, const Question& question) {
    return std::all_of(left.begin(), left.end(), [&](std::uint32_t i) { return is_content(question.terms[i]); });
}

void Judge::minimal() {
    if (report_.explained || report_.moved > 0 || report_.matched < 2) return;
    const std::uint32_t* x = nullptr;
    const std::uint32_t* y = nullptr;
    const std::size_t one = distinct(left_a_, a_, x);
    const std::size_t two = distinct(left_b_, b_, y);
    if (one == 1 && two == 1 && contents_only(left_a_, a_) && contents_only(left_b_, b_)) {
        refuse(Refusal::word, "word", word_a(*x), word_b(*y));
    } else if (one + two == 1 && only_and(left_a_, a_) + only_and(left_b_, b_) == 1) {
        refuse(Refusal::condition, "added", x != nullptr ? word_a(*x) : "none", y != nullptr ? word_b(*y) : "none");
    }
}

}  // namespace weir::tiers::semantic
