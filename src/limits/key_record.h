// A key that was made at the admin address, as it is kept and as it is spoken of: who it belongs to, what it may do.
// The key itself is nowhere: its SHA-256 and what it begins with. A fast hash is enough: a key is 190 bits of chance,
// not a word that somebody made up, so no guessing gets near it, however fast (docs/keys.md).
// Thread rule: pure functions; make_key() asks the system for chance and may wait for it at the machine's start.
// Limits: a name of kMostNameBytes, a key for ten years at most; models and rates as in caller.h and rates.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "base/units.h"
#include "limits/rates.h"

namespace weir::limits {

inline constexpr std::size_t kMostNameBytes = 128;
inline constexpr Micros kMostKeyLife = 3'653LL * 24 * 3600 * 1'000'000;
inline constexpr std::size_t kMostRecordBytes = 64 * 1024;

struct KeyRecord {
    std::string id;      // 12 hexadecimal digits
    std::string prefix;  // what the key begins with: "wk-Ab12Cd34"
    Digest256 digest{};
    std::string tenant, name;
    std::vector<std::string> models;
    Rates rates;
    Micros created_unix_micros = 0;
    Micros expires_unix_micros = 0;  // 0: never
    Micros revoked_unix_micros = 0;  // 0: it is not
    friend bool operator==(const KeyRecord&, const KeyRecord&) = default;
};

// What is asked for of a key; what is not said stays as it is.
struct KeyWish {
    std::optional<std::string> tenant;  // of a new key; can't be changed
    std::optional<std::string> name;
    std::optional<std::vector<std::string>> models;                                // none: all
    std::optional<std::int64_t> requests_per_minute, tokens_per_minute, parallel;  // 0: no limit
    std::optional<std::int64_t> expires_in_s;                                      // from now on; 0: never
};
// {"tenant", "name", "models", "requests_per_minute", "tokens_per_minute", "parallel", "expires_in_s"}, each of which
// may be left out; null is 0, nothing or never. Error invalid names what is wrong.
Result<KeyWish> parse_key_wish(std::string_view body);
void apply(const KeyWish& wish, Micros now_unix, KeyRecord& to);

// Errors name what is wrong with one glob, or with all of them.
Result<void> check_models(const std::vector<std::string>& models);

// One line of JSON without its end; and back. Error invalid.
std::string render_record(const KeyRecord& record);
Result<KeyRecord> parse_record(std::string_view line);

// A new key, "wk-" and 32 letters and digits, and its record's id, prefix and digest. Error io: the system has no
// chance to give.
struct NewKey {
    std::string key;
    KeyRecord record;
};
Result<NewKey> make_key();

}  // namespace weir::limits
