// How a verifier is trained: labelled pairs are collected as features, then trees are fitted on all of them, and
// thresholds are read from scores that each pair got from models trained without it and without every pair that shares
// a text with it (cross-fitting by groups, so that a question seen in training can't flatter the curve). Pairs that the
// guards refuse for good are kept out of training; in the curve they count as not served. Thread rule: one owner.
// Deterministic by seed. Limits: kMostTrainingPairs; about 0.4 KB a pair.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "tiers/semantic_cache/verifier.h"

namespace weir::tiers::semantic {

inline constexpr std::size_t kMostTrainingPairs = 5'000'000;

class VerifierTraining {
  public:
    struct Options {
        std::size_t trees = 300;
        int depth = 5;
        double shrinkage = 0.05;
        double least_leaf_weight = 8;
        bool lexical = true;  // false: no model of the words themselves (for weights that must fit every domain)
        bool judge_explained = true;  // false: what the guards explain is certain, whatever the labels say
        bool monotone = false;        // more similarity never lowers the score (the same reason)
        int folds = 5;                // below 2: no curve, no points
        bool dense_if_there = false;  // true: trees without vectors only where there are no vectors (half the time)
        std::uint64_t seed = 1;
        // A point for a false share is read off the curve at so much of it: below 1 where pairs to come will differ
        // from these.
        double share_kept = 1;
        std::vector<double> false_shares{0.01, 0.02, 0.05, 0.10, 0.20, 0.30};
        // (what, done, of how many); false: stop. May be empty.
        std::function<bool(std::string_view, std::size_t, std::size_t)> progress;
    };

    // `overrules`: refusals of the guards that the verifier is trained to judge itself.
    explicit VerifierTraining(RefusalSet overrules = rebuttable_refusals()) : overrules_(overrules) {}

    // The word counts that features are made with: count every text of the training set before adding pairs.
    WordRarity& rarity() { return rarity_; }

    // `group`: pairs of one group are never split between training and curve (join_texts() makes such groups).
    void add(const Question& cached, const Question& asked, const GuardReport& report, const Similarities& similarities,
             bool right, float weight, std::uint32_t group);
    void add(const PairFeatures& features, std::span<const learn::SparseValue> lexical, bool explained, bool right,
             float weight, std::uint32_t group);
    void add_refused(bool right, float weight);  // by the guards: counts in the curve alone
    std::size_t pairs() const { return rows_.rows(); }
    std::size_t refused() const { return refused_; }
    void set_digest(const Digest256& digest) { digest_ = digest; }

    // Errors: no pairs of both labels, more than kMostTrainingPairs, canceled. `held_out` (may be null) gets each added
    // pair's score by models trained without its group, with dense vectors if there are some; needs two folds or more.
    Result<Verifier> train(const Options& options, std::vector<double>* held_out = nullptr) const;

  private:
    std::vector<std::uint8_t> folds_of(const Options& options) const;
    Result<std::vector<float>> lexical_margins(const Options& options, std::span<const std::uint8_t> folds,
                                               learn::LogisticRegression& whole) const;
    Result<Verifier::Judge> fit_judge(const Options& options, std::span<const std::uint8_t> folds,
                                      std::span<const float> margins, bool dense, std::vector<double>* held_out) const;
    std::vector<OperatingPoint> curve(const Options& options, std::span<const double> scores) const;

    learn::Examples rows_;
    learn::SparseExamples lexical_;
    std::vector<std::uint32_t> groups_;
    std::vector<std::uint8_t> explained_;
    WordRarity rarity_;
    Digest256 digest_{};
    RefusalSet overrules_;
    std::size_t refused_ = 0, dense_rows_ = 0;
    std::size_t columns_ = kLonePairFeatures;  // kPairFeatures where a row has surroundings
    double refused_weight_ = 0, refused_right_ = 0;
};

// Groups for pairs of texts, given as indices of texts: pairs that share a text, directly or by others, have one group.
std::vector<std::uint32_t> join_texts(std::span<const std::array<std::uint32_t, 2>> pairs, std::size_t texts);

}  // namespace weir::tiers::semantic
