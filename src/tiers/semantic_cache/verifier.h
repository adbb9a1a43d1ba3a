// The verifier: a small trained model that gives the probability that one question's answer is right for another.
// Boosted trees on pair_features.h, one of whose columns comes from a linear model over hashed words (which words
// differ, which are shared). Two sets of trees: with dense vectors (MiniLM) and without. The file: docs/formats.md,
// "verifier". load() refuses other versions, damaged bytes (a SHA-256 at the end) and models that were trained on other
// features. Thread rule: immutable once made; score() from any thread. Limits: kMostVerifierBytes; < 60 us a pair of 30
// words.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "learn/boosted_trees.h"
#include "learn/calibration.h"
#include "learn/logistic_regression.h"
#include "tiers/semantic_cache/pair_features.h"

namespace weir::tiers::semantic {

inline constexpr std::size_t kMostVerifierBytes = 8u << 20;
// The score of an explained pair: above every probability.
inline constexpr double kCertain = 1.5;

// A point of the held-out curve: with this threshold, this was seen on pairs that the model had not been trained on.
struct OperatingPoint {
    double wanted_false_share = 0;
    double threshold = 0;    // on score(); above 1: nothing but explained pairs reach it
    double false_share = 0;  // of the pairs served
    double recall = 0;       // share served of all pairs with label 1, those that the guards refused included
    double served = 0;       // share served of all pairs
};

class Verifier {
  public:
    // The probability, from 0 to 1, from features made with the rarity it was trained with; sets lexical_margin in
    // them. Takes the trees with dense vectors if dense_cosine is a number and there are such trees.
    double score(PairFeatures& features, std::span<const learn::SparseValue> lexical) const;

    // Refusals of the guards that it was trained to judge itself; none in the shipped one.
    RefusalSet overrules() const { return overrules_; }
    // Whether it has the last word on explained pairs too; else those are certain.
    bool judges_explained() const { return judges_explained_; }
    bool knows_words() const { return lexical_.features() > 0; }  // false: lexical features are not looked at
    bool knows_dense() const { return dense_.has_value(); }
    // The point for a false share, with or without dense vectors: the one trained for the largest share that is not
    // larger.
    std::optional<OperatingPoint> point(double false_share, bool dense) const;
    const std::vector<OperatingPoint>& points(bool dense) const;
    const WordRarity& rarity() const { return rarity_; }
    const Digest256& training_digest() const { return training_digest_; }  // SHA-256 of the training set

    std::string save() const;
    static Result<Verifier> load(std::string_view bytes);

  private:
    friend class VerifierTraining;
    struct Judge {
        learn::BoostedTrees trees;
        learn::PlattCalibration calibration;
        std::vector<OperatingPoint> points;
    };
    static void write(const Judge& judge, learn::ModelWriter& to);
    static Result<Judge> read_judge(learn::ModelReader& from);

    Digest256 training_digest_{};
    RefusalSet overrules_ = 0;
    bool judges_explained_ = false;
    WordRarity rarity_;
    learn::LogisticRegression lexical_;
    std::optional<Judge> dense_;
    Judge plain_;
};

}  // namespace weir::tiers::semantic
