// How much a word tells: its weight in overlaps and differences, in nats (inverse document frequency). Counted over
// texts where there are some (a training set, a partition); a generic guess for English otherwise: function words tell
// little, frequent words some, the rest more the longer they are. Thread rule: one writer; rarity() from any thread
// while nobody counts. Limits: 2^14 counters of 4 bytes; words that share one are counted together.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "learn/model_bytes.h"
#include "tiers/semantic_cache/question.h"

namespace weir::tiers::semantic {

class WordRarity {
  public:
    // Each stem of the text once.
    void count(const Question& question);
    // Nats, from about 0.1 to kMostRarity.
    float rarity(const text::Word& word, std::uint64_t stem_id) const;
    std::uint32_t texts() const { return texts_; }

    static constexpr float kMostRarity = 12;

    // One byte a counter: a logarithm to the base of 2^(1/8), so counts come back within 5 %.
    void write(learn::ModelWriter& to) const;
    static Result<WordRarity> read(learn::ModelReader& from);

  private:
    std::vector<std::uint32_t> counts_;  // empty until something is counted
    std::uint32_t texts_ = 0;
};

}  // namespace weir::tiers::semantic
