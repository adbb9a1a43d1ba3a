// Ends a stream in the midst of an answer as its API ends one that has come to its limit on tokens (max_tokens): for a
// stream that costs more than may be spent. What the end has to repeat (ids, model, the number of the last event, what
// was said of an item that is open) is taken from the stream itself, whoever made it. Events like the one before but
// for their text are passed over by comparing bytes (EventPattern). Thread rule: one stream, one thread. Limits: of an
// answer in Responses kMaxKeptBytes are repeated; beyond that its end says none of it. A stream with an event over
// kMaxEventBytes can't be ended.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/sse.h"
#include "json/span.h"
#include "wire/event_pattern.h"
#include "wire/usage.h"

namespace weir::wire {

class StreamEnding {
  public:
    static constexpr std::size_t kMaxKeptBytes = 4u << 20;
    static constexpr std::size_t kMaxEventBytes = 4u << 20;

    virtual ~StreamEnding() = default;

    // What the caller has had, cut anywhere.
    void feed(std::string_view bytes);
    // Appends the last events, behind whole ones. False, and nothing is appended: the stream has not begun, or said
    // already how it ends.
    bool end(const Usage& usage, std::string& out);

  protected:
    enum class State { waiting, open, ended };

    // An event that has data, not checked; State::ended: nothing more has to be known.
    virtual State take(const http::SseSplitter::Event& event, State state) = 0;
    virtual void append_end(const Usage& usage, std::string& out) = 0;
    // Behind take() of an event with this data: whether taking another one changes nothing more that differs from it in
    // strings alone, none of them in this span of the data (empty: wherever they are). nullopt: it might.
    virtual std::optional<json::Span> telling(std::string_view data) const = 0;

  private:
    static constexpr unsigned kMaxLessons = 32;  // attempts in a stream to learn what its events have in common

    std::size_t alike(std::string_view bytes) const;
    void learn(const http::SseSplitter::Event& event);

    http::SseSplitter splitter_{kMaxEventBytes};
    State state_ = State::waiting;
    EventPattern pattern_;      // of the last event that was taken, and the one before
    std::string name_line_;     // that stands before pattern_
    std::string learned_from_;  // the last event that was taken; empty: nothing can be learned from it
    unsigned lessons_left_ = kMaxLessons;
};

// By the name of its dialect or form ("anthropic.messages", "openai.responses", "openai.completions"), or
// "openai.chat". nullptr: no such API is known. `with_usage`: the caller asked chat or Completions for it.
std::unique_ptr<StreamEnding> ending_of(std::string_view api, bool with_usage);

// The other APIs' parts of ending_of().
std::unique_ptr<StreamEnding> messages_ending();
std::unique_ptr<StreamEnding> responses_ending();

}  // namespace weir::wire
