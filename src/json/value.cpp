// Reads and writes of single values; declared in scan.h.
#include <charconv>
#include <cmath>

#include "json/bytes.h"
#include "json/scan.h"
#include "json/utf8.h"

namespace weir::json {
namespace {

std::uint32_t hex4(const char* at) {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
        const auto digit = static_cast<unsigned char>(at[i]);
        value = value << 4 | (digit <= '9' ? digit - std::uint32_t{'0'} : (digit | 0x20U) - 'a' + 10U);
    }
    return value;
}

void append_utf8(std::uint32_t code, std::string& out) {
    const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | (code >> shift & 0x3FU)); };
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0U | code >> 6);
        tail(0);
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0U | code >> 12);
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xF0U | code >> 18);
        tail(12);
        tail(6);
        tail(0);
    }
}

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// The escape at `at` (its backslash); returns behind it.
const char* append_escape(const char* at, const char* end, std::string& out) {
    if (end - at < 2) return end;
    switch (at[1]) {
        case 'b':
            out += '\b';
            return at + 2;
        case 'f':
            out += '\f';
            return at + 2;
        case 'n':
            out += '\n';
            return at + 2;
        case 'r':
            out += '\r';
            return at + 2;
        case 't':
            out += '\t';
            return at + 2;
        case 'u':
            break;
        default:
            out += at[1];
            return at + 2;
    }
    if (end - at < 6) return end;
    const std::uint32_t code = hex4(at + 2);
    at += 6;
    if (code < 0xD800 || code > 0xDFFF) {
        append_utf8(code, out);
        return at;
    }
    if (code < 0xDC00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
        const std::uint32_t low = hex4(at + 2);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            append_utf8(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00), out);
            return at + 6;
        }
    }
    out += kReplacement;
    return at;
}

bool begins_number(std::string_view raw) {
    if (!raw.empty() && raw.front() == '-') raw.remove_prefix(1);
    return !raw.empty() && raw.front() >= '0' && raw.front() <= '9';
}

// Length of the UTF-8 sequence at the front of `text`, 0 where there is no valid one (RFC 3629, table of section 4).
std::size_t sequence_size(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t size = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
    if (size == 0 || size > text.size()) return 0;
    return size == 1 || valid_utf8(text.substr(0, size)) ? size : 0;
}

// Appends text with what must be escaped escaped; true where a byte of it is not ASCII.
bool write_escaped(std::string_view text, std::string& out) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const char* at = text.data();
    const char* const end = at + text.size();
    bool non_ascii = false;
    while (true) {
        const char* const stop = bytes::string_stop<false>(at, end, non_ascii);
        out.append(at, stop);
        if (stop == end) return non_ascii;
        const auto byte = static_cast<unsigned char>(*stop);
        out += '\\';
        switch (byte) {
            case '"':
            case '\\':
                out += static_cast<char>(byte);
                break;
            case '\n':
                out += 'n';
                break;
            case '\r':
                out += 'r';
                break;
            case '\t':
                out += 't';
                break;
            default:
                out += "u00";
                out += kHex[byte >> 4];
                out += kHex[byte & 15U];
        }
        at = stop + 1;
    }
}

}  // namespace

bool is_string(std::string_view raw) {
    return !raw.empty() && raw.front() == '"';
}
bool is_object(std::string_view raw) {
    return !raw.empty() && raw.front() == '{';
}
bool is_array(std::string_view raw) {
    return !raw.empty() && raw.front() == '[';
}
bool is_null(std::string_view raw) {
    return raw == "null";
}

bool is_empty_container(std::string_view raw) {
    return (is_object(raw) || is_array(raw)) && !Walk(raw, {0, raw.size()}).next();
}

std::optional<bool> as_bool(std::string_view raw) {
    if (raw == "true") return true;
    if (raw == "false") return false;
    return std::nullopt;
}

std::optional<double> as_double(std::string_view raw) {
    double value = 0;
    if (!begins_number(raw)) return std::nullopt;
    const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
    if (error != std::errc() || end != raw.data() + raw.size()) return std::nullopt;
    return value;
}

std::optional<std::int64_t> as_int64(std::string_view raw) {
    std::int64_t integer = 0;
    const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), integer);
    if (error == std::errc() && end == raw.data() + raw.size()) return integer;
    const std::optional<double> value = as_double(raw);
    if (!value || *value != std::floor(*value)) return std::nullopt;
    // 2^63 is a double, 2^63 - 1 is not.
    if (*value < -9223372036854775808.0 || *value >= 9223372036854775808.0) return std::nullopt;
    return static_cast<std::int64_t>(*value);
}

std::optional<std::string> as_string(std::string_view raw) {
    std::string out;
    if (!append_string(raw, out)) return std::nullopt;
    return out;
}

bool string_equals(std::string_view raw, std::string_view text) {
    if (raw.size() < text.size() + 2 || raw.front() != '"') return false;
    const std::string_view inside = raw.substr(1, raw.size() - 2);
    // An escape is longer than what it stands for.
    if (inside.size() == text.size()) return inside == text && inside.find('\\') == std::string_view::npos;
    return inside.find('\\') != std::string_view::npos && as_string(raw) == text;
}

namespace {

void append_inside(const char* at, const char* end, std::string& out) {
    while (true) {
        const char* const stop = bytes::quote_or_backslash(at, end);
        out.append(at, stop);
        if (stop == end || *stop == '"') return;
        at = append_escape(stop, end, out);
    }
}

}  // namespace

bool append_string(std::string_view raw, std::string& out) {
    if (raw.size() < 2 || raw.front() != '"') return false;
    const std::string_view inside = raw.substr(1, raw.size() - 2);
    if (inside.find('\\') == std::string_view::npos) {  // most strings, nearly all keys
        out.append(inside);
    } else {
        append_inside(inside.data(), inside.data() + inside.size(), out);
    }
    return true;
}

bool append_excerpt(std::string_view raw, std::size_t most_bytes, std::string& out) {
    if (raw.size() <= most_bytes + 2) return append_string(raw, out);
    if (raw.front() != '"') return false;
    const std::string_view inside = raw.substr(1, raw.size() - 2);
    append_inside(inside.data(), inside.data() + most_bytes / 2, out);
    out += '\n';
    std::size_t begin = inside.size() - most_bytes / 2;
    const std::size_t other = inside.substr(0, begin).find_last_not_of('\\');
    const std::size_t backslashes = other == std::string_view::npos ? begin : begin - other - 1;
    begin += backslashes % 2;  // half an escape
    append_inside(inside.data() + begin, inside.data() + inside.size(), out);
    return true;
}

void minify(std::string_view raw, std::string& out) {
    const char* at = raw.data();
    const char* const end = at + raw.size();
    const char* run = at;  // where what is not yet copied begins
    while (true) {
        at = bytes::quote_or_space(at, end);
        if (at != end && *at == '"') {
            at = bytes::skip_string(at, end);
            continue;
        }
        out.append(run, at);
        if (at == end) return;
        at = bytes::skip_space(at + 1, end);
        run = at;
    }
}

void write_string(std::string_view text, std::string& out) {
    out += '"';
    const std::size_t begin = out.size();
    if (write_escaped(text, out) && !valid_utf8(text)) {
        out.resize(begin);
        while (!text.empty()) {
            const std::size_t size = sequence_size(text);
            if (size == 0) {
                out += kReplacement;
            } else {
                write_escaped(text.substr(0, size), out);
            }
            text.remove_prefix(size == 0 ? 1 : size);
        }
    }
    out += '"';
}

}  // namespace weir::json
