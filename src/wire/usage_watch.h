// Reads the usage of an answer of any API that passes through as it is: chat, Completions, Responses, embeddings,
// images, transcriptions, moderations, rerankers, Anthropic's messages and count_tokens, Gemini. It looks and changes
// nothing: what it can't read it leaves out, and an answer that it found nothing in is one that reported nothing.
// docs/usage.md has the table. Bytes are plain: Weir asks no provider for a compressed answer.
// Thread rule: one watch an answer. Limits: one event is held at most, of max_event_bytes; bodies are read in place
// (a JSON array of events, as Gemini sends without alt=sse: copied once).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "http/sse.h"
#include "json/span.h"
#include "wire/usage.h"

namespace weir::wire {

class UsageWatch {
  public:
    // response.completed repeats the whole answer, so an event may be as large as a body.
    static constexpr std::size_t kMaxEventBytes = 16u << 20;

    explicit UsageWatch(std::size_t max_event_bytes = kMaxEventBytes) : splitter_(max_event_bytes) {}

    // A whole body.
    void body(std::string_view text);
    // Bytes of an event stream, cut anywhere. Error too_large, which lasts: an event over the limit; usage() stays what
    // it was.
    Result<void> feed(std::string_view bytes);

    // reported = false: nothing was found so far. An answer that costs nothing (counted tokens) is reported, with no
    // tokens.
    const Usage& usage() const { return usage_; }

  private:
    struct Found;

    void take_event(std::string_view data);
    void take(std::string_view document, json::Span object);
    void take_anthropic(std::string_view document, const Found& found);
    void take_response(std::string_view document, json::Span response);
    void take_gemini(std::string_view document, const Found& found);
    void take_usual(std::string_view document, json::Span object, const Found& found);
    void name_tier(std::string_view raw);

    http::SseSplitter splitter_;
    Usage usage_;
    bool first_ = true;
};

}  // namespace weir::wire
