#include "eval/json_lines.h"

#include <algorithm>

#include "eval/tsv.h"

namespace weir::eval {

Result<void> read_json_lines(const std::string& file, const std::function<Result<void>(std::string_view line)>& visit) {
    const auto bytes = read_file(file, kMostFileBytes);
    if (!bytes) return tl::unexpected(bytes.error());
    std::string_view left = *bytes;
    std::size_t rows = 0;
    for (std::size_t number = 1; !left.empty(); ++number) {
        const std::size_t end = std::min(left.find('\n'), left.size());
        std::string_view line = left.substr(0, end);
        left.remove_prefix(std::min(end + 1, left.size()));
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
        const std::string where = file + ":" + std::to_string(number) + ": ";
        if (line.size() > kMostLineBytes) return fail(ErrorCode::too_large, where + "the line is too long");
        if (rows++ >= kMostRows) return fail(ErrorCode::too_large, where + "too many rows");
        if (const auto visited = visit(line); !visited) {
            return fail(visited.error().code, where + visited.error().message);
        }
    }
    if (rows == 0) return fail(ErrorCode::invalid, file + ": no rows");
    return {};
}

}  // namespace weir::eval
