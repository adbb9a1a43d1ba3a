// Usage objects in the shapes of the APIs, read into Usage's classes, and Usage in chat's shape. One place, whoever
// asks: bodies, streams, translated and passed through. Thread rule: pure functions. Limits: a count that is no number
// from 0 to 2^53 counts as absent.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "json/span.h"
#include "wire/usage.h"

namespace weir::wire {

// OpenAI's shape (chat, Completions) as compatible servers send it: details absent or null, floats, cached tokens in
// prompt_tokens_details.cached_tokens or (DeepSeek) prompt_cache_hit_tokens, reasoning in
// completion_tokens_details.reasoning_tokens; and what append_chat_usage() adds. Reasoning outside prompt + completion
// (total_tokens larger than their sum by exactly the reasoning tokens) is added to output. nullopt where it is null or
// no object.
std::optional<Usage> read_usage(std::string_view document, json::Span usage_object);

// Anthropic's shape, whose input_tokens are without the cached ones. Counts are cumulative over a stream, and an event
// may have only some of them: what it has takes the place of what `usage` had.
void merge_messages_usage(std::string_view document, json::Span usage_object, Usage& usage);

// Gemini's usageMetadata: promptTokenCount has the cached ones among it; thoughts stand outside candidates, and what
// Gemini's own tools brought outside the prompt, unless totalTokenCount says otherwise.
std::optional<Usage> read_gemini_usage(std::string_view document, json::Span usage_object);

// {"prompt_tokens":..,"completion_tokens":..,"total_tokens":..,"prompt_tokens_details":{"cached_tokens":..},...}, so
// that read_usage() of it is `usage` again: what OpenAI has no word for stands under Anthropic's names beside them
// (cache_creation_input_tokens, cache_creation.ephemeral_1h_input_tokens, server_tool_use.web_search_requests).
void append_chat_usage(const Usage& usage, std::string& out);

}  // namespace weir::wire
