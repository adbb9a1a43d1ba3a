// Chunked bodies in pieces against the slow reading. The first byte says where the input is cut.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "http/chunked.h"
#include "http/chunked_oracle.h"

using namespace weir::http;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t step = 1 + data[0] % 64U;
    ChunkedDecoder decoder;
    auto state = ChunkedDecoder::State::more;
    std::string payload;
    std::size_t consumed = 0;
    while (state == ChunkedDecoder::State::more && consumed < bytes.size()) {
        std::string_view input = std::string_view(bytes).substr(consumed, step);
        const std::size_t given = input.size();
        std::string_view piece;
        do {
            state = decoder.next(input, piece);
            require(piece.empty() || state == ChunkedDecoder::State::more);
            payload.append(piece);
        } while (state == ChunkedDecoder::State::more && !input.empty());
        consumed += given - input.size();
    }
    const oracle::ChunkedBody slow = oracle::read_chunked(bytes);
    require(static_cast<int>(state) == static_cast<int>(slow.verdict));
    require(payload == slow.payload);
    if (state == ChunkedDecoder::State::done) require(consumed == slow.consumed);
    return 0;
}
