// Answers of arbitrary bytes, taken as a body and as a stream. The first byte chooses how a stream is cut.
#include <cstdint>
#include <cstdlib>

#include "json/scan.h"
#include "wire/chat_answer.h"
#include "wire/errors.h"

namespace {

using namespace weir;
using namespace weir::wire;

void require(bool condition) {
    if (!condition) std::abort();
}

struct Relayed {
    std::string out;
    bool ok = true;
    ChatStream stream;
};

Relayed relay(std::string_view input, bool hide_usage, std::size_t piece) {
    Relayed relayed{.out = {},
                    .stream = ChatStream(
                        {.hide_usage = hide_usage, .keep = true, .max_kept_bytes = 2000, .max_event_bytes = 1000})};
    while (!input.empty() && relayed.ok) {
        const std::vector<char> bytes(input.begin(),
                                      input.begin() + static_cast<std::ptrdiff_t>(std::min(piece, input.size())));
        input.remove_prefix(bytes.size());
        relayed.ok = relayed.stream.feed({bytes.data(), bytes.size()}, relayed.out).has_value();
    }
    return relayed;
}

void as_stream(std::string_view input, std::size_t piece) {
    const Relayed whole = relay(input, false, input.size());
    const Relayed cut = relay(input, false, piece);
    require(whole.ok == cut.ok && whole.out == cut.out && whole.stream.usage() == cut.stream.usage());
    require(whole.stream.done() == cut.stream.done() && whole.stream.failed() == cut.stream.failed());
    require(input.starts_with(whole.out));  // relayed byte for byte
    const Relayed hidden = relay(input, true, piece);
    require(hidden.ok == whole.ok && hidden.stream.usage() == whole.stream.usage());
    if (!whole.ok) return;
    const Result<std::string> body = whole.stream.body();
    if (!body) return;
    // A stream that makes a body makes the same body again.
    std::string stream;
    require(body_to_stream(*body, true, stream).has_value());
    (void)read_chat_answer(*body);
}

void as_body(std::string_view input) {
    (void)upstream_message(input);
    const std::string without = without_logprobs(input);
    const Result<ChatAnswer> answer = read_chat_answer(input);
    std::string stream;
    require(body_to_stream(input, true, stream).has_value() == answer.has_value());
    if (!answer) return;
    const Result<ChatAnswer> second = read_chat_answer(without);
    require(second.has_value() && second->logprobs.tokens == 0 && second->usage == answer->usage);

    ChatStream replayed({.keep = true});
    std::string out;
    require(replayed.feed(stream, out).has_value() && out == stream && replayed.done());
    require(answer->usage == replayed.usage() || !answer->usage.reported);
    const Result<std::string> body = replayed.body();
    if (!body) return;  // it held an error or too many parts
    require(read_chat_answer(*body).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::vector<char> exact(data + 1, data + size);
    const std::string_view input = exact.empty() ? std::string_view("") : std::string_view(exact.data(), exact.size());
    if (input.starts_with('{')) {
        as_body(input);
    } else if (!input.empty()) {
        as_stream(input, 1 + data[0] % 64);
    }
    return 0;
}
