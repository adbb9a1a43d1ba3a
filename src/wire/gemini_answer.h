// Internal to the Gemini form: what one candidate of a body, or of a chunk of a stream, says in chat's words.
// Thread rule: plain values and pure functions. Limits: kMaxCandidates, kMaxCalls.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/scan.h"
#include "wire/provider_form.h"
#include "wire/usage.h"

namespace weir::wire::gemini {

constexpr std::int64_t kMaxCandidates = 128;
constexpr std::size_t kMaxCalls = 1024;  // of one candidate

// Views are of the document.
struct Candidate {
    std::int64_t index = 0;
    std::string text, thought;  // as spelled, without quotes, joined
    std::string calls;          // elements of tool_calls, joined by commas
    std::string images;         // elements of `images`
    std::size_t call_count = 0;
    std::string_view signature;  // of a part that is no call; raw
    std::string_view finish, finish_message;
    json::Span content, logprobs, grounding, citations;
    json::Span only_text;  // the inside of the text, where it is all that is said
    bool only_is_thought = false;
};

struct CallNames {
    std::string_view request_id;
    std::size_t before = 0;  // calls that the candidate had before
    bool numbered = false;   // in a stream, each has its index
};

// All but what its parts say. `at`: the candidate; `position`: in its list. Error protocol: it is none.
Result<void> read_candidate(json::Walk& at, std::int64_t position, Candidate& out);
// Its parts. Error protocol: one says what chat can't tell; too_large.
Result<void> read_parts(std::string_view document, CallNames names, Candidate& out);

// "stop", "length", "content_filter" or, with calls, "tool_calls". Error protocol: what the model said is broken, by
// its own account.
Result<std::string_view> finish_reason(std::string_view raw_finish, bool has_calls);
// Appends ,"native_finish_reason":".." where the other says less.
void append_native_finish(std::string_view raw_finish, std::string& out);

// What is told in place of an answer that was withheld; raw `reason` and `message` may be empty.
void append_refusal(std::string_view what, std::string_view reason, std::string_view message, std::string& out);

// Chat's `logprobs`, or null.
void append_logprobs(std::string_view document, json::Span result, std::string& out);

// {"google":{...}} of what is given; raw.
void append_extra_content(std::string_view signature, std::string_view grounding, std::string_view citations,
                          std::string& out);

// Elements of chat's `annotations`, joined by commas: which of the candidate's text each source is for. Positions are
// code points of the text. Sources that stand nowhere in it are in the metadata alone.
std::string annotations_of(std::string_view document, json::Span grounding, std::string_view raw_inside);
// Searches that a candidate's metadata name.
std::uint32_t searches_in(std::string_view document, json::Span grounding);
// Of so many in an answer: those that are paid for. Before Gemini 3 an answer's searches cost as one.
std::uint32_t billed_searches(std::string_view model, std::uint32_t count);

// Members of every chat body and chunk, from "id" to "model", without a brace.
void append_head(std::string_view raw_id, std::string_view raw_model, std::string_view object,
                 const ProviderExchange& exchange, std::string& out);

// blockReason and its message; empty: none.
struct Block {
    std::string_view reason, message;
};
Block block_in(std::string_view document, json::Span prompt_feedback);

}  // namespace weir::wire::gemini
