// POST /v1/chat/completions, OpenAI's form: what Weir's decisions read of it, as spans of the caller's bytes.
// Everything else passes through unread.
// Thread rule: a ChatRequest is a view of the body it was parsed from; one request, one thread.
// Limits: body size is the HTTP server's; 256 top-level members; messages and tools are not copied.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "json/scan.h"
#include "json/span.h"

namespace weir::wire {

// The last messages that are no system messages, and how many there are.
struct RecentTurns {
    static constexpr std::size_t kKept = 8;
    enum class Role : std::uint8_t { user, assistant, tool, other };
    struct Turn {
        Role role = Role::other;
        bool calls = false;  // has tool calls
        json::Span content;  // as it stands there; empty: none
    };
    std::size_t count = 0, by_user = 0, by_tool = 0;

    std::size_t kept() const { return count < kKept ? count : kKept; }
    const Turn& back(std::size_t index) const {
        return ring_[(count - 1 - index) % kKept];
    }  // 0: the last; below kept()
    void add(const Turn& turn) {
        by_user += turn.role == Role::user;
        by_tool += turn.role == Role::tool;
        ring_[count++ % kKept] = turn;
    }

  private:
    std::array<Turn, kKept> ring_;
};

struct ChatRequest {
    std::string_view body;              // the caller's own bytes
    std::vector<json::Member> members;  // top level, in order

    std::string model;
    json::Span model_value;
    bool stream = false;
    bool include_usage = false;  // stream_options.include_usage
    bool logprobs = false;
    std::optional<double> temperature;  // absent and null alike: nothing
    std::int64_t n = 1;
    bool has_tools = false;   // tools or functions, not empty
    std::string system_text;  // system and developer messages' text, joined by '\n'; for the task digest
    // The last message's text, as a JSON string with its quotes, where that message is the user's and has just one
    // text; else empty. And the turns before it (from the first that is no system message), else empty.
    json::Span question;
    json::Span history;
    // All turns, from the first message that is no system message to the last one; and those before the assistant's
    // last: the turns of the request that it answered. Empty: none.
    json::Span turns;
    json::Span answered;
    RecentTurns recent;

    void clear();  // keeps its memory
};

// Error: code invalid, message says what and where, ready for the caller ("'messages' must be a non-empty array").
// Refused: no JSON object, malformed anywhere, duplicates of any member that is read here (also escaped spellings),
// model absent/empty/over 256 bytes/not printable ASCII, messages absent or no array or empty, elements of messages
// that are no objects or have two of role or content, stream/logprobs/stream_options.include_usage no boolean (null
// allowed), temperature no number and n no integer (null allowed), stream_options no object (null allowed), over 256
// members. `error_param` is set to the offending parameter ("model"), for the error form.
Result<ChatRequest> parse_chat_request(std::string_view body, std::string& error_param);
// The same into a ChatRequest that is used again: its memory is kept, its contents are not. Unspecified after an error.
Result<void> parse_chat_request(std::string_view body, std::string& error_param, ChatRequest& out);

// At which answers of one model to one question differ where the model is not certain.
inline constexpr std::string_view kSampleTemperature = "0.7";

// What an upstream is sent: the caller's bytes, changed in named spans alone. The model's value is left as it is
// spelled where the name is the same. force_body: where the caller asked for a stream, `stream` becomes false and
// stream_options goes. Appends to `out`.
struct UpstreamForm {
    std::string_view model;  // the upstream's name for the model
    enum class Stream { as_asked, force_body } stream = Stream::as_asked;
    bool add_include_usage = false;  // a stream without include_usage gets it (the answer's usage chunk is then hidden)
    bool add_logprobs = false;       // a judged tier is asked with "logprobs": true where the caller did not
    // Another answer is wanted than the first: at kSampleTemperature where the request has no temperature or 0, and
    // without its seed.
    bool vary = false;
};
void render_upstream_body(const ChatRequest& request, const UpstreamForm& form, std::string& out);

// The canonical request for the exact cache: SHA-256 over the members sorted by key (bytewise, stable), each as
// length-prefixed key (as spelled, without its quotes) and length-prefixed minified value. Left out: the members of
// kUncachedMembers. Everything else is in, spelled as the caller spelled it, `model` too. `scope` goes before them, so
// that one digest is the whole key: tenant, API and upstream identity (tiers::append_scope).
// Spelling::neutral: the question counts by its neutral spelling (neutral.h), unless the history is about spelling; of
// the prompt the caller knows that already (PromptMemo).
enum class Spelling : std::uint8_t { as_is, neutral };
Digest256 canonical_digest(const ChatRequest& request, std::string_view scope = {},
                           Spelling spelling = Spelling::as_is);

// The question, unescaped. Nothing where there is none, or an empty one, or one that UTF-8 can't tell exactly (an
// escaped lone surrogate).
std::optional<std::string> question_text(const ChatRequest& request);

// What a message's content says, in an excerpt (json::append_excerpt): the one string, or the first text of its parts.
// Appended to `out`; how many bytes it has as it is spelled.
std::size_t append_content(const ChatRequest& request, json::Span content, std::size_t most_bytes, std::string& out);

// canonical_digest() of everything but the question: what has to be equal for the semantic cache. No partition is a key
// of the exact cache. Only for requests that have a question.
Digest256 partition_digest(const ChatRequest& request, std::string_view scope);

// Members that do not change the answer's text: delivery (stream, stream_options), accounting (user, metadata,
// safety_identifier), provider-side hints (store, prompt_cache_key, prompt_cache_retention, service_tier).
extern const std::vector<std::string_view> kUncachedMembers;

// What makes a task: the system text and the raw values of tools, functions and response_format (empty: absent or
// null).
struct PromptParts {
    std::string_view system_text, tools, functions, response_format;
};
PromptParts prompt_parts(const ChatRequest& request);

// Digest over these parts, white space outside strings left out: with tenant and reference model it names the task.
std::uint64_t prompt_digest(const PromptParts& parts);
std::uint64_t prompt_digest(const ChatRequest& request);

}  // namespace weir::wire
