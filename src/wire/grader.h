// What a grader of the owner's own is asked about an answer (a webhook), and what it says. Thread rule: pure functions.
// Limits: texts as for a judge (judge_question.h), the grader's answer kGraderBytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/judge_question.h"

namespace weir::wire {

inline constexpr std::size_t kGraderBytes = std::size_t{64} << 10U;

// {"task":"16 hexadecimal digits","system":...,"question":...,"reference":...,"answer":...}: `pair.a` is the
// reference's answer. Errors as check_judged().
Result<std::string> render_grader_question(std::uint64_t task, const JudgedPair& pair);

// {"verdict": "same"|"better"|"worse"}: the answer's, beside the reference's; or {"score": 0 to 1}, of which half is
// enough to be as good. As a judge's word: `a` is the reference, so worse is `a`. none: it says nothing of that kind.
JudgeWord read_grader_word(std::string_view body);

}  // namespace weir::wire
