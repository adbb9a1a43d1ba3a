// HTTP/1.1 message heads (RFC 9112): bytes in, fields out; strict where leniency smuggles requests.
// Refused: obsolete line folding, white space before a colon, bare CR or LF inside a line, NUL and other control
// bytes, Content-Length together with Transfer-Encoding, several differing Content-Length, a Transfer-Encoding other
// than exactly "chunked" or in HTTP/1.0, HTTP versions other than 1.0 and 1.1, a request without exactly one Host
// (1.1), a request target that is not a path, an http(s) URL, or '*' of OPTIONS.
// Thread rule: pure functions; views point into the bytes given.
// Limits: HeadLimits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http {

struct HeadLimits {
    std::size_t bytes = 32 * 1024;
    std::size_t headers = 128;
};

struct Header {
    std::string_view name;   // as spelled
    std::string_view value;  // without surrounding white space
};

bool equals_ignoring_case(std::string_view a, std::string_view b);

struct Headers {
    std::vector<Header> list;
    const Header* find(std::string_view name) const;      // the first of that name; nullptr where there is none
    std::string_view value(std::string_view name) const;  // empty where there is none
    bool has_token(std::string_view name, std::string_view token) const;  // in comma-separated lists, over all lines
};

struct RequestHead {
    std::string_view method, target;
    unsigned minor_version = 1;
    Headers headers;
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool keep_alive = true;
    bool expect_continue = false;
    std::string_view path() const;   // target without query
    std::string_view query() const;  // after '?', empty where there is none
};

struct ResponseHead {
    unsigned status = 0;
    std::string_view reason;
    unsigned minor_version = 1;
    Headers headers;
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool keep_alive = true;
};

enum class Parse : std::uint8_t { complete, incomplete, bad };

struct HeadResult {
    Parse state = Parse::incomplete;
    std::size_t consumed = 0;  // complete: length of the head with its blank line (and of empty lines before it)
    unsigned status = 400;     // bad: what to answer a caller with: 400, 413, 417, 431, 501, 505
    const char* problem = "";  // bad: what is wrong, for the error message
};

// `resume_from`: how many bytes were already seen to hold no end of head, so that a slow head costs linear time; 0 for
// a new head, updated by the callee, 0 again after complete and bad. `bytes` holds the head from its first byte at each
// call. `out` is reused (its vector keeps its memory) and means something after complete only.
// A fault is told as soon as it is read: in what the first call sees, in the first line, a bare CR or LF or a control
// byte at once; another fault in a later header line of a head that comes in pieces once the head has ended.
HeadResult parse_request_head(std::string_view bytes, const HeadLimits& limits, std::size_t& resume_from,
                              RequestHead& out);
// A response without Content-Length and chunking lasts to the end of the connection. 1xx are returned like others.
HeadResult parse_response_head(std::string_view bytes, const HeadLimits& limits, std::size_t& resume_from,
                               ResponseHead& out);

std::string_view reason_phrase(unsigned status);

}  // namespace weir::http
