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

struct Decoded {
    ChunkedDecoder::State state = ChunkedDecoder::State::more;
    std::string payload;
    std::size_t consumed = 0;
};

Decoded decode_in_place(const std::string& bytes, std::size_t step) {
    ChunkedDecoder decoder;
    Decoded out;
    while (out.state == ChunkedDecoder::State::more && out.consumed < bytes.size()) {
        std::string part = bytes.substr(out.consumed, step);
        std::size_t used = 0;
        std::size_t length = 0;
        out.state = decoder.decode_in_place(part, used, length);
        require(length <= used && used <= part.size());
        out.payload.append(part, 0, length);
        out.consumed += used;
    }
    return out;
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
    const Decoded in_place = decode_in_place(bytes, step);
    require(in_place.state == state && in_place.payload == payload && in_place.consumed == consumed);
    const oracle::ChunkedBody slow = oracle::read_chunked(bytes);
    require(static_cast<int>(state) == static_cast<int>(slow.verdict));
    require(payload == slow.payload);
    if (state == ChunkedDecoder::State::done) require(consumed == slow.consumed);
    return 0;
}
