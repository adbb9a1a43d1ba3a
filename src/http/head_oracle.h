// A slow reading of HTTP/1.1 heads that follows the rules one by one on copies: what the fast one is tested against.
// For tests and fuzzers only. Thread rule: pure functions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/head.h"

namespace weir::http::oracle {

struct Head {
    std::string method, target, reason;  // of a request, of a request, of a response
    unsigned status = 0;
    unsigned minor_version = 1;
    std::vector<std::pair<std::string, std::string>> headers;
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool keep_alive = true;
    bool expect_continue = false;
    std::size_t consumed = 0;
};

inline std::string lower(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

inline bool is_token(const std::string& text) {
    return !text.empty() &&
           text.find_first_not_of("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
               std::string::npos;
}

inline std::string trim(const std::string& text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string::npos) return "";
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

inline std::vector<std::string> split(const std::string& text, const std::string& separator) {
    std::vector<std::string> parts;
    std::size_t start = 0;
    for (std::size_t stop; (stop = text.find(separator, start)) != std::string::npos; start = stop + separator.size()) {
        parts.push_back(text.substr(start, stop - start));
    }
    parts.push_back(text.substr(start));
    return parts;
}

inline bool has_control(const std::string& text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 32 && byte != 9) || byte == 127) return true;
    }
    return false;
}

inline bool is_good_target(const std::string& method, const std::string& target) {
    for (const char c : target) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 33 || byte > 126) return false;
    }
    if (target == "*") return method == "OPTIONS";
    if (target.starts_with("/")) return true;
    for (const std::string scheme : {"http://", "https://"}) {
        const std::string rest = target.substr(std::min(scheme.size(), target.size()));
        if (lower(target).starts_with(scheme)) return !rest.empty() && rest[0] != '/' && rest[0] != '?';
    }
    return false;
}

inline bool read_fields(const std::vector<std::string>& lines, bool is_request, const HeadLimits& limits, Head& head) {
    if (lines.size() - 1 > limits.headers) return false;
    int hosts = 0;
    bool close = false, keep = false;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const std::size_t colon = lines[i].find(':');
        if (colon == std::string::npos || !is_token(lines[i].substr(0, colon)) || has_control(lines[i])) return false;
        const std::string name = lower(lines[i].substr(0, colon));
        const std::string value = trim(lines[i].substr(colon + 1));
        head.headers.emplace_back(lines[i].substr(0, colon), value);
        if (name == "content-length") {
            if (value.empty() || value.find_first_not_of("0123456789") != std::string::npos) return false;
            const std::size_t significant = std::min(value.find_first_not_of('0'), value.size() - 1);
            if (value.size() - significant > 16) return false;
            const std::uint64_t length = std::stoull(value.substr(significant));
            if (length > (1ULL << 53) || (head.content_length && *head.content_length != length)) return false;
            head.content_length = length;
        } else if (name == "transfer-encoding") {
            if (head.chunked || lower(value) != "chunked") return false;
            head.chunked = true;
        } else if (name == "connection") {
            for (const std::string& element : split(lower(value), ",")) {
                close |= trim(element) == "close";
                keep |= trim(element) == "keep-alive";
            }
        } else if (name == "host" && is_request) {
            ++hosts;
            if (value.find_first_not_of(
                    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._~%!$&'()*+,;=:[]") !=
                std::string::npos) {
                return false;
            }
        } else if (name == "expect" && is_request) {
            if (lower(value) != "100-continue") return false;
            head.expect_continue = head.minor_version == 1;
        }
    }
    if (is_request && (hosts > 1 || (hosts == 0 && head.minor_version == 1))) return false;
    if (head.chunked && (head.content_length || head.minor_version == 0)) return false;
    head.keep_alive = !close && (head.minor_version == 1 || keep);
    return true;
}

// The head that `bytes` begin with; nothing where it is refused or has no end.
inline std::optional<Head> read_request(const std::string& bytes, const HeadLimits& limits) {
    std::string rest = bytes;
    for (int i = 0; i < 2 && rest.starts_with("\r\n"); ++i) rest = rest.substr(2);
    const std::size_t stop = rest.find("\r\n\r\n");
    if (stop == std::string::npos) return std::nullopt;
    Head head;
    head.consumed = bytes.size() - rest.size() + stop + 4;
    if (head.consumed > limits.bytes) return std::nullopt;
    const std::vector<std::string> lines = split(rest.substr(0, stop), "\r\n");
    const std::vector<std::string> words = split(lines[0], " ");
    if (words.size() != 3 || !is_token(words[0]) || words[0].size() > 32) return std::nullopt;
    if (words[0] == "CONNECT" || !is_good_target(words[0], words[1])) return std::nullopt;
    if (words[2] != "HTTP/1.0" && words[2] != "HTTP/1.1") return std::nullopt;
    head.method = words[0];
    head.target = words[1];
    head.minor_version = words[2] == "HTTP/1.1" ? 1 : 0;
    if (!read_fields(lines, true, limits, head)) return std::nullopt;
    return head;
}

inline std::optional<Head> read_response(const std::string& bytes, const HeadLimits& limits) {
    const std::size_t stop = bytes.find("\r\n\r\n");
    if (stop == std::string::npos || stop + 4 > limits.bytes) return std::nullopt;
    Head head;
    head.consumed = stop + 4;
    const std::vector<std::string> lines = split(bytes.substr(0, stop), "\r\n");
    const std::string& line = lines[0];
    if (!line.starts_with("HTTP/1.0 ") && !line.starts_with("HTTP/1.1 ")) return std::nullopt;
    head.minor_version = line[7] == '1' ? 1 : 0;
    const std::string code = line.substr(9, 3);
    if (code.size() != 3 || code.find_first_not_of("0123456789") != std::string::npos || code[0] == '0') {
        return std::nullopt;
    }
    head.status = static_cast<unsigned>(std::stoul(code));
    if (line.size() > 12 && line[12] != ' ') return std::nullopt;
    head.reason = line.size() > 13 ? line.substr(13) : "";
    if (has_control(line) || !read_fields(lines, false, limits, head)) return std::nullopt;
    return head;
}

inline bool same_headers(const Headers& fast, const Head& slow) {
    if (fast.list.size() != slow.headers.size()) return false;
    for (std::size_t i = 0; i < fast.list.size(); ++i) {
        if (fast.list[i].name != slow.headers[i].first || fast.list[i].value != slow.headers[i].second) return false;
    }
    return true;
}

inline bool same(const RequestHead& fast, const Head& slow) {
    return fast.method == slow.method && fast.target == slow.target && fast.minor_version == slow.minor_version &&
           fast.content_length == slow.content_length && fast.chunked == slow.chunked &&
           fast.keep_alive == slow.keep_alive && fast.expect_continue == slow.expect_continue &&
           same_headers(fast.headers, slow);
}

inline bool same(const ResponseHead& fast, const Head& slow) {
    return fast.status == slow.status && fast.reason == slow.reason && fast.minor_version == slow.minor_version &&
           fast.content_length == slow.content_length && fast.chunked == slow.chunked &&
           fast.keep_alive == slow.keep_alive && same_headers(fast.headers, slow);
}

}  // namespace weir::http::oracle
