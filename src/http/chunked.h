// The chunked transfer coding (RFC 9112 section 7.1): decoder as a state machine, encoder of one chunk head.
// Refused: line ends other than CR LF, a size that is not 1 to 16 hex digits followed by CR LF or ';', control bytes.
// Thread rule: one decoder a message. Limits: chunk-size line 256 bytes with extensions (ignored), trailers 8 KiB
// (checked and dropped), chunk size below 2^40.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir::http {

class ChunkedDecoder {
  public:
    enum class State : std::uint8_t { more, done, bad };

    // Takes bytes from the front of `input` (which is advanced past them) until a piece of payload is found, the input
    // is used up or the body ends. `piece` is set to that payload (a view of input; empty where there is none). more:
    // call again, with more bytes once input is empty; done: the body and its trailers are complete, what is left in
    // input belongs to the next message; bad: problem() says why. done and bad last until reset().
    State next(std::string_view& input, std::string_view& piece);
    // Decodes all that `bytes` holds, up to the body's end, and moves the payload together at the front of `bytes`.
    // `used`: how many bytes were taken (all of them, unless done or bad); `payload`: how many of payload lie at the
    // front, which may be some where the state is done or bad too.
    State decode_in_place(std::span<char> bytes, std::size_t& used, std::size_t& payload);
    const char* problem() const { return problem_; }
    void reset() { *this = ChunkedDecoder(); }

  private:
    enum class At : std::uint8_t {
        size,       // the hex digits
        extension,  // ';' and what follows, ignored
        size_lf,    // the LF of the size line
        data,       // payload
        data_cr,    // the CR LF after it
        data_lf,
        trailer_start,  // at the beginning of a trailer line, or of the empty line that ends the body
        trailer_name,
        trailer_value,
        trailer_lf,
        final_lf,
        finished,
        failed,
    };

    void size_byte(char byte);
    void trailer_byte(char byte);
    void expect(char byte, char expected, At then, const char* problem);
    void bad(const char* problem);

    At at_ = At::size;
    std::uint64_t left_ = 0;  // payload bytes of this chunk still to come
    std::uint32_t digits_ = 0;
    std::uint32_t line_bytes_ = 0;     // of the size line
    std::uint32_t trailer_bytes_ = 0;  // of all trailer lines
    const char* problem_ = "";
};

// Writes "<hex size>\r\n" to `out` (at least 20 bytes); returns its length. A size of 0 would end the body: see
// kLastChunk for that.
std::size_t write_chunk_head(std::size_t payload_bytes, char* out);
constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace weir::http
