// A slow reading of chunked bodies over the whole of the bytes: what the state machine is tested against.
// For tests and fuzzers only. Thread rule: pure functions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace weir::http::oracle {

struct ChunkedBody {
    enum class Verdict { more, done, bad } verdict = Verdict::more;
    std::string payload;
    std::size_t consumed = 0;  // done: the body's length
};

inline bool is_line_text(const std::string& text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 32 && byte != 9) || byte == 127) return false;
    }
    return true;
}

inline ChunkedBody read_chunked(const std::string& bytes) {
    using Verdict = ChunkedBody::Verdict;
    ChunkedBody body;
    std::size_t at = 0;
    const auto end_with = [&](Verdict verdict) {
        body.verdict = verdict;
        body.consumed = at;
        return body;
    };
    const auto line_or = [&](const std::string& so_far) { return so_far.substr(0, so_far.find('\r')); };
    while (true) {
        const std::string rest = bytes.substr(at);
        const std::string line = line_or(rest);
        const std::string size = line.substr(0, line.find(';'));
        if (size.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos || size.size() > 16 ||
            std::min(line.size() + 1, rest.size()) > 256 || !is_line_text(line) ||
            (size.empty() && (line.size() < rest.size() || !line.empty()))) {
            return end_with(Verdict::bad);
        }
        const std::uint64_t length = size.empty() ? 0 : std::stoull(size, nullptr, 16);
        if (length >= 1ULL << 40) return end_with(Verdict::bad);
        if (rest.size() < line.size() + 2) return end_with(Verdict::more);
        if (rest.substr(line.size(), 2) != "\r\n") return end_with(Verdict::bad);
        at += line.size() + 2;
        if (length == 0) break;
        const std::string data = bytes.substr(at, length);
        body.payload += data;
        at += data.size();
        const std::string after = bytes.substr(at, 2);
        if (after != std::string("\r\n").substr(0, after.size())) return end_with(Verdict::bad);
        if (after.size() < 2) return end_with(Verdict::more);
        at += 2;
    }
    const std::size_t trailers = at;
    while (true) {
        const std::string rest = bytes.substr(at);
        const std::string line = line_or(rest);
        const std::string name = line.substr(0, line.find(':'));
        const bool no_token =
            name.find_first_not_of("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") !=
            std::string::npos;
        if (no_token || !is_line_text(line)) return end_with(Verdict::bad);
        if (name.empty() && !line.empty()) return end_with(Verdict::bad);
        const std::size_t whole = std::min(line.size() + 2, rest.size());
        if (at + whole - trailers > 8192) return end_with(Verdict::bad);
        if (!line.empty() && name == line && line.size() < rest.size()) return end_with(Verdict::bad);  // no colon
        if (rest.size() < line.size() + 2) return end_with(Verdict::more);
        if (rest.substr(line.size(), 2) != "\r\n") return end_with(Verdict::bad);
        at += line.size() + 2;
        if (line.empty()) return end_with(Verdict::done);
    }
}

}  // namespace weir::http::oracle
