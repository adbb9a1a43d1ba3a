// What the semantic index knows of a cached answer, and its bytes on disk. Version 2, little-endian, nothing between:
//   1 version | 32 partition | 32 key | 8 task | 8 created (microseconds since 1970) | 8 bag | 8 answer (not in version
//   1) | 4 n, n bytes of question
//   1 number of vectors (0 to 2), each: 8 digest of the embedder's identity | 2 dimensions | 4 scale (float) | codes
// Thread rule: plain values, pure functions. Limits: below, checked both ways.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"
#include "base/units.h"
#include "embed/int8_vector.h"

namespace weir::tiers::semantic {

constexpr std::size_t kSpacesMost = 2;            // embedders used side by side
constexpr std::size_t kQuestionBytesMost = 8192;  // text::split_words looks no further

struct SemanticRecord {
    Digest256 partition{};  // over all that must be equal
    Digest256 key{};        // of the answer, in the exact cache
    std::uint64_t task = 0;
    Micros created_unix_micros = 0;
    std::uint64_t bag = 0;                               // stem_bag(); 0: none
    std::uint64_t answer = 0;                            // equal for answers that say the same; 0: not known
    std::string question;                                // the last user turn
    std::array<embed::Int8Vector, kSpacesMost> vectors;  // by space; empty where there is none
};

// Of the ids of a text's content stems, sorted, each once. Equal texts but for order and function words have equal
// bags. 0 where there are none.
std::uint64_t stem_bag(std::span<const std::uint64_t> sorted_ids);

// An embedder as records name it: embed::identity_digest() of its identity, and its dimensions. dimensions 0: no space.
struct SpaceName {
    std::uint64_t digest = 0;
    std::size_t dimensions = 0;
};

// `spaces` says whose the record's vectors are. Error too_large: the question, or a vector of other dimensions than its
// space's.
Result<std::string> encode(const SemanticRecord& record, const std::array<SpaceName, kSpacesMost>& spaces);
// Vectors of embedders that are not in `spaces` are left out (to be made anew). Error invalid: not a record of this
// version, or a damaged one.
Result<SemanticRecord> decode(std::string_view bytes, const std::array<SpaceName, kSpacesMost>& spaces);

}  // namespace weir::tiers::semantic
