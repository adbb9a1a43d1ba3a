#include "tiers/student/slot_tokens.h"

#include "text/utf8.h"

namespace weir::tiers::student {
namespace {

enum class Kind : std::uint8_t { space, letter, sign, alone };

struct Character {
    Kind kind = Kind::sign;
    std::uint32_t size = 1;
};

Character character(std::string_view text, std::size_t at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
        if (byte == ' ' || (byte >= '\t' && byte <= '\r')) return {Kind::space, 1};
        const bool letter =
            (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
        return {letter ? Kind::letter : Kind::sign, 1};
    }
    const text::CodePoint point = text::decode(text, at);
    if (text::is_space(point.value)) return {Kind::space, point.size};
    if (text::is_cjk(point.value)) return {Kind::alone, point.size};
    return {text::is_letter(point.value) ? Kind::letter : Kind::sign, point.size};
}

void add(std::size_t begin, std::size_t end, std::vector<SlotToken>& out) {
    if (begin < end) out.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
}

// A run without white space; signs at its ends become tokens of their own.
void cut_edges(std::string_view text, std::size_t begin, std::size_t end, std::vector<SlotToken>& out) {
    std::size_t core_begin = end, core_end = begin;  // around the first and the last that is no sign
    for (std::size_t at = begin; at < end;) {
        const Character each = character(text, at);
        if (each.kind != Kind::sign) {
            if (core_begin == end) core_begin = at;
            core_end = at + each.size;
        }
        at += each.size;
    }
    const auto signs = [&](std::size_t from, std::size_t to) {
        while (from < to) {
            const std::size_t size = character(text, from).size;
            add(from, from + size, out);
            from += size;
        }
    };
    signs(begin, core_begin);
    if (core_begin == end) return;
    add(core_begin, core_end, out);
    signs(core_end, end);
}

}  // namespace

bool cut_tokens(std::string_view text, TokenCut cut, std::vector<SlotToken>& out) {
    out.clear();
    if (text.size() > kMostSlotBytes) return false;
    std::size_t begin = 0;  // of the run that `at` is in
    const auto close = [&](std::size_t end) {
        if (cut == TokenCut::edges) {
            cut_edges(text, begin, end, out);
        } else {
            add(begin, end, out);
        }
    };
    for (std::size_t at = 0; at < text.size();) {
        const Character each = character(text, at);
        const bool breaks = each.kind == Kind::space || (cut == TokenCut::fine && each.kind != Kind::letter);
        if (breaks) {
            close(at);
            if (each.kind != Kind::space) add(at, at + each.size, out);
            begin = at + each.size;
        }
        at += each.size;
        if (out.size() > kMostSlotTokens) break;
    }
    if (out.size() <= kMostSlotTokens) close(text.size());
    if (out.size() <= kMostSlotTokens) return true;
    out.clear();
    return false;
}

}  // namespace weir::tiers::student
