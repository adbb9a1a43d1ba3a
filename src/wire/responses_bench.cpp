// What it costs to translate a stream of 64 events, event by event, beside relaying it; and a body each way.
#include <cstdio>

#include "json/bench.h"
#include "wire/chat_answer.h"
#include "wire/completions.h"
#include "wire/responses.h"

namespace {

using namespace weir;
using namespace weir::wire;

std::string sample_stream() {
    constexpr std::string_view kBegin =
        R"(data: {"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWx","object":"chat.completion.chunk","created":1700000000,)"
        R"("model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_0123456789","choices":[)";
    std::string out;
    for (int i = 0; i < 63; ++i) {
        out += kBegin;
        out += R"({"index":0,"delta":{"content":" token"},"logprobs":null,"finish_reason":null}]})";
        out += "\n\n";
    }
    out += kBegin;
    out += R"({"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]})";
    return out + "\n\ndata: [DONE]\n\n";
}

template <class Feed>
void each_event(const std::string& input, Feed feed) {
    for (std::string_view rest = input; !rest.empty();) {
        const std::size_t size = rest.find("\n\n") + 2;
        feed(rest.substr(0, size));
        rest.remove_prefix(size);
    }
}

void stream_row(const char* name, const std::string& input, const Dialect* dialect) {
    Echo echo;
    echo.request_id = "00000000000000ab";
    std::string events, out;
    const double nanoseconds = json::nanoseconds_each([&] {
        ChatStream stream({});
        const auto translator = dialect != nullptr ? dialect->stream_from_chat(echo, std::nullopt) : nullptr;
        out.clear();
        each_event(input, [&](std::string_view event) {
            events.clear();
            json::keep(stream.feed(event, translator ? events : out));
            if (translator) json::keep(translator->feed(events, out));
        });
    });
    std::printf("%-32s %10.0f %10.0f  (%zu bytes out)\n", name, nanoseconds, nanoseconds / 65, out.size());
}

}  // namespace

int main() {
    const std::string input = sample_stream();
    std::printf("%-32s %10s %10s  (nanoseconds)\n", "", "stream", "an event");
    stream_row("relayed", input, nullptr);
    stream_row("as Responses", input, &responses_dialect());
    stream_row("as Completions", input, &completions_dialect());

    Echo echo;
    std::string param, out;
    const std::string request =
        R"({"model":"gpt-4o","instructions":"You are a helpful assistant.","input":[{"role":"user","content":[)"
        R"({"type":"input_text","text":"What is the capital of France, and why?"}]}],"max_output_tokens":200,)"
        R"("tools":[{"type":"function","name":"get","description":"d","parameters":{"type":"object"},"strict":true}]})";
    std::printf("%-32s %10.0f  (%zu bytes)\n", "Responses request", json::nanoseconds_each([&] {
                    out.clear();
                    json::keep(responses_dialect().request_to_chat(request, param, out, echo));
                }),
                request.size());
    ChatStream kept({.keep = true});
    if (!kept.feed(input, out)) return 1;
    const std::string body = kept.body().value_or("");
    std::printf("%-32s %10.0f  (%zu bytes)\n", "Responses body", json::nanoseconds_each([&] {
                    out.clear();
                    json::keep(responses_dialect().body_from_chat(body, echo, out));
                }),
                body.size());
}
