// Chat requests on their way to Gemini, and its bodies and streams on their way into chat, of arbitrary bytes: no
// crash; what is said is well-formed and of bounded size, what is told is a chat answer, however it is cut, and ends
// with [DONE] only where it is whole.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "json/scan.h"
#include "wire/chat_answer.h"
#include "wire/dialect.h"
#include "wire/gemini_form.h"

namespace {

using namespace weir;
using namespace weir::wire;

constexpr std::string_view kDone = "data: [DONE]\n\n";

void require(bool condition) {
    if (!condition) std::abort();
}

// What was nested as deep as it may be is nested deeper in another form.
bool is_object(std::string_view text) {
    std::vector<json::Member> members;
    const Result<void> checked = json::members(text, members);
    require(checked || checked.error().code == ErrorCode::too_large);
    return checked.has_value();
}

ProviderExchange an_exchange(unsigned variant) {
    ProviderExchange exchange;
    exchange.request_id = "00000000000000ab";
    exchange.created_unix_s = 1;
    exchange.model = (variant & 1U) != 0 ? "gemini-3-pro-preview" : "gemini-2.5-flash";
    exchange.drop_unsupported = (variant & 2U) != 0;
    return exchange;
}

void check_request(std::string_view input, unsigned variant) {
    ProviderExchange exchange = an_exchange(variant);
    std::string out, param;
    const Result<void> done = gemini_form().request_from_chat(input, param, exchange, out);
    for (const std::string& name : exchange.dropped) {
        require(std::all_of(name.begin(), name.end(), [](char byte) { return byte > ' ' && byte <= '~'; }));
    }
    require(exchange.drop_unsupported || exchange.dropped.empty());
    if (!done) {
        require(done.error().code == ErrorCode::invalid && !done.error().message.empty() && out.empty());
        return;
    }
    is_object(out);
    require(out.size() <= kMaxGrowth * (input.size() + 64));
}

void check_body(std::string_view input, unsigned variant) {
    std::string chat;
    const Result<void> done = gemini_form().body_to_chat(input, an_exchange(variant), chat);
    if (!done) {
        require(chat.empty());
        return;
    }
    if (!is_object(chat)) return;
    require(read_chat_answer(chat).has_value());
    std::string events;
    require(body_to_stream(chat, true, events).has_value());
}

// They pass as they are, and may be anything.
bool has_comments(std::string_view input) {
    bool comments = input.starts_with(':');
    for (const std::string_view end : {"\n:", "\r:", "\xEF\xBB\xBF:"}) {
        comments |= input.find(end) != std::string_view::npos;
    }
    return comments;
}

std::string told(std::string_view input, std::size_t piece, const ProviderExchange& exchange) {
    const bool passes_comments = has_comments(input);
    const auto stream = gemini_form().stream_to_chat(exchange);
    std::string out;
    bool well = true;
    while (!input.empty() && well) {
        const std::size_t size = std::min(piece, input.size());
        const std::vector<char> bytes(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size));
        input.remove_prefix(size);
        well = stream->feed({bytes.data(), bytes.size()}, out).has_value();
    }
    if (well) well = stream->end(out).has_value();
    require(well || passes_comments || out.find(kDone) == std::string::npos);
    return out;
}

void check_stream(std::string_view input, unsigned variant) {
    const ProviderExchange exchange = an_exchange(0);
    const std::string whole = told(input, input.size() + 1, exchange);
    require(whole == told(input, 1 + variant, exchange));
    if (has_comments(input)) return;
    http::SseSplitter splitter;
    splitter.feed(whole);
    http::SseSplitter::Event event;
    while (splitter.next(event) == http::SseSplitter::State::event) {
        if (!event.data.empty() && event.data != "[DONE]" && !is_object(event.data)) return;
    }
    require(splitter.pending() == 0);
    if (!whole.ends_with(kDone)) return;
    ChatStream chat({.keep = true});
    std::string relayed;
    require(chat.feed(whole, relayed).has_value() && chat.done() && !chat.failed());
    const Result<std::string> body = chat.body();
    require(body || body.error().code == ErrorCode::too_large);
    if (!body || !is_object(*body)) return;
    const Result<ChatAnswer> read = read_chat_answer(*body);
    require(read && read->finished);
}

}  // namespace

// The first byte says what the rest is, and how.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::vector<char> exact(data + 1, data + size);
    const std::string_view input = exact.empty() ? std::string_view("") : std::string_view(exact.data(), exact.size());
    const unsigned variant = data[0] / 4U;
    switch (data[0] % 4) {
        case 0:
        case 1:
            check_request(input, variant);
            return 0;
        case 2:
            check_body(input, variant);
            return 0;
        default:
            check_stream(input, variant);
            return 0;
    }
}
