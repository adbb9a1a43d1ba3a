// The chunked transfer coding (RFC 9112 section 7.1): decoder as a state machine, encoder of one chunk head.
// Thread rule: one decoder a message. Limits: chunk-size line 256 bytes with extensions (ignored), trailers 8 KiB
// (checked and dropped), chunk size below 2^40.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::http {

class ChunkedDecoder {
  public:
    enum class State : std::uint8_t { more, done, bad };

    // Takes bytes from the front of `input` (which is advanced past them) until a piece of payload is found, the input is
    // used up or the body ends. `piece` is set to that payload (a view of input; empty where there is none).
    // more: call again, with more bytes once input is empty; done: the body and its trailers are complete, what is left
    // in input belongs to the next message; bad: problem() says why.
    State next(std::string_view& input, std::string_view& piece);
    const char* problem() const { return problem_; }
    void reset() { *this = ChunkedDecoder(); }

  private:
    enum class At : std::uint8_t { size, extension, size_lf, data, data_cr, data_lf, trailer, finished };
    State bad(const char* why);

    At at_ = At::size;
    std::uint64_t left_ = 0;
    std::uint32_t line_bytes_ = 0;
    std::uint32_t trailer_bytes_ = 0;
    std::uint32_t trailer_line_bytes_ = 0;
    bool has_digit_ = false;
    bool after_cr_ = false;
    const char* problem_ = "";
};

// Writes "<hex size>\r\n" to `out` (at least 20 bytes); returns its length.
std::size_t write_chunk_head(std::size_t payload_bytes, char* out);
constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace weir::http
