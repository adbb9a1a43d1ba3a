// The part of a cache key that comes from a request to an inference route (docs/other-inference.md): the values of the
// declared fields, or the whole body but for those that are to be ignored.
// What counts is the value: the order of members and white space do not, a string counts as what it stands for, a
// number as it is spelled (1 and 1.0 are two numbers to many servers; a miss costs a call, a wrong hit an answer).
// Thread rule: pure functions. Limits: those of json/path.h and json/scan.h; kMaxFields paths.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "json/path.h"

namespace weir::wire {

constexpr std::size_t kMaxFields = 64;

struct FieldRules {
    std::vector<json::Path> key;     // empty: the whole body ...
    std::vector<json::Path> ignore;  // ... but for these
    friend bool operator==(const FieldRules&, const FieldRules&) = default;
};

// `body`: an object already checked by json::members(). Rules are part of the digest: others make other keys.
// Errors: invalid (a field of `key` is not there, a name stands twice in an object that counts); such a request has no
// key, so that nobody gets another's answer.
Result<Digest256> field_digest(std::string_view body, const FieldRules& rules);

// Appends the value in one form for all its spellings. `skip`: where values begin that are left out, sorted. False: a
// name stands twice in an object.
bool append_canonical(std::string_view document, json::Span value, const std::vector<std::size_t>& skip,
                      std::string& out);

}  // namespace weir::wire
