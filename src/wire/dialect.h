// The seam of the inbound APIs. Inside, every request is an OpenAI chat request and every answer a chat body or a chat
// stream; a Dialect turns what a caller of another API sends into that, and what it is answered into its own form. So
// all APIs share caches, flights, gates and tasks: the key of an entry is that of the chat request.
// A caller of /v1/chat/completions has no dialect (nullptr), and nothing of this is on its path.
// What chat can't express is refused with the member's name; what is left out on purpose stands in docs/dialects.md.
// Values that are passed on are spliced as they are spelled (numbers, escapes, order of members).
// Thread rule: dialects have no state, any thread; an Echo and a StreamTranslator belong to one request.
// Limits: a chat body is at most kMaxGrowth times as large as the request it was made of; a stream's events as
// ChatStream's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/sse.h"
#include "json/span.h"
#include "wire/errors.h"
#include "wire/usage.h"

namespace weir::wire {

constexpr std::size_t kMaxGrowth = 8;

// What the answer needs of the request.
struct Echo {
    // Set by the gateway, before the request is read.
    std::string request_id;           // 16 hexadecimal digits, unique: for ids that a chat answer doesn't bring
    std::int64_t created_unix_s = 0;  // when the request came

    // Set by request_to_chat().
    std::string_view body;  // the caller's own bytes; outlive the answer
    std::string notes;      // whatever else the dialect keeps of the request, in a form of its own
};

// A chat stream, turned into the caller's as it passes.
class StreamTranslator {
  public:
    virtual ~StreamTranslator() = default;

    // Takes bytes of a chat stream as ChatStream::feed() lets them out (cut anywhere), and appends whole events.
    // Comments pass as they are. An error event of the upstream's becomes one of the API's own, after which nothing
    // comes. Error protocol, too_large: what came is no chat stream, or can't be told in this API; then break_off()
    // ends it. The [DONE] of an answer that isn't whole (no finish_reason) is such an error: nothing ends cleanly that
    // was cut.
    virtual Result<void> feed(std::string_view chat_events, std::string& out) = 0;

    // The caller has had events of the API from elsewhere, the provider's own: break_off() goes on from them. The data
    // of the first and of the last one, not checked; empty: not kept.
    virtual void go_on_after(const std::string& /*first*/, const std::string& /*last*/) {}

    // Appends the API's own error event, unless it had one already or a clean end; nothing comes after it.
    virtual void break_off(const ApiError& error, std::string& out) = 0;
};

class Dialect {
  public:
    virtual ~Dialect() = default;

    // "anthropic.messages", "openai.responses", "openai.completions".
    virtual std::string_view name() const = 0;

    // Appends the chat request that asks the same; parse_chat_request() checks what is left to check (model, messages'
    // form). Never adds stream_options: the gateway asks for a stream's usage where the provider knows how.
    // Error invalid: the message is for the caller, `error_param` names the member ("messages.0.content.1.source").
    virtual Result<void> request_to_chat(std::string_view body, std::string& error_param, std::string& chat_body,
                                         Echo& echo) const = 0;

    // Appends the answer as a body. `chat_body` was read by read_chat_answer(), so it has choices with messages.
    // Error protocol: it can't be told in this API (502 for the caller).
    virtual Result<void> body_from_chat(std::string_view chat_body, const Echo& echo, std::string& out) const = 0;

    // `usage`: that of the answer, where it is known before the stream begins (a cached one's). The stream brings a
    // usage chunk at its end where the provider sends one, whether or not the caller asked. `echo` outlives the
    // translator.
    virtual std::unique_ptr<StreamTranslator> stream_from_chat(const Echo& echo,
                                                               const std::optional<Usage>& usage) const = 0;

    // The body of an error; `request_id` as Echo's.
    virtual std::string render_error(const ApiError& error, std::string_view request_id) const = 0;

    // The answer's header for the request's id, and what stands before Echo's digits in it; empty: none.
    struct IdHeader {
        std::string_view name, prefix;
    };
    virtual IdHeader id_header() const { return {}; }
};

// A complete chat body as the stream a caller of that API would have got, appended to `out` (nothing after an error).
Result<void> body_to_dialect_stream(const Dialect& dialect, std::string_view chat_body, const Echo& echo,
                                    std::string& out);

// What the translators have in common: splits the chat stream, lets comments pass, checks each chunk's JSON, knows
// errors and [DONE].
class ChunkReader : public StreamTranslator {
  public:
    Result<void> feed(std::string_view chat_events, std::string& out) final;
    void break_off(const ApiError& error, std::string& out) final;

  protected:
    // A chunk, well-formed; `chunk` is valid during the call. Errors as feed()'s.
    virtual Result<void> on_chunk(std::string_view chunk, std::string& out) = 0;
    // To be called in on_chunk: this chunk says nothing but one text, whose inside (without quotes) is `text` of it.
    // Chunks that differ from it in that alone come to on_text() unread, as most of a stream does.
    void says_only(std::string_view chunk, json::Span text);
    virtual Result<void> on_text(std::string_view /*raw_inside*/, std::string& /*out*/) { return {}; }
    // [DONE] came: the events that end the answer.
    virtual Result<void> on_done(std::string& out) = 0;
    // The error event. Called once, and nothing is called after it.
    virtual void on_error(const ApiError& error, std::string& out) = 0;

  private:
    Result<void> take(const http::SseSplitter::Event& event, std::string& out);
    std::optional<std::string_view> text_of_alike(std::string_view data) const;

    http::SseSplitter splitter_;
    std::string before_, behind_;  // what stands around the text in chunks that say only that, quotes included
    bool ended_ = false;           // by [DONE] or an error event
};

}  // namespace weir::wire
