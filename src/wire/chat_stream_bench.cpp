// What relaying a stream of 64 events costs, in one burst and event by event, and the ways between body and stream.
#include <cstdio>

#include "json/bench.h"
#include "wire/chat_answer.h"

namespace {

// `tail`: what stands behind the choices of each chunk.
std::string sample_stream(std::string_view tail, bool escaped) {
    std::string out;
    for (int i = 0; i < 64; ++i) {
        out +=
            R"(data: {"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWx","object":"chat.completion.chunk","created":1700000000,)"
            R"("model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_0123456789",)"
            R"("choices":[{"index":0,"delta":{"content":)";
        out += escaped ? R"("\u4e2d \u00e9")" : R"(" token")";
        out += R"(},"logprobs":null,"finish_reason":null}])";
        out += tail;
        out += "}\n\n";
    }
    out +=
        R"(data: {"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWx","object":"chat.completion.chunk","created":1700000000,)"
        R"("model":"gpt-4o-mini-2024-07-18","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":64,"total_tokens":84}})"
        "\n\ndata: [DONE]\n\n";
    return out;
}

double relay(const std::string& input, const weir::wire::ChatStream::Options& options, bool burst) {
    std::string out;
    return weir::json::nanoseconds_each([&] {
        weir::wire::ChatStream stream(options);
        out.clear();
        for (std::string_view rest = input; !rest.empty();) {
            const std::size_t size = burst ? rest.size() : rest.find("\n\n") + 2;
            weir::json::keep(stream.feed(rest.substr(0, size), out));
            rest.remove_prefix(size);
        }
        weir::json::keep(stream.usage());
    });
}

}  // namespace

int main() {
    using namespace weir;
    using namespace weir::wire;
    std::printf("%-44s %10s %14s  (nanoseconds a stream of 64 events)\n", "", "one burst", "event by event");
    const auto row = [](const char* name, const std::string& input, const ChatStream::Options& options) {
        std::printf("%-44s %10.0f %14.0f\n", name, relay(input, options, true), relay(input, options, false));
    };
    const std::string plain = sample_stream("", false);
    const std::string nulls = sample_stream(R"(,"usage":null)", false);
    row("relay", plain, {});
    row("relay, escaped non-ASCII text", sample_stream("", true), {});
    row("relay, \"usage\":null in each", nulls, {});
    row("hide usage", plain, {.hide_usage = true});
    row("hide usage, \"usage\":null in each", nulls, {.hide_usage = true});
    row("hide usage, \"obfuscation\" behind it", sample_stream(R"(,"usage":null,"obfuscation":"kT3bQx9")", false),
        {.hide_usage = true});
    row("keep for the cache", plain, {.keep = true});

    ChatStream kept({.keep = true});
    std::string out;
    if (!kept.feed(plain, out)) return 1;
    const std::string body = kept.body().value_or("");
    std::printf("%-44s %10.0f\n", "body() of the kept stream",
                json::nanoseconds_each([&] { json::keep(kept.body()); }));
    std::printf("%-44s %10.0f  (%zu bytes)\n", "read_chat_answer",
                json::nanoseconds_each([&] { json::keep(read_chat_answer(body)); }), body.size());
    std::printf("%-44s %10.0f\n", "body_to_stream", json::nanoseconds_each([&] {
                    out.clear();
                    json::keep(body_to_stream(body, true, out));
                }));
}
