#include "http/chunked.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <vector>

#include "http/chunked_oracle.h"

using namespace weir::http;
using namespace std::string_literals;
using State = ChunkedDecoder::State;

namespace {

struct Decoded {
    State state = State::more;
    std::string payload;
    std::size_t consumed = 0;
    std::string problem;
};

// Feeds `bytes` cut at `cuts`; stops at done or bad.
Decoded decode(const std::string& bytes, std::vector<std::size_t> cuts = {}) {
    cuts.push_back(bytes.size());
    std::sort(cuts.begin(), cuts.end());
    ChunkedDecoder decoder;
    Decoded out;
    std::size_t from = 0;
    for (const std::size_t cut : cuts) {
        std::string_view input(bytes.data() + from, cut - from);
        std::string_view piece;
        do {
            out.state = decoder.next(input, piece);
            out.payload.append(piece);
        } while (out.state == State::more && !input.empty());
        out.consumed = cut - input.size();
        if (out.state != State::more) break;
        from = cut;
    }
    out.problem = decoder.problem();
    return out;
}

// The same, decoded in place; each cut's bytes in memory of their own.
Decoded decode_in_place(const std::string& bytes, std::vector<std::size_t> cuts = {}) {
    cuts.push_back(bytes.size());
    std::sort(cuts.begin(), cuts.end());
    ChunkedDecoder decoder;
    Decoded out;
    std::size_t from = 0;
    for (const std::size_t cut : cuts) {
        std::vector<char> part(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                               bytes.begin() + static_cast<std::ptrdiff_t>(cut));
        std::size_t used = 0;
        std::size_t payload = 0;
        out.state = decoder.decode_in_place(part, used, payload);
        REQUIRE(payload <= used);
        REQUIRE(used <= part.size());
        out.payload.append(part.data(), payload);
        out.consumed = from + used;
        if (out.state != State::more) break;
        CHECK(used == part.size());
        // What was not taken stays as it is.
        from = cut;
    }
    out.problem = decoder.problem();
    return out;
}

std::string encode(const std::vector<std::string>& pieces) {
    std::string out;
    for (const std::string& piece : pieces) {
        if (piece.empty()) continue;
        char head[20];
        out.append(head, write_chunk_head(piece.size(), head));
        out += piece + "\r\n";
    }
    return out.append(kLastChunk);
}

bool is_refused(const std::string& bytes) {
    const Decoded decoded = decode(bytes);
    if (decoded.state == State::bad) CHECK(decoded.problem != "");
    return decoded.state == State::bad;
}

}  // namespace

TEST_CASE("a chunked body is decoded, and what follows it is left") {
    const std::string body =
        "5\r\nhello\r\n00A;name=\"va;lue\"\r\n, chunked \r\n1\r\n!\r\n0;x\r\nTrailer: a\r\nOther:\r\n\r\n";
    const Decoded decoded = decode(body + "GET /");
    CHECK(decoded.state == State::done);
    CHECK(decoded.payload == "hello, chunked !");
    CHECK(decoded.consumed == body.size());
    CHECK(decode("0\r\n\r\n").state == State::done);
    CHECK(decode("0000000000000000\r\n\r\n").state == State::done);
}

TEST_CASE("payload is handed out without copying, as far as it has come") {
    ChunkedDecoder decoder;
    const std::string bytes = "a\r\n0123456789\r\n0\r\n\r\nnext";
    std::string_view input(bytes.data(), 7);
    std::string_view piece;
    CHECK(decoder.next(input, piece) == State::more);
    CHECK(piece.data() == bytes.data() + 3);
    CHECK(piece == "0123");
    CHECK(input.empty());
    input = std::string_view(bytes).substr(7);
    CHECK(decoder.next(input, piece) == State::more);
    CHECK(piece == "456789");
    CHECK(decoder.next(input, piece) == State::done);
    CHECK(piece.empty());
    CHECK(input == "next");
    CHECK(decoder.next(input, piece) == State::done);
    CHECK(input == "next");
    decoder.reset();
    input = "1\r\nx";
    CHECK(decoder.next(input, piece) == State::more);
    CHECK(piece == "x");
}

TEST_CASE("bad lasts until reset") {
    ChunkedDecoder decoder;
    std::string_view input = "x", piece;
    CHECK(decoder.next(input, piece) == State::bad);
    input = "0\r\n\r\n";
    CHECK(decoder.next(input, piece) == State::bad);
    CHECK(input == "0\r\n\r\n");
    decoder.reset();
    CHECK(decoder.next(input, piece) == State::done);
}

TEST_CASE("malformed sizes are refused") {
    for (const char* size : {"",
                             " ",
                             "0x5",
                             "-1",
                             "+1",
                             " 5",
                             "5 ",
                             "5 ;",
                             "5 ;a=b",
                             ";a",
                             "g",
                             "5g",
                             "5.",
                             "\t5",
                             "5,5",
                             "00000000000000001",
                             "12345678901234567",
                             "10000000000",
                             "ffffffffffffffff",
                             "\xEF\xBC\x95"}) {
        CAPTURE(size);
        CHECK(is_refused(size + "\r\nhello\r\n0\r\n\r\n"s));
    }
    CHECK(is_refused("5\0\r\nhello\r\n"s));
    CHECK(decode("fFfFfFfFfF\r\n").state == State::more);  // 2^40 - 1
    CHECK(decode("0000000000000001\r\nx\r\n0\r\n\r\n").state == State::done);
}

TEST_CASE("malformed lines are refused") {
    CHECK(is_refused("5\nhello\r\n0\r\n\r\n"));
    CHECK(is_refused("5\rhello\r\n0\r\n\r\n"));
    CHECK(is_refused("5\r\nhello\n0\r\n\r\n"));
    CHECK(is_refused("5\r\nhello\r0\r\n\r\n"));
    CHECK(is_refused("5\r\nhello!\r\n0\r\n\r\n"));  // longer than its size
    CHECK(is_refused("6\r\nhello\r\n0\r\n\r\n"));   // shorter
    CHECK(is_refused("5\r\nhello0\r\n\r\n"));
    CHECK(is_refused("0\n\n"));
    CHECK(is_refused("0\r\n\n"));
    CHECK(is_refused("0\r\n\r\r\n"));
    CHECK(is_refused("5;a\nb\r\n"));
    CHECK(is_refused("5;a\x01\r\n"));
    CHECK(is_refused("5;a\0\r\n"s));
    CHECK(is_refused("0\r\nno colon\r\n\r\n"));
    CHECK(is_refused("0\r\ncolon\r\n\r\n"));
    CHECK(is_refused("0\r\n: x\r\n\r\n"));
    CHECK(is_refused("0\r\nA : x\r\n\r\n"));
    CHECK(is_refused("0\r\nA: x\r\n folded\r\n\r\n"));
    CHECK(is_refused("0\r\nA: x\nB: y\r\n\r\n"));
    CHECK(is_refused("0\r\nA: \0\r\n\r\n"s));
}

TEST_CASE("limits of the size line and the trailers") {
    const auto size_line = [](std::size_t bytes) { return "1;" + std::string(bytes - 3, 'x') + "\r\ny\r\n0\r\n\r\n"; };
    CHECK(decode(size_line(256)).state == State::done);  // with its CR
    CHECK(decode(size_line(257)).state == State::bad);
    const auto trailers = [](std::size_t bytes) { return "0\r\nA:" + std::string(bytes - 6, 'x') + "\r\n\r\n"; };
    CHECK(decode(trailers(8192)).state == State::done);
    CHECK(decode(trailers(8193)).state == State::bad);
    std::string many = "0\r\n";
    for (int i = 0; i < 3000; ++i) many += "A:\r\n";
    CHECK(decode(many).state == State::bad);
}

TEST_CASE("chunk heads") {
    const auto head = [](std::size_t bytes) {
        char out[20];
        return std::string(out, write_chunk_head(bytes, out));
    };
    CHECK(head(0) == "0\r\n");
    CHECK(head(1) == "1\r\n");
    CHECK(head(15) == "f\r\n");
    CHECK(head(16) == "10\r\n");
    CHECK(head(4096) == "1000\r\n");
    CHECK(head(0xFEDCBA9876543210U) == "fedcba9876543210\r\n");
    CHECK(head(~std::size_t{0}) == "ffffffffffffffff\r\n");
}

TEST_CASE("property: what is encoded decodes to the same, however it is cut; every prefix wants more") {
    const bool holds = rc::check([](const std::vector<std::string>& pieces) {
        const std::string bytes = encode(pieces);
        std::string payload;
        for (const std::string& piece : pieces) payload += piece;
        const auto cut = rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
        const Decoded decoded = decode(bytes + "next", *rc::gen::container<std::vector<std::size_t>>(cut));
        RC_ASSERT(decoded.state == State::done);
        RC_ASSERT(decoded.payload == payload);
        RC_ASSERT(decoded.consumed == bytes.size());
        for (std::size_t n = 0; n < bytes.size(); ++n) {
            const Decoded prefix = decode(bytes.substr(0, n));
            RC_ASSERT(prefix.state == State::more);
            RC_ASSERT(prefix.consumed == n);
            RC_ASSERT(payload.starts_with(prefix.payload));
        }
    });
    CHECK(holds);
}

TEST_CASE("property: hostile bytes are judged as the slow reading does, however they are cut") {
    const std::vector<std::string> fragments = {
        "5", "0", "a", "1f",    "\r\n", "\r\n", "\r\n",      "\r\n",           "\n",  "\r",
        ";", " ", "x", "hello", "A: b", ":",    "0\r\n\r\n", "5\r\nhello\r\n", "\x01"};
    int done = 0;
    const bool holds = rc::check([&] {
        const auto parts = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(fragments));
        std::string bytes;
        for (const std::string& part : parts) bytes += part;
        if (*rc::gen::inRange(0, 2) == 0) bytes = "5\r\nhello\r\n" + bytes + "0\r\nA: b\r\n\r\n";
        const oracle::ChunkedBody expected = oracle::read_chunked(bytes);
        const auto cut = rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
        const Decoded decoded = decode(bytes, *rc::gen::container<std::vector<std::size_t>>(cut));
        RC_ASSERT(static_cast<int>(decoded.state) == static_cast<int>(expected.verdict));
        RC_ASSERT(decoded.payload == expected.payload);
        if (decoded.state == State::done) RC_ASSERT(decoded.consumed == expected.consumed);
        done += decoded.state == State::done;
    });
    CHECK(holds);
    CHECK(done > 0);
}

TEST_CASE("decoding in place finds the same as decoding piece by piece, wherever the body is cut") {
    rc::check([] {
        std::vector<std::string> pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::string<std::string>());
        const std::size_t long_piece = *rc::gen::inRange<std::size_t>(0, 5000);
        pieces.emplace_back(long_piece, 'x');
        std::string bytes = encode(pieces) + "GET / HTTP/1.1";
        if (*rc::gen::inRange(0, 2) == 0) {  // spoilt
            const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
            bytes[at] = *rc::gen::elementOf("\r\n0;x \x01"s);
        }
        std::vector<std::size_t> cuts =
            *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
        const Decoded fast = decode_in_place(bytes, cuts);
        const Decoded slow = decode(bytes, cuts);
        RC_ASSERT(fast.state == slow.state);
        RC_ASSERT(fast.payload == slow.payload);
        RC_ASSERT(fast.problem == slow.problem);
        if (slow.state != State::more) RC_ASSERT(fast.consumed == slow.consumed);
        const oracle::ChunkedBody whole = oracle::read_chunked(bytes);
        RC_ASSERT(static_cast<int>(fast.state) == static_cast<int>(whole.verdict));
        RC_ASSERT(fast.payload == whole.payload);
    });
}

TEST_CASE("decoding in place: every cut of a body with all that may occur in it") {
    const std::string body =
        "5\r\nhello\r\n0000000A;x=\"y\"\r\n, chunked \r\n1\r\n!\r\n0003\r\nabc\r\n0;x\r\nT: a\r\n\r\n";
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {
        const Decoded decoded = decode_in_place(body + "next", {cut});
        CHECK(decoded.state == State::done);
        CHECK(decoded.payload == "hello, chunked !abc");
        CHECK(decoded.consumed == body.size());
    }
    for (const std::string bad : {"5\r\nhello!\r\n", "5\rxhello\r\n", "5\r\nhello\rx", "x", "1\r\na\r\n-1\r\n"}) {
        CAPTURE(bad);
        const Decoded decoded = decode_in_place("2\r\nok\r\n" + bad);
        CHECK(decoded.state == State::bad);
        CHECK(decoded.payload.starts_with("ok"));
        CHECK(decoded.problem != "");
    }
}
