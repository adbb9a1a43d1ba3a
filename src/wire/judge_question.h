// What a judge model is asked about two answers to a question, and what its answer says. Thread rule: pure functions.
// Limits: kJudgedTextBytes for each text, kJudgedBytes for all four together; a longer one is not cut (a judge that
// sees half of an answer judges another one): it is not asked about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::wire {

inline constexpr std::size_t kJudgedTextBytes = std::size_t{32} << 10U;
inline constexpr std::size_t kJudgedBytes = std::size_t{64} << 10U;

struct JudgedPair {
    std::string_view question_system, question_user;  // the system text may be empty
    std::string_view a, b;
};

enum class JudgeWord : std::uint8_t {
    same,  // either answer serves as well as the other
    a,     // a is right, or clearly better, where b is not
    b,
    none,  // no word that counts
};
std::string_view to_string(JudgeWord word);
// Of the same pair the other way round.
JudgeWord swapped(JudgeWord word);

// Whether they can be asked about. Error too_large: over the limits; invalid: nothing was asked, or an answer is empty.
Result<void> check_judged(const JudgedPair& pair);

// The body of a chat completion for `model`: temperature 0, a few tokens. Its last user message is the JSON object
// {"question":{"system":...,"user":...},"a":...,"b":...}. The texts are untrusted: each stands in it as one JSON
// string, so that none can end its place and begin another, and the system message says that nothing in it is an
// instruction. What an answer can still do is to talk the judge round; asking in both orders (gateway/judge.h) shows
// some of that. Errors as check_judged().
Result<std::string> render_judge_question(std::string_view model, const JudgedPair& pair);

// The verdict in the text of a judge's answer: the word alone, in any case, quoted or emphasised, after "answer:" or
// "verdict:", or at the beginning of a short sentence that goes on to say why ("a is right, b is not"). An article ("A
// good answer ..."), a hedge ("same, but ...", "a or b"), a denial ("a is wrong") and a text over 400 bytes are none.
JudgeWord read_judge_word(std::string_view text);

}  // namespace weir::wire
