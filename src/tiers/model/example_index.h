// Finds the examples whose prompts are most like a text: by cosine of their words, pairs of words and pieces of words
// (student/text_grams.h), each gram once and rare ones counting more (logarithm of the inverse share of the examples
// that have it), through an inverted index. Of a long text its beginning and its end count.
// Of a prompt that came several times there is one example, with the latest answer.
// Thread rule: immutable once made; nearest() on any thread, a reactor's too: a look-up takes microseconds, whatever
// the text (example_index_bench). make() takes up to a second at the limits. Limits: the latest kMostExamples that are
// not too long, of kMostTextBytes in all and kMostPostings grams; a look-up visits kMostVisited of these, the rarest
// first.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace weir::tiers {

inline constexpr std::size_t kMostExamplePromptBytes = 8U << 10U;
inline constexpr std::size_t kMostExampleAnswerBytes = 4U << 10U;

class ExampleIndex {
  public:
    static constexpr std::size_t kMostExamples = 4'096;
    static constexpr std::size_t kMostTextBytes = 4U << 20U;
    static constexpr std::size_t kMostPostings = 2'000'000;
    static constexpr std::size_t kMostVisited = 60'000;
    static constexpr std::size_t kMostNear = 64;
    static constexpr std::size_t kBeginBytes = 384, kEndBytes = 128;  // of a long text
    // With so few different answers, each no longer than that and seen twice on the average, they are labels.
    static constexpr std::size_t kMostLabels = 32, kMostLabelBytes = 64;

    struct Example {
        std::string_view prompt, answer;
        Micros unix_micros = 0;
    };
    // Oldest first. Null: there is none that fits.
    static std::shared_ptr<const ExampleIndex> make(std::span<const Example> examples);

    struct Entry {
        std::string prompt, answer;
        Micros since = 0;           // when that answer was first given, without another one meanwhile
        std::uint32_t answers = 0;  // the same for equal answers
    };
    struct Near {
        std::uint16_t entry = 0;
        float similarity = 0;
    };
    // The most similar first, at most kMostNear; those alone that were there before `before`, and are as similar as
    // `least`.
    void nearest(std::string_view text, Micros before, double least, std::vector<Near>& out) const;

    const Entry& entry(const Near& near) const { return entries_[near.entry]; }
    std::size_t size() const { return entries_.size(); }
    bool has_labels() const { return has_labels_; }
    std::size_t bytes() const;  // of memory

  private:
    struct Gram {
        std::uint32_t hash = 0;
        std::uint32_t end = 0;  // in postings_
        float weight = 0;       // its rarity, squared
    };
    ExampleIndex() = default;
    void add_entries(std::span<const Example> examples);
    void add_grams();
    const Gram* find(std::uint32_t hash) const;
    std::uint32_t begin_of(const Gram& gram) const { return &gram == grams_.data() ? 0 : (&gram - 1)->end; }
    // How alike each is: into `scores`, but for the length of the text, which is returned.
    float score(std::string_view text, std::vector<float>& scores) const;

    std::vector<Entry> entries_;
    std::vector<float> lengths_;          // of the entries, inverse
    std::vector<Gram> grams_;             // by hash, ascending
    std::vector<std::uint32_t> buckets_;  // where the grams of each beginning of a hash begin; one more than there are
    unsigned shift_ = 32;
    std::vector<std::uint16_t> postings_;  // entries
    bool has_labels_ = false;
};

}  // namespace weir::tiers
