// Event streams in pieces against the slow reading. The first byte says where the input is cut.
#include <cstdint>
#include <cstdlib>

#include "http/sse.h"
#include "http/sse_oracle.h"

using namespace weir::http;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t step = data[0] == 0 ? bytes.size() + 1 : data[0];
    SseSplitter splitter(1 << 20);
    std::vector<oracle::SseEvent> events;
    for (std::size_t from = 0; from < bytes.size(); from += step) {
        const std::string piece = bytes.substr(from, step);  // gone after this round
        splitter.feed(piece);
        SseSplitter::Event event;
        SseSplitter::State state;
        while ((state = splitter.next(event)) == SseSplitter::State::event) {
            events.push_back({std::string(event.raw), std::string(event.data), std::string(event.name)});
        }
        require(state == SseSplitter::State::need_more);
    }
    const oracle::SseStream slow = oracle::read_sse(bytes);
    require(events == slow.events);
    require(splitter.pending() == slow.rest.size());
    return 0;
}
