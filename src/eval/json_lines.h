// Reads the evaluator's JSON Lines: UTF-8, a JSON object a line, empty lines passed over.
// Thread rule: plain functions that block on disk. Limits: kMostFileBytes; those of tsv.h. Errors begin with
// file:line:.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::eval {

inline constexpr std::size_t kMostFileBytes = std::size_t{2} << 30U;

// `visit` is called for each line; where it fails the reading ends. A file without rows is an error.
Result<void> read_json_lines(const std::string& file, const std::function<Result<void>(std::string_view line)>& visit);

}  // namespace weir::eval
