// Files of records, a line each, whose first line tells how many there are and the SHA-256 of the others: what was not
// written so, or not to its end, is seen.
// Thread rule: pure functions, but for read_if_there(), which blocks on disk. Limits: the callers'.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::limits {

// {"weir_keys":1,"keys":2,"sha256":".."} and its line's end, of `what` "keys".
std::string sealed_head(std::string_view what, std::int64_t version, std::size_t records, std::string_view lines);
// Gives `take` each line behind the first one, without its end. Error invalid: what is wrong with which line (take's
// error), that they are more than `most`, or not those that were written.
Result<void> read_sealed(std::string_view text, std::string_view what, std::int64_t version, std::size_t most,
                         const std::function<Result<void>(std::string_view line)>& take);

// The file's text; nothing where there is no such file. Errors: io, too_large.
Result<std::optional<std::string>> read_if_there(const std::string& file, std::size_t most_bytes);

}  // namespace weir::limits
