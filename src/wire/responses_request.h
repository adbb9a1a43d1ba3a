// POST /v1/responses: the chat request that asks the same, and what the answer repeats of the request.
// docs/dialects.md has the table of what becomes of each member; what is not in it is refused by its name.
// Thread rule: pure functions. Limits: 256 top-level members; sizes as dialect.h.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "json/span.h"
#include "wire/strict_object.h"

namespace weir::wire {

// Appends the chat request to `chat_body` and sets `echo` to the members that a response object repeats of its request
// ("instructions":..,"tools":.., without braces, on one line). Error invalid: as Dialect::request_to_chat();
// `error_param` names the member as OpenAI does ("input[0].content[1].file_url").
Result<void> responses_to_chat(std::string_view body, std::string& error_param, std::string& chat_body,
                               std::string& echo);

// Appends the messages of chat that an `input` comes to, joined by commas; `comma`: one before the first, too.
// Error as above.
Result<void> responses_input_to_messages(StrictReader& reader, json::Span input, bool comma, std::string& out);

}  // namespace weir::wire
