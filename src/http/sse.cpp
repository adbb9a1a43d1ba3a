#include "http/sse.h"

#include "http/bytes.h"

namespace weir::http {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kKeptCapacity = 64 * 1024;  // bytes; a larger buffer is given back after use

void empty(std::string& buffer) {
    buffer.clear();
    if (buffer.capacity() > kKeptCapacity) buffer.shrink_to_fit();
}

// The value of `line` if it is "<field>" or "<field>:<value>", without one leading space.
bool is_field(std::string_view line, std::string_view field, std::string_view& value) {
    if (!line.starts_with(field)) return false;
    line.remove_prefix(field.size());
    if (!line.empty()) {
        if (line[0] != ':') return false;
        line.remove_prefix(1);
        if (!line.empty() && line[0] == ' ') line.remove_prefix(1);
    }
    value = line;
    return true;
}

// The line of an event of two lines, the second blank, whose line ends are alike; empty where they are not.
std::string_view only_line(std::string_view raw) {
    if (raw.ends_with("\r\n\r\n")) return raw.substr(0, raw.size() - 4);
    if (!raw.ends_with("\n\n")) return {};
    raw.remove_suffix(2);
    return raw.ends_with('\r') ? std::string_view() : raw;
}

}  // namespace

// Reads on in input_, from where the event was left; true: the event ends `length` bytes into it.
bool SseSplitter::find_end(std::size_t& length) {
    const char* const begin = input_.data();
    const char* const end = begin + input_.size();
    const auto ends_at = [&](const char* p) {
        length = static_cast<std::size_t>(p - begin);
        return true;
    };
    const char* p = begin;
    if (skip_lf_ && p != end) {
        if (*p == '\n') ++p;
        skip_lf_ = false;
    }
    while (p != end) {
        const char c = *p;
        switch (at_) {
            case At::line_start:
                if (c == '\n' || c == '\r') {
                    ++p;
                    ++lines_;
                    if (c == '\n') return ends_at(p);
                    at_ = At::blank_cr;
                    break;
                }
                [[fallthrough]];
            case At::text:
                p = find_line_break(p, end);
                at_ = At::text;
                if (p == end) return false;
                ++lines_;
                at_ = *p++ == '\n' ? At::line_start : At::cr;
                break;
            case At::cr:
                if (c == '\r') {
                    ++lines_;
                    skip_lf_ = true;
                    return ends_at(p + 1);
                }
                if (c == '\n') ++p;
                at_ = c == '\n' ? At::line_start : At::text;
                break;
            case At::blank_cr:
                return ends_at(c == '\n' ? p + 1 : p);
        }
    }
    return false;
}

void SseSplitter::begin_event() {
    at_ = At::line_start;
    lines_ = 0;
    stream_start_ = false;
}

SseSplitter::State SseSplitter::next(Event& out) {
    if (release_held_) {
        empty(held_);
        release_held_ = false;
    }
    if (failed_) return State::too_large;
    std::size_t length = 0;
    const bool found = find_end(length);
    if (!found) length = input_.size();
    if (held_.size() + length > max_event_bytes_) {
        failed_ = true;
        input_ = {};
        empty(held_);
        return State::too_large;
    }
    if (!found) {
        held_.append(input_);
        input_ = {};
        return State::need_more;
    }
    if (held_.empty()) {
        out.raw = input_.substr(0, length);
    } else {
        held_.append(input_, 0, length);
        out.raw = held_;
        release_held_ = true;
    }
    input_.remove_prefix(length);
    read_fields(out);
    begin_event();
    return State::event;
}

void SseSplitter::read_fields(Event& out) {
    out.data = out.name = {};
    std::string_view rest = out.raw;
    if (stream_start_ && rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
    if (lines_ == 2 && is_field(only_line(rest), "data", out.data)) {
        return;  // the common event: one data line, found without a second look for line ends
    }
    bool has_data = false;
    bool several = false;
    const char* p = rest.data();
    const char* const end = p + rest.size();
    while (p != end) {
        const char* const stop = find_line_break(p, end);
        const std::string_view line(p, static_cast<std::size_t>(stop - p));
        p = stop == end ? end : stop + 1;  // of CR LF the LF is read as one more empty line: no matter
        std::string_view value;
        if (is_field(line, "data", value)) {
            if (!has_data) {
                out.data = value;
                has_data = true;
                continue;
            }
            if (!several) {
                empty(joined_);
                joined_.append(out.data);
                several = true;
            }
            joined_ += '\n';
            joined_.append(value);
        } else if (is_field(line, "event", value)) {
            out.name = value;
        }
    }
    if (several) out.data = joined_;
}

std::size_t SseSplitter::pending() const {
    // A lone LF that belongs to the CR before it (see find_end) is no event's beginning.
    const bool nothing_held = release_held_ || (at_ == At::line_start && lines_ == 0);
    return (nothing_held ? 0 : held_.size()) + input_.size();
}

void append_comment(const SseSplitter::Event& event, std::string& out) {
    if (!event.raw.starts_with(':')) return;
    out += event.raw.substr(0, event.raw.find_first_of("\r\n"));
    out += "\n\n";
}

}  // namespace weir::http
