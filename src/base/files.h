// Small files, whole. Thread rule: plain functions that block on disk. Errors: io, too_large.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace weir {

// Writes whole or not at all: into a file beside it, which then takes its place.
Result<void> write_file(const std::string& file, std::string_view bytes);
Result<std::string> read_file(const std::string& file, std::size_t most_bytes);

}  // namespace weir
