#include "wire/gemini_pattern.h"

#include <cstring>

#include "json/bytes.h"
#include "json/scan.h"
#include "json/utf8.h"

namespace weir::wire::gemini {
namespace {

bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

// Whether each backslash begins an escape; quotes and control characters are not there.
bool escapes_well(std::string_view text) {
    for (std::size_t at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at)) {
        if (at + 1 >= text.size()) return false;
        const char kind = text[at + 1];
        at += 2;
        if (kind != 'u') {
            if (!json::bytes::kSimpleEscapes[static_cast<unsigned char>(kind)]) return false;
            continue;
        }
        if (text.size() - at < 4) return false;
        for (const std::size_t end = at + 4; at < end; ++at) {
            const char byte = text[at];
            const char lower = static_cast<char>(byte | 0x20);
            if (!is_digit(byte) && (lower < 'a' || lower > 'f')) return false;
        }
    }
    return true;
}

}  // namespace

bool ChunkPattern::add_hole(std::string_view event, std::size_t& from, json::Span hole, bool is_text) {
    if (holes_ == kMaxHoles) return false;
    if (is_text) text_hole_ = holes_;
    fixed_ += event.substr(from, hole.begin - from);
    parts_[holes_++] = hole.begin - from;
    from = hole.end;
    return true;
}

void ChunkPattern::learn(std::string_view event, json::Span text, json::Span usage) {
    forget();
    if (event.size() > kMaxBytes) return;
    fixed_.clear();
    std::size_t from = 0;
    bool ok = true;
    const auto add_text = [&] { ok = ok && add_hole(event, from, text, true); };
    has_usage_ = !usage.empty();
    const bool text_first = !has_usage_ || text.end <= usage.begin;
    if (text_first) add_text();
    if (has_usage_) {
        usage_begin_ = {holes_, usage.begin - from};
        bool in_string = false;
        for (std::size_t at = usage.begin; ok && at < usage.end; ++at) {
            if (event[at] == '\\') ok = false;  // no member of Google's has one
            if (event[at] == '"') in_string = !in_string;
            if (in_string || !is_digit(event[at])) continue;
            const std::size_t begin = at;
            while (at < usage.end && is_digit(event[at])) ++at;
            // A zero stays: behind one no digit may follow.
            if (event[begin] != '0') ok = ok && add_hole(event, from, {begin, at}, false);
        }
        usage_end_ = {holes_, usage.end - from};
    }
    if (!text_first) add_text();
    if (!ok) return forget();
    fixed_ += event.substr(from);
    parts_[holes_] = event.size() - from;
}

ChunkPattern::Match ChunkPattern::match(std::string_view bytes) const {
    const char* fixed = fixed_.data();
    std::size_t at = 0;
    Match found;
    for (std::size_t hole = 0;; ++hole) {
        const std::size_t size = parts_[hole];
        if (bytes.size() - at < size || std::memcmp(bytes.data() + at, fixed, size) != 0) return {};
        if (has_usage_ && usage_begin_.hole == hole) found.usage.begin = at + usage_begin_.bytes;
        if (has_usage_ && usage_end_.hole == hole) found.usage.end = at + usage_end_.bytes;
        fixed += size;
        at += size;
        if (hole == holes_) break;
        const std::size_t begin = at;
        if (hole == text_hole_) {
            at = json::string_end(bytes, begin);
            if (at == std::string_view::npos) return {};
            found.text = {begin, at};
            continue;
        }
        while (at < bytes.size() && is_digit(bytes[at])) ++at;
        if (at == begin || at - begin > 15 || bytes[begin] == '0') return {};
    }
    const std::string_view said = found.text.of(bytes);
    if (said.empty() || !json::valid_utf8(said) || !escapes_well(said)) return {};
    found.size = at;
    return found;
}

}  // namespace weir::wire::gemini
