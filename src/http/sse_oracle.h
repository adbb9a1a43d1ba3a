// A slow reading of event streams, byte by byte over the whole: what the fast one is tested against.
// For tests and fuzzers only. Thread rule: pure functions.
#pragma once

#include <string>
#include <vector>

namespace weir::http::oracle {

struct SseEvent {
    std::string raw, data, name;
    friend bool operator==(const SseEvent&, const SseEvent&) = default;
};

struct SseStream {
    std::vector<SseEvent> events;
    std::string rest;  // after the last whole event; empty where that is but the LF of a CR that ended it
};

inline std::string field_value(const std::string& line, std::size_t name_bytes) {
    if (line.size() <= name_bytes) return "";
    const std::string value = line.substr(name_bytes + 1);
    return value.starts_with(" ") ? value.substr(1) : value;
}

inline bool is_field(const std::string& line, const std::string& name) {
    return line == name || line.starts_with(name + ":");
}

inline SseEvent interpret(const std::string& raw, const std::vector<std::string>& lines) {
    SseEvent event{raw, "", ""};
    bool first = true;
    for (const std::string& line : lines) {
        if (is_field(line, "event")) event.name = field_value(line, 5);
        if (!is_field(line, "data")) continue;
        if (!first) event.data += '\n';
        event.data += field_value(line, 4);
        first = false;
    }
    return event;
}

inline SseStream read_sse(const std::string& bytes) {
    SseStream stream;
    std::vector<std::string> lines;
    std::string raw, line;
    bool cr_ended_the_line_before = false;
    bool late_lf = false;
    std::size_t i = 0;
    while (i < bytes.size()) {
        const char c = bytes[i++];
        raw += c;
        if (c != '\n' && c != '\r') {
            line += c;
            continue;
        }
        // A byte order mark alone in the first line is text to the splitter, so the line is not blank.
        const bool blank = line.empty();
        const bool next_is_lf = i < bytes.size() && bytes[i] == '\n';
        const bool cr_alone_before = cr_ended_the_line_before;
        cr_ended_the_line_before = c == '\r' && !next_is_lf;
        if (c == '\r' && i == bytes.size() && !(blank && cr_alone_before)) break;  // the next byte decides
        const bool takes_lf = c == '\r' && next_is_lf && !(blank && cr_alone_before);
        if (takes_lf) raw += bytes[i++];
        if (!blank) {
            if (stream.events.empty() && lines.empty() && line.starts_with("\xEF\xBB\xBF")) line = line.substr(3);
            lines.push_back(line);
            line.clear();
            continue;
        }
        stream.events.push_back(interpret(raw, lines));
        raw.clear();
        lines.clear();
        late_lf = c == '\r' && cr_alone_before && next_is_lf;
        cr_ended_the_line_before = false;
        if (late_lf) raw += bytes[i++];  // begins the next event's raw, no line
    }
    stream.rest = late_lf && raw == "\n" ? "" : raw;
    return stream;
}

}  // namespace weir::http::oracle
