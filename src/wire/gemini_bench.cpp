// What speaking to Gemini costs: a stream of 64 events turned into chat beside the mere relay of the same chat stream,
// a body, and chat requests on their way out.
#include <cstdio>

#include "json/bench.h"
#include "wire/chat_answer.h"
#include "wire/gemini_form.h"

namespace {

using namespace weir;
using namespace weir::wire;

ProviderExchange exchange() {
    ProviderExchange out;
    out.request_id = "00000000000000ab";
    out.created_unix_s = 1'700'000'000;
    out.model = "gemini-2.5-flash";
    out.stream = true;
    return out;
}

// As Google spells them, counts in each. `growing`: the texts of real streams, some dozens of bytes with escapes.
std::string sample_stream(bool growing) {
    std::string out;
    for (int i = 0; i < 64; ++i) {
        out += R"(data: {"candidates": [{"content": {"parts": [{"text": ")";
        out += growing ? R"( depends on where you are.\n\n**So** it \"may\" rain,)" : " token";
        out += R"("}],"role": "model"},)";
        if (i == 63) out += R"("finishReason": "STOP",)";
        out += R"("index": 0}],"usageMetadata": {"promptTokenCount": 20,"candidatesTokenCount": )" +
               std::to_string(growing ? 12 * i + 12 : i + 1) + R"(,"totalTokenCount": )" +
               std::to_string(growing ? 12 * i + 32 : i + 21) +
               R"(,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 20}]},)"
               R"("modelVersion": "gemini-2.5-flash","responseId": "kLm9aIzqE4fLvdIP0f6V4Ak"})"
               "\r\n\r\n";
    }
    return out;
}

// Event by event, as it comes from a model, through what the gateway does with each.
double relay(const std::string& input, std::string_view separator, bool translated) {
    const ProviderExchange about = exchange();
    std::string out, chat_events;
    return json::nanoseconds_each([&] {
        ChatStream stream({.keep = true});
        std::unique_ptr<ProviderStream> provider;
        if (translated) provider = gemini_form().stream_to_chat(about);
        for (std::string_view rest = input; !rest.empty();) {
            const std::size_t size = rest.find(separator) + separator.size();
            out.clear();
            if (provider) {
                chat_events.clear();
                json::keep(provider->feed(rest.substr(0, size), chat_events));
                json::keep(stream.feed(chat_events, out));
            } else {
                json::keep(stream.feed(rest.substr(0, size), out));
            }
            rest.remove_prefix(size);
        }
        if (!provider) return;
        chat_events.clear();
        json::keep(provider->end(chat_events));
        json::keep(stream.feed(chat_events, out));
    });
}

void measure_stream(const char* name, bool growing) {
    const ProviderExchange about = exchange();
    const std::string native = sample_stream(growing);
    std::string chat;
    const auto provider = gemini_form().stream_to_chat(about);
    if (!provider->feed(native, chat) || !provider->end(chat)) return;
    const double plain = relay(chat, "\n\n", false);
    const double translated = relay(native, "\r\n\r\n", true);
    std::printf("%-24s relay of chat %8.0f ns, from Gemini %8.0f ns: %.2f times, %.3f us an event\n", name, plain,
                translated, translated / plain, translated / 64e3);
}

}  // namespace

int main() {
    measure_stream("64 tokens, one by one", false);
    measure_stream("64 longer events", true);

    const ProviderExchange about = exchange();
    std::string out, param;
    const std::string body =
        R"({"candidates": [{"content": {"parts": [{"text": "It depends on where you are.\n\nSo it may rain."}],)"
        R"("role": "model"},"finishReason": "STOP","index": 0}],"usageMetadata": {"promptTokenCount": 20,)"
        R"("candidatesTokenCount": 12,"totalTokenCount": 32},"modelVersion": "gemini-2.5-flash","responseId": "k"})";
    std::printf("%-44s %10.0f ns\n", "body", json::nanoseconds_each([&] {
                    out.clear();
                    json::keep(gemini_form().body_to_chat(body, about, out));
                }));
    for (const std::size_t bytes : {1024U, 16384U, 262144U}) {
        const std::string request = json::sample_chat_body(bytes);
        std::printf("request of %7zu bytes %33.0f ns\n", request.size(), json::nanoseconds_each([&] {
                        out.clear();
                        ProviderExchange one = about;
                        one.drop_unsupported = true;
                        json::keep(gemini_form().request_from_chat(request, param, one, out));
                    }));
    }
}
