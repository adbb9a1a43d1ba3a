// Chat requests on their way into Anthropic's form, and its bodies and streams on their way into chat, of arbitrary
// bytes: no crash; what is accepted is well-formed and of bounded size; a stream is the same however it is cut, and
// has a [DONE] only where it is whole.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "http/sse.h"
#include "json/scan.h"
#include "wire/anthropic_form.h"
#include "wire/chat_answer.h"
#include "wire/chat_request.h"
#include "wire/dialect.h"
#include "wire/messages.h"
#include "wire/strict_object.h"

namespace {

using namespace weir;
using namespace weir::wire;

void require(bool condition) {
    if (!condition) std::abort();
}

// What was nested as deep as it may be is nested deeper in another form. false: so it is.
bool require_object(std::string_view text) {
    std::vector<json::Member> members;
    const Result<void> checked = json::members(text, members);
    require(checked || checked.error().code == ErrorCode::too_large);
    return checked.has_value();
}

ProviderExchange an_exchange(bool drop) {
    ProviderExchange exchange;
    exchange.request_id = "00000000000000ab";
    exchange.created_unix_s = 1;
    exchange.model = "m";
    exchange.drop_unsupported = drop;
    return exchange;
}

void check_request(std::string_view input, bool drop) {
    std::string param;
    if (!parse_chat_request(input, param)) return;
    ProviderExchange exchange = an_exchange(drop);
    std::string out;
    const Result<void> done = anthropic_form().request_from_chat(input, param, exchange, out);
    if (!done) {
        require(done.error().code == ErrorCode::invalid && !done.error().message.empty() && out.empty());
        return;
    }
    require_object(out);
    require(out.size() <= kMaxGrowth * (input.size() + 64));
    require(exchange.dropped.size() <= (drop ? StrictReader::kMaxDropped : 0));
    for (const std::string& name : exchange.dropped) {
        for (const char byte : name) require(byte > ' ' && byte <= '~');
    }
}

void check_chat(std::string_view body) {
    require(read_chat_answer(body).has_value());
    Echo echo;
    echo.request_id = "00000000000000ab";
    std::string message;
    if (anthropic_messages().body_from_chat(body, echo, message)) require_object(message);
}

void check_body(std::string_view input) {
    std::string out;
    const Result<void> done = anthropic_form().body_to_chat(input, an_exchange(false), out);
    if (!done) {
        require(done.error().code == ErrorCode::protocol && out.empty());
        return;
    }
    if (require_object(out)) check_chat(out);
}

struct Told {
    std::string out;
    bool fed = true, whole = false;
    friend bool operator==(const Told&, const Told&) = default;
};

Told translated(std::string_view input, std::size_t piece) {
    const ProviderExchange exchange = an_exchange(false);
    const auto stream = anthropic_form().stream_to_chat(exchange);
    Told told;
    while (!input.empty() && told.fed) {
        const std::size_t size = std::min(piece, input.size());
        const std::vector<char> bytes(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size));
        input.remove_prefix(size);
        told.fed = stream->feed({bytes.data(), bytes.size()}, told.out).has_value();
    }
    told.whole = told.fed && stream->end(told.out).has_value();
    return told;
}

void check_stream(std::string_view input, std::size_t piece) {
    const Told told = translated(input, input.size());
    require(told == translated(input, piece));
    http::SseSplitter splitter;
    splitter.feed(told.out);
    http::SseSplitter::Event event;
    bool done = false;
    bool shallow = true;
    while (splitter.next(event) == http::SseSplitter::State::event) {
        if (event.data.empty()) continue;
        require(!done);
        done = event.data == "[DONE]";
        if (!done) shallow &= require_object(event.data);
    }
    require(splitter.pending() == 0 && done == told.whole);
    ChatStream chat({.keep = true});
    std::string relayed;
    const Result<void> fed = chat.feed(told.out, relayed);
    require((fed && relayed == told.out) || !shallow);
    if (!told.whole || !shallow) return;
    const Result<std::string> body = chat.body();
    if (body && require_object(*body)) check_chat(*body);
}

}  // namespace

// The first byte says what the rest is, and how a stream is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::vector<char> exact(data + 1, data + size);
    const std::string_view input = exact.empty() ? std::string_view("") : std::string_view(exact.data(), exact.size());
    switch (data[0] % 4) {
        case 0:
        case 1:
            check_request(input, data[0] % 4 == 1);
            break;
        case 2:
            check_body(input);
            break;
        default:
            check_stream(input, 1 + data[0] / 4);
    }
    return 0;
}
