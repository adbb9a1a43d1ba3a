// Files of records, a line each, whose first line tells how many there are and the SHA-256 of the others: what was not
// written so, or not to its end, is seen.
// Thread rule: pure functions, but for read_if_there(), which blocks on disk. Limits: the callers'.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::limits {

// {"weir_keys":1,"keys":2,"sha256":".."} and its line's end, of `what` "keys".
std::string sealed_head(std::string_view what, std::int64_t version, std::size_t records, std::string_view lines);
// What is wrong with such a line, without its end; empty: nothing.
std::string sealed_head_problem(std::string_view head, std::string_view what, std::int64_t version, std::size_t records,
                                std::string_view lines);

// The file's text; nothing where there is no such file. Errors: io, too_large.
Result<std::optional<std::string>> read_if_there(const std::string& file, std::size_t most_bytes);

}  // namespace weir::limits
