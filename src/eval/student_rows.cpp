#include "eval/student_rows.h"

#include <array>
#include <utility>

#include "eval/json_lines.h"
#include "json/scan.h"

namespace weir::eval {
namespace {

constexpr std::array<std::string_view, 6> kMembers = {"id", "task", "system", "prompt", "answer", "gold"};

Result<StudentRow> read_row(std::string_view line) {
    std::vector<json::Member> members;
    if (const auto read = json::members(line, members); !read) return tl::unexpected(read.error());
    StudentRow row;
    std::string gold;
    const std::array<std::string*, kMembers.size()> texts = {&row.id,     &row.task,   &row.system,
                                                             &row.prompt, &row.answer, &gold};
    std::array<bool, kMembers.size()> seen{};
    for (const json::Member& member : members) {
        for (std::size_t i = 0; i < kMembers.size(); ++i) {
            if (member.key != kMembers[i]) continue;
            const std::string_view raw = member.raw(line);
            const std::string name = "\"" + member.key + "\"";
            if (std::exchange(seen[i], true)) return fail(ErrorCode::invalid, name + " stands there twice");
            if (json::is_null(raw)) {
                seen[i] = member.key != "gold";
                continue;
            }
            if (json::append_string(raw, *texts[i])) continue;
            if (member.key != "id") return fail(ErrorCode::invalid, name + " is no string");
            row.id = raw;  // may be a number
        }
    }
    for (const std::size_t needed : {3U, 4U}) {
        if (!seen[needed]) return fail(ErrorCode::invalid, "no \"" + std::string(kMembers[needed]) + "\"");
    }
    if (seen[5]) row.gold = std::move(gold);
    return row;
}

}  // namespace

Result<std::vector<StudentRow>> read_student_rows(const std::string& file) {
    std::vector<StudentRow> rows;
    const auto read = read_json_lines(file, [&](std::string_view line) -> Result<void> {
        auto row = read_row(line);
        if (!row) return tl::unexpected(row.error());
        rows.push_back(std::move(*row));
        return {};
    });
    if (!read) return tl::unexpected(read.error());
    return rows;
}

}  // namespace weir::eval
