// Ends a stream in the midst of an answer as its API ends one that has come to its limit on tokens (max_tokens): for a
// stream that costs more than may be spent. What the end has to repeat (ids, model, the number of the last event, what
// was said of an item that is open) is taken from the stream itself, whoever made it.
// Thread rule: one stream, one thread. Limits: of an answer in Responses kMaxKeptBytes are repeated; beyond that its
// end says none of it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "http/sse.h"
#include "wire/usage.h"

namespace weir::wire {

class StreamEnding {
  public:
    static constexpr std::size_t kMaxKeptBytes = 4u << 20;

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

  private:
    http::SseSplitter splitter_;
    State state_ = State::waiting;
};

// By the name of its dialect or form ("anthropic.messages", "openai.responses", "openai.completions"), or
// "openai.chat". nullptr: no such API is known. `with_usage`: the caller asked chat or Completions for it.
std::unique_ptr<StreamEnding> ending_of(std::string_view api, bool with_usage);

// The other APIs' parts of ending_of().
std::unique_ptr<StreamEnding> messages_ending();
std::unique_ptr<StreamEnding> responses_ending();

}  // namespace weir::wire
