// Earlier questions with their answers put before a request's own question, as turns of the conversation that its model
// is shown: the caller's bytes stay as they are, the turns are spliced in before the last message.
// Thread rule: pure functions. Limits: the caller's number and length of turns.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "wire/chat_request.h"

namespace weir::wire {

struct ExampleTurn {
    std::string_view question, answer;
};

// Whether that can be done: one question of one text and nothing else in its message, no earlier turns, no tools, one
// choice.
bool takes_examples(const ChatRequest& request);

// The request's body with `turns`, in this order. Only for requests that take examples.
std::string with_examples(const ChatRequest& request, std::span<const ExampleTurn> turns);

}  // namespace weir::wire
