// What makes an answer no answer: nothing that may stand for another model's.
// Thread rule: pure functions. Limits: those of answer_form.h and text/refusal.h; of several choices the first is read.
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/chat_answer.h"

namespace weir::wire {

// In the ledger (store/step.h): added at the end.
enum class AnswerFlaw : std::uint8_t {
    none,
    empty,      // neither text nor calls
    cut_short,  // not finished by itself: length, content filter
    refused,    // by the API's own member, or in words
    malformed,  // not of the form that the request demands
};
inline constexpr std::uint8_t kAnswerFlaws = 5;
std::string_view to_string(AnswerFlaw flaw);

// `body` was read as `read`; `response_format` as for has_demanded_form(). Calls of tools are answers.
AnswerFlaw flaw_of(std::string_view response_format, const ChatAnswer& read, std::string_view body);

}  // namespace weir::wire
