// Part of anthropic_form.h: what bodies and streams have in common on their way into chat.
// Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "json/span.h"
#include "wire/provider_form.h"

namespace weir::wire::anthropic {

// How a message ended, raw.
struct End {
    std::string reason;    // stop_reason; empty: none yet
    std::string sequence;  // stop_sequence
    std::string details;   // stop_details
};
// Takes what `object` (a message, or the delta of a message_delta) says of it.
void read_end(std::string_view document, json::Span object, End& end);
// "finish_reason":..., and, where there is more to tell: "stop_reason" (the sequence that was met, as vLLM calls it),
// "native_finish_reason" (as OpenRouter calls it) where finish_reason does not tell, "stop_details".
void append_finish(const End& end, std::string& out);

// usage.service_tier in OpenAI's words, raw; empty: it tells none.
std::string_view service_tier_of(std::string_view document, json::Span usage);

// Unicode characters of a raw string, as OpenAI counts them in annotations. Surrogates count as one together.
std::size_t characters_of(std::string_view raw_inside);

// What a text cites that goes from one character of the answer to another.
struct Citations {
    std::string raw;          // as they are, elements of `citations`
    std::string annotations;  // those of the web, elements of OpenAI's `annotations`
};
// `raw_elements`: citations, joined by commas.
void add_citations(std::string_view raw_elements, std::size_t begin, std::size_t end, Citations& to);

// The error that an event or a body tells, in OpenAI's words. `status`: 0 where the type is all there is.
ApiError error_in(unsigned status, std::string_view document);

}  // namespace weir::wire::anthropic
