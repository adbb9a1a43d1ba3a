// Paths into JSON documents: JSON pointers (RFC 6901) with '*' for every element of an array: "/items/*/id". The empty
// path is the whole document. A step that is "*" means a member of that name where it stands at an object.
// Thread rule: plain values; immutable once parsed.
// Limits: kMaxPathBytes, kMaxPathSteps, kMaxPathFound values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/span.h"

namespace weir::json {

constexpr std::size_t kMaxPathBytes = 256;
constexpr std::size_t kMaxPathSteps = 16;
constexpr std::size_t kMaxPathFound = 65'536;

class Path {
  public:
    // Error invalid: it does not begin with '/', has a '~' that is neither "~0" nor "~1", or is over a limit.
    static Result<Path> parse(std::string_view text);

    const std::string& text() const { return text_; }

    // The values that the path leads to, in the document's order. `document` was checked by members(). False: an object
    // on the way has two members of the name that is looked for, or there are more than kMaxPathFound values; `out`
    // means nothing then. Values that are not there are not found, which is no error.
    bool find(std::string_view document, std::vector<Span>& out) const { return find(document, out, nullptr); }
    // How what was found is spread: two documents with the same values in the same places have the same shape.
    struct Shape {
        std::string counts;  // the elements of each array that '*' went through
        bool holes = false;  // some of what was on the way lacks the next step, or is an element that does
    };
    bool find(std::string_view document, std::vector<Span>& out, Shape& shape) const {
        return find(document, out, &shape);
    }

    friend bool operator==(const Path& a, const Path& b) { return a.text_ == b.text_; }

  private:
    bool find(std::string_view document, std::vector<Span>& out, Shape* shape) const;

    std::string text_;
    std::vector<std::string> steps_;  // unescaped
};

}  // namespace weir::json
