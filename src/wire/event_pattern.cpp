#include "wire/event_pattern.h"

#include <algorithm>
#include <cstring>

#include "json/scan.h"

namespace weir::wire {
namespace {

constexpr std::string_view kData = "data:";
constexpr std::string_view kEnd = "}\n\n";

// How many bytes `a` and `b` begin with that are the same.
std::size_t same_bytes(std::string_view a, std::string_view b) {
    constexpr std::size_t kBlock = 32;
    const std::size_t size = std::min(a.size(), b.size());
    std::size_t at = 0;
    while (size - at >= kBlock && std::memcmp(a.data() + at, b.data() + at, kBlock) == 0) at += kBlock;
    while (at < size && a[at] == b[at]) ++at;
    return at;
}

// Where the string begins that reaches over `at`, or ends right there, as the offset of its opening quote; npos: no
// string does. `from`: outside of strings.
std::size_t string_over(std::string_view event, std::size_t from, std::size_t at) {
    while (true) {
        const std::size_t open = event.find('"', from);
        if (open >= at) return std::string_view::npos;
        const std::size_t close = json::string_end(event, open + 1);
        if (close >= at) return open;
        from = close + 1;
    }
}

}  // namespace

bool EventPattern::learnable(std::string_view event) {
    return event.size() <= kMaxEventBytes && event.starts_with(kData) && event.ends_with(kEnd) &&
           event.find('\n') == event.size() - 2 && event.find('\r') == std::string_view::npos;
}

std::string_view EventPattern::data(std::string_view event) {
    const std::size_t begin = event.find('{');
    return event.substr(begin, event.size() - begin - 2);
}

bool EventPattern::learn(std::string_view before, std::string_view event, json::Span cut) {
    fixed_.clear();
    parts_ = cut_part_ = cut_offset_ = cut_bytes_ = 0;
    bool cut_found = cut.empty();
    std::size_t parts = 0;
    std::size_t begin = 0;      // of the part, in `event`
    std::size_t old_begin = 0;  // and in `before`
    std::size_t outside = kData.size();
    while (true) {
        const std::string_view rest = event.substr(begin);
        const std::string_view old_rest = before.substr(old_begin);
        const std::size_t same = same_bytes(rest, old_rest);
        const std::size_t at = begin + same;
        const bool last = same == rest.size() && same == old_rest.size();
        std::size_t end = event.size();  // of the part
        if (!last) {
            const std::size_t open = string_over(event, outside, at);
            if (open == std::string_view::npos || parts == kMaxHoles) return false;
            if (event[event.find_last_not_of(' ', open - 1)] != ':') return false;  // a name, or an array's element
            end = open + 1;
        }
        if (cut.begin >= begin && cut.end <= end && !cut_found) {
            cut_found = true;
            cut_part_ = parts;
            cut_offset_ = cut.begin - begin;
            cut_bytes_ = cut.end - cut.begin;
        }
        part_bytes_[parts++] = end - begin;
        fixed_ += event.substr(begin, end - begin);
        if (last) break;
        const std::size_t old_close = json::string_end(before, old_begin + (end - begin));
        const std::size_t close = json::string_end(event, end);
        if (old_close == std::string_view::npos || close == std::string_view::npos) return false;
        begin = close;
        old_begin = old_close;
        outside = begin + 1;
    }
    if (!cut_found || parts < 2) return false;
    parts_ = parts;
    return true;
}

EventPattern::Match EventPattern::match(std::string_view bytes) const {
    Match found;
    std::size_t at = 0;
    const char* fixed = fixed_.data();
    for (std::size_t part = 0; part < parts_; ++part) {
        const std::size_t size = part_bytes_[part];
        if (bytes.size() - at < size || std::memcmp(bytes.data() + at, fixed, size) != 0) return {};
        if (part == cut_part_) found.cut = at + cut_offset_;
        fixed += size;
        at += size;
        if (part + 1 == parts_) break;
        at = json::string_end(bytes, at);
        if (at == std::string_view::npos) return {};
    }
    found.size = at;
    return found;
}

}  // namespace weir::wire
