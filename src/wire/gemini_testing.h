// For tests of the Gemini form: traces in Google's spelling, and ways through the form.
// Thread rule: pure functions and plain values.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "json/scan.h"
#include "wire/chat_answer.h"
#include "wire/gemini_form.h"

namespace weir::wire::testing {

inline ProviderExchange gemini_exchange(std::string model = "gemini-2.5-flash") {
    ProviderExchange exchange;
    exchange.request_id = "00000000000000ab";
    exchange.created_unix_s = 77;
    exchange.model = std::move(model);
    return exchange;
}

struct Said {
    std::string body;  // empty: refused
    std::string error, param;
    std::vector<std::string> dropped;
};

inline Said said_to_gemini(std::string_view chat, std::string model = "gemini-2.5-flash", bool drop = false) {
    ProviderExchange exchange = gemini_exchange(std::move(model));
    exchange.drop_unsupported = drop;
    Said said;
    const Result<void> done = gemini_form().request_from_chat(chat, said.param, exchange, said.body);
    if (!done) {
        CHECK(done.error().code == ErrorCode::invalid);
        said.error = done.error().message;
        CHECK(said.body.empty());
    } else {
        std::vector<json::Member> members;
        CHECK_MESSAGE(json::members(said.body, members), said.body);
    }
    said.dropped = exchange.dropped;
    return said;
}

// The raw value at a path ("generationConfig.topK", "contents.0.parts"), or "".
inline std::string at(std::string_view document, std::string_view path) {
    json::Span span{0, document.size()};
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('.'), path.size());
        const std::string_view step = path.substr(0, end);
        path.remove_prefix(std::min(end + 1, path.size()));
        if (json::is_array(span.of(document))) {
            std::vector<json::Span> elements;
            json::elements_within(document, span, elements);
            const std::size_t index = std::stoul(std::string(step));
            if (index >= elements.size()) return "";
            span = elements[index];
            continue;
        }
        const auto found = json::find_member(document, span, step);
        if (!found) return "";
        span = *found;
    }
    return std::string(span.of(document));
}

inline std::string chat_of(std::string_view answer, std::string model = "gemini-2.5-flash") {
    std::string out;
    const Result<void> done = gemini_form().body_to_chat(answer, gemini_exchange(std::move(model)), out);
    REQUIRE_MESSAGE(done, done.error().message);
    const Result<ChatAnswer> read = read_chat_answer(out);
    REQUIRE_MESSAGE(read, out);
    return out;
}

struct Streamed {
    std::string events;
    std::optional<Error> error;  // the first
    bool done = false;           // [DONE] came
};

inline Streamed stream_of(const std::vector<std::string_view>& pieces, const ProviderExchange& exchange) {
    const auto stream = gemini_form().stream_to_chat(exchange);
    Streamed out;
    for (const std::string_view piece : pieces) {
        const std::string bytes(piece);  // gone behind the call
        const Result<void> fed = stream->feed(bytes, out.events);
        if (fed) continue;
        out.error = fed.error();
        break;
    }
    if (!out.error) {
        const Result<void> ended = stream->end(out.events);
        if (!ended) out.error = ended.error();
    }
    out.done = out.events.ends_with("data: [DONE]\n\n");
    return out;
}

// What a client of chat puts together of a stream.
inline std::string assembled(std::string_view events) {
    ChatStream chat({.keep = true});
    std::string relayed;
    const Result<void> fed = chat.feed(events, relayed);
    REQUIRE_MESSAGE(fed, fed.error().message);
    CHECK(chat.done());
    const Result<std::string> body = chat.body();
    REQUIRE_MESSAGE(body, body.error().message);
    return *body;
}

}  // namespace weir::wire::testing
