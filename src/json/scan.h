// Finds the members of JSON objects and the elements of arrays, as views of the caller's bytes. Nothing is copied but
// keys; values keep their exact spelling.
// Thread rule: pure functions; views live as long as the document.
// Limits: depth 64, members of the top-level object 65,536 by default (over either: Error too_large).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/span.h"

namespace weir::json {

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxMembers = 65'536;

struct Member {
    std::string key;  // unescaped
    Span key_span;    // with its quotes
    Span value;       // without surrounding white space
    std::string_view raw(std::string_view document) const { return value.of(document); }
};

// The members of the object that is the whole of `text`, in order, duplicates included. The whole text is checked for
// well-formed UTF-8 and well-formed JSON (RFC 8259, every nested value too); an error (invalid, too_large) names the
// byte offset. Escaped lone surrogates ("\ud800") are well-formed by that grammar and are let through.
// `out` is cleared first; pass the same vector again to save allocations.
Result<void> members(std::string_view text, std::vector<Member>& out, std::size_t max_members = kMaxMembers);

// Steps through the members of an object or the elements of an array in a document already checked by members(),
// without checking or allocating anything. A value that is neither object nor array has none. In text that was not
// checked it comes to an end and stays inside the text, but what it finds means nothing.
class Walk {
  public:
    Walk(std::string_view document, Span container);
    // Through the value that `outer` stands at. Walked to the end it spares `outer`, which must outlive it, from going
    // over that value once more.
    static Walk inside(Walk& outer);

    bool next();                       // false: there are no more
    Span key() const { return key_; }  // with its quotes; empty in an array
    std::string_view raw_key() const { return key_.of(document_); }
    // Also where the key is spelled with escapes. `name` isn't empty.
    bool key_is(std::string_view name) const {
        const std::string_view key = raw_key();
        if (key.size() < name.size() + 2) return false;
        return (key[1] == name.front() || key[1] == '\\') && key_equals(name);
    }
    Span value();  // without surrounding white space
    std::string_view raw() { return value().of(document_); }
    bool at_object() const { return document_[value_.begin] == '{'; }  // whether the value is one
    bool at_array() const { return document_[value_.begin] == '['; }

  private:
    Walk(std::string_view document, std::size_t begin);
    bool key_equals(std::string_view name) const;

    std::string_view document_;
    Walk* outer_ = nullptr;
    std::size_t at_ = 0;  // where next() goes on; npos: nowhere
    bool object_ = false;
    bool end_is_open_ = false;  // value_.end is not known yet
    Span key_;
    Span value_;
};

// The same as vectors, and the value of the first member of that name.
void members_within(std::string_view document, Span object, std::vector<Member>& out);
void elements_within(std::string_view document, Span array, std::vector<Span>& out);
std::optional<Span> find_member(std::string_view document, Span object, std::string_view name);

// Where in `text` a member of some object may be called `first` or `second` (letters only, neither empty): a quick look
// for the first quoted name or escape that could spell one; npos: no member of any object is called so.
std::size_t find_mention(std::string_view text, std::string_view first, std::string_view second);

// Where the string ends in which `at` lies: the offset of its closing quote; npos: it has none, or a control character
// stands before it. What the string holds is not checked otherwise.
std::size_t string_end(std::string_view text, std::size_t at);

// Reads of raw values (as they stand in the document, already checked).
bool is_string(std::string_view raw);
bool is_object(std::string_view raw);
bool is_array(std::string_view raw);
bool is_null(std::string_view raw);
bool is_empty_container(std::string_view raw);  // {} or [], white space inside or not
std::optional<bool> as_bool(std::string_view raw);
std::optional<double> as_double(std::string_view raw);       // nothing where it overflows, too
std::optional<std::int64_t> as_int64(std::string_view raw);  // also of "12.0" and "1e3"; nothing where it is no integer
std::optional<std::string> as_string(std::string_view raw);  // unescaped, as append_string; nothing where no string

// Whether the raw string stands for `text`, with or without escapes.
bool string_equals(std::string_view raw, std::string_view text);
// Appends what the string stands for, as UTF-8; lone surrogates become U+FFFD. false (nothing appended): no string.
bool append_string(std::string_view raw, std::string& out);
// The same of a string that has more than `most_bytes` between its quotes as it is spelled: what about the first and
// the last half of that stand for, a line's end between them. An escape that is cut there counts as its letters, or
// not.
bool append_excerpt(std::string_view raw, std::size_t most_bytes, std::string& out);
// Appends raw JSON without the white space outside strings.
void minify(std::string_view raw, std::string& out);
// Appends text as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, one each.
void write_string(std::string_view text, std::string& out);

}  // namespace weir::json
