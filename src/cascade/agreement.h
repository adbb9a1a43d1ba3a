// Whether two answers to the same question say the same, as far as their form tells: how answers label cache hits,
// audits and shadow traffic without people. Thread rule: pure functions. Limits: beyond 32 KiB of an answer only equal
// texts agree, everything else is undecided.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace weir::cascade {

enum class Agreed : std::uint8_t { agree, differ, undecided };
std::string_view to_string(Agreed agreed);

struct Agreement {
    Agreed result = Agreed::undecided;
    std::string_view how;  // a stable word or two: "same text", "number", "JSON", "choice", ...
};

// Which form answers are compared by: what they show by themselves, or one that was set by hand.
enum class AgreementForm : std::uint8_t {
    automatic,
    text,      // the same text, but for white space, case (not in code) and the full stop at the end; else they differ
    choice,    // the letter; where only one of them has one they differ
    number,    // what is marked as the result, or the last number; where only one of them has one they differ
    json,      // member by member; where only one of them is JSON they differ
    set,       // labels (lines, commas, a JSON array), in any order: enough of all of them are in both
    contains,  // the shorter one's words (at most kContainedWords) stand in the other, in their order
    similarity,  // by the cosine of their embeddings (gateway/arbiter.h); here only the same text agrees
    judge,       // by a judge's or a grader's word (gateway/judge.h); here only the same text agrees
};
std::string_view to_string(AgreementForm form);

inline constexpr std::size_t kContainedWords = 12;
inline constexpr std::size_t kMostLabels = 1'000;

struct AgreementRules {
    AgreementForm form = AgreementForm::automatic;
    double number_tolerance = 1e-6;  // relative
    double set_overlap = 1;  // by set: labels that are in both, as a share of those that are in either (Jaccard)
    friend bool operator==(const AgreementRules&, const AgreementRules&) = default;
};
// By the name that callers give a task (x-weir-task).
using TaskRules = std::map<std::string, AgreementRules, std::less<>>;

// Tried in this order; the first that can tell does. Symmetric in a and b.
//   "same text"   equal but for white space, case (not in code) and the full stop at the end
//   "empty", "refusal"   one says something, the other nothing or that it can't
//   "JSON"        both are JSON (perhaps fenced): member by member, in any order; numbers as numbers
//   "choice"      one letter each ("B", "(b)", "B) Paris", "the answer is B"), or its text in the question's list
//   "number"      both mark a final number ("#### 42", \boxed{42}, "answer: 42") or are little more than one: values
//                 with their units (60 min = 1 h), rounding allowed where both have decimals
//   "yes or no"   they begin with opposite words; or with the same and one says no more
//   "last number" to a question for a quantity, longer answers end in the same number; or in two of which neither
//                 stands in the other answer
//   "same words"  the same words in the same order, those aside that have no weight or that the question said already;
//                 "numbers", "negation": the same but for these
//   "short"       at most three words each, and no part in common
// Free text that differs otherwise is undecided: it may say the same in other words. Where the rules name a form the
// first two are followed by that form alone; answers that both don't have it are undecided.
Agreement agreement(std::string_view question, std::string_view a, std::string_view b,
                    const AgreementRules& rules = {});

}  // namespace weir::cascade
