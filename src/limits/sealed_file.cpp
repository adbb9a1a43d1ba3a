#include "limits/sealed_file.h"

#include <filesystem>
#include <vector>

#include "base/files.h"
#include "base/hash.h"
#include "json/scan.h"

namespace weir::limits {

std::string sealed_head(std::string_view what, std::int64_t version, std::size_t records, std::string_view lines) {
    std::string head = "{\"weir_";
    head.append(what).append("\":").append(std::to_string(version)).append(",\"").append(what).append("\":");
    return head + std::to_string(records) + R"(,"sha256":")" + to_hex(sha256(lines)) + "\"}\n";
}

namespace {

// What is wrong with the first line, without its end; empty: nothing.
std::string head_problem(std::string_view head, std::string_view what, std::int64_t version, std::size_t records,
                         std::string_view lines) {
    constexpr std::size_t kMostMembers = 8;
    std::vector<json::Member> members;
    if (auto read = json::members(head, members, kMostMembers); !read) {
        return "it does not begin as a file of " + std::string(what);
    }
    for (const json::Member& member : members) {
        if (member.key == "weir_" + std::string(what) && json::as_int64(member.raw(head)) != version) {
            return "it is of another version of Weir";
        }
    }
    if (std::string(head) + "\n" != sealed_head(what, version, records, lines)) {
        return "its lines are not those that were written";
    }
    return {};
}

}  // namespace

Result<void> read_sealed(std::string_view text, std::string_view what, std::int64_t version, std::size_t most,
                         const std::function<Result<void>(std::string_view line)>& take) {
    const std::size_t head_end = text.find('\n');
    if (head_end == std::string_view::npos) return fail(ErrorCode::invalid, "it has no line");
    const std::string_view lines = text.substr(head_end + 1);
    std::size_t records = 0;
    for (std::string_view left = lines; !left.empty(); ++records) {
        const std::size_t end = left.find('\n');
        const std::string at = "line " + std::to_string(records + 2) + ": ";
        if (end == std::string_view::npos) return fail(ErrorCode::invalid, at + "it is cut short");
        if (records == most) return fail(ErrorCode::invalid, "it has more than " + std::to_string(most) + " lines");
        const Result<void> taken = take(left.substr(0, end));
        if (!taken) return fail(ErrorCode::invalid, at + taken.error().message);
        left.remove_prefix(end + 1);
    }
    const std::string problem = head_problem(text.substr(0, head_end), what, version, records, lines);
    if (!problem.empty()) return fail(ErrorCode::invalid, problem);
    return {};
}

Result<std::optional<std::string>> read_if_there(const std::string& file, std::size_t most_bytes) {
    std::error_code error;
    const bool there = std::filesystem::exists(file, error);
    if (error) return fail(ErrorCode::io, file + ": " + error.message());
    if (!there) return std::optional<std::string>();
    Result<std::string> text = read_file(file, most_bytes);
    if (!text) return tl::unexpected(text.error());
    return std::optional<std::string>(std::move(*text));
}

}  // namespace weir::limits
