// What Anthropic's form costs: a stream of 64 events into chat beside the mere relay of the same in chat, both as the
// gateway does it, event by event and in one piece; a body; requests.
#include <cstdio>

#include "json/bench.h"
#include "wire/anthropic_testing.h"
#include "wire/chat_answer.h"

namespace {

using namespace weir;
using namespace weir::wire;
using namespace weir::wire::anthropic;

constexpr int kEvents = 64;

std::string sample_stream() {
    std::string out = started() + block(0, kTextBlock) + event("ping");
    for (int i = 0; i < kEvents; ++i) out += text_delta(0, i % 16 == 15 ? ".\\n" : " token");
    return out + block_stop(0) + ended();
}

// `translate`: it is Anthropic's, else chat's.
double stream(const std::string& input, bool translate, bool by_event) {
    const ProviderExchange exchange = an_exchange();
    std::string out;
    std::string chat_events;
    return json::nanoseconds_each([&] {
        ChatStream chat({.keep = true});
        std::unique_ptr<ProviderStream> provider;
        if (translate) provider = anthropic_form().stream_to_chat(exchange);
        for (std::string_view rest = input; !rest.empty();) {
            const std::size_t size = by_event ? rest.find("\n\n") + 2 : rest.size();
            out.clear();
            chat_events.clear();
            std::string_view bytes = rest.substr(0, size);
            if (provider) {
                json::keep(provider->feed(bytes, chat_events));
                bytes = chat_events;
            }
            json::keep(chat.feed(bytes, out));
            rest.remove_prefix(size);
        }
    });
}

}  // namespace

int main() {
    const std::string theirs = sample_stream();
    const std::string chat = anthropic::translate(theirs).out;
    for (const bool by_event : {true, false}) {
        const double relayed = stream(chat, false, by_event);
        const double translated = stream(theirs, true, by_event);
        std::printf("%-44s %10.0f ns, %5.0f an event\n", by_event ? "relay chat, event by event" : "relay chat at once",
                    relayed, relayed / kEvents);
        std::printf("%-44s %10.0f ns, %5.0f an event, %.2f times\n", "... out of Messages", translated,
                    translated / kEvents, translated / relayed);
    }
    std::string out;
    const std::string body =
        R"({"id":"msg_01","type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":")" +
        std::string(2000, 'a') +
        R"("}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":500}})";
    std::printf("%-44s %10.0f ns\n", "body of 2 KB", json::nanoseconds_each([&] {
                    out.clear();
                    json::keep(anthropic_form().body_to_chat(body, an_exchange(), out));
                }));
    for (const std::size_t bytes : {1024U, 16384U, 262144U}) {
        const std::string request = R"({"model":"claude-x","messages":)" + [&] {
            const std::string sample = json::sample_chat_body(bytes);
            const std::size_t begin = sample.find('[');
            return sample.substr(begin, sample.rfind(']') + 1 - begin);
        }() + '}';
        ProviderExchange exchange = an_exchange();
        std::string param;
        std::printf("request of %7zu bytes %33.0f ns\n", request.size(), json::nanoseconds_each([&] {
                        out.clear();
                        json::keep(anthropic_form().request_from_chat(request, param, exchange, out));
                    }));
    }
}
