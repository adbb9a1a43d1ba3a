// A student without a model: the answer of the most similar earlier prompts. Where an answer has pieces of its prompt,
// they are taken from the new prompt instead (copy_template.h). The nearest prompts by cosine of their words and pairs
// of words, rare ones counting more, found through an inverted index; each of them proposes an answer, and the one
// with the most similar prompts behind it is given. How sure that is, is learned by asking for each example as if it
// were not there.
// Good at templated answers of which many are alike; what needs judgement is for the other students.
// Thread rule: immutable once made; answer() from any thread with a Scratch of its own. Limits: the last kMostCopyRows
// examples that are not too long; a text has kMostCopyGrams grams; kMostNearestBytes a model, which holds the answers
// and, where these have copies, the slots in plain text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "learn/calibration.h"
#include "tiers/student/copy_template.h"

namespace weir::tiers::student {

inline constexpr std::size_t kMostCopyRows = 4096;
inline constexpr std::size_t kMostCopyGrams = 512;
inline constexpr std::size_t kMostNearestBytes = 16U << 20U;

struct CopyExample {
    std::string_view slot, answer;
};

// The words of a text and their pairs, hashed, each once, ascending.
void copy_grams(const CopyText& text, std::vector<std::uint32_t>& out);

struct CopyAnswer {
    std::string text;
    double log_probability = 0;  // that the teacher would have said the same; calibrated
};

class NearestCopy {
  public:
    struct Scratch {
        CopyText text;
        std::vector<std::uint32_t> grams;
        std::vector<float> scores;
        std::vector<std::uint16_t> touched;
        std::string filled;
        double score = 0;  // of the last answer, before calibration
    };

    NearestCopy() = default;
    NearestCopy(NearestCopy&&) = default;  // rows look at their own slots: not to be copied
    NearestCopy& operator=(NearestCopy&&) = default;

    // Errors (invalid): no examples that are short enough.
    static Result<NearestCopy> train(std::span<const CopyExample> examples);

    // false: declined. No example is similar at all, no piece is found for sure, or the text is too long.
    bool answer(std::string_view slot, Scratch& scratch, CopyAnswer& out) const;

    std::size_t rows() const { return rows_.size(); }
    double same_unseen() const {
        return same_unseen_;
    }  // share of the examples that it answers rightly from the others

    std::string bytes() const;
    static Result<NearestCopy> read(std::string_view bytes);

  private:
    friend class NearestTrainer;
    static constexpr std::size_t kNeighbours = 5;
    static constexpr std::size_t kNone = kMostCopyRows;

    struct Row {
        std::string slot;  // empty where the answer has no copies
        CopyText text;     // looks at `slot`
        CopyTemplate answer;
    };
    struct Posting {
        std::uint16_t row = 0;
        std::uint8_t weight = 0;  // of 255
    };
    struct Gram {
        std::uint32_t hash = 0;
        std::uint32_t end = 0;  // in postings_
        float rarity = 0;
    };

    // As if row `but` were not there.
    bool answer(std::string_view slot, std::size_t but, Scratch& scratch, CopyAnswer& out) const;
    void find_nearest(std::size_t but, Scratch& scratch) const;
    const Gram* find(std::uint32_t hash) const;

    std::vector<Gram> grams_;  // by hash, ascending
    std::vector<Posting> postings_;
    std::vector<Row> rows_;
    learn::PlattCalibration calibration_;
    double same_unseen_ = 0;
};

}  // namespace weir::tiers::student
