// Triage: from a prompt alone, how likely a cheap tier's answer agrees with the reference's, and what asking the
// reference would be worth. Ridge regression (learn/ridge.h) on hashed words and pairs of words, on a Gaussian kernel
// over the numbers of the prompt's form (its Taylor expansion to the second order: Cotter, Keshet, Srebro, 2011), on
// what it and its conversation signal (prompt_signals.h), on an intercept for each task (shrunk to the common mean like
// everything else) and, where embeddings are at hand, on what became of the prompts nearest in meaning
// (prompt_neighbours.h). What is learned and ordered by is the benefit, reference right minus tier right, in -1, 0, 1:
// the right order for a given number of reference calls, which neither "tier wrong" nor "gain" gives. Probabilities are
// calibrated on cross-validated scores.
// Thread rule: immutable once made; predict() from any thread. Limits: kMostTriageRows rows, kMostEmbeddingNumbers; a
// model takes 300 KiB, with embeddings of 384 numbers 900 KiB.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "cascade/prompt_neighbours.h"
#include "cascade/triage_features.h"
#include "learn/calibration.h"
#include "learn/ridge.h"

namespace weir::cascade {

inline constexpr std::size_t kMostTriageRows = 50'000;
inline constexpr std::size_t kMostEmbeddingNumbers = 4096;

struct TriageRow {
    const PromptFeatures* prompt = nullptr;
    std::uint64_t group = 0;                       // the task's digest
    const embed::Int8Vector* embedding = nullptr;  // or none; all rows' are equally long
    bool agreed = false;                           // the tier's answer was as good as the reference's
    float benefit = 0;  // reference right minus tier right: 1, 0 or -1, or an expectation of it
    float weight = 1;   // above 0: such as one over the audit's probability
};

class TriageModel {
  public:
    struct Options {
        double l2 = 75;               // of the ridge regression
        double gram_weight = 4;       // share of the variance that words explain, against 1 for the numbers' kernel,
        double intent_weight = 0.02;  // for what is asked for (words tell that too) ...
        double signal_weight = 0.25;  // for the conversation's signals ...
        double group_weight = 1;      // for the tasks' intercepts ...
        double near_weight = 0.5;     // ... and for what became of the nearest prompts
        std::size_t folds = 3;        // of the cross-validation for the calibration
        std::uint64_t seed = 1;
    };
    struct Prediction {
        double agree = 0.5;  // probability
        double gain = 0.5;   // probability that the reference is right where the tier is not
        double benefit = 0;  // expected, -1 to 1: order by this
    };

    TriageModel() = default;  // knows nothing: every prediction is as above
    // Errors: no rows or too many, a prompt missing, embeddings of different lengths, values out of range.
    static Result<TriageModel> fit(std::span<const TriageRow> rows, const Options& options);

    // An unknown group has the mean's intercept; without an embedding where the rows had one, its
    // neighbours count as the mean.
    Prediction predict(const PromptFeatures& prompt, std::uint64_t group,
                       const embed::Int8Vector* embedding = nullptr) const;

    std::size_t rows() const { return rows_; }

  private:
    friend class TriageFit;
    static constexpr std::size_t kTargets = 3;  // agreed, gain, benefit

    struct Probability {
        learn::PlattCalibration platt;
        double base = 0.5;  // where the scores tell nothing
        bool flat = true;
        double of(double score) const { return flat ? base : platt.probability(score); }
    };
    // The numbers, standardised, and their products.
    struct Form {
        static constexpr std::size_t kSize = kPromptNumbers * (kPromptNumbers + 3) / 2;
        std::array<float, kPromptNumbers> mean{}, scale{};  // scale 0: the number was always the same
        float height = 0;
        float least = 0;  // one over how many numbers vary
        void of(const PromptFeatures& prompt, std::span<float, kSize> out) const;
    };

    // What may be said of signals: standardised; those that were always the same say nothing.
    struct Signals {
        PromptSignals mean{}, scale{};
        void of(const PromptSignals& signals, std::span<float, kPromptSignals> out) const;
    };
    static constexpr std::size_t kNearColumns = PromptNeighbours::kValues;
    static constexpr std::size_t kDenseColumns = Form::kSize + kPromptSignals + kNearColumns;

    void sparse_of(const PromptFeatures& prompt, std::uint64_t group, std::vector<learn::SparseValue>& to) const;
    void dense_of(const PromptFeatures& prompt, const std::optional<PromptNeighbours::Values>& near,
                  std::span<float, kDenseColumns> out) const;

    std::size_t rows_ = 0;
    Form form_;
    Signals signals_;
    float gram_height_ = 0, group_height_ = 0;
    PromptNeighbours neighbours_;  // values: agreed, benefit
    PromptNeighbours::Values near_mean_{}, near_height_{};
    std::unordered_map<std::uint64_t, std::uint32_t> groups_;  // features behind the grams
    learn::Ridge ridge_;
    Probability agree_, gain_;
    double benefit_mean_ = 0, benefit_slope_ = 0;
};

}  // namespace weir::cascade
