// A text cut into tokens that keep their byte offsets: what spans are made of. Three cuts, coarse to fine; a task uses
// the coarsest one in which its spans begin and end with tokens.
// Thread rule: pure functions. Limits: kMostSlotTokens; linear in the text for every input, invalid UTF-8 included (a
// bad byte is a token of its own, or part of one where only spaces cut).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::tiers::student {

inline constexpr std::size_t kMostSlotTokens = 1024;
inline constexpr std::size_t kMostSlotBytes = 32U << 10U;

struct SlotToken {
    std::uint32_t begin = 0, end = 0;  // bytes of the text, end exclusive
    std::string_view of(std::string_view text) const { return text.substr(begin, end - begin); }
    friend bool operator==(const SlotToken&, const SlotToken&) = default;
};

enum class TokenCut : std::uint8_t {
    spaces,  // what stands between white space: "(Paris)," is one token
    edges,   // the same, signs at its ends cut off one by one: "(" "Paris" ")" ","
    fine,    // runs of letters and digits; every other character, and every Han, Kana or Hangul one, is a token
};
inline constexpr std::size_t kTokenCuts = 3;

// `out` is cleared first. false (and no tokens): the text is longer than kMostSlotBytes, or has too many tokens.
bool cut_tokens(std::string_view text, TokenCut cut, std::vector<SlotToken>& out);

}  // namespace weir::tiers::student
