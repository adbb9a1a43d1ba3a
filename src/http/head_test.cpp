#include "http/head.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "http/head_oracle.h"

using namespace weir::http;
using namespace std::string_literals;

namespace {

HeadResult parse(std::string_view bytes, RequestHead& head, const HeadLimits& limits = {}) {
    std::size_t resume_from = 0;
    return parse_request_head(bytes, limits, resume_from, head);
}

HeadResult parse(std::string_view bytes, ResponseHead& head, const HeadLimits& limits = {}) {
    std::size_t resume_from = 0;
    return parse_response_head(bytes, limits, resume_from, head);
}

// The status a request is refused with; 0 where it is not refused.
unsigned refusal(const std::string& bytes, const HeadLimits& limits = {}) {
    RequestHead head;
    const HeadResult result = parse(bytes, head, limits);
    if (result.state != Parse::bad) return 0;
    CHECK(std::string_view(result.problem) != "");
    return result.status;
}

// With a good Host and the end of the head.
unsigned refusal_of_fields(const std::string& fields) {
    return refusal("POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
}

bool response_is_refused(const std::string& bytes) {
    ResponseHead head;
    return parse(bytes, head).state == Parse::bad;
}

// Feeds `bytes` cut at `cuts`, as a server reads them, then the end of a head, since a fault in a header line of a head
// in pieces is told no later than there; the first verdict other than incomplete. `head` views `bytes`.
template <class Head>
HeadResult parse_in_pieces(std::string& bytes, std::vector<std::size_t> cuts, Head& head,
                           const HeadLimits& limits = {}) {
    cuts.push_back(bytes.size());
    std::sort(cuts.begin(), cuts.end());
    bytes += "\r\n\r\n";
    cuts.push_back(bytes.size());
    std::size_t resume_from = 0;
    HeadResult result;
    for (const std::size_t cut : cuts) {
        const std::string_view seen(bytes.data(), cut);
        if constexpr (std::is_same_v<Head, RequestHead>) {
            result = parse_request_head(seen, limits, resume_from, head);
        } else {
            result = parse_response_head(seen, limits, resume_from, head);
        }
        if (result.state != Parse::incomplete) break;
    }
    return result;
}

const std::string kPost =
    "POST /v1/chat/completions?a=1&b HTTP/1.1\r\n"
    "Host: api.example.com:8080\r\n"
    "Content-Type: application/json\r\n"
    "AUTHORIZATION:  Bearer \tsk-\xC3\xA9 \t \r\n"
    "Empty:\r\n"
    "Content-Length: 17\r\n"
    "\r\n";

}  // namespace

TEST_CASE("a request head is read into its parts") {
    RequestHead head;
    const std::string bytes = kPost + "{\"model\":\"gpt-4\"}";
    const HeadResult result = parse(bytes, head);
    REQUIRE(result.state == Parse::complete);
    CHECK(result.consumed == kPost.size());
    CHECK(head.method == "POST");
    CHECK(head.target == "/v1/chat/completions?a=1&b");
    CHECK(head.path() == "/v1/chat/completions");
    CHECK(head.query() == "a=1&b");
    CHECK(head.minor_version == 1);
    CHECK(head.content_length == 17U);
    CHECK_FALSE(head.chunked);
    CHECK(head.keep_alive);
    CHECK_FALSE(head.expect_continue);
    REQUIRE(head.headers.list.size() == 5);
    CHECK(head.headers.list[2].name == "AUTHORIZATION");
    CHECK(head.headers.value("authorization") == "Bearer \tsk-\xC3\xA9");
    REQUIRE(head.headers.find("empty") != nullptr);
    CHECK(head.headers.value("empty") == "");
    CHECK(head.headers.find("absent") == nullptr);
}

TEST_CASE("a reused head keeps nothing of the message before") {
    RequestHead head;
    REQUIRE(parse("POST / HTTP/1.0\r\nTransfer-Encoding: x\r\nContent-Length: 3\r\n\r\n", head).state == Parse::bad);
    REQUIRE(parse("POST / HTTP/1.0\r\nContent-Length: 3\r\nX: y\r\n\r\n", head).state == Parse::complete);
    CHECK_FALSE(head.keep_alive);
    REQUIRE(
        parse("PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nTransfer-Encoding: Chunked\r\n\r\n", head).state ==
        Parse::complete);
    CHECK(head.expect_continue);
    CHECK(head.chunked);
    REQUIRE(parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n", head).state == Parse::complete);
    CHECK_FALSE(head.content_length.has_value());
    CHECK_FALSE(head.chunked);
    CHECK_FALSE(head.expect_continue);
    CHECK(head.keep_alive);
    CHECK(head.headers.list.size() == 1);
}

TEST_CASE("every prefix of a head is incomplete, however it is read") {
    for (const std::string& bytes : {kPost, "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"s, "GET / HTTP/1.0\r\n\r\n"s}) {
        RequestHead head;
        std::size_t resume_from = 0;
        for (std::size_t n = 0; n < bytes.size(); ++n) {
            CAPTURE(n);
            CHECK(parse(bytes.substr(0, n), head).state == Parse::incomplete);
            CHECK(parse_request_head(std::string_view(bytes).substr(0, n), {}, resume_from, head).state ==
                  Parse::incomplete);
            CHECK(resume_from <= n);
            CHECK(resume_from + 1 >= n);  // nothing but a CR is looked at twice
        }
        CHECK(parse_request_head(bytes, {}, resume_from, head).state == Parse::complete);
        CHECK(resume_from == 0);
    }
}

TEST_CASE("request lines") {
    const std::string host = "Host: a\r\n\r\n";
    CHECK(refusal("GET / HTTP/1.1\r\n" + host) == 0);
    CHECK(refusal("X!#$%&'*+-.^_`|~9 / HTTP/1.1\r\n" + host) == 0);
    CHECK(refusal(std::string(32, 'M') + " / HTTP/1.1\r\n" + host) == 0);
    CHECK(refusal(std::string(33, 'M') + " / HTTP/1.1\r\n" + host) == 501);
    CHECK(refusal("CONNECT a:443 HTTP/1.1\r\n" + host) == 501);
    CHECK(refusal(" GET / HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("G@T / HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("G\xC3\x89T / HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("GET\t/ HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("GET  / HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("GET /  HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("GET / x HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("GET / HTTP/1.1 \r\n" + host) == 400);
    CHECK(refusal("GET / HTTP/1.1\n" + host) == 400);
    CHECK(refusal("GET / HTTP/1.1\r" + host) == 400);
    CHECK(refusal("GET /\x01 HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("GET /\x7f HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("GET /\xC3\xA9 HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("GET /\0 HTTP/1.1\r\n"s + host) == 400);
    CHECK(refusal("GET /long-enough-for-a-block-of-16\0 HTTP/1.1\r\n"s + host) == 400);
    CHECK(refusal("GET x HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("GET ftp://a/ HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("GET http:///x HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("GET http:// HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("GET http:/ HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("GET * HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("OPTIONS * HTTP/1.1\r\n" + host) == 0);
    CHECK(refusal("GET /\r\n") == 400);  // HTTP/0.9, at once
    CHECK(refusal("GET / \r\n") == 400);
    CHECK(refusal("GET / HTTP/1.\r\n" + host) == 400);
    CHECK(refusal("GET / HTTP/11\r\n" + host) == 400);
    CHECK(refusal("GET / http/1.1\r\n" + host) == 400);
    CHECK(refusal("GET / HTTP/1.1.1\r\n" + host) == 400);
    CHECK(refusal("GET / HTTP/1.x\r\n" + host) == 400);
    CHECK(refusal("GET / HTTP/1.2\r\n" + host) == 505);
    CHECK(refusal("GET / HTTP/0.9\r\n" + host) == 505);
    CHECK(refusal("GET / HTTP/3.0\r\n" + host) == 505);
    CHECK(refusal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") != 0);
    CHECK(refusal("\x16\x03\x01\x02") == 400);  // a TLS hello
    CHECK(refusal("\r\n\r\nGET / HTTP/1.1\r\n" + host) == 0);
    CHECK(refusal("\r\n\r\n\r\nGET / HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("\nGET / HTTP/1.1\r\n" + host) == 400);
    CHECK(refusal("\rGET / HTTP/1.1\r\n" + host) == 400);
}

TEST_CASE("the target's path and query") {
    const auto check = [](const std::string& target, std::string_view path, std::string_view query) {
        RequestHead head;
        const std::string bytes = "OPTIONS " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
        CAPTURE(target);
        REQUIRE(parse(bytes, head).state == Parse::complete);
        CHECK(head.target == target);
        CHECK(head.path() == path);
        CHECK(head.query() == query);
    };
    check("/", "/", "");
    check("/a?", "/a", "");
    check("/a?b?c", "/a", "b?c");
    check("/?http://x/y", "/", "http://x/y");
    check("*", "*", "");
    check("http://host/v1/models?x=/y", "/v1/models", "x=/y");
    check("HTTPS://host:8080/v1", "/v1", "");
    check("http://host", "/", "");
    check("http://host?x=1/2", "/", "x=1/2");
}

TEST_CASE("header lines") {
    CHECK(refusal_of_fields("A: b\r\n") == 0);
    CHECK(refusal_of_fields("A:b\r\nA:c\r\n") == 0);
    CHECK(refusal_of_fields("A: b\tc \xFF\r\n") == 0);
    CHECK(refusal_of_fields("A : b\r\n") == 400);
    CHECK(refusal_of_fields("A\t: b\r\n") == 400);
    CHECK(refusal_of_fields(" A: b\r\n") == 400);
    CHECK(refusal_of_fields("A: b\r\n c\r\n") == 400);
    CHECK(refusal_of_fields("A: b\r\n\tc\r\n") == 400);
    CHECK(refusal_of_fields(": b\r\n") == 400);
    CHECK(refusal_of_fields("A\r\n") == 400);
    CHECK(refusal_of_fields("A b: c\r\n") == 400);
    CHECK(refusal_of_fields("A\xC3\xA9: c\r\n") == 400);
    CHECK(refusal_of_fields("A(: c\r\n") == 400);
    CHECK(refusal_of_fields("A: b\nC: d\r\n") == 400);
    CHECK(refusal_of_fields("A: b\rC: d\r\n") == 400);
    CHECK(refusal_of_fields("A: b\r\r\n") == 400);
    CHECK(refusal_of_fields("A: b\0c\r\n"s) == 400);
    CHECK(refusal_of_fields("A: sixteen bytes or more \x1b[31m\r\n") == 400);
    CHECK(refusal_of_fields("A: sixteen bytes or more \x7f\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\nHost: a\n\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\n\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\n\rx") == 400);
}

TEST_CASE("every byte is allowed or refused in names and values as the grammar has it") {
    for (unsigned byte = 0; byte < 256; ++byte) {
        CAPTURE(byte);
        const std::string one(1, static_cast<char>(byte));
        const bool control = (byte < 32 && byte != 9) || byte == 127;
        CHECK((refusal_of_fields("A: x" + one + "y\r\n") == 0) == !control);
        CHECK((refusal_of_fields("A: 0123456789abcdef0123456789abcdef" + one + "y\r\n") == 0) == !control);
        const bool colon = byte == ':';  // ends the name
        CHECK((refusal_of_fields("x" + one + "y: z\r\n") == 0) == (oracle::is_token(one) || colon));
        const bool visible = byte > 32 && byte < 127;
        const std::string tail = " HTTP/1.1\r\nHost: a\r\n\r\n";
        if (byte == ' ') continue;
        CHECK((refusal("GET /x" + one + "y" + tail) == 0) == visible);
        CHECK((refusal("GET /0123456789abcdef0123456789" + one + tail) == 0) == visible);
    }
}

TEST_CASE("Host") {
    CHECK(refusal("GET / HTTP/1.1\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.0\r\n\r\n") == 0);
    CHECK(refusal("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n") == 400);
    CHECK(refusal_of_fields("HOST: a\r\n") == 400);
    const auto host = [](const std::string& value) { return refusal("GET / HTTP/1.1\r\nHost:" + value + "\r\n\r\n"); };
    CHECK(host("") == 0);
    CHECK(host(" [::1]:8080") == 0);
    CHECK(host(" a-b.example:1") == 0);
    CHECK(host(" a b") == 400);
    CHECK(host(" a/b") == 400);
    CHECK(host(" u@a") == 400);
    CHECK(host(" a#b") == 400);
    CHECK(host(" \xC3\xA9") == 400);
}

TEST_CASE("Content-Length") {
    const auto length = [](const std::string& value) { return refusal_of_fields("Content-Length:" + value + "\r\n"); };
    RequestHead head;
    REQUIRE(parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9007199254740992\r\n\r\n", head).state ==
            Parse::complete);
    CHECK(head.content_length == 9007199254740992U);
    CHECK(length("0") == 0);
    CHECK(length("00000000000000000000000000000007") == 0);
    CHECK(length("9007199254740993") == 413);
    CHECK(length("18446744073709551616") == 413);
    CHECK(length("18446744073709551621") == 413);
    CHECK(length("99999999999999999999999999999999999999999") == 413);
    CHECK(length("99999999999999999999999999999999999999999x") == 400);
    for (const char* bad : {"", " ", "+5", "-5", "5 5", "5,5", "5, 5", "0x5", "5.0", "five", "5;", "\xD9\xA5"}) {
        CAPTURE(bad);
        CHECK(length(bad) == 400);
    }
    CHECK(refusal_of_fields("Content-Length: 5\r\ncontent-length: 5\r\n") == 0);
    CHECK(refusal_of_fields("Content-Length: 5\r\ncontent-length: 6\r\n") == 400);
    CHECK(refusal_of_fields("Content-Length: 5\r\nContent-Length: \r\n") == 400);
    CHECK(refusal_of_fields("Content_Length: 5\r\nContent-Length: 6\r\n") == 0);  // another header
}

TEST_CASE("Transfer-Encoding") {
    CHECK(refusal_of_fields("Transfer-Encoding: chunked\r\n") == 0);
    CHECK(refusal_of_fields("transfer-encoding:\tCHUNKED \r\n") == 0);
    for (const char* other : {"", "gzip", "gzip, chunked", "chunked, gzip", "identity", "xchunked", "chunked;q=1",
                              "chunked,", "\"chunked\"",
                              "\x0b"
                              "chunked"}) {
        CAPTURE(other);
        CHECK(refusal_of_fields("Transfer-Encoding: "s + other + "\r\n") >= 400);
    }
    CHECK(refusal_of_fields("Transfer-Encoding: gzip\r\n") == 501);
    CHECK(refusal_of_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") == 400);
    CHECK(refusal_of_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n") == 400);
    CHECK(refusal_of_fields("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") == 400);
    CHECK(refusal_of_fields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") == 400);
    CHECK(refusal_of_fields("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n") == 400);
    CHECK(refusal_of_fields("Transfer-Encoding : chunked\r\n") == 400);
    CHECK(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
}

TEST_CASE("Expect and Connection") {
    CHECK(refusal_of_fields("Expect: 100-continue\r\n") == 0);
    CHECK(refusal_of_fields("Expect: 200-ok\r\n") == 417);
    CHECK(refusal_of_fields("Expect:\r\n") == 417);
    RequestHead head;
    REQUIRE(parse("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", head).state == Parse::complete);
    CHECK_FALSE(head.expect_continue);
    const auto keeps_alive = [&head](const std::string& version, const std::string& connection) {
        const std::string bytes = "GET / HTTP/" + version + "\r\nHost: a\r\n" + connection + "\r\n";
        REQUIRE(parse(bytes, head).state == Parse::complete);
        return head.keep_alive;
    };
    CHECK(keeps_alive("1.1", ""));
    CHECK(keeps_alive("1.1", "Connection: upgrade\r\n"));
    CHECK(keeps_alive("1.1", "Connection: closed, not-close\r\n"));
    CHECK_FALSE(keeps_alive("1.1", "Connection: close\r\n"));
    CHECK_FALSE(keeps_alive("1.1", "connection: TE , CLOSE\r\n"));
    CHECK_FALSE(keeps_alive("1.1", "Connection: keep-alive\r\nConnection: ,close,\r\n"));
    CHECK_FALSE(keeps_alive("1.0", ""));
    CHECK(keeps_alive("1.0", "Connection: Keep-Alive\r\n"));
    CHECK_FALSE(keeps_alive("1.0", "Connection: keep-alive, close\r\n"));
}

TEST_CASE("tokens in lists, and names ignoring case") {
    RequestHead head;
    REQUIRE(parse("GET / HTTP/1.1\r\nHost: a\r\nTE: x, Trailers ,,\r\nte:\tdeflate\r\nV:\r\n\r\n", head).state ==
            Parse::complete);
    CHECK(head.headers.has_token("te", "trailers"));
    CHECK(head.headers.has_token("TE", "x"));
    CHECK(head.headers.has_token("Te", "DEFLATE"));
    CHECK_FALSE(head.headers.has_token("te", "trailer"));
    CHECK_FALSE(head.headers.has_token("te", ""));
    CHECK_FALSE(head.headers.has_token("v", ""));
    CHECK_FALSE(head.headers.has_token("w", "x"));
    CHECK(equals_ignoring_case("", ""));
    CHECK(equals_ignoring_case("aZ-9", "Az-9"));
    CHECK_FALSE(equals_ignoring_case("a", "ab"));
    CHECK_FALSE(equals_ignoring_case("[", "{"));
    CHECK_FALSE(equals_ignoring_case("@", "`"));
    CHECK_FALSE(equals_ignoring_case("\xC1", "\xE1"));
    // Each pair of bytes at each place of names that are compared by words.
    for (const std::size_t size : {8u, 9u, 13u, 16u, 19u}) {
        for (std::size_t at = 0; at < size; ++at) {
            std::string one(size, 'x'), other(size, 'X');
            std::size_t wrong = 0;
            for (int a = 0; a < 256; ++a) {
                for (int b = 0; b < 256; ++b) {
                    one[at] = static_cast<char>(a);
                    other[at] = static_cast<char>(b);
                    const auto lower = [](int byte) { return byte >= 'A' && byte <= 'Z' ? byte + 32 : byte; };
                    wrong += equals_ignoring_case(one, other) != (lower(a) == lower(b));
                }
            }
            CHECK(wrong == 0);
        }
    }
}

TEST_CASE("limits") {
    const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    const std::string exact = start + std::string(1000 - start.size() - 4, 'x') + "\r\n\r\n";
    HeadLimits limits{1000, 128};
    CHECK(refusal(exact, limits) == 0);
    CHECK(refusal(exact + "body", limits) == 0);
    limits.bytes = 999;
    CHECK(refusal(exact, limits) == 431);
    CHECK(refusal(exact.substr(0, 999), limits) == 431);  // can't become a head within the limit any more
    CHECK(refusal(exact.substr(0, 998), limits) == 0);
    RequestHead head;
    std::vector<std::size_t> every_byte(exact.size());
    for (std::size_t i = 0; i < every_byte.size(); ++i) every_byte[i] = i;
    std::string pieces = exact;
    CHECK(parse_in_pieces(pieces, every_byte, head, limits).status == 431);

    std::string flood = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < 4; ++i) flood += "A:\r\n";
    CHECK(refusal(flood + "\r\n", {1000, 5}) == 0);
    CHECK(refusal(flood + "\r\n", {1000, 4}) == 431);
    CHECK(refusal(flood, {1000, 4}) == 431);
}

TEST_CASE("what is spoiled is told at once, also in pieces") {
    const auto refused_after = [](const std::string& bytes, std::vector<std::size_t> cuts) {
        RequestHead head;
        std::size_t resume_from = 0;
        for (const std::size_t cut : cuts) {
            CHECK(parse_request_head(bytes.substr(0, cut), {}, resume_from, head).state == Parse::incomplete);
        }
        return parse_request_head(bytes, {}, resume_from, head).state == Parse::bad;
    };
    CHECK(refused_after("GET /\r\n", {1, 2, 3, 4, 5, 6}));
    CHECK(refused_after("HELLO\r\n", {3}));
    CHECK(refused_after("\r\n\r\nHELLO\r\n", {1, 2, 3, 4, 5}));
    CHECK(refused_after("GET / HTTP/1.1\r\nHost: a\n", {20}));
    CHECK(refused_after("GET / HTTP/1.1\r\nHost: a\0"s, {20}));
    CHECK(refused_after("GET / HTTP/1.1\r\nHost: a\rb", {20, 24}));
    CHECK(refused_after("GET / HTTP/1.1\nHost", {3}));
}

TEST_CASE("response heads") {
    ResponseHead head;
    const std::string bytes =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    const std::string with_body = bytes + "5\r\n";
    const HeadResult result = parse(with_body, head);
    REQUIRE(result.state == Parse::complete);
    CHECK(result.consumed == bytes.size());
    CHECK(head.status == 200);
    CHECK(head.reason == "OK");
    CHECK(head.chunked);
    CHECK_FALSE(head.keep_alive);
    CHECK(head.headers.value("content-type") == "text/event-stream");
    REQUIRE(parse("HTTP/1.0 204\r\n\r\n", head).state == Parse::complete);
    CHECK(head.status == 204);
    CHECK(head.reason == "");
    CHECK(head.minor_version == 0);
    CHECK_FALSE(head.keep_alive);
    CHECK_FALSE(head.chunked);
    REQUIRE(parse("HTTP/1.1 404 \r\nContent-Length: 0\r\nHost: a\r\nHost: /b\r\nExpect: x\r\n\r\n", head).state ==
            Parse::complete);
    CHECK(head.reason == "");
    CHECK(head.content_length == 0U);
    REQUIRE(parse("HTTP/1.1 100 Continue\r\n\r\n", head).state == Parse::complete);
    CHECK(head.status == 100);
    REQUIRE(parse("HTTP/1.1 529 \xC3\x9C"
                  "ber\tlastet \r\n\r\n",
                  head)
                .state == Parse::complete);
    CHECK(head.reason ==
          "\xC3\x9C"
          "ber\tlastet ");

    for (const char* line :
         {"HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.1 20x OK", "HTTP/1.1  200 OK",
          "HTTP/1.1 200\tOK", "HTTP/1.1 099 Low", "HTTP/2.0 200 OK", "HTTP/1.2 200 OK", "http/1.1 200 OK", "ICY 200 OK",
          "", "HTTP/1.1 200 O\x01K", "HTTP/1.1 -20 OK"}) {
        CAPTURE(line);
        CHECK(response_is_refused(line + "\r\n\r\n"s));
    }
    CHECK(response_is_refused("HTTP/1.1 200 OK\n\n"));
    CHECK(response_is_refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"));
    CHECK(response_is_refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"));
    CHECK(response_is_refused("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"));
    CHECK(response_is_refused("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
}

TEST_CASE("reason phrases") {
    CHECK(reason_phrase(200) == "OK");
    CHECK(reason_phrase(431) == "Request Header Fields Too Large");
    CHECK(reason_phrase(100) == "Continue");
    CHECK(reason_phrase(529) == "Site Is Overloaded");
    for (const unsigned status : {0U, 99U, 299U, 799U}) CHECK(reason_phrase(status) == "Unknown");
}

namespace {

// Heads that are mostly well-formed, with a fault here and there: of a pair, the first list is taken 15 times as often.
struct Choice {
    std::vector<std::string> good, odd;
    std::string pick() const { return *rc::gen::elementOf(*rc::gen::inRange(0, 16) > 0 ? good : odd); }
};
const Choice kFirstWords = {{"GET", "POST", "OPTIONS"}, {"CONNECT", "", "G T", "\r\n", "\r\nGET", "P\x80", " "}};
const Choice kTargets = {{"/", "/v1/chat/completions", "http://a/b?c", "/a?b=%20c", "https://x"},
                         {"*", "http:///", "x", "/\t", "", "/\xC3", "/a b"}};
const Choice kVersions = {{"HTTP/1.1", "HTTP/1.1", "HTTP/1.0"}, {"HTTP/1.2", "HTTP/2.0", "HTTP", "HTTP/1.1 "}};
const Choice kStatusLines = {{"HTTP/1.1 200 OK", "HTTP/1.0 404 Not Found", "HTTP/1.1 500", "HTTP/1.1 204 "},
                             {"HTTP/1.1 20", "HTTP/1.3 200 OK", "", "HTTP/1.1 2000"}};
const Choice kFields = {
    {"Content-Length: 5", "Connection: close", "Connection: keep-alive, x", "X-Long: 0123456789abcdef0123456789",
     "Empty:", "User-Agent: OpenAI/Python 1.2.3", "Tab:\tx\t", "Obs: \xFF\xFE", "Expect: 100-continue",
     "Content-Length: 0005"},
    {"content-length: 6", "Content-Length: 9007199254740993", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip",
     "Expect: y", "bad name: x", " folded", ": none", "Cookie: a\x01", "host:b:80", "Host: a/b", "Host: a"}};
const Choice kHosts = {{"Host: a", "hOST:b:80"}, {"X: y", "Host: /"}};
const Choice kLineEnds = {{"\r\n"}, {"\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "", "\r\n\r\n"}};

std::string any_head(bool is_request) {
    std::string bytes =
        is_request ? kFirstWords.pick() + " " + kTargets.pick() + " " + kVersions.pick() : kStatusLines.pick();
    bytes += kLineEnds.pick() + kHosts.pick() + kLineEnds.pick();
    const int count = *rc::gen::inRange(0, 6);
    for (int i = 0; i < count; ++i) bytes += kFields.pick() + kLineEnds.pick();
    return bytes + "\r\n" + *rc::gen::element(""s, "{}"s, "GET / HTTP/1.1\r\n\r\n"s);
}

// Compares one read, one in random pieces and the slow reading. `complete` counts how often there was a head, so that
// the test can tell whether it tested anything.
template <class Head, class Slow>
void compare(const std::string& bytes, Slow slow, int& complete) {
    const HeadLimits limits{200, 5};
    Head head;
    const HeadResult result = parse(bytes, head, limits);
    const std::optional<oracle::Head> expected = slow(bytes, limits);
    RC_ASSERT((result.state == Parse::complete) == expected.has_value());
    if (expected) {
        ++complete;
        RC_ASSERT(result.consumed == expected->consumed);
        RC_ASSERT(oracle::same(head, *expected));
    }
    if (result.state == Parse::incomplete) return;
    Head in_pieces;
    const auto cuts = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
    std::string pieces = bytes;
    const HeadResult again = parse_in_pieces(pieces, cuts, in_pieces, limits);
    RC_ASSERT(again.state == result.state);
    RC_ASSERT(again.consumed == result.consumed);
    RC_ASSERT(std::string_view(again.problem) == result.problem);
    if (expected) RC_ASSERT(oracle::same(in_pieces, *expected));
}

}  // namespace

TEST_CASE("property: requests are read as the slow reading does, in one or in pieces") {
    int complete = 0;
    CHECK(rc::check([&] { compare<RequestHead>(any_head(true), oracle::read_request, complete); }));
    CHECK(complete >= 5);  // of 100: otherwise nothing was tested
}

TEST_CASE("property: responses are read as the slow reading does, in one or in pieces") {
    int complete = 0;
    CHECK(rc::check([&] { compare<ResponseHead>(any_head(false), oracle::read_response, complete); }));
    CHECK(complete >= 5);  // of 100: otherwise nothing was tested
}
