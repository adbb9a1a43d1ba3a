#include "text/phrases.h"

namespace weir::text {
namespace {

bool is_word_byte(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || static_cast<unsigned char>(byte) >= 0x80;
}

}  // namespace

std::string normal_start(std::string_view text, std::size_t most_bytes) {
    constexpr std::string_view kApostrophe = "\u2019";
    std::string start;
    for (std::size_t at = 0; at < text.size() && start.size() < most_bytes; ++at) {
        const char byte = text[at];
        if (text.substr(at).starts_with(kApostrophe)) {
            start += '\'';
            at += kApostrophe.size() - 1;
        } else if (byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r') {
            if (!start.empty() && start.back() != ' ') start += ' ';
        } else {
            start += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
        }
    }
    return start;
}

bool says(std::string_view start, std::string_view phrase) {
    for (std::size_t at = start.find(phrase); at != std::string_view::npos; at = start.find(phrase, at + 1)) {
        const std::size_t end = at + phrase.size();
        const bool begins = at == 0 || !is_word_byte(start[at - 1]);
        if (begins && (end == start.size() || !is_word_byte(start[end]))) return true;
    }
    return false;
}

bool begins_with(std::string_view start, std::string_view phrase) {
    return start.starts_with(phrase) && (start.size() == phrase.size() || !is_word_byte(start[phrase.size()]));
}

}  // namespace weir::text
