// What translating costs: a Messages request into chat, a body and a stream of 64 events out of it, the latter beside
// the mere relay of the same stream.
#include <cstdio>

#include "json/bench.h"
#include "wire/chat_answer.h"
#include "wire/messages.h"

namespace {

using namespace weir;
using namespace weir::wire;

std::string sample_stream() {
    std::string out;
    const std::string_view head =
        R"(data: {"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWx","object":"chat.completion.chunk","created":1700000000,)"
        R"("model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_0123456789",)";
    for (int i = 0; i < 64; ++i) {
        out += head;
        out += R"("choices":[{"index":0,"delta":{"content":" token"},"logprobs":null,"finish_reason":)";
        out += i == 63 ? R"("stop"}]})" : "null}]}";
        out += "\n\n";
    }
    out += head;
    out += R"("choices":[],"usage":{"prompt_tokens":20,"completion_tokens":64,"total_tokens":84}})"
           "\n\ndata: [DONE]\n\n";
    return out;
}

// Event by event, as it comes from a model; `echo` given: translated.
double relay(const std::string& input, const Echo* echo) {
    std::string out;
    std::string chat_events;
    return json::nanoseconds_each([&] {
        ChatStream stream({.keep = true});
        std::unique_ptr<StreamTranslator> translator;
        if (echo != nullptr) translator = anthropic_messages().stream_from_chat(*echo, std::nullopt);
        for (std::string_view rest = input; !rest.empty();) {
            const std::size_t size = rest.find("\n\n") + 2;
            out.clear();
            chat_events.clear();
            json::keep(stream.feed(rest.substr(0, size), translator ? chat_events : out));
            if (translator) json::keep(translator->feed(chat_events, out));
            rest.remove_prefix(size);
        }
    });
}

}  // namespace

int main() {
    Echo echo;
    echo.request_id = "00000000000000ab";
    echo.body = R"({"model":"m"})";
    const std::string stream = sample_stream();
    std::printf("%-44s %10.0f ns\n", "relay 64 events, one by one", relay(stream, nullptr));
    std::printf("%-44s %10.0f ns\n", "... and translate them", relay(stream, &echo));

    ChatStream kept({.keep = true});
    std::string out;
    if (!kept.feed(stream, out)) return 1;
    const std::string body = kept.body().value_or("");
    std::printf("%-44s %10.0f ns\n", "body", json::nanoseconds_each([&] {
                    out.clear();
                    json::keep(anthropic_messages().body_from_chat(body, echo, out));
                }));
    std::printf("%-44s %10.0f ns\n", "body as stream", json::nanoseconds_each([&] {
                    out.clear();
                    json::keep(body_to_dialect_stream(anthropic_messages(), body, echo, out));
                }));
    for (const std::size_t bytes : {1024U, 16384U, 262144U}) {
        std::string request = R"({"model":"gpt-4o","max_tokens":100,"system":"Be brief.","messages":[)";
        while (request.size() < bytes) {
            request +=
                R"({"role":"user","content":[{"type":"text","text":"What is the weather like, and why \"so\"?"}]},)"
                R"({"role":"assistant","content":"It depends on where you are."},)";
        }
        request += R"({"role":"user","content":"Go on."}]})";
        std::string param;
        std::printf("request of %7zu bytes %33.0f ns\n", request.size(), json::nanoseconds_each([&] {
                        out.clear();
                        json::keep(anthropic_messages().request_to_chat(request, param, out, echo));
                    }));
    }
}
