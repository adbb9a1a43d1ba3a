// What the codecs cost: nanoseconds a head, a chunk and an event, each the best of several rounds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "http/chunked.h"
#include "http/head.h"
#include "http/sample_heads.h"
#include "http/sse.h"

using namespace weir::http;

namespace {

constexpr int kRounds = 300;  // many short rounds: one of them is undisturbed, on a busy machine too

// Keeps the compiler from dropping what made `value`.
template <class T>
void keep(const T& value) {
    asm volatile("" : : "r"(&value) : "memory");
}

// Best time of one call of `work` in nanoseconds, over kRounds rounds of `calls`.
template <class Work>
double nanoseconds(int calls, Work work) {
    double best = 1e18;
    for (int round = 0; round < kRounds; ++round) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < calls; ++i) work();
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count() / calls);
    }
    return best;
}

void print(const char* what, double each, const char* unit) {
    std::printf("%-46s %9.1f ns/%s\n", what, each, unit);
}

void bench_request(const char* what, std::string_view bytes) {
    RequestHead head;
    print(what,
          nanoseconds(1'000,
                      [&] {
                          std::size_t resume_from = 0;
                          keep(parse_request_head(bytes, {}, resume_from, head));
                      }),
          "head");
}

void bench_response(const char* what, std::string_view bytes) {
    ResponseHead head;
    print(what,
          nanoseconds(1'000,
                      [&] {
                          std::size_t resume_from = 0;
                          keep(parse_response_head(bytes, {}, resume_from, head));
                      }),
          "head");
}

void bench_slow_head() {
    std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
    while (bytes.size() < 32'000) bytes += "X-Filler: 0123456789abcdef0123456789abcdef0123456789abcdef\r\n";
    bytes += "\r\n";
    RequestHead head;
    const HeadLimits limits{32 * 1024, 1000};
    const double whole = nanoseconds(20, [&] {
        std::size_t resume_from = 0;
        for (std::size_t n = 1; n <= bytes.size(); ++n) {
            keep(parse_request_head({bytes.data(), n}, limits, resume_from, head));
        }
    });
    print("32 KB request head, one byte at a time", whole / static_cast<double>(bytes.size()), "byte");
}

void bench_lookup() {
    RequestHead head;
    std::size_t resume_from = 0;
    keep(parse_request_head(samples::kSdkRequest, {}, resume_from, head));
    print("find the 13th of 18 header lines", nanoseconds(1'000, [&] { keep(head.headers.find("authorization")); }),
          "find");
    print("look for one of 18 that is not there", nanoseconds(1'000, [&] { keep(head.headers.find("x-weir-mode")); }),
          "find");
}

std::string stream_of(int events, std::size_t event_bytes, const std::string& before, const char* line_end) {
    std::string stream;
    for (int i = 0; i < events; ++i) {
        std::string event = before + "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"delta\":{\"content\":\"";
        event.append(event_bytes - event.size() - 9, 'x');
        stream += event + "\"}}]}" + line_end + line_end;
    }
    return stream;
}

void bench_sse(const char* what, const std::string& stream, int events, std::size_t piece_bytes) {
    SseSplitter splitter;
    SseSplitter::Event event;
    const double whole = nanoseconds(20, [&] {
        for (std::size_t from = 0; from < stream.size(); from += piece_bytes) {
            splitter.feed(std::string_view(stream).substr(from, piece_bytes));
            while (splitter.next(event) == SseSplitter::State::event) keep(event);
        }
    });
    print(what, whole / events, "event");
}

void bench_chunked(const char* what, int chunks, std::size_t chunk_bytes) {
    std::string body;
    for (int i = 0; i < chunks; ++i) {
        char head[20];
        body.append(head, write_chunk_head(chunk_bytes, head));
        body.append(chunk_bytes, 'x').append("\r\n");
    }
    body.append(kLastChunk);
    ChunkedDecoder decoder;
    const double whole = nanoseconds(20, [&] {
        decoder.reset();
        std::string_view input = body;
        std::string_view piece;
        while (decoder.next(input, piece) == ChunkedDecoder::State::more) keep(piece);
    });
    print(what, whole / chunks, "chunk");
}

}  // namespace

int main() {
    bench_request("request head, curl, 6 lines", samples::kCurlRequest);
    bench_request("request head, 10 lines", samples::kTenLineRequest);
    bench_request("request head, OpenAI client, 18 lines", samples::kSdkRequest);
    bench_response("response head, llama-server, 4 lines", samples::kLlamaServerResponse);
    bench_response("response head, hosted provider, 14 lines", samples::kProviderResponse);
    bench_slow_head();
    bench_lookup();
    const std::string chat = stream_of(64, 200, "", "\n");
    bench_sse("64 events of 200 bytes in one buffer", chat, 64, chat.size());
    const std::string named = stream_of(64, 200, "event: content_block_delta\n", "\n");
    bench_sse("64 named events of 200 bytes in one buffer", named, 64, named.size());
    const std::string crlf = stream_of(64, 200, "", "\r\n");
    bench_sse("64 events with CR LF in one buffer", crlf, 64, crlf.size());
    bench_sse("64 events of 200 bytes, each read alone", chat, 64, 200);
    bench_sse("64 events of 200 bytes, in pieces of 150", chat, 64, 150);
    bench_chunked("64 chunks of 200 bytes in one buffer", 64, 200);
}
