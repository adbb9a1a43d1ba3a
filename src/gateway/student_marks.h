// What was said about a student by hand, and when its labels were outdated, as small files beside it
// (docs/students-life.md): they survive a restart and every training, and go with the student's examples.
//   .demoted   taken from service at that time (microseconds since 1970) until somebody promotes it
//   .held      rolled back at that time; trained anew when so many examples are newer: two numbers
//   .versions  the students that stood in its place, oldest first: when, of how many examples, how large; a line each
//   .since     examples count from that time on (students.h); here only when that was said
// Thread rule: plain functions that block on disk. Limits: kMostMarkBytes a file, kMostVersions in `.versions`. A mark
// that can't be read holds: who took a student from service meant it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace weir::gateway {

inline constexpr std::size_t kMostMarkBytes = 64;
// What may lie beside a student's file, by the end of its name.
inline constexpr std::array<std::string_view, 5> kStudentFileEnds{".before", ".since", ".demoted", ".held",
                                                                  ".versions"};

struct StudentMarks {
    Micros demoted_unix_micros = 0;      // 0: it is not
    Micros rolled_back_unix_micros = 0;  // 0: it was not, or has been trained anew since
    std::uint64_t held_for = 0;          // examples that have to be newer than that
    Micros outdated_unix_micros = 0;     // 0: never
    friend bool operator==(const StudentMarks&, const StudentMarks&) = default;
};

// `file`: the student's, whether it is there or not.
StudentMarks read_marks(const std::string& file);
Result<void> mark_demoted(const std::string& file, Micros now);  // one that is keeps its time
Result<void> mark_held(const std::string& file, Micros now, std::uint64_t held_for);
// Error io: it is still there.
Result<void> unmark(const std::string& file, std::string_view end);

// "12 34": whole numbers above 0 with one space between them and nothing else but a line's end.
struct Held {
    Micros unix_micros = 0;
    std::uint64_t examples = 0;
};
std::optional<Held> parse_held(std::string_view text);

// A student that came into its place, by training or as an earlier one again.
struct StudentVersion {
    Micros unix_micros = 0;
    std::uint64_t examples = 0, bytes = 0;
    friend bool operator==(const StudentVersion&, const StudentVersion&) = default;
};
inline constexpr std::size_t kMostVersions = 64;
// Lines of three whole numbers above 0, later ones at later times; others are left out, and so is what is before the
// last kMostVersions.
std::vector<StudentVersion> parse_versions(std::string_view text);
std::vector<StudentVersion> read_versions(const std::string& file);  // `file`: the student's; empty: none is known
Result<void> note_version(const std::string& file, const StudentVersion& version);

// When the file was last written, 0 where there is none.
Micros written_unix_micros(const std::string& file);

}  // namespace weir::gateway
