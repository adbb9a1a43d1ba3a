#include "gateway/student_marks.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>

#include "base/files.h"
#include "base/log.h"

namespace weir::gateway {
namespace {

template <class T>
std::optional<T> whole_number(std::string_view text) {
    T value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value <= 0) return std::nullopt;
    return value;
}

bool exists(const std::string& file) {
    std::error_code error;
    return std::filesystem::exists(file, error);
}

std::string_view without_line_end(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    return text;
}

}  // namespace

std::optional<Held> parse_held(std::string_view text) {
    text = without_line_end(text);
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    const auto when = whole_number<Micros>(text.substr(0, space));
    const auto examples = whole_number<std::uint64_t>(text.substr(space + 1));
    if (!when || !examples) return std::nullopt;
    return Held{*when, *examples};
}

std::vector<StudentVersion> parse_versions(std::string_view text) {
    std::vector<StudentVersion> versions;
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const std::size_t last = line.rfind(' ');
        const auto begin = last == std::string_view::npos ? std::nullopt : parse_held(line.substr(0, last));
        const auto bytes = begin ? whole_number<std::uint64_t>(line.substr(last + 1)) : std::nullopt;
        if (!bytes || (!versions.empty() && begin->unix_micros <= versions.back().unix_micros)) continue;
        versions.push_back({begin->unix_micros, begin->examples, *bytes});
    }
    if (versions.size() > kMostVersions) versions.erase(versions.begin(), versions.end() - kMostVersions);
    return versions;
}

std::vector<StudentVersion> read_versions(const std::string& file) {
    const auto text = read_file(file + ".versions", kMostMarkBytes * kMostVersions);
    return text ? parse_versions(*text) : std::vector<StudentVersion>();
}

Result<void> note_version(const std::string& file, const StudentVersion& version) {
    std::vector<StudentVersion> versions = read_versions(file);
    versions.push_back(version);
    if (versions.size() > kMostVersions) versions.erase(versions.begin());
    std::string text;
    for (const auto& [when, examples, bytes] : versions) {
        text += std::to_string(when) + " " + std::to_string(examples) + " " + std::to_string(bytes) + "\n";
    }
    return write_file(file + ".versions", text);
}

Micros written_unix_micros(const std::string& file) {
    std::error_code error;
    const auto at = std::filesystem::last_write_time(file, error);
    if (error) return 0;
    const auto since_1970 = std::chrono::file_clock::to_sys(at).time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count();
}

StudentMarks read_marks(const std::string& file) {
    StudentMarks marks;
    if (const std::string demoted = file + ".demoted"; exists(demoted)) {
        const auto text = read_file(demoted, kMostMarkBytes);
        const auto when = text ? whole_number<Micros>(without_line_end(*text)) : std::nullopt;
        if (!when) log_warning("students: " + demoted + " is damaged; the student stays out of service");
        marks.demoted_unix_micros = when.value_or(std::max<Micros>(1, written_unix_micros(demoted)));
    }
    if (const std::string held = file + ".held"; exists(held)) {
        const auto text = read_file(held, kMostMarkBytes);
        const auto said = text ? parse_held(*text) : std::nullopt;
        if (said) {
            marks.rolled_back_unix_micros = said->unix_micros;
            marks.held_for = said->examples;
        } else {
            log_warning("students: " + held + " is damaged and not heeded");
        }
    }
    marks.outdated_unix_micros = written_unix_micros(file + ".since");
    return marks;
}

Result<void> mark_demoted(const std::string& file, Micros now) {
    if (exists(file + ".demoted")) return {};
    return write_file(file + ".demoted", std::to_string(now));
}

Result<void> mark_held(const std::string& file, Micros now, std::uint64_t held_for) {
    return write_file(file + ".held", std::to_string(now) + " " + std::to_string(held_for));
}

Result<void> unmark(const std::string& file, std::string_view end) {
    std::error_code error;
    std::filesystem::remove(file + std::string(end), error);
    if (error) return fail(ErrorCode::io, file + std::string(end) + ": " + error.message());
    return {};
}

}  // namespace weir::gateway
