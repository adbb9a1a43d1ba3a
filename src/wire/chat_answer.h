// Answers of /v1/chat/completions in OpenAI's form: what Weir reads of a body or a stream, each turned into the other.
// Thread rule: pure functions; a ChatStream belongs to one request.
// Limits: an answer kept for the cache at most ChatStream::Options::max_kept_bytes; events as http::SseSplitter; a body
// made of a stream has indices below 1,024 and at most 256 different members an object.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/sse.h"
#include "json/span.h"
#include "wire/event_pattern.h"
#include "wire/usage.h"
#include "wire/usage_form.h"

namespace weir::wire {

struct Logprobs {
    double mean = 0;  // over all tokens of all choices; each is taken as 10,000 away from 0 at most
    double min = 0;
    std::int64_t tokens = 0;  // 0: the provider sent none
    // How far the likeliest token was before the second one, on the average over the tokens that came with both
    // (`top_logprobs`, which Weir does not ask for on its own behalf).
    double margin = 0;
    std::int64_t margins = 0;  // such tokens
};

struct ChatAnswer {
    std::string model;  // as the provider names it
    Usage usage;        // reported = false where the body has none
    Logprobs logprobs;
    bool finished = false;  // every choice has a finish_reason
    bool whole = false;     // ... and it is stop, tool_calls or function_call: not length, not content_filter
    bool refused = false;   // a choice has a non-null, non-empty `refusal`
    bool empty = false;     // a choice has neither content nor tool calls nor function call
};

// Reads a complete body. Error code protocol where it is no JSON object, has no non-empty `choices`, or a choice has no
// message object: such an answer must not be passed off as one.
Result<ChatAnswer> read_chat_answer(std::string_view body);

// The body with choices[].logprobs set to null: for answers that were asked for log-probabilities on Weir's behalf.
std::string without_logprobs(std::string_view body);

// A complete body as the stream a client would have got: a role chunk, a content chunk (tool calls, refusal, reasoning
// and unknown message members likewise, each once), a finish chunk for each choice, a usage chunk if asked for, [DONE].
// id, created, model, system_fingerprint and service_tier are kept. Choices' logprobs go with the content chunk.
Result<void> body_to_stream(std::string_view body, bool include_usage, std::string& out);

// Relays a stream event by event and reads it on the way.
class ChatStream {
  public:
    struct Options {
        bool hide_usage = false;  // usage was asked for on Weir's behalf: drop the usage-only chunk, and the `usage`
                                  // member of the others
        bool keep = false;        // keep the events, so that body() can be made of them
        std::size_t max_kept_bytes = 1u << 20;  // beyond: nothing is kept, body() fails with too_large
        std::size_t max_event_bytes = 4u << 20;
    };

    explicit ChatStream(const Options& options) : options_(options), splitter_(options.max_event_bytes) {}

    // Takes payload bytes as they came and appends whole events to `out`, as the caller is to see them: unchanged but
    // for hide_usage; comments and unknown events too. Nothing is appended after [DONE].
    // Error protocol: an event's data is neither a JSON object nor [DONE]; too_large: an event over the limit.
    Result<void> feed(std::string_view bytes, std::string& out);

    bool done() const { return done_; }      // [DONE] came
    bool failed() const { return failed_; }  // an event with an `error` member came (it was relayed)
    std::size_t pending() const { return splitter_.pending(); }
    std::uint64_t data_events() const { return data_events_; }  // chunks seen, without [DONE]
    // The last usage that came (cumulative counts are not added up), in `usage`, a choice or x_groq, with what earlier
    // ones said beyond it (update_usage), and the service tier that the first chunk or one with usage names;
    // reported = false where none came.
    const Usage& usage() const { return usage_; }
    // The complete answer as a body, from the kept events: choices in order, deltas joined (content, refusal,
    // reasoning_content, reasoning, tool_calls by index with their arguments joined, function_call), logprobs joined,
    // finish_reason, usage; other members of the first chunk kept. Error where the stream was not complete or not kept.
    Result<std::string> body() const;

  private:
    static constexpr unsigned kMaxLessons = 32;  // attempts in a stream to learn what its events have in common

    Result<void> take(const http::SseSplitter::Event& event, std::string& out);
    void take_alike(std::string& out);
    void take_tier(std::optional<ServiceTier> tier);
    void learn(const http::SseSplitter::Event& event, std::string_view data, json::Span removed);
    void keep(std::string_view data);

    Options options_;
    http::SseSplitter splitter_;
    Usage usage_;
    std::string kept_;  // the data of each chunk, '\n' after each
    bool kept_too_large_ = false;
    EventPattern pattern_;
    std::string learned_from_;  // the last event that was read and that a pattern may be learned from
    unsigned lessons_left_ = kMaxLessons;
    bool done_ = false;
    bool failed_ = false;
    std::uint64_t data_events_ = 0;
};

}  // namespace weir::wire
