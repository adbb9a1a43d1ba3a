// Answers of /v1/responses: the response object and its output items, and a chat body as one.
// An answer has the same ids as a body and as a stream: they come from the chat answer's id.
// Thread rule: pure functions and plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/scan.h"
#include "wire/dialect.h"
#include "wire/errors.h"
#include "wire/usage.h"

namespace weir::wire {

// What a chat body or its chunks say about the answer as a whole: raw values, of each member the first that says
// something.
class ResponseHead {
  public:
    explicit ResponseHead(const Echo& echo) : echo_(echo) {}

    void take(std::string_view key, std::string_view raw);
    // "msg" -> "msg_abc" where the chat answer is called chatcmpl-abc; `ordinal` from 1: "msg_abc_1".
    std::string id(std::string_view kind, std::size_t ordinal = 0) const;

    enum class Status : std::uint8_t { in_progress, completed, cut, filtered, failed };
    // The response object; `output`: its items, joined by commas; `error`: where it failed.
    void write(Status status, std::string_view output, const std::optional<Usage>& usage, const ApiError* error,
               std::string& out) const;

    // What a finish_reason comes to; nothing where it is null or no string.
    static std::optional<Status> status_of(std::string_view raw_finish_reason);

  private:
    const Echo& echo_;
    std::string name_;  // the chat answer's id as far as it can be used
    std::string created_, model_, service_tier_;
};

// Items and parts as JSON. `text`, `name`, `call_id` are raw strings, with their quotes; `whole`: the status is
// completed, else incomplete.
namespace response_item {

std::string text_part(std::string_view text, std::string_view annotations, std::string_view logprobs);
std::string refusal_part(std::string_view text);
std::string reasoning_part(std::string_view text);
std::string message(std::string_view id, std::string_view status, std::string_view parts);
std::string reasoning(std::string_view id, std::string_view status, std::string_view parts);
struct Call {
    bool custom = false;
    std::string call_id, name, arguments;
};
std::string call(std::string_view id, std::string_view status, const Call& call);
std::string_view status(ResponseHead::Status status);  // of an item that ends with the answer

// Appends a chat annotation as the one of a text part.
void append_annotation(std::string_view document, json::Span annotation, std::string& out);

}  // namespace response_item

// {"input_tokens":..,"output_tokens":..,"total_tokens":..} with their details.
void append_response_usage(const Usage& usage, std::string& out);

// responses_stream.cpp: a chat stream as a stream of events. `echo` outlives it.
std::unique_ptr<StreamTranslator> response_stream(const Echo& echo);

// The first choice of a chat body as a response object. Error protocol: it has no finish_reason, or holds what can't be
// told.
Result<void> response_from_chat(std::string_view chat_body, const Echo& echo, std::string& out);

}  // namespace weir::wire
