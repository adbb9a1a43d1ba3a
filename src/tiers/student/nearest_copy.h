// A student without a model: the answer of the most similar earlier prompts. Where an answer has pieces of its prompt,
// they are taken from the new prompt instead (copy_template.h). The nearest prompts by cosine of their words and pairs
// of words, rare ones counting more, found through an inverted index; each of them proposes an answer, and the one
// with the most similar prompts behind it is given. How sure that is, is learned by asking for each example as if it
// were not there.
// Good at templated answers of which many are alike; what needs judgement is for the other students.
// Its grams are not the labels' (text_grams.h): a number has to count by its form, since which one it is is for the
// copies; it needs the tokens that copies are cut at anyway; and pieces of words, of which each text has several times
// as many as words and of which most stand in most texts, would make the index as much longer and slower.
// Thread rule: immutable once made; answer() from any thread with a Scratch of its own. Limits: the last kMostCopyRows
// examples that are not too long; a text has kMostCopyGrams grams; kMostNearestBytes a model, which holds the answers
// and, where these have copies, the slots in plain text.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "learn/calibration.h"
#include "tiers/student/copy_template.h"
#include "tiers/student/student_answer.h"

namespace weir::tiers::student {

inline constexpr std::size_t kMostCopyRows = 4096;
inline constexpr std::size_t kMostCopyGrams = 512;
inline constexpr std::size_t kMostNearestBytes = 16U << 20U;

// The words of a text and their pairs, hashed, each once, ascending.
void copy_grams(const CopyText& text, std::vector<std::uint32_t>& out);

class NearestCopy {
  public:
    static constexpr std::size_t kNeighbours = 5;
    struct Proposal {
        std::string text;
        float votes = 0, similar = 0;
    };
    struct Scratch {
        CopyText text;
        std::vector<std::uint32_t> grams;
        std::vector<float> scores;
        std::vector<std::uint16_t> touched;
        std::string filled;
        std::array<Proposal, kNeighbours> proposals;
        std::size_t proposed = 0;
        float votes = 0;   // of all neighbours, those that propose nothing included
        double score = 0;  // of the last answer, before calibration

        bool proposes(std::string_view answer) const;
    };

    NearestCopy() = default;
    NearestCopy(NearestCopy&&) = default;  // rows look at their own slots: not to be copied
    NearestCopy& operator=(NearestCopy&&) = default;

    // Errors: no examples that are short enough (invalid); canceled.
    static Result<NearestCopy> train(std::span<const StudentExample> examples, const std::stop_token& stop = {});

    // false: declined. No example is similar at all, no piece is found for sure, or the text is too long.
    bool answer(std::string_view slot, Scratch& scratch, StudentAnswer& out) const;

    // Whether one of the nearest examples proposes the teacher's answer.
    bool could_say(std::string_view slot, std::string_view answer, Scratch& scratch) const;

    std::size_t rows() const { return rows_.size(); }
    double same_unseen() const {
        return same_unseen_;
    }  // share of the examples that it answers rightly from the others
    // The same, surely: a lower bound of 95 %.
    double least_same_unseen() const { return least_same_unseen_; }
    // Of the latest examples: no other one proposed the answer; an upper bound of 95 %.
    double outside_share() const { return outside_share_; }

    std::string bytes() const;
    static Result<NearestCopy> read(std::string_view bytes);

  private:
    friend class NearestTrainer;
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
    bool answer(std::string_view slot, std::size_t but, Scratch& scratch, StudentAnswer& out) const;
    Declined propose(std::string_view slot, std::size_t but, Scratch& scratch) const;
    void find_nearest(std::size_t but, Scratch& scratch) const;
    const Gram* find(std::uint32_t hash) const;

    std::vector<Gram> grams_;  // by hash, ascending
    std::vector<Posting> postings_;
    std::vector<Row> rows_;
    learn::PlattCalibration calibration_;
    double same_unseen_ = 0, least_same_unseen_ = 0, outside_share_ = 1;
};

}  // namespace weir::tiers::student
