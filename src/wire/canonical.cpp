#include "wire/canonical.h"

#include <algorithm>
#include <cstring>

namespace weir::wire {
namespace {

constexpr std::size_t kMaxIdleScratchBytes = 1u << 20;  // a thread's buffer between requests

void put_size(std::string& out, std::size_t at, std::uint64_t size) {
    std::memcpy(out.data() + at, &size, sizeof size);
}

// The value without white space outside strings, with the edit made where it is within the value.
void append_value(std::string_view body, json::Span value, const json::Edit* edit, std::string& out) {
    if (edit == nullptr || edit->span.begin < value.begin || edit->span.end > value.end) {
        return json::minify(value.of(body), out);
    }
    json::minify(json::Span{value.begin, edit->span.begin}.of(body), out);
    out += edit->text;
    json::minify(json::Span{edit->span.end, value.end}.of(body), out);
}

}  // namespace

Digest256 canonical_digest(std::string_view body, std::span<const json::Member> members,
                           std::span<const std::string_view> left_out, std::string_view scope, const json::Edit* edit) {
    thread_local std::string scratch;
    thread_local std::vector<const json::Member*> sorted;
    thread_local Sha256 hasher;

    const auto key = [&](const json::Member& member) {
        return body.substr(member.key_span.begin + 1, member.key_span.size() - 2);
    };
    sorted.clear();
    for (const json::Member& member : members) {
        if (std::find(left_out.begin(), left_out.end(), member.key) == left_out.end()) sorted.push_back(&member);
    }
    std::sort(sorted.begin(), sorted.end(), [&](const json::Member* a, const json::Member* b) {
        const int order = key(*a).compare(key(*b));
        return order != 0 ? order < 0 : a < b;
    });

    scratch = scope;
    for (const json::Member* member : sorted) {
        const std::string_view name = key(*member);
        const std::size_t begin = scratch.size();
        scratch.append(sizeof(std::uint64_t), '\0');
        put_size(scratch, begin, name.size());
        scratch += name;
        const std::size_t value = scratch.size();
        scratch.append(sizeof(std::uint64_t), '\0');
        append_value(body, member->value, edit, scratch);
        put_size(scratch, value, scratch.size() - value - sizeof(std::uint64_t));
    }
    hasher.reset();
    hasher.update(scratch);
    if (scratch.capacity() > kMaxIdleScratchBytes) std::string().swap(scratch);
    return hasher.finish();
}

}  // namespace weir::wire
