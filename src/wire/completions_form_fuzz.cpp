// Completions of arbitrary bytes on their way into chat, and requests whose usage is asked for: no crash; what is
// accepted is well-formed and of bounded size; a stream is the same however it is cut, and has a [DONE] only where it
// is whole.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "http/sse.h"
#include "json/scan.h"
#include "wire/chat_answer.h"
#include "wire/completions.h"
#include "wire/completions_form.h"
#include "wire/dialect.h"
#include "wire/named_model.h"

namespace {

using namespace weir;
using namespace weir::wire;

constexpr std::size_t kMostAdded = 512;  // a head, a usage

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

ProviderExchange an_exchange() {
    ProviderExchange exchange;
    exchange.request_id = "00000000000000ab";
    exchange.created_unix_s = 1;
    exchange.model = "m";
    return exchange;
}

void check_chat(std::string_view body) {
    require(read_chat_answer(body).has_value());
    Echo echo;
    echo.request_id = "00000000000000ab";
    std::string completion;
    if (completions_dialect().body_from_chat(body, echo, completion)) require_object(completion);
}

void check_request(std::string_view input) {
    completions_form().has_answer_in_chat(input);
    const Result<NamedModel> named = read_named_model(input);
    if (!named) return;
    std::string out, again;
    const bool added = with_usage_asked(input, named->model.empty() ? "m" : named->model, out);
    require_object(out);
    require(out.size() <= input.size() * 2 + kMostAdded);
    if (!added) return;
    require(!with_usage_asked(out, named->model.empty() ? "m" : named->model, again));
}

void check_body(std::string_view input) {
    std::string out;
    const Result<void> done = completions_form().body_to_chat(input, an_exchange(), out);
    if (!done) {
        require(done.error().code == ErrorCode::protocol && out.empty());
        return;
    }
    require(out.size() <= kMaxGrowth * input.size() + kMostAdded);
    if (require_object(out)) check_chat(out);
}

struct Told {
    std::string out;
    bool fed = true, whole = false;
    friend bool operator==(const Told&, const Told&) = default;
};

Told translated(std::string_view input, std::size_t piece) {
    const ProviderExchange exchange = an_exchange();
    const auto stream = completions_form().stream_to_chat(exchange);
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
    require(splitter.pending() == 0 && (!told.whole || done));
    ChatStream chat({.keep = true});
    std::string relayed;
    const Result<void> fed = chat.feed(told.out, relayed);
    require((fed && relayed == told.out) || !shallow);
    if (!told.whole || !shallow || chat.failed()) return;
    const Result<std::string> body = chat.body();
    if (body && require_object(*body)) check_chat(*body);
}

}  // namespace

// The first byte says what the rest is, and how a stream is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::vector<char> exact(data + 1, data + size);
    const std::string_view input = exact.empty() ? std::string_view("") : std::string_view(exact.data(), exact.size());
    switch (data[0] % 3) {
        case 0:
            check_request(input);
            break;
        case 1:
            check_body(input);
            break;
        default:
            check_stream(input, 1 + data[0] / 3);
    }
    return 0;
}
