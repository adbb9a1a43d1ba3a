// Usage objects in the shapes of the APIs, read into Usage's classes, and Usage in chat's shape. One place, whoever
// asks: bodies, streams, translated and passed through; docs/usage.md has the table of shapes. Thread rule: pure
// functions. Limits: a count that is no number counts as absent, a negative one as 0, one beyond 10^12 as that
// (pieces: 10^9); fractions are rounded.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "json/span.h"
#include "wire/usage.h"

namespace weir::wire {

// OpenAI's shapes (chat, Completions, Responses, embeddings, images, transcriptions) as compatible servers send them,
// and what append_chat_usage() adds: details absent or null, floats, the same count under other names, cached tokens
// outside the prompt, reasoning outside the completion. nullopt where it is null or no object.
std::optional<Usage> read_usage(std::string_view document, json::Span usage_object);

// A later report of the same answer, as streams have them: counts are cumulative, so the later one holds, but for what
// it does not say (no details, no input, nothing at all).
void update_usage(Usage& usage, const Usage& later);

// The usage of a chat body or chunk, brought into `usage` by update_usage(): `usage`, or where that tells nothing
// `x_groq.usage` (Groq) and `choices[].usage` (Moonshot). False: there is none.
bool read_chat_usage(std::string_view document, json::Span object, Usage& usage);
// The same of an object whose members are known; absent ones are empty.
struct UsagePlaces {
    json::Span usage, choices, groq;
};
bool read_chat_usage(std::string_view document, const UsagePlaces& places, Usage& usage);

// Anthropic's shape, whose input_tokens are without the cached ones. Counts are cumulative over a stream, and an event
// may have only some of them: what it has takes the place of what `usage` had, unless that was more (servers of others
// end with zeros). Where there are `iterations`, what they sum up to holds if it is more.
void merge_messages_usage(std::string_view document, json::Span usage_object, Usage& usage);

// Gemini's usageMetadata: promptTokenCount has the cached ones among it; thoughts stand outside candidates, and what
// Gemini's own tools brought outside the prompt, unless totalTokenCount says otherwise.
std::optional<Usage> read_gemini_usage(std::string_view document, json::Span usage_object);

// The name of a service tier as the APIs spell it ("default", "flex", "ON_DEMAND_PRIORITY"), a raw JSON value.
// nullopt: null, or no string.
std::optional<ServiceTier> read_service_tier(std::string_view raw);

// {"prompt_tokens":..,"completion_tokens":..,"total_tokens":..,"prompt_tokens_details":{"cached_tokens":..},...}, so
// that read_usage() of it is `usage` again: what OpenAI has no word for stands under other providers' names beside them
// (cache_creation_input_tokens, cache_creation.ephemeral_1h_input_tokens, server_tool_use.web_search_requests, cost).
void append_chat_usage(const Usage& usage, std::string& out);

}  // namespace weir::wire
