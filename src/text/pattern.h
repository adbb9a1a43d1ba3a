// Regular expressions for what an operator writes into a configuration: found in time linear in the text, whatever the
// expression (a simulation of the automaton, Thompson 1968, as in re2; never backtracking). The leftmost match is
// found, and of those that begin there the longest. Understood: characters, `.` (any but a new line), [a-z] [^...], \d
// \D \w \W \s \S \b \B \t \n \r, ^ and $ (of the text), groups (...) and (?:...), |, * + ? {m} {m,} {m,n}; (?i) in
// front: ASCII letters in either case. Everything goes by bytes; a character beyond ASCII may stand alone, not in
// [...]. No back references, no looking around. Thread rule: immutable, any thread. Limits: kMostPatternBytes of text,
// kMostSteps of program, kMostNesting groups within groups, repeats up to kMostRepeats.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace weir::text {

class Pattern {
  public:
    static constexpr std::size_t kMostPatternBytes = 512;
    static constexpr std::size_t kMostSteps = 4'096;
    static constexpr std::size_t kMostNesting = 16;
    static constexpr std::uint32_t kMostRepeats = 256;

    // Error invalid: what is wrong, and at which byte. One that matches the empty text is refused.
    static Result<Pattern> compile(std::string_view expression);

    struct Match {
        std::size_t begin = 0, end = 0;
        friend bool operator==(const Match&, const Match&) = default;
    };
    // The first one that begins at or after `from`; never empty.
    std::optional<Match> find(std::string_view text, std::size_t from = 0) const;

    using Bytes = std::bitset<256>;
    struct Step {
        enum class Kind : std::uint8_t { bytes, split, jump, begin, end, word_border, no_word_border, match };
        Kind kind = Kind::match;
        std::uint32_t first = 0, second = 0;  // of bytes: its set; of split and jump: where it goes on
    };

  private:
    std::vector<Step> steps_;
    std::vector<Bytes> sets_;
    Bytes starts_;  // bytes that a match can begin with
};

}  // namespace weir::text
