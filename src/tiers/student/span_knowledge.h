// What a task's earlier prompts and answers say about words: the spans seen (a gazetteer), the labels that words had,
// and whether a word was seen in small letters, which tells names from words that merely begin a sentence.
// While the tagger learns, what a row itself has added is not counted for it: else every span of the training set
// would be a known one, and the tagger would learn to trust that.
// Thread rule: immutable once made; a SpanCounts has one owner. Limits: kMostKnown entries a table; 32-bit hashes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "learn/model_bytes.h"

namespace weir::tiers::student {

inline constexpr std::size_t kMostKnown = 1U << 16U;
inline constexpr std::size_t kLongestKnown = 8;  // tokens of a span in the gazetteer

// How often (rows, at most 255) a text was a span of each label; the last number: how often it was none.
class LabelCounts {
  public:
    explicit LabelCounts(std::size_t columns = 0) : columns_(columns) {}

    void add(std::uint32_t hash, std::size_t column);
    // Null: never seen.
    const std::uint8_t* find(std::uint32_t hash) const;
    std::size_t columns() const { return columns_; }
    std::size_t size() const { return hashes_.size(); }

    void write(learn::ModelWriter& to) const;
    static Result<LabelCounts> read(learn::ModelReader& from, std::size_t columns);

  private:
    std::size_t slot_of(std::uint32_t hash) const;  // where it is in table_, or would be
    void append(std::uint32_t hash);

    std::size_t columns_ = 0;
    std::vector<std::uint32_t> hashes_;  // as met
    std::vector<std::uint8_t> counts_;   // of each of them
    std::vector<std::uint32_t> table_;   // place in hashes_ + 1, by open addressing; a power of two, never full
};

struct SpanKnowledge {
    explicit SpanKnowledge(std::size_t labels = 0) : spans(labels), words(labels + 1), cases(2) {}

    LabelCounts spans;  // by span_hash
    LabelCounts words;  // by the word in small letters
    LabelCounts cases;  // the same: seen in small letters, seen with a capital inside a sentence

    void write(learn::ModelWriter& to) const;
    static Result<SpanKnowledge> read(learn::ModelReader& from, std::size_t labels);
};

// What one row has added, each (table's hash, column) once.
struct OwnCounts {
    struct Entry {
        std::uint32_t hash = 0;
        std::uint32_t column = 0;
        friend auto operator<=>(const Entry&, const Entry&) = default;
    };
    std::vector<Entry> spans, words;  // sorted

    static bool has(const std::vector<Entry>& entries, std::uint32_t hash, std::size_t column);
};

}  // namespace weir::tiers::student
