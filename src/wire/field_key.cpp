#include "wire/field_key.h"

#include <algorithm>

#include "json/scan.h"

namespace weir::wire {
namespace {

void append_sized(char kind, std::string_view bytes, std::string& out) {
    out += kind;
    out += std::to_string(bytes.size());
    out += ':';
    out += bytes;
}

// Surrogates that stand alone have no text of their own: unescaped, two of them would look the same.
bool has_coded_surrogate(std::string_view raw) {
    for (std::size_t at = raw.find("\\u"); at != std::string_view::npos; at = raw.find("\\u", at + 2)) {
        if (at + 2 < raw.size() && (raw[at + 2] == 'd' || raw[at + 2] == 'D')) return true;
    }
    return false;
}

void append_scalar(std::string_view raw, std::string& out) {
    if (!json::is_string(raw)) return append_sized('v', raw, out);
    if (has_coded_surrogate(raw)) return append_sized('r', raw, out);
    std::string text;
    json::append_string(raw, text);
    append_sized('s', text, out);
}

bool skips(const std::vector<std::size_t>& skip, json::Span value) {
    return std::binary_search(skip.begin(), skip.end(), value.begin);
}

bool append_object(std::string_view document, json::Span value, const std::vector<std::size_t>& skip,
                   std::string& out) {
    std::vector<json::Member> members;
    json::members_within(document, value, members);
    std::stable_sort(members.begin(), members.end(),
                     [](const json::Member& a, const json::Member& b) { return a.key < b.key; });
    out += '{';
    const std::string* before = nullptr;
    for (const json::Member& member : members) {
        if (before != nullptr && *before == member.key) return false;
        before = &member.key;
        if (skips(skip, member.value)) continue;
        append_scalar(member.key_span.of(document), out);
        if (!append_canonical(document, member.value, skip, out)) return false;
    }
    out += '}';
    return true;
}

}  // namespace

bool append_canonical(std::string_view document, json::Span value, const std::vector<std::size_t>& skip,
                      std::string& out) {
    const std::string_view raw = value.of(document);
    if (json::is_object(raw)) return append_object(document, value, skip, out);
    if (!json::is_array(raw)) {
        append_scalar(raw, out);
        return true;
    }
    out += '[';
    for (json::Walk element(document, value); element.next();) {
        const json::Span one = element.value();
        if (!skips(skip, one) && !append_canonical(document, one, skip, out)) return false;
        out += ',';
    }
    out += ']';
    return true;
}

Result<Digest256> field_digest(std::string_view body, const FieldRules& rules) {
    const auto twice = [](const json::Path& path) {
        return fail(ErrorCode::invalid, "the way to " + path.text() + " is not clear");
    };
    std::string text;
    std::vector<json::Span> found;
    std::vector<std::size_t> skip;
    for (const json::Path& path : rules.ignore) {
        if (!path.find(body, found)) return twice(path);
        append_sized('i', path.text(), text);
        for (const json::Span value : found) skip.push_back(value.begin);
    }
    std::sort(skip.begin(), skip.end());
    const auto append = [&](json::Span value) { return append_canonical(body, value, skip, text); };
    constexpr std::string_view kTwice = "a name stands twice in an object";
    if (rules.key.empty()) {
        static const json::Path kWhole;
        kWhole.find(body, found);
        if (!append(found.front())) return fail(ErrorCode::invalid, std::string(kTwice));
        return sha256(text);
    }
    for (const json::Path& path : rules.key) {
        json::Path::Shape shape;
        if (!path.find(body, found, shape)) return twice(path);
        if (found.empty()) return fail(ErrorCode::not_found, path.text() + " is not there");
        if (shape.holes) return fail(ErrorCode::invalid, path.text() + " is not there everywhere");
        append_sized('p', path.text(), text);
        append_sized('n', shape.counts, text);
        for (const json::Span value : found) {
            if (!append(value)) return fail(ErrorCode::invalid, std::string(kTwice));
        }
    }
    return sha256(text);
}

}  // namespace weir::wire
