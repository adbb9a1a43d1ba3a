// Which word of one question stands for which of the other. Only guards.cpp and its parts use this.
// Method: longest common subsequence of meanings (Wagner and Fischer's table) between the first and the last
// difference, then what is left over is paired wherever it stands, then by spelling. Thread rule: pure. Limits: tables
// of at most max_cells; beyond, the middle is paired without regard to order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tiers/semantic_cache/question.h"

namespace weir::tiers::semantic {

constexpr std::size_t max_cells = 160 * 160;

enum class Link : std::uint8_t {
    none,      // nothing on the other side
    in_order,  // the same meaning, in the same order
    moved,     // the same meaning in another place
    spelling,  // a slip of the pen, or written apart
};

struct Linked {
    std::int32_t other = -1;
    Link link = Link::none;
};

struct Alignment {
    std::vector<Linked> a;
    std::vector<Linked> b;
};

Alignment align(const Question& a, const Question& b);

// One slip of the pen between two words, neither of which is known to be the other's neighbour: a letter left out,
// doubled, two letters exchanged, one vowel for another in a long word.
bool is_typing_slip(std::string_view a, std::string_view b);

}  // namespace weir::tiers::semantic
