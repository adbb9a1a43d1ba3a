// The seam of the outbound APIs, the mirror of wire/dialect.h. Inside, every request is an OpenAI chat request and
// every answer a chat body or a chat stream; a ProviderForm says a chat request in the words of a provider's own API,
// and that API's answers as chat. A provider that speaks OpenAI's chat has no form (nullptr), and nothing of this is on
// its path. Where the caller speaks the provider's API itself (Dialect::name() is ProviderForm::name()) its own bytes
// go up and the provider's come down; the form then makes the chat answer beside them, for usage, caches and flights.
// What the provider's API can't express is refused with the member's name, or dropped and told where the configuration
// says so; docs/providers.md has the tables. Values that are passed on are spliced as they are spelled.
// Thread rule: forms have no state, any thread; a ProviderExchange and a ProviderStream belong to one request.
// Limits: a provider's body is at most kMaxGrowth (dialect.h) times as large as the chat request; events as
// http::SseSplitter.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "http/sse.h"
#include "wire/errors.h"
#include "wire/usage.h"

namespace weir::wire {

// What the two sides of one exchange with a provider need of each other.
struct ProviderExchange {
    // Set by the gateway, before the request is said.
    std::string request_id;           // 16 hexadecimal digits: for ids that the provider's answer doesn't bring
    std::int64_t created_unix_s = 0;  // when the request came
    std::string model;                // as the provider calls it
    bool stream = false;
    bool drop_unsupported = false;     // what can't be expressed is left out and noted, not refused
    std::optional<Tokens> max_output;  // by configuration, where the API wants a limit and the request has none

    // Set by request_from_chat().
    std::vector<std::string> dropped;  // names of members that were left out, for the caller's x-weir-dropped
    std::string notes;                 // whatever else the form keeps of the request, in a form of its own
};

// A provider's stream, turned into chat's as it passes.
class ProviderStream {
  public:
    virtual ~ProviderStream() = default;

    // Takes the provider's bytes (cut anywhere) and appends whole chat events. The stream ends with a chunk that has
    // the usage (choices empty; with all details that append_chat_usage() writes) and [DONE]; ids stay the same through
    // it. Comments and keep-alives come out as comments. An error event comes out as a chat error event, after which
    // nothing comes. Error protocol, too_large: what came is no stream of that API.
    virtual Result<void> feed(std::string_view bytes, std::string& chat_events) = 0;

    // The provider's body has ended. Appends what is still to be told, [DONE] too, where the API ends so. Error closed:
    // the answer isn't whole.
    virtual Result<void> end(std::string& chat_events) = 0;

    // What was counted so far, for a stream that is broken off; reported = false: nothing. Input may be told long
    // before output.
    virtual Usage so_far() const { return {}; }
};

class ProviderForm {
  public:
    virtual ~ProviderForm() = default;

    // "anthropic.messages", "gemini.generate_content"; a dialect's name where it is the same API.
    virtual std::string_view name() const = 0;

    // Appends the path below the provider's base URL: "/messages".
    virtual void append_path(const ProviderExchange& exchange, std::string& path) const = 0;

    // How the API wants its key, and the header lines that it wants besides ("anthropic-version: 2023-06-01\r\n"); each
    // of these is sent only where the caller has not sent that header itself.
    struct KeyHeader {
        std::string_view name, prefix;
    };
    virtual KeyHeader key_header() const = 0;
    virtual std::string_view head_lines() const { return {}; }

    // Appends the request that asks the same. `chat_body` is well-formed (parse_chat_request), has the provider's name
    // of the model and the `stream` that is wanted. Error invalid: the message is for the caller, `error_param` names
    // the chat member ("messages.0.content.1").
    virtual Result<void> request_from_chat(std::string_view chat_body, std::string& error_param,
                                           ProviderExchange& exchange, std::string& out) const = 0;

    // Appends the answer as a chat completion that read_chat_answer() takes. Error protocol: it is no answer of this
    // API.
    virtual Result<void> body_to_chat(std::string_view body, const ProviderExchange& exchange,
                                      std::string& chat_body) const = 0;

    // `exchange` outlives the stream.
    virtual std::unique_ptr<ProviderStream> stream_to_chat(const ProviderExchange& exchange) const = 0;

    // ---- where the caller speaks the API itself, and its own bytes go up

    // Whether the chat request that the caller's was turned into asks the same of the same model. Where it doesn't,
    // entries are kept apart from chat's, and no model is asked in chat in this one's place.
    virtual bool answers_as_chat() const { return true; }
    // Whether the answer to this request (well-formed) says all that it has to when it comes back from chat.
    virtual bool has_answer_in_chat(std::string_view /*body*/) const { return true; }
    // Whether a stream has its usage where stream_options.include_usage asks for it, and then as chat's streams have
    // it.
    virtual bool asks_usage_as_chat() const { return false; }
    // Whether this event (it has data) ends a stream: the last one of a whole answer, or an error. A stream without one
    // was cut, however well its bytes are framed. An API that has none: true for every event.
    virtual bool is_last_event(const http::SseSplitter::Event& /*event*/) const { return true; }

    // An error body, or one that says nothing known, with the provider's words and, where there is one for it, OpenAI's
    // type and code.
    virtual ApiError error_of(unsigned status, std::string_view body) const = 0;
};

// What names an event: its data's `type` (not checked), else its own name. Empty: nothing.
std::string event_type(const http::SseSplitter::Event& event);
// Whether it is an event "error", or has an `error` that is not null.
bool is_error_event(const http::SseSplitter::Event& event);

}  // namespace weir::wire
