#include "json/scan.h"

#include "json/bytes.h"
#include "json/utf8.h"

namespace weir::json {
namespace {

// One pass over untrusted text: a recursive-descent check of RFC 8259's grammar whose recursion is bounded by
// kMaxDepth. Members of the outermost object are recorded on the way.
class Checker {
  public:
    explicit Checker(std::string_view text) : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

    Result<void> document(std::vector<Member>& out, std::size_t max_members) {
        space();
        if (at_ == end_ || *at_ != '{') return error("a JSON object is expected");
        ++at_;
        if (!top_object(out, max_members)) return error(problem_);
        space();
        if (at_ != end_) return error("there is more text after the end of the JSON object");
        if (non_ascii_ && !valid_utf8({begin_, end_})) return utf8_error();
        return {};
    }

  private:
    bool wrong(const char* problem) {
        problem_ = problem;
        return false;
    }
    bool over_limit(const char* problem) {
        code_ = ErrorCode::too_large;
        return wrong(problem);
    }
    Result<void> error(const char* problem) {
        return fail(code_, std::string("JSON at byte ") + std::to_string(at_ - begin_) + ": " + problem);
    }
    // The offset is found by halving: a prefix cut inside a sequence is invalid as well, which at worst names a byte
    // of the sequence before.
    Result<void> utf8_error() {
        std::size_t good = 0;
        std::size_t bad = static_cast<std::size_t>(end_ - begin_);
        while (bad - good > 4) {
            std::size_t middle = good + (bad - good) / 2;
            while (middle > good + 1 && (begin_[middle] & 0xC0) == 0x80) --middle;
            (valid_utf8({begin_ + good, middle - good}) ? good : bad) = middle;
        }
        at_ = begin_ + good;
        return error("not UTF-8");
    }

    void space() { at_ = bytes::skip_space(at_, end_); }
    std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }

    bool top_object(std::vector<Member>& out, std::size_t max_members) {
        space();
        if (at_ != end_ && *at_ == '}') return ++at_, true;
        while (true) {
            if (out.size() == max_members) return over_limit("too many members");
            const std::size_t key_begin = offset();
            if (!key()) return false;
            Member& member = out.emplace_back();
            member.key_span = {key_begin, key_end_};
            append_string(member.key_span.of({begin_, end_}), member.key);
            member.value.begin = offset();
            if (!value(1)) return false;
            member.value.end = offset();
            bool more = false;
            if (!separator('}', "',' or '}' is expected", more)) return false;
            if (!more) return true;
        }
    }

    // A key and its colon, and the white space before the value.
    bool key() {
        if (at_ == end_ || *at_ != '"') return wrong("a member's name in quotes is expected");
        if (!string()) return false;
        key_end_ = offset();
        space();
        if (at_ == end_ || *at_ != ':') return wrong("':' is expected");
        ++at_;
        space();
        return true;
    }

    // What follows a member or an element: the close, or a comma and the white space behind it.
    bool separator(char close, const char* expected, bool& more) {
        space();
        if (at_ == end_) return wrong("the text ends too early");
        more = *at_ == ',';
        if (!more && *at_ != close) return wrong(expected);
        ++at_;
        if (more) space();
        return true;
    }

    // `depth`: containers around the value.
    bool value(std::size_t depth) {
        if (at_ == end_) return wrong("the text ends too early");
        switch (*at_) {
            case '"':
                return string();
            case '{':
                return depth < kMaxDepth ? object(depth + 1) : over_limit("nested deeper than 64");
            case '[':
                return depth < kMaxDepth ? array(depth + 1) : over_limit("nested deeper than 64");
            case 't':
                return literal("true");
            case 'f':
                return literal("false");
            case 'n':
                return literal("null");
            default:
                return number();
        }
    }

    bool object(std::size_t depth) {
        ++at_;
        space();
        if (at_ != end_ && *at_ == '}') return ++at_, true;
        for (bool more = true; more;) {
            if (!key() || !value(depth) || !separator('}', "',' or '}' is expected", more)) return false;
        }
        return true;
    }

    bool array(std::size_t depth) {
        ++at_;
        space();
        if (at_ != end_ && *at_ == ']') return ++at_, true;
        for (bool more = true; more;) {
            if (!value(depth) || !separator(']', "',' or ']' is expected", more)) return false;
        }
        return true;
    }

    bool literal(std::string_view name) {
        if (!std::string_view(at_, end_).starts_with(name)) return wrong("a value is expected");
        at_ += name.size();
        return true;
    }

    bool string() {
        ++at_;
        while (true) {
            at_ = bytes::string_stop<true>(at_, end_, non_ascii_);
            if (at_ == end_) return wrong("a string does not end");
            if (*at_ == '"') return ++at_, true;
            if (*at_ != '\\') return wrong("a control character in a string must be escaped");
            if (!escape()) return false;
        }
    }

    bool escape() {
        if (end_ - at_ < 2) return wrong("a string does not end");
        if (bytes::kSimpleEscapes[static_cast<unsigned char>(at_[1])]) {
            at_ += 2;
            return true;
        }
        if (at_[1] != 'u') return wrong("an unknown escape in a string");
        if (end_ - at_ < 6) return wrong("a string does not end");
        for (int i = 2; i < 6; ++i) {
            const char digit = at_[i];
            const char lower = static_cast<char>(digit | 0x20);
            if (!(digit >= '0' && digit <= '9') && !(lower >= 'a' && lower <= 'f')) {
                return wrong("four hexadecimal digits are expected after \\u");
            }
        }
        at_ += 6;
        return true;
    }

    bool digits() {
        if (at_ == end_ || *at_ < '0' || *at_ > '9') return false;
        while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
        return true;
    }

    bool number() {
        const bool negative = *at_ == '-';
        if (negative) ++at_;
        if (at_ != end_ && *at_ == '0') {
            ++at_;
            if (at_ != end_ && *at_ >= '0' && *at_ <= '9') return wrong("a number may not begin with 0");
        } else if (!digits()) {
            return wrong(negative ? "a digit is expected" : "a value is expected");
        }
        if (at_ != end_ && *at_ == '.') {
            ++at_;
            if (!digits()) return wrong("a digit is expected");
        }
        if (at_ != end_ && (*at_ | 0x20) == 'e') {
            ++at_;
            if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
            if (!digits()) return wrong("a digit is expected");
        }
        return true;
    }

    const char* begin_;
    const char* at_;
    const char* end_;
    std::size_t key_end_ = 0;
    bool non_ascii_ = false;
    const char* problem_ = "";
    ErrorCode code_ = ErrorCode::invalid;
};

// Behind the value at `at`, in well-formed JSON; never past `end`.
const char* skip_value(const char* at, const char* end) {
    if (at == end) return end;
    if (*at == '"') return bytes::skip_string(at, end);
    if (*at != '{' && *at != '[') {
        while (at != end && *at != ',' && *at != '}' && *at != ']' && !bytes::is_space(*at)) ++at;
        return at;
    }
    std::size_t depth = 0;
    while (true) {
        at = bytes::quote_or_bracket(at, end);
        if (at == end) return end;
        if (*at == '"') {
            at = bytes::skip_string(at, end);
        } else if ((*at++ | 0x20) == '{') {
            ++depth;
        } else if (--depth == 0) {
            return at;
        }
    }
}

}  // namespace

Result<void> members(std::string_view text, std::vector<Member>& out, std::size_t max_members) {
    out.clear();
    return Checker(text).document(out, max_members);
}

Walk::Walk(std::string_view document, std::size_t begin) : document_(document), at_(std::string_view::npos) {
    if (begin >= document.size() || (document[begin] != '{' && document[begin] != '[')) return;
    object_ = document[begin] == '{';
    at_ = begin + 1;
}

Walk::Walk(std::string_view document, Span container) : Walk(document.substr(0, container.end), container.begin) {}

Walk Walk::inside(Walk& outer) {
    Walk inner(outer.document_, outer.value_.begin);
    inner.outer_ = &outer;
    return inner;
}

bool Walk::next() {
    if (at_ == std::string_view::npos) return false;
    const char* const begin = document_.data();
    const char* const end = begin + document_.size();
    const auto offset = [&](const char* at) { return static_cast<std::size_t>(at - begin); };
    if (end_is_open_) value();
    const char* at = bytes::skip_space(begin + at_, end);
    if (at != end && *at == ',') at = bytes::skip_space(at + 1, end);
    if (at == end || *at == '}' || *at == ']') {
        if (outer_ != nullptr && at != end) {
            outer_->at_ = outer_->value_.end = offset(at + 1);
            outer_->end_is_open_ = false;
        }
        at_ = std::string_view::npos;
        return false;
    }
    if (object_) {
        const char* const key_end = bytes::skip_string(at, end);
        key_ = {offset(at), offset(key_end)};
        at = bytes::skip_space(key_end, end);
        if (at != end) at = bytes::skip_space(at + 1, end);  // the colon
    }
    value_.begin = offset(at);
    end_is_open_ = true;
    return true;
}

Span Walk::value() {
    if (end_is_open_) {
        const char* const begin = document_.data();
        value_.end = static_cast<std::size_t>(skip_value(begin + value_.begin, begin + document_.size()) - begin);
        at_ = value_.end;
        end_is_open_ = false;
    }
    return value_;
}

bool Walk::key_equals(std::string_view name) const {
    const std::string_view key = raw_key();
    if (key.size() == name.size() + 2) return key.substr(1, name.size()) == name;
    // Longer, it is that name with escapes or another one.
    return key.find('\\') != std::string_view::npos && string_equals(key, name);
}

void members_within(std::string_view document, Span object, std::vector<Member>& out) {
    out.clear();
    for (Walk walk(document, object); walk.next();) {
        Member& member = out.emplace_back();
        append_string(walk.key().of(document), member.key);
        member.key_span = walk.key();
        member.value = walk.value();
    }
}

void elements_within(std::string_view document, Span array, std::vector<Span>& out) {
    out.clear();
    for (Walk walk(document, array); walk.next();) out.push_back(walk.value());
}

std::optional<Span> find_member(std::string_view document, Span object, std::string_view name) {
    for (Walk walk(document, object); walk.next();) {
        if (walk.key_is(name)) return walk.value();
    }
    return std::nullopt;
}

std::size_t string_end(std::string_view text, std::size_t from) {
    const char* const end = text.data() + text.size();
    const char* at = text.data() + from;
    bool non_ascii = false;
    while (at < end) {
        at = bytes::string_stop<true>(at, end, non_ascii);
        if (at == end || (*at != '"' && *at != '\\')) break;
        if (*at == '"') return static_cast<std::size_t>(at - text.data());
        at += 2;
        if (at <= end && static_cast<unsigned char>(at[-1]) < 0x20) break;
    }
    return std::string_view::npos;
}

std::size_t find_mention(std::string_view text, std::string_view first, std::string_view second) {
    const char* const end = text.data() + text.size();
    const auto quotes = [](std::string_view rest, std::string_view name) {
        return rest.size() >= name.size() + 2 && rest.substr(1, name.size()) == name && rest[name.size() + 1] == '"';
    };
    const char* at = text.data();
    for (;; ++at) {
        at = bytes::quoted_or_coded(at, end, first.front(), second.front());
        if (at == end) return std::string_view::npos;
        const std::string_view rest(at, end);
        if (rest.front() == '"') {
            if (quotes(rest, first) || quotes(rest, second)) break;
        } else if (rest.size() > 4 && rest[2] == '0' && rest[3] == '0' && rest[4] >= '4' && rest[4] <= '7') {
            break;  // an ASCII letter, which nobody needs to escape
        }
    }
    return static_cast<std::size_t>(at - text.data());
}

}  // namespace weir::json
