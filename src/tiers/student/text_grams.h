// What a student sees of a text: its words, its pairs of neighbouring words, and pieces of 3 to 5 characters within
// each run of characters between white space (so that "refund", "refunds" and "rfund" share most of theirs),
// lower-cased and hashed. Thread rule: pure functions. Limits: kMostTextBytes of a text; linear in it but for one sort.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::tiers::student {

inline constexpr std::size_t kMostTextBytes = 8u << 10;
// Of what grams are made of; a student that was trained on others is not read.
inline constexpr std::uint32_t kGramsVersion = 1;

struct Gram {
    std::uint32_t hash = 0;   // the lowest bit: a piece of a word, not words
    std::uint32_t count = 0;  // how often it stands in the text
    bool is_piece() const { return (hash & 1U) != 0; }
};

// By hash, ascending; `out` is cleared first. False, and nothing, where the text is longer than kMostTextBytes.
bool text_grams(std::string_view text, std::vector<Gram>& out);

}  // namespace weir::tiers::student
