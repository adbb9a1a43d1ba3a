// What the admin address is asked to do with callers' keys (docs/keys.md):
//   GET  /api/keys               those that were made here, and how many the configuration has
//   POST /api/keys               {"tenant", "name"?, "models"?, ...}: makes one, and tells it, this once
//   POST /api/keys/{key}         the same members but tenant: changes what it may do
//   POST /api/keys/{key}/revoke  for good
// where {key} is a key's id or what it begins with. Neither keys nor their digests are in answers.
// Thread rule: pure functions, but for change_keys(), which blocks on disk. Limits: those of limits/key_record.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "limits/key_book.h"

namespace weir::admin {

struct KeyRequest {
    enum class Action : std::uint8_t { create, change, revoke };
    Action action = Action::create;
    std::string name;  // in the path; empty: create
    limits::KeyWish wish;
};
// Errors: not_found (no such path), invalid (the body).
Result<KeyRequest> parse_key_request(std::string_view path, std::string_view body);
// What is told: the key as JSON, a new one with its "key"; and the same without it, as it was and as it is. Errors:
// those of KeyBook.
struct KeyChange {
    std::string said, before, after;
};
Result<KeyChange> change_keys(limits::KeyBook& keys, const KeyRequest& request, Micros now_unix);

// {"keys": [..], "configured": N, "required"}; `required`: require_key, so that nobody may call without one.
std::string render_keys(const std::vector<limits::KeyRecord>& records, std::size_t configured, bool required,
                        Micros now_unix);

}  // namespace weir::admin
