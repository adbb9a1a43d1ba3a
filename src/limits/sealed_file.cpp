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

std::string sealed_head_problem(std::string_view head, std::string_view what, std::int64_t version, std::size_t records,
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
