// The file of the keys that were made at the admin address (data/keys.jsonl, docs/keys.md): a line of JSON a key, and
// before them one that says how many there are and what the SHA-256 of them is.
// It is written whole, beside itself, and put in the old one's place: after a crash of the process or of the machine
// there is the old one or the new one. What is not exactly what was written is refused: with a line missing, a key that
// was revoked might be good again.
// Thread rule: plain functions that block on disk. Limits: kMostKeysKept keys, kMostKeyFileBytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "limits/key_record.h"

namespace weir::limits {

inline constexpr std::size_t kMostKeysKept = 20'000;
inline constexpr std::size_t kMostKeyFileBytes = 64u << 20;

std::string render_key_file(const std::vector<KeyRecord>& records);
// Error invalid says what is wrong with which line.
Result<std::vector<KeyRecord>> parse_key_file(std::string_view text);

// No file: no keys. Errors: invalid (damaged), io.
Result<std::vector<KeyRecord>> load_keys(const std::string& file);
// On the disk when it returns. Errors: io, too_large.
Result<void> save_keys(const std::string& file, const std::vector<KeyRecord>& records);

}  // namespace weir::limits
