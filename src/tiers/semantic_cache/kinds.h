// Kinds of things: "neck" and "back" are two parts of the body, so a question about one is not answered by what was
// said of the other. Own tables of plain English (kind_tables.h): a word that is in none is of no kind. Thread rule:
// constants and pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "text/words.h"

namespace weir::tiers::semantic {

struct KindMember {
    std::uint64_t word = 0;
    std::uint16_t kind = 0;
    std::uint16_t thing = 0;  // within its kind; two words for one thing share it

    constexpr auto operator<=>(const KindMember&) const = default;
};

// What a word is a member of, sorted by kind; empty: nothing. A plural stands for its singular; "heading" is no head.
std::span<const KindMember> kinds_of(const text::Word& word);
// The kind of which both are members, as different things. Empty: none.
std::string_view kind_of_two(const text::Word& one, const text::Word& two);

}  // namespace weir::tiers::semantic
