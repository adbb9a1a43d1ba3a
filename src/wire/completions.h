// OpenAI's legacy Completions (POST /v1/completions), translated into chat and back: the prompt becomes the one message
// of a user. That is no continuation of a text, which chat models do not do; docs/dialects.md says what it means.
// Thread rule and limits: dialect.h; at most kMaxChoices choices.
#pragma once

#include "json/span.h"
#include "wire/dialect.h"

namespace weir::wire {

constexpr std::size_t kMaxChoices = 128;

const Dialect& completions_dialect();

// The parts of it. `include_usage`: the caller wants a stream's usage.
Result<void> completion_to_chat(std::string_view body, std::string& error_param, std::string& chat_body,
                                bool& include_usage);
Result<void> completion_from_chat(std::string_view chat_body, const Echo& echo, std::string& out);

// The log-probabilities of a chat choice in the legacy shape, appended: tokens, token_logprobs, top_logprobs (of each
// token its own, too) and text_offset in code points of the text, of which `offset` came before and is moved on.
// "null" where there are none.
void append_legacy_logprobs(std::string_view document, json::Span logprobs, std::size_t& offset, std::string& out);

}  // namespace weir::wire
