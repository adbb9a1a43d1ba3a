#include "http/head.h"

#include <cstring>

#include "http/bytes.h"

namespace weir::http {
namespace {

constexpr std::size_t kMaxMethodBytes = 32;
constexpr unsigned kMaxEmptyLinesBefore = 2;             // before a request line
constexpr std::uint64_t kMaxContentLength = 1ULL << 53;  // bytes; beyond it a JSON number is no longer exact
constexpr std::size_t kFirstHeaderCapacity = 24;

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string_view trimmed(const char* begin, const char* end) {
    while (begin != end && is_blank(*begin)) ++begin;
    while (begin != end && is_blank(end[-1])) --end;
    return {begin, static_cast<std::size_t>(end - begin)};
}

// `lower` holds lower-case letters and hyphens only; both are of the same length and `name` is a token, so that
// setting bit 5 maps nothing else onto them.
bool is_name(std::string_view name, std::string_view lower) {
    for (std::size_t i = 0; i < lower.size(); ++i) {
        if ((name[i] | 0x20) != lower[i]) return false;
    }
    return true;
}

// Calls `take` with each element of a comma-separated list (RFC 9110 section 5.6.1), empty ones left out.
template <class Take>
void for_each_element(std::string_view list, Take take) {
    const char* at = list.data();
    const char* const end = at + list.size();
    while (at != end) {
        const void* comma = std::memchr(at, ',', static_cast<std::size_t>(end - at));
        const char* stop = comma == nullptr ? end : static_cast<const char*>(comma);
        const std::string_view element = trimmed(at, stop);
        if (!element.empty()) take(element);
        at = stop == end ? end : stop + 1;
    }
}

// What the fields say about the message's length and connection, gathered as they are read.
struct Framing {
    std::optional<std::uint64_t> content_length;
    unsigned hosts = 0;
    bool chunked = false;
    bool close = false;
    bool keep_alive = false;
    bool expect_continue = false;
};

enum class Kind : std::uint8_t { request, response };

// Reads a head from left to right; the first fault ends it. Each step returns complete (go on), incomplete or bad.
class HeadReader {
  public:
    HeadReader(std::string_view bytes, Kind kind)
        : begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()), kind_(kind) {}

    Parse skip_empty_lines();
    Parse request_line(RequestHead& out);
    Parse status_line(ResponseHead& out);
    Parse fields(const HeadLimits& limits, Headers& out);
    Parse check_request(unsigned minor_version);
    Parse check_response(unsigned minor_version);

    bool keep_alive(unsigned minor_version) const {
        return !framing.close && (minor_version > 0 || framing.keep_alive);
    }
    HeadResult result(Parse state) const {
        const bool complete = state == Parse::complete;
        return {state, complete ? static_cast<std::size_t>(at_ - begin_) : 0, status_, problem_};
    }
    Parse bad(unsigned status, const char* problem) {
        status_ = status;
        problem_ = problem;
        return Parse::bad;
    }

    Framing framing;

  private:
    Parse line_end(const char* line_end);
    Parse method(std::string_view& out);
    Parse target(std::string_view method, std::string_view& out);
    Parse version(std::string_view text, unsigned& minor_version);
    Parse field_name(std::string_view& out);
    Parse note(std::string_view name, std::string_view value);
    Parse note_content_length(std::string_view value);
    Parse note_transfer_encoding(std::string_view value);
    Parse note_host(std::string_view value);
    Parse note_expect(std::string_view value);
    void note_connection(std::string_view value);

    const char* begin_;
    const char* at_;
    const char* end_;
    Kind kind_;
    unsigned status_ = 400;
    const char* problem_ = "";
};

// `line_end` is the first control byte of the line, or the end of the input: steps past CR LF, refuses anything else.
Parse HeadReader::line_end(const char* line_end) {
    if (line_end == end_) return Parse::incomplete;
    if (*line_end == '\n') return bad(400, "a line ends with LF alone, CR LF is needed");
    if (*line_end != '\r') return bad(400, "control byte in the head");
    if (line_end + 1 == end_) return Parse::incomplete;
    if (line_end[1] != '\n') return bad(400, "CR without LF in the head");
    at_ = line_end + 2;
    return Parse::complete;
}

Parse HeadReader::skip_empty_lines() {
    for (unsigned lines = 0; at_ != end_ && (*at_ == '\r' || *at_ == '\n'); ++lines) {
        if (lines == kMaxEmptyLinesBefore) return bad(400, "empty lines instead of a request line");
        if (const Parse state = line_end(at_); state != Parse::complete) return state;
    }
    return Parse::complete;
}

Parse HeadReader::method(std::string_view& out) {
    const char* p = at_;
    while (p != end_ && is_token_byte(*p)) ++p;
    const auto length = static_cast<std::size_t>(p - at_);
    if (length > kMaxMethodBytes) return bad(501, "unknown method");
    if (p == end_) return Parse::incomplete;
    if (*p != ' ' || length == 0) return bad(400, "malformed method in the request line");
    out = {at_, length};
    at_ = p + 1;
    return Parse::complete;
}

Parse HeadReader::target(std::string_view method, std::string_view& out) {
    const char* p = find_invisible(at_, end_);
    if (p == end_) return Parse::incomplete;
    if (*p == '\r' || *p == '\n') return bad(400, "request line without an HTTP version");
    if (*p != ' ') return bad(400, "control or non-ASCII byte in the request target");
    out = {at_, static_cast<std::size_t>(p - at_)};
    if (method == "CONNECT") return bad(501, "CONNECT is not supported");
    if (out.empty()) return bad(400, "no request target");
    if (out[0] != '/' && !(out == "*" && method == "OPTIONS")) {
        const std::size_t scheme = equals_ignoring_case(out.substr(0, 7), "http://")    ? 7
                                   : equals_ignoring_case(out.substr(0, 8), "https://") ? 8
                                                                                        : 0;
        if (scheme == 0) return bad(400, "request target is neither a path nor an http(s) URL");
        if (out.size() == scheme || out[scheme] == '/' || out[scheme] == '?') {
            return bad(400, "request target is a URL without a host");
        }
    }
    at_ = p + 1;
    return Parse::complete;
}

Parse HeadReader::version(std::string_view text, unsigned& minor_version) {
    if (text.size() != 8 || text.substr(0, 5) != "HTTP/" || !is_digit(text[5]) || text[6] != '.' ||
        !is_digit(text[7])) {
        return bad(400, "malformed HTTP version");
    }
    if (text[5] != '1' || text[7] > '1') return bad(505, "HTTP version is neither 1.0 nor 1.1");
    minor_version = static_cast<unsigned>(text[7] - '0');
    return Parse::complete;
}

Parse HeadReader::request_line(RequestHead& out) {
    if (const Parse state = method(out.method); state != Parse::complete) return state;
    if (const Parse state = target(out.method, out.target); state != Parse::complete) return state;
    const char* const start = at_;
    const char* const stop = find_control(start, end_);
    const auto length = static_cast<std::size_t>(stop - start);
    if (length > 8) return bad(400, "malformed HTTP version");
    if (const Parse state = line_end(stop); state != Parse::complete) return state;
    return version({start, length}, out.minor_version);
}

Parse HeadReader::status_line(ResponseHead& out) {
    const char* const start = at_;
    const char* const stop = find_control(start, end_);
    if (const Parse state = line_end(stop); state != Parse::complete) return state;
    const std::string_view line(start, static_cast<std::size_t>(stop - start));
    if (const Parse state = version(line.substr(0, 8), out.minor_version); state != Parse::complete) return state;
    if (line.size() < 12 || line[8] != ' ' || !is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]) ||
        (line.size() > 12 && line[12] != ' ')) {
        return bad(400, "malformed status line");
    }
    out.status = static_cast<unsigned>((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
    if (out.status < 100) return bad(400, "status code below 100");
    out.reason = line.size() > 13 ? line.substr(13) : std::string_view();
    return Parse::complete;
}

Parse HeadReader::field_name(std::string_view& out) {
    const char* const p = find_token_end(at_, end_);
    if (p == end_) return Parse::incomplete;
    if (*p != ':' || p == at_) {
        if (p == at_ && is_blank(*p)) return bad(400, "folded header line");
        if (is_blank(*p)) return bad(400, "white space in or after a header name");
        return bad(400, "malformed header name");
    }
    out = {at_, static_cast<std::size_t>(p - at_)};
    at_ = p + 1;
    return Parse::complete;
}

Parse HeadReader::fields(const HeadLimits& limits, Headers& out) {
    while (true) {
        if (at_ == end_) return Parse::incomplete;
        if (*at_ == '\r' || *at_ == '\n') return line_end(at_);
        std::string_view name;
        if (const Parse state = field_name(name); state != Parse::complete) return state;
        const char* const start = at_;
        const char* const stop = find_control(start, end_);
        if (const Parse state = line_end(stop); state != Parse::complete) return state;
        if (out.list.size() == limits.headers) return bad(431, "too many header lines");
        const Header& header = out.list.emplace_back(Header{name, trimmed(start, stop)});
        if (const Parse state = note(header.name, header.value); state != Parse::complete) return state;
    }
}

Parse HeadReader::note(std::string_view name, std::string_view value) {
    switch (name.size()) {
        case 4:
            if (is_name(name, "host")) return note_host(value);
            break;
        case 6:
            if (is_name(name, "expect")) return note_expect(value);
            break;
        case 10:
            if (is_name(name, "connection")) note_connection(value);
            break;
        case 14:
            if (is_name(name, "content-length")) return note_content_length(value);
            break;
        case 17:
            if (is_name(name, "transfer-encoding")) return note_transfer_encoding(value);
            break;
        default:
            break;
    }
    return Parse::complete;
}

Parse HeadReader::note_content_length(std::string_view value) {
    if (value.empty()) return bad(400, "empty Content-Length");
    std::uint64_t length = 0;
    for (const char c : value) {
        if (!is_digit(c)) return bad(400, "Content-Length is not a number");
        // Saturates: once over the limit it stays there, and digits are still checked.
        if (length <= kMaxContentLength) length = length * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (length > kMaxContentLength) return bad(413, "Content-Length is over 2^53");
    if (framing.content_length && *framing.content_length != length) return bad(400, "differing Content-Length lines");
    framing.content_length = length;
    return Parse::complete;
}

Parse HeadReader::note_transfer_encoding(std::string_view value) {
    if (framing.chunked) return bad(400, "several Transfer-Encoding lines");
    if (!equals_ignoring_case(value, "chunked")) return bad(501, "Transfer-Encoding is not exactly \"chunked\"");
    framing.chunked = true;
    return Parse::complete;
}

Parse HeadReader::note_host(std::string_view value) {
    if (kind_ == Kind::response) return Parse::complete;
    if (++framing.hosts > 1) return bad(400, "several Host lines");
    for (const char c : value) {
        // RFC 3986 section 3.2.2 without user information: reg-name, IP-literal, port.
        const bool allowed = is_token_byte(c) ? c != '#' && c != '^' && c != '`' && c != '|'
                                              : c == ':' || c == '[' || c == ']' || c == '(' || c == ')' || c == ',' ||
                                                    c == ';' || c == '=';
        if (!allowed) return bad(400, "malformed Host");
    }
    return Parse::complete;
}

Parse HeadReader::note_expect(std::string_view value) {
    if (kind_ == Kind::response) return Parse::complete;
    if (!equals_ignoring_case(value, "100-continue")) return bad(417, "Expect is not \"100-continue\"");
    framing.expect_continue = true;
    return Parse::complete;
}

void HeadReader::note_connection(std::string_view value) {
    for_each_element(value, [this](std::string_view element) {
        if (equals_ignoring_case(element, "close")) framing.close = true;
        if (equals_ignoring_case(element, "keep-alive")) framing.keep_alive = true;
    });
}

Parse HeadReader::check_request(unsigned minor_version) {
    if (minor_version > 0 && framing.hosts == 0) return bad(400, "no Host header");
    return check_response(minor_version);
}

Parse HeadReader::check_response(unsigned minor_version) {
    if (framing.chunked && framing.content_length) return bad(400, "Content-Length together with Transfer-Encoding");
    if (framing.chunked && minor_version == 0) return bad(400, "Transfer-Encoding in HTTP/1.0");
    return Parse::complete;
}

void clear(Headers& headers) {
    headers.list.clear();
    if (headers.list.capacity() == 0) headers.list.reserve(kFirstHeaderCapacity);
}

HeadResult read_request(std::string_view bytes, const HeadLimits& limits, RequestHead& out) {
    clear(out.headers);
    HeadReader reader(bytes, Kind::request);
    Parse state = reader.skip_empty_lines();
    if (state == Parse::complete) state = reader.request_line(out);
    if (state == Parse::complete) state = reader.fields(limits, out.headers);
    if (state == Parse::complete) state = reader.check_request(out.minor_version);
    if (state == Parse::incomplete && bytes.size() >= limits.bytes) state = reader.bad(431, "head is too large");
    out.content_length = reader.framing.content_length;
    out.chunked = reader.framing.chunked;
    out.keep_alive = reader.keep_alive(out.minor_version);
    out.expect_continue = reader.framing.expect_continue && out.minor_version > 0;
    return reader.result(state);
}

HeadResult read_response(std::string_view bytes, const HeadLimits& limits, ResponseHead& out) {
    clear(out.headers);
    HeadReader reader(bytes, Kind::response);
    Parse state = reader.status_line(out);
    if (state == Parse::complete) state = reader.fields(limits, out.headers);
    if (state == Parse::complete) state = reader.check_response(out.minor_version);
    if (state == Parse::incomplete && bytes.size() >= limits.bytes) state = reader.bad(431, "head is too large");
    out.content_length = reader.framing.content_length;
    out.chunked = reader.framing.chunked;
    out.keep_alive = reader.keep_alive(out.minor_version);
    return reader.result(state);
}

// Whether bytes after `resume_from` make reading the whole head worth while: its end, the end of its first line (so
// that a request of another protocol is told at once), or a byte that spoils it. Otherwise moves `resume_from` on.
// Reading happens a bounded number of times a head, and this scan sees each byte once: linear in all.
bool is_worth_reading(std::string_view bytes, std::size_t& resume_from) {
    const char* const begin = bytes.data();
    const char* const end = begin + bytes.size();
    const char* first_line = begin;
    while (first_line != end && (*first_line == '\r' || *first_line == '\n')) ++first_line;
    for (const char* p = begin + resume_from; (p = find_control(p, end)) != end; p += 2) {
        if (*p != '\r') return true;
        if (p + 1 == end) {
            resume_from = static_cast<std::size_t>(p - begin);
            return false;
        }
        if (p[1] != '\n') return true;
        if (p != begin && p[-1] == '\n') return true;
        if (p > first_line && std::memchr(first_line, '\n', static_cast<std::size_t>(p - first_line)) == nullptr) {
            return true;
        }
    }
    resume_from = bytes.size();
    return false;
}

template <class Head, class Read>
HeadResult resume(std::string_view bytes, const HeadLimits& limits, std::size_t& resume_from, Head& out, Read read) {
    bytes = bytes.substr(0, limits.bytes);
    if (resume_from > bytes.size()) resume_from = 0;
    if (resume_from > 0 && bytes.size() < limits.bytes && !is_worth_reading(bytes, resume_from)) return {};
    const HeadResult result = read(bytes, limits, out);
    if (result.state == Parse::incomplete) {
        resume_from = bytes.size();
        if (!bytes.empty() && bytes.back() == '\r') --resume_from;
    } else {
        resume_from = 0;
    }
    return result;
}

// Eight bytes with A to Z in lower case; others, those over 0x7F too, as they are.
std::uint64_t lower_word(const char* at) {
    constexpr std::uint64_t kEach = 0x0101010101010101, kHigh = 0x80 * kEach;
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    const std::uint64_t low = word & ~kHigh;
    const std::uint64_t from_a = low + (0x80 - 'A') * kEach;
    const std::uint64_t beyond_z = low + (0x7F - 'Z') * kEach;
    return word | ((from_a & ~beyond_z & ~word & kHigh) >> 2);
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    // Eight bytes at a time; the last eight may overlap those before.
    if (a.size() >= 8) {
        for (std::size_t i = 0; i + 8 < a.size(); i += 8) {
            if (lower_word(a.data() + i) != lower_word(b.data() + i)) return false;
        }
        return lower_word(a.data() + a.size() - 8) == lower_word(b.data() + b.size() - 8);
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] != b[i] && ascii_lower(a[i]) != ascii_lower(b[i])) return false;
    }
    return true;
}

const Header* Headers::find(std::string_view name) const {
    for (const Header& header : list) {
        if (equals_ignoring_case(header.name, name)) return &header;
    }
    return nullptr;
}

std::string_view Headers::value(std::string_view name) const {
    const Header* header = find(name);
    return header == nullptr ? std::string_view() : header->value;
}

bool Headers::has_token(std::string_view name, std::string_view token) const {
    bool found = false;
    for (const Header& header : list) {
        if (!equals_ignoring_case(header.name, name)) continue;
        for_each_element(header.value, [&](std::string_view element) {
            if (equals_ignoring_case(element, token)) found = true;
        });
    }
    return found;
}

std::string_view RequestHead::path() const {
    std::string_view rest = target;
    if (!rest.empty() && rest[0] != '/' && rest != "*") {
        const std::size_t authority = rest.find("://");
        if (authority == std::string_view::npos) return rest;
        const std::size_t start = rest.find_first_of("/?", authority + 3);
        if (start == std::string_view::npos || rest[start] == '?') return "/";
        rest.remove_prefix(start);
    }
    return rest.substr(0, rest.find('?'));
}

std::string_view RequestHead::query() const {
    const std::size_t mark = target.find('?');
    return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

HeadResult parse_request_head(std::string_view bytes, const HeadLimits& limits, std::size_t& resume_from,
                              RequestHead& out) {
    return resume(bytes, limits, resume_from, out, read_request);
}

HeadResult parse_response_head(std::string_view bytes, const HeadLimits& limits, std::size_t& resume_from,
                               ResponseHead& out) {
    return resume(bytes, limits, resume_from, out, read_response);
}

}  // namespace weir::http
