// What reading a chat request costs: parse, the exact cache's digest, the body for an upstream.
#include <cstdio>

#include "json/bench.h"
#include "wire/chat_request.h"

int main() {
    using namespace weir;
    using namespace weir::wire;
    std::printf("%-16s %10s %10s %10s %10s  (nanoseconds each)\n", "", "parse", "digest", "render", "prompt");
    for (const std::size_t bytes : {1024U, 16384U, 262144U}) {
        const std::string body = json::sample_chat_body(bytes);
        std::string param;
        const Result<ChatRequest> request = parse_chat_request(body, param);
        if (!request) {
            std::puts(request.error().message.c_str());
            return 1;
        }
        std::string out;
        const UpstreamForm form{.model = "smollm2", .add_logprobs = true};
        const double parse = json::nanoseconds_each([&] { json::keep(parse_chat_request(body, param)); });
        const double digest = json::nanoseconds_each([&] { json::keep(canonical_digest(*request)); });
        const double render = json::nanoseconds_each([&] {
            out.clear();
            render_upstream_body(*request, form, out);
            json::keep(out);
        });
        const double prompt = json::nanoseconds_each([&] { json::keep(prompt_digest(*request)); });
        std::printf("%7zu bytes    %10.0f %10.0f %10.0f %10.0f\n", body.size(), parse, digest, render, prompt);
    }
}
