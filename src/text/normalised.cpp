#include "text/normalised.h"

namespace weir::text {
namespace {

bool is_blank(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}
char small(char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}
bool ends_word(char byte) {
    const char lower = small(byte);
    return (lower >= 'a' && lower <= 'z') || static_cast<unsigned char>(byte) >= 0x80;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

std::string normalised(std::string_view text, bool keep_case) {
    std::string out;
    for (const char byte : trimmed(text)) {
        if (is_blank(byte)) {
            if (out.back() != ' ') out += ' ';
        } else {
            out += keep_case ? byte : small(byte);
        }
    }
    const auto quoted_by = [&out](std::string_view mark) {
        return out.size() > 2 * mark.size() && out.starts_with(mark) && out.ends_with(mark) &&
               out.find(mark, mark.size()) == out.size() - mark.size();
    };
    for (bool again = true; again;) {
        again = false;
        if (out.size() > 1 && out.back() == '.' && out[out.size() - 2] != '.') {
            out.pop_back();
            again = true;
        }
        if (out.size() > 1 && out.back() == '!' && ends_word(out[out.size() - 2])) {
            out.pop_back();
            again = true;
        }
        for (const std::string_view mark : {"**", "\"", "'", "`"}) {
            if (!quoted_by(mark)) continue;
            out = out.substr(mark.size(), out.size() - 2 * mark.size());
            again = true;
        }
    }
    return out;
}

}  // namespace weir::text
