#include "http/chunked.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "http/bytes.h"

namespace weir::http {
namespace {

constexpr std::uint32_t kMaxSizeDigits = 16;
constexpr std::uint64_t kMaxChunkBytes = (1ULL << 40) - 1;
constexpr std::uint32_t kMaxSizeLineBytes = 256;
constexpr std::uint32_t kMaxTrailerBytes = 8 * 1024;

// The value of a hex digit, or -1.
constexpr int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const int letter = c | 0x20;
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

// The values of hex digits; -1: none.
constexpr std::array<std::int8_t, 256> kHexValues = [] {
    std::array<std::int8_t, 256> table{};
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = static_cast<std::int8_t>(hex_value(static_cast<char>(i)));
    return table;
}();

// Moves the payload of the chunks at `at` to `to`, both advanced, as long as they are whole and without extensions; the
// last chunk is left.
void take_whole_chunks(const char*& at, const char* end, char*& to) {
    constexpr std::ptrdiff_t kMostDigits = 7;
    while (true) {
        const char* digit = at;
        const char* const last_digit = end - at > kMostDigits ? at + kMostDigits : end;
        std::size_t size = 0;
        for (; digit != last_digit; ++digit) {
            const int value = kHexValues[static_cast<std::uint8_t>(*digit)];
            if (value < 0) break;
            size = size << 4 | static_cast<std::size_t>(value);
        }
        const auto behind = static_cast<std::size_t>(end - digit);
        if (size == 0 || behind < size + 4) return;
        const char* const payload = digit + 2;
        const char* const tail = payload + size;
        if (digit[0] != '\r' || digit[1] != '\n' || tail[0] != '\r' || tail[1] != '\n') return;
        std::memmove(to, payload, size);
        to += size;
        at = tail + 2;
    }
}

}  // namespace

ChunkedDecoder::State ChunkedDecoder::decode_in_place(std::span<char> bytes, std::size_t& used, std::size_t& payload) {
    char* to = bytes.data();
    const char* const end = to + bytes.size();
    std::string_view rest(to, bytes.size());
    State state = State::more;
    do {
        if (at_ == At::size && digits_ == 0) {
            const char* at = rest.data();
            take_whole_chunks(at, end, to);
            rest = {at, end};
        }
        std::string_view piece;
        state = next(rest, piece);
        if (piece.empty()) continue;
        std::memmove(to, piece.data(), piece.size());
        to += piece.size();
    } while (state == State::more && !rest.empty());
    used = bytes.size() - rest.size();
    payload = static_cast<std::size_t>(to - bytes.data());
    return state;
}

ChunkedDecoder::State ChunkedDecoder::next(std::string_view& input, std::string_view& piece) {
    piece = {};
    const char* at = input.data();
    const char* const end = at + input.size();
    while (at != end && at_ < At::finished) {
        if (at_ == At::data) {
            const auto length =
                static_cast<std::size_t>(std::min<std::uint64_t>(left_, static_cast<std::uint64_t>(end - at)));
            piece = {at, length};
            left_ -= length;
            if (left_ == 0) at_ = At::data_cr;
            input.remove_prefix(static_cast<std::size_t>(at - input.data()) + length);
            return State::more;
        }
        const char byte = *at++;
        switch (at_) {
            case At::size:
            case At::extension:
                size_byte(byte);
                break;
            case At::size_lf:
                expect(byte, '\n', left_ > 0 ? At::data : At::trailer_start, "CR without LF after a chunk size");
                break;
            case At::data_cr:
                expect(byte, '\r', At::data_lf, "a chunk is longer than its size");
                break;
            case At::data_lf:
                expect(byte, '\n', At::size, "CR without LF after a chunk");
                break;
            default:
                trailer_byte(byte);
                break;
        }
    }
    input.remove_prefix(static_cast<std::size_t>(at - input.data()));
    return at_ == At::finished ? State::done : at_ == At::failed ? State::bad : State::more;
}

void ChunkedDecoder::size_byte(char byte) {
    if (at_ == At::size && digits_ == 0) left_ = line_bytes_ = 0;
    if (++line_bytes_ > kMaxSizeLineBytes) return bad("chunk size line is over 256 bytes");
    if (byte == '\r' || (byte == ';' && at_ == At::size)) {
        if (at_ == At::size && digits_ == 0) return bad("chunk without a size");
        digits_ = 0;
        at_ = byte == '\r' ? At::size_lf : At::extension;
        return;
    }
    if (at_ == At::extension) {
        if (is_control(byte)) bad("control byte in a chunk extension");
        return;
    }
    const int value = hex_value(byte);
    if (value < 0) return bad("chunk size is not a hex number");
    left_ = left_ << 4 | static_cast<std::uint64_t>(value);
    if (++digits_ > kMaxSizeDigits || left_ > kMaxChunkBytes) bad("chunk size is 2^40 or more");
}

void ChunkedDecoder::trailer_byte(char byte) {
    if (++trailer_bytes_ > kMaxTrailerBytes) return bad("trailers are over 8 KiB");
    switch (at_) {
        case At::trailer_start:
            if (byte == '\r') {
                at_ = At::final_lf;
            } else if (is_token_byte(byte)) {
                at_ = At::trailer_name;
            } else {
                bad("malformed trailer name");
            }
            break;
        case At::trailer_name:
            if (byte == ':') {
                at_ = At::trailer_value;
            } else if (!is_token_byte(byte)) {
                bad("malformed trailer name");
            }
            break;
        case At::trailer_value:
            if (byte == '\r') {
                at_ = At::trailer_lf;
            } else if (is_control(byte)) {
                bad("control byte in a trailer");
            }
            break;
        case At::trailer_lf:
            expect(byte, '\n', At::trailer_start, "CR without LF in a trailer");
            break;
        default:
            expect(byte, '\n', At::finished, "CR without LF at the end of a chunked body");
            break;
    }
}

void ChunkedDecoder::expect(char byte, char expected, At then, const char* problem) {
    if (byte != expected) return bad(problem);
    at_ = then;
}

void ChunkedDecoder::bad(const char* problem) {
    at_ = At::failed;
    problem_ = problem;
}

std::size_t write_chunk_head(std::size_t payload_bytes, char* out) {
    const auto bits = static_cast<unsigned>(std::bit_width(payload_bytes));
    const std::size_t digits = bits == 0 ? 1 : (bits + 3) / 4;
    for (std::size_t i = digits; i-- > 0; payload_bytes >>= 4) out[i] = "0123456789abcdef"[payload_bytes & 15U];
    out[digits] = '\r';
    out[digits + 1] = '\n';
    return digits + 2;
}

}  // namespace weir::http
