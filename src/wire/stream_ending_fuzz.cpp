// Streams of arbitrary bytes that are ended in their midst: no crash; the end is the same however they were cut, of
// whole events, each with well-formed data. The first byte says which API it is.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "http/sse.h"
#include "json/scan.h"
#include "wire/stream_ending.h"

namespace {

using namespace weir;
using namespace weir::wire;

void require(bool condition) {
    if (!condition) std::abort();
}

std::string end_of(std::string_view api, std::string_view stream, std::size_t piece) {
    const auto ending = ending_of(api, true);
    for (std::size_t at = 0; at < stream.size(); at += piece) {
        const std::string_view part = stream.substr(at, piece);
        const std::vector<char> bytes(part.begin(), part.end());
        ending->feed({bytes.data(), bytes.size()});
    }
    std::string out, again;
    const bool ended = ending->end({}, out);
    require(ended == !out.empty());
    require(!ending->end({}, again) && again.empty());
    return out;
}

void check(const std::string& out) {
    http::SseSplitter splitter;
    std::size_t bytes = 0;
    const Result<void> fed = http::feed_events(splitter, out, [&](const http::SseSplitter::Event& event) {
        bytes += event.raw.size();
        std::vector<json::Member> members;
        const Result<void> read = json::members(event.data, members);
        // What was nested as deep as it may be is nested deeper here.
        require(read || event.data == "[DONE]" || read.error().code == ErrorCode::too_large);
        return Result<void>();
    });
    require(fed && bytes == out.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    constexpr std::string_view kApis[] = {"openai.chat", "openai.completions", "anthropic.messages",
                                          "openai.responses"};
    const std::string_view api = kApis[data[0] % 4];
    const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string whole = end_of(api, stream, stream.size() + 1);
    check(whole);
    require(end_of(api, stream, 1) == whole);
    require(end_of(api, stream, 7) == whole);
    return 0;
}
