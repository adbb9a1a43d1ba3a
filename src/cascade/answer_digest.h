// Answers that say the same in the same words, as a number: what the semantic index keeps of an answer, so that a
// look-up can tell how many of the questions nearby got the same one. Thread rule: pure function. Limits: below.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::cascade {

inline constexpr std::size_t kMostDigestedBytes = 32u << 10;

// Equal for answers that are equal but for white space and the full stop at the end (see agreement.h, "same text").
// 0: nothing, or more than kMostDigestedBytes.
std::uint64_t answer_digest(std::string_view answer);

}  // namespace weir::cascade
