// The judge behind check_guards: two questions, the alignment of their words, what is left over, and the rules on it.
// The rules on what is said stand in guards_facts.cpp, those on how it is said in guards_grammar.cpp, those on what an
// answer to it looks like in guards_frame.cpp, those on the smallest words in guards_particles.cpp. Only these files
// use it. Thread rule: one object, one thread. Limits: those of read_question.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tiers/semantic_cache/guards.h"
#include "tiers/semantic_cache/guards_align.h"
#include "tiers/semantic_cache/question_terms.h"

namespace weir::tiers::semantic {

inline bool is_content(const Term& term) {
    return term.kind == TermKind::content || term.kind == TermKind::name || term.kind == TermKind::code ||
           term.kind == TermKind::number || term.kind == TermKind::date || term.kind == TermKind::ordinal;
}

class Judge {
  public:
    Judge(const Question& a, const Question& b) : a_(a), b_(b), links_(align(a, b)) {}
    GuardReport run();

  private:
    using Left = std::vector<std::uint32_t>;
    void count();
    bool sides_agree() const;
    // One and many may differ ("a movie", "movies"); doing and done only where the frame carries it: "how to learn",
    // "start learning" are one, "what is force", "what is forced" are not, nor is anything in quotation marks.
    bool forms_agree();
    // "Is A bigger than B?" and "Which is bigger, A or B?": the same answer tells both.
    bool same_comparison() const;
    void judge();
    // Of two word problems, the likelier wrong one looks more alike: similarity has no say there.
    void problem();
    std::string_view word_a(std::uint32_t i) const { return a_.words[a_.terms[i].word].lower; }
    std::string_view word_b(std::uint32_t j) const { return b_.words[b_.terms[j].word].lower; }
    bool refuse(Refusal refusal, std::string_view what, std::string_view one, std::string_view two);
    template <class Test>
    const std::uint32_t* first_left(const Left& left, const Question& question, Test&& test) const {
        for (const std::uint32_t& i : left) {
            if (test(question.terms[i])) return &i;
        }
        return nullptr;
    }

    // Refuses where a term that passes the test is left over on either side.
    template <class Test>
    bool refuse_left(Refusal refusal, std::string_view what, Test&& test) {
        const std::uint32_t* one = first_left(left_a_, a_, test);
        const std::uint32_t* two = first_left(left_b_, b_, test);
        if (one == nullptr && two == nullptr) return false;
        return refuse(refusal, what, one != nullptr ? word_a(*one) : "none", two != nullptr ? word_b(*two) : "none");
    }

    bool numbers();
    bool dates();
    bool codes();
    bool quotations();
    bool negations();
    // The other side has the word, if not as a name.
    static bool has_word(const Question& question, std::uint64_t id, std::string_view stem);
    // A name that is left over, where the other side calls the same by one word: "Donald" of "Donald Trump", or the "J"
    // of "Donald J Trump".
    bool part_of_known_name(const Question& question, const std::vector<Linked>& links, std::uint32_t i) const;
    bool names();
    bool opposites();
    // Left over here is one member of a kind and there another: "my neck", "my back".
    bool things();
    // Content left over on both sides: small, and what is seen is the whole difference between the two.
    std::size_t spread() const {
        return static_cast<std::size_t>(report_.unexplained_cached) + report_.unexplained_asked;
    }

    bool pronouns();
    bool modals();
    bool times();
    // One says "and" where the other says "or"; "only", "unless" on one side.
    bool logic();
    // More on one side, less on the other.
    bool degrees();
    bool kinds();
    static std::string_view name_of(QuestionKind kind) {
        static constexpr std::string_view names[] = {"other", "yes/no", "what", "which",  "who",     "when",
                                                     "where", "why",    "how",  "how to", "how many"};
        return names[static_cast<std::size_t>(kind)];
    }

    // "up to 3", "more than 3": the same number as another bound.
    bool bounds();
    // "if", "even if", "because": a clause hangs on the rest in another way.
    bool connectives();
    // "must", "need to" on one side, "can", "may" on the other, whatever stands around them.
    bool obligations();
    // "keep the dough from rising": a negation without a negative word.
    bool preventions();
    // "who has been sued by them", "who has sued them".
    bool voices();
    // "another card", "a card".
    bool additions();
    // "what does X mean", "define Y": whatever else is alike, another word is told.
    bool words_told();
    // "call me Jim", "call Jim".
    bool addressed();
    // What the answer has to be: a time, a place, a reason, a person, an amount; or whether something is so.
    bool wanted();

    // The rules on small words (guards_particles.cpp): what "only" and "even" are about; where something is; what is
    // pointed at; which of two neighbours belongs to the other; who a pronoun means.
    bool focus();
    bool places();
    bool points();
    bool neighbours();
    bool antecedents();

    bool scopes();
    // Two words changed places around a third that stands between them on both sides. Names and pronouns that do so
    // mean another thing wherever they stand; other words ("prison rape", "rape in prison") where nothing else is
    // different.
    bool roles();
    static bool has_helper(const Question& question);
    bool small_left(const Left& left, const Question& question) const;
    bool stands_between(std::uint32_t x, std::uint32_t y) const;
    // What is left over besides "and".
    static std::size_t only_and(const Left& left, const Question& question);
    // How many different content words are left over, and one of them.
    static std::size_t distinct(const Left& left, const Question& question, const std::uint32_t*& one);
    static bool contents_only(const Left& left, const Question& question);
    // All is equal but one word, or one word more on one side.
    void minimal();
    const Question& a_;
    const Question& b_;
    Alignment links_;
    Left left_a_;
    Left left_b_;
    GuardReport report_;
};

}  // namespace weir::tiers::semantic
