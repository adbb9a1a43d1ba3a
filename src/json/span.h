// A half-open range of bytes in a document, and edits of such ranges: how Weir changes JSON without rebuilding it.
// Thread rule: plain values.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace weir::json {

struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t size() const { return end - begin; }
    bool empty() const { return begin == end; }
    std::string_view of(std::string_view document) const { return document.substr(begin, end - begin); }
    friend bool operator==(Span, Span) = default;
};

struct Edit {
    Span span;         // what is replaced; an empty span inserts
    std::string text;  // what stands there instead
};

// Appends `document` with the edits applied to `out`. Edits are sorted by position and do not overlap.
void splice(std::string_view document, std::span<const Edit> edits, std::string& out);

}  // namespace weir::json
