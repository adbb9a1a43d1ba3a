// Spans of tokens: found from the strings of an answer, spelled as a tag a token and read back from such tags.
// Tags are those of BIOES (beginning, inside, end, single, outside), or of BIO where there are too many labels for
// that. Thread rule: pure functions and plain values. Limits: kMostSpanLabels labels, kMostSlotTokens tokens.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "learn/sequence_tagger.h"
#include "tiers/student/slot_tokens.h"
#include "tiers/student/span_form.h"

namespace weir::tiers::student {

struct TokenSpan {
    std::uint16_t label = 0;
    std::uint32_t begin = 0, end = 0;  // tokens, end exclusive
    friend bool operator==(const TokenSpan&, const TokenSpan&) = default;
};

// Where the values stand: the longest first, each at its first free place that begins and ends with a token. `repeat`:
// the answers list a string once however often it occurs, so that all its places are spans. In order of place.
// Returns how many of the values were found.
std::size_t place_values(std::string_view text, std::span<const SlotToken> tokens, std::span<const SpanValue> values,
                         bool repeat, std::vector<TokenSpan>& out);

class SpanTags {
  public:
    explicit SpanTags(std::size_t labels = 0) : labels_(labels), ends_(1 + 4 * labels <= learn::kMostTags) {}

    std::size_t count() const { return 1 + (ends_ ? 4 : 2) * labels_; }
    learn::TagChain chain() const;
    // Spans don't overlap and are in order of place. Appends a tag for each of `tokens` tokens.
    void encode(std::span<const TokenSpan> spans, std::size_t tokens, std::vector<std::uint8_t>& out) const;
    void decode(std::span<const std::uint8_t> tags, std::vector<TokenSpan>& out) const;

  private:
    enum Part : std::uint8_t { kBegin, kInside, kEnd, kSingle };
    std::uint8_t tag(std::size_t label, Part part) const {
        return static_cast<std::uint8_t>(1 + (ends_ ? 4 : 2) * label + part);
    }

    std::size_t labels_ = 0;
    bool ends_ = true;
};
static_assert(1 + 2 * kMostSpanLabels <= learn::kMostTags);

}  // namespace weir::tiers::student
