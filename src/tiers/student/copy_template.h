// An answer as fixed text around pieces of its prompt, and the same answer to another prompt: each piece is looked for
// in the other text by what stands around it and by its form ("order A-1234" finds "order B-77").
// Thread rule: plain values, pure functions. Limits: kMostCopySlotBytes, kMostCopyAnswerBytes, kMostCopies; filling is
// linear in the text, for each copy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "learn/model_bytes.h"
#include "tiers/student/slot_tokens.h"

namespace weir::tiers::student {

inline constexpr std::size_t kMostCopySlotBytes = 2048;
inline constexpr std::size_t kMostCopyAnswerBytes = 2048;
inline constexpr std::size_t kMostCopies = 16;   // of one answer
inline constexpr std::size_t kLongestCopy = 32;  // tokens

// A text with its tokens and what is compared of them.
struct CopyText {
    struct Token {
        std::uint32_t word = 0;  // hash of the word in small letters
        std::uint32_t form = 0;  // hash of its form: capitals, small letters, digits, signs
    };
    std::string_view text;
    std::vector<SlotToken> places;
    std::vector<Token> tokens;

    bool look(std::string_view at);  // false: too long
};

class CopyTemplate {
  public:
    // Words that stand in many answers are the answer's own, not copies, though the prompt may have them too.
    using WordCounts = std::unordered_map<std::uint32_t, std::size_t>;
    static CopyTemplate make(const CopyText& slot, const CopyText& answer, const WordCounts& common, std::size_t most);
    // No copies.
    static CopyTemplate fixed(std::string_view answer);

    bool copies() const { return !copies_.empty(); }
    // The answer to `to`, given that this is the one to `from`. false: a piece is not to be found, or not for sure.
    bool fill(const CopyText& from, const CopyText& to, std::string& out) const;

    void write(learn::ModelWriter& to) const;
    // `tokens`: of the slot it was made from.
    static bool read(learn::ModelReader& from, std::size_t tokens, CopyTemplate& out);

  private:
    struct Copy {
        std::uint32_t begin = 0, end = 0;  // tokens of the slot
        std::string behind;                // fixed text after it
    };
    std::string first_;  // fixed text before the copies
    std::vector<Copy> copies_;
};

}  // namespace weir::tiers::student
