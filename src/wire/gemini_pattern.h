// Internal to the Gemini form: chunks of a stream that differ from one that was read in the inside of one text and in
// the numbers of usageMetadata alone, known by comparing bytes. EventPattern does the like for strings; here every
// event counts tokens as well.
// Thread rule: one owner. Limits: kMaxHoles places that differ, chunks of kMaxBytes to learn from, numbers of 15
// digits.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "json/span.h"

namespace weir::wire::gemini {

class ChunkPattern {
  public:
    static constexpr std::size_t kMaxHoles = 24;
    static constexpr std::size_t kMaxBytes = 4096;

    // Of an event with a well-formed chunk in one line of data: `text` is a string's inside in it, `usage` an object
    // outside of that (empty: there is none).
    void learn(std::string_view event, json::Span text, json::Span usage);
    void forget() { holes_ = 0; }
    bool known() const { return holes_ > 0; }

    // Whether `bytes` begin with an event that is alike, and so well-formed.
    struct Match {
        std::size_t size = 0;  // of the event; 0: it is not alike, or not here to its end
        json::Span text, usage;
    };
    Match match(std::string_view bytes) const;

  private:
    bool add_hole(std::string_view event, std::size_t& from, json::Span hole, bool is_text);

    std::string fixed_;                               // what stands around the holes, joined
    std::array<std::size_t, kMaxHoles + 1> parts_{};  // its pieces' sizes, one more than there are holes
    std::size_t holes_ = 0;                           // 0: nothing is known
    std::size_t text_hole_ = 0;
    // Where usage begins and ends: so many holes before it, so many bytes into the piece behind them.
    struct Place {
        std::size_t hole = 0, bytes = 0;
    };
    Place usage_begin_, usage_end_;
    bool has_usage_ = false;
};

}  // namespace weir::wire::gemini
