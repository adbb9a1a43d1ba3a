// What an answer says, as plain text: for comparing two answers.
// Thread rule: pure function. Limits: those of json/scan.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::wire {

// The first choice's content of a chat completion's body, unescaped; the text parts joined where it is an array of
// parts. Nothing where the body is no chat completion, or the choice calls tools or a function, refuses (a non-empty
// `refusal`) or has no content.
std::optional<std::string> answer_text(std::string_view body);

}  // namespace weir::wire
