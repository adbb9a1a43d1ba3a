// Part of anthropic_form.h: the conversation of a chat request as Messages' `system` and `messages`.
#pragma once

#include <string>

#include "wire/strict_object.h"

namespace weir::wire::anthropic {

// `system`: the text blocks of all system and developer messages, as the value of the member: a string where it is one
// text, an array, or empty. `messages`: the array. Both are appended to. Errors: StrictReader's.
Result<void> write_conversation(StrictReader& in, json::Span messages, std::string& system, std::string& out);

// A chat tool's id in the letters that Messages allows, [A-Za-z0-9_-]: others become '_', in calls and results alike.
// With its quotes.
void append_tool_id(std::string_view raw, std::string& out);

}  // namespace weir::wire::anthropic
