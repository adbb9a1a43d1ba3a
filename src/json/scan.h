// Finds the members of JSON objects and the elements of arrays with simdjson On-Demand, as views of the caller's bytes.
// Nothing is copied but keys; values keep their exact spelling.
// Thread rule: each thread has its own parser (thread_local inside); views live as long as the document.
// Limits: depth 64 (deeper: Error too_large); `text` must be followed by kPadding readable bytes (their content does
// not matter), which PaddedString gives.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/span.h"

namespace weir::json {

constexpr std::size_t kPadding = 64;  // SIMDJSON_PADDING
constexpr std::size_t kMaxDepth = 64;

struct Member {
    std::string key;   // unescaped
    Span key_span;     // with its quotes
    Span value;        // without surrounding white space
    std::string_view raw(std::string_view document) const { return value.of(document); }
};

// The members of the object that is the whole of `text`, in order, duplicates included. The whole text is checked for
// well-formed UTF-8 and well-formed JSON (every nested value too); an error names the byte offset.
// `out` is cleared first; pass the same vector again to save allocations.
Result<void> members(std::string_view padded_text, std::vector<Member>& out);
// The same for a value inside a document already checked by members(): `value` may be any object or array in it.
// Cheap: no checking, no SIMD pass.
void members_within(std::string_view document, Span object, std::vector<Member>& out);
void elements_within(std::string_view document, Span array, std::vector<Span>& out);

// Reads of raw values (as they stand in the document, already checked).
bool is_string(std::string_view raw);
bool is_object(std::string_view raw);
bool is_array(std::string_view raw);
bool is_null(std::string_view raw);
std::optional<bool> as_bool(std::string_view raw);
std::optional<double> as_double(std::string_view raw);
std::optional<std::int64_t> as_int64(std::string_view raw);  // also of "12.0" and "1e3"; nothing where it is no integer
std::optional<std::string> as_string(std::string_view raw);  // unescaped; nothing where it is no string

// Appends raw JSON without the white space outside strings.
void minify(std::string_view raw, std::string& out);
// Appends text as a JSON string with its quotes.
void write_string(std::string_view text, std::string& out);

// Owns a document together with its padding.
class PaddedString {
  public:
    explicit PaddedString(std::string_view text) : size_(text.size()), bytes_(text) { bytes_.append(kPadding, '\0'); }
    std::string_view view() const { return std::string_view(bytes_).substr(0, size_); }

  private:
    std::size_t size_;
    std::string bytes_;
};

}  // namespace weir::json
