// A text cut into words: what every judgement about wording starts from. Knows nothing of requests.
// Words are lower-cased (ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic), contractions are taken apart ("can't" =
// can not, "what's" = what is), CJK text is cut by character, code stays as it is written. Thread rule: pure functions;
// a Words object is a plain value, read by any thread. Limits: linear in the text for every input, invalid UTF-8
// included (a bad byte is a punctuation word of one byte); no more than `max_bytes` are looked at and no more than
// max_words kept, then `cut` is set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "text/function_words.h"
#include "text/stem.h"
#include "text/word_table.h"

namespace weir::text {

enum class WordKind : std::uint8_t {
    word,         // letters, perhaps with digits: "cafe", "mp3"
    number,       // starts with a digit: "15", "1,000.5", "3/4", "2.0.1" (an ordinal's "th" is part of it)
    punctuation,  // one mark or symbol
    code,         // between back quotes, or a word that can only be code: foo(), snake_case, C++, a URL, a path, --flag
};

struct Word {
    std::string_view lower;   // lower-cased; code: as written. A contraction's part is spelled out ("not", "is")
    std::string_view stem;    // light stem of a word (stem.h), else the same as lower
    std::uint64_t id = 0;     // word_id(lower)
    std::uint32_t begin = 0;  // bytes of the text, end exclusive
    std::uint32_t end = 0;
    WordKind kind = WordKind::word;
    WordClass word_class = WordClass::content;
    Inflection inflection = Inflection::none;
    bool function_word = false;    // word_class is not content
    bool capitalised = false;      // first letter is a capital
    bool all_capitals = false;     // two letters or more, all of them capitals
    bool starts_sentence = false;  // first word of the text or after . ? ! : or a line's end
    bool quoted = false;           // inside quotation marks
    bool ordinal = false;          // a number written with st, nd, rd or th
    bool attached = false;         // no white space between it and the word before
};

class Words {
  public:
    static constexpr std::size_t max_words = 2048;

    const std::vector<Word>& all() const { return words_; }
    std::size_t size() const { return words_.size(); }
    const Word& operator[](std::size_t i) const { return words_[i]; }
    auto begin() const { return words_.begin(); }
    auto end() const { return words_.end(); }
    bool cut() const { return cut_; }  // the text went on beyond the limits

  private:
    friend Words split_words(std::string_view text, std::size_t max_bytes);
    std::unique_ptr<char[]> letters_;  // what the views look at: does not depend on the text's life
    std::vector<Word> words_;
    bool cut_ = false;
};

Words split_words(std::string_view text, std::size_t max_bytes = 8192);

}  // namespace weir::text
