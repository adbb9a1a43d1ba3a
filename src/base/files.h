// Small files, whole; large ones by pieces of 1 MiB. Thread rule: plain functions that block on disk. Errors: io,
// too_large.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"

namespace weir {

// Writes whole or not at all: into a file beside it, which then takes its place.
Result<void> write_file(const std::string& file, std::string_view bytes);
// The same for the owner's eyes alone, and on the disk when it returns: the machine may lose its power then.
Result<void> write_file_durably(const std::string& file, std::string_view bytes);
Result<std::string> read_file(const std::string& file, std::size_t most_bytes);

struct FileDigest {
    std::uint64_t bytes = 0;
    Digest256 sha256{};
};
Result<FileDigest> digest_file(const std::string& file);
// Copies into `to`, which is replaced and is on the disk afterwards. On an error there is no `to`.
Result<FileDigest> copy_file(const std::string& from, const std::string& to);

}  // namespace weir
