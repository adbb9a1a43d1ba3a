// Anthropic Messages, POST /v1/messages: its requests as chat requests, chat's answers as its messages, streams and
// errors. What becomes of each member stands in docs/dialects.md.
// Thread rule and limits: dialect.h.
#pragma once

#include <string>
#include <string_view>

#include "json/span.h"
#include "wire/dialect.h"

namespace weir::wire {

const Dialect& anthropic_messages();

// Parts of it, each in a file of its own.
namespace messages {

Result<void> request_to_chat(std::string_view body, std::string& error_param, std::string& chat_body, Echo& echo);
Result<void> body_from_chat(std::string_view chat_body, const Echo& echo, std::string& out);
std::unique_ptr<StreamTranslator> stream_from_chat(const Echo& echo, const std::optional<Usage>& usage);
std::string render_error(const ApiError& error, std::string_view request_id);

// What bodies and streams are made of.
struct End {
    std::string finish;  // raw finish_reason
    std::string stop;    // raw stop_reason of the choice: vLLM's word for the stop sequence that was met
    std::string native;  // raw native_finish_reason: how the provider says it (OpenRouter's word)
    bool refused = false;
    bool called_tools = false;
};
// "stop_reason":..,"stop_sequence":..
void write_end(const End& end, const Echo& echo, std::string& out);
// {"input_tokens":..,...}; the cached tokens are not among the input tokens, unlike chat's.
void write_usage(const Usage& usage, std::string& out);
// What a `thinking_blocks` (LiteLLM's word) has: thoughts that can be given back to the provider they are from.
bool is_signed_thought(std::string_view document, json::Span block);
// The message up to its content, without it: {"id":..,"type":"message","role":"assistant","model":..
void write_head(std::string_view raw_id, std::string_view raw_model, const Echo& echo, std::string& out);
// A tool call's id: the model's, or one made of the request's and the call's number.
std::string call_id(std::string_view raw_id, const Echo& echo, std::size_t number);

}  // namespace messages

}  // namespace weir::wire
