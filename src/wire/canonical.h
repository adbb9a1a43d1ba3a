// The part of a cache key that comes from a request's own members: docs/formats.md, "The key of the exact cache".
// Thread rule: pure functions.
#pragma once

#include <span>
#include <string_view>

#include "base/hash.h"
#include "json/scan.h"

namespace weir::wire {

// SHA-256 over the members sorted by key (bytes of the key as spelled, without quotes), each as length-prefixed key and
// length-prefixed minified value. Members whose (unescaped) key is in `left_out` are not in it. `members` are those of
// `body`, as json::members gives them. `scope` is hashed before them. `edit`: a JSON string within one of the values
// that is to be taken for another; nullptr: none.
Digest256 canonical_digest(std::string_view body, std::span<const json::Member> members,
                           std::span<const std::string_view> left_out, std::string_view scope = {},
                           const json::Edit* edit = nullptr);

}  // namespace weir::wire
