#include "cascade/triage.h"

#include <algorithm>
#include <cmath>

#include "learn/random_bits.h"

namespace weir::cascade {
namespace {

constexpr double kLeastVariance = 1e-9;
constexpr double kUsualSignalVariance = 0.05;  // of a flag that is set once in twenty times
constexpr float kFarthest = 3;                 // a number counts as so many standard deviations at most
constexpr double kPriorRows = 4;               // how much the priors of the base rates weigh
constexpr double kPriorAgree = 0.75, kPriorGain = 0.2;
constexpr double kLeastForCalibration = 5;  // of each label, in weight
constexpr double kSlopePriorRows = 50;      // towards slope 1, which is right where the penalty is
constexpr double kLeastSlope = 0.05;        // the order is kept however weak the evidence
constexpr std::size_t kLeastRowsForFolds = 20;

using learn::SparseValue;

// Mean squared distance from the mean of the rows, given the sum of squared lengths and the mean row.
double spread_of(double mean_square, std::span<const float> mean) {
    double square = 0;
    for (const float each : mean) square += static_cast<double>(each) * each;
    return std::max(mean_square - square, 0.0);
}

float height_for(double weight, double spread) {
    return spread > 1e-9 ? static_cast<float>(std::sqrt(weight / spread)) : 0.0F;
}

void add_grams(const PromptFeatures& prompt, float height, std::vector<SparseValue>& to) {
    if (prompt.grams.empty() || height == 0) return;
    const float value = height / std::sqrt(static_cast<float>(prompt.grams.size()));
    for (const std::uint32_t gram : prompt.grams) to.push_back({gram, value});
}

}  // namespace

void TriageModel::Form::of(const PromptFeatures& prompt, std::span<float, kSize> out) const {
    std::array<float, kPromptNumbers> standard{};
    float square = 0;
    for (std::size_t i = 0; i < kPromptNumbers; ++i) {
        standard[i] = std::clamp((prompt.numbers[i] - mean[i]) * scale[i], -kFarthest, kFarthest);
        square += standard[i] * standard[i];
    }
    // exp(-|a - b|^2 / 2v) = exp(-|a|^2 / 2v) exp(-|b|^2 / 2v) (1 + ab / v + (ab / v)^2 / 2 + ...), v numbers varying.
    const float damped = height * std::exp(-square * least / 2);
    const float first = damped * std::sqrt(least), second = damped * least;
    float* to = out.data();
    for (const float each : standard) *to++ = first * each;
    for (std::size_t i = 0; i < kPromptNumbers; ++i) {
        *to++ = second * std::sqrt(0.5F) * standard[i] * standard[i];
        const float times = second * standard[i];
        for (std::size_t j = i + 1; j < kPromptNumbers; ++j) *to++ = times * standard[j];
    }
}

void TriageModel::Signals::of(const PromptSignals& signals, std::span<float, kPromptSignals> out) const {
    for (std::size_t i = 0; i < kPromptSignals; ++i) out[i] = (signals[i] - mean[i]) * scale[i];
}

class TriageFit {
  public:
    TriageFit(std::span<const TriageRow> rows, const TriageModel::Options& options)
        : rows_(rows), options_(options), near_(rows.size()) {
        for (const TriageRow& row : rows_) total_ += row.weight;
    }

    Result<void> check() {
        if (rows_.empty()) return fail(ErrorCode::invalid, "triage: no rows to learn from");
        if (rows_.size() > kMostTriageRows) return fail(ErrorCode::too_large, "triage: more rows than it takes");
        if (options_.folds < 2 || options_.folds > 16) {
            return fail(ErrorCode::invalid, "triage: from 2 to 16 folds");
        }
        for (const TriageRow& row : rows_) {
            const bool good = row.prompt != nullptr && std::isfinite(row.weight) && row.weight > 0 &&
                              row.benefit >= -1 && row.benefit <= 1;
            if (!good) return fail(ErrorCode::invalid, "triage: a row without prompt, or a value out of range");
            if (!has_embedding(row)) continue;
            const std::size_t numbers = row.embedding->dimensions();
            const bool fits = embedding_numbers_ == 0 || embedding_numbers_ == numbers;
            if (!fits || numbers > kMostEmbeddingNumbers) {
                return fail(ErrorCode::invalid, "triage: embeddings of different lengths, or too long");
            }
            embedding_numbers_ = numbers;
        }
        return {};
    }

    Result<TriageModel> run() {
        model_.rows_ = rows_.size();
        make_form();
        make_signals();
        make_grams();
        make_groups();
        make_neighbours();
        learn::RidgeRows rows = assemble();
        const auto ridge = learn::Ridge::fit(rows, {.l2 = options_.l2});
        if (!ridge) return tl::unexpected(ridge.error());
        calibrate(rows, *ridge);
        // Four columns, the last one idle: a row of the table is one vector register.
        constexpr std::array<std::size_t, 4> kWhole{0, 1, 2, 2};
        model_.ridge_ = ridge->only(kWhole);
        return std::move(model_);
    }

  private:
    static constexpr std::size_t kTargets = TriageModel::kTargets;

    static bool has_embedding(const TriageRow& row) { return row.embedding != nullptr && !row.embedding->empty(); }

    template <class Use>
    void weighted(const Use& use) const {
        for (const TriageRow& row : rows_) use(row, row.weight / total_);
    }

    void make_form() {
        std::array<double, kPromptNumbers> mean{}, square{};
        weighted([&](const TriageRow& row, double share) {
            for (std::size_t i = 0; i < kPromptNumbers; ++i) mean[i] += share * row.prompt->numbers[i];
        });
        weighted([&](const TriageRow& row, double share) {
            for (std::size_t i = 0; i < kPromptNumbers; ++i) {
                const double off = row.prompt->numbers[i] - mean[i];
                square[i] += share * off * off;
            }
        });
        TriageModel::Form& form = model_.form_;
        float varying = 0;
        for (std::size_t i = 0; i < kPromptNumbers; ++i) {
            form.mean[i] = static_cast<float>(mean[i]);
            if (square[i] < kLeastVariance) continue;
            form.scale[i] = static_cast<float>(1 / std::sqrt(square[i]));
            ++varying;
        }
        if (varying == 0) return;
        form.least = 1 / varying;
        form.height = 1;
        std::array<float, TriageModel::Form::kSize> one{}, centre{};
        double mean_square = 0;
        weighted([&](const TriageRow& row, double share) {
            form.of(*row.prompt, one);
            for (std::size_t i = 0; i < one.size(); ++i) {
                centre[i] += static_cast<float>(share) * one[i];
                mean_square += share * one[i] * one[i];
            }
        });
        form.height = height_for(1, spread_of(mean_square, centre));
    }

    void make_signals() {
        std::array<double, kPromptSignals> mean{}, square{};
        weighted([&](const TriageRow& row, double share) {
            for (std::size_t i = 0; i < kPromptSignals; ++i) mean[i] += share * row.prompt->signals[i];
        });
        weighted([&](const TriageRow& row, double share) {
            for (std::size_t i = 0; i < kPromptSignals; ++i) {
                const double off = row.prompt->signals[i] - mean[i];
                square[i] += share * off * off;
            }
        });
        for (std::size_t i = 0; i < kPromptSignals; ++i) model_.signals_.mean[i] = static_cast<float>(mean[i]);
        const std::span<const double> spreads(square);
        std::span<float> scales(model_.signals_.scale);
        weigh_signals(spreads.first<kPromptIntents>(), options_.intent_weight, scales.first<kPromptIntents>());
        weigh_signals(spreads.subspan<kPromptIntents>(), options_.signal_weight, scales.subspan<kPromptIntents>());
    }

    // The weight is shared by those that vary. One that hardly ever does counts, and is blown up, by as much less.
    static void weigh_signals(std::span<const double> spreads, double weight, std::span<float> scales) {
        double varying = 0;
        for (const double each : spreads) varying += std::min(each / kUsualSignalVariance, 1.0);
        for (std::size_t i = 0; i < spreads.size(); ++i) {
            if (spreads[i] < kLeastVariance) continue;
            const double spread = std::max(spreads[i], kUsualSignalVariance) * std::max(varying, 1.0);
            scales[i] = static_cast<float>(std::sqrt(weight / spread));
        }
    }

    void make_grams() {
        std::vector<float> mean(kGramBuckets, 0.0F);
        double mean_square = 0;
        std::vector<SparseValue> grams;
        weighted([&](const TriageRow& row, double share) {
            grams.clear();
            add_grams(*row.prompt, 1, grams);
            for (const SparseValue& each : grams) mean[each.feature] += static_cast<float>(share * each.value);
            mean_square += grams.empty() ? 0 : share;
        });
        model_.gram_height_ = height_for(options_.gram_weight, spread_of(mean_square, mean));
    }

    void make_groups() {
        for (const TriageRow& row : rows_) {
            model_.groups_.try_emplace(row.group, kGramBuckets + static_cast<std::uint32_t>(model_.groups_.size()));
        }
        model_.group_height_ = model_.groups_.size() < 2 ? 0 : static_cast<float>(std::sqrt(options_.group_weight));
    }

    // Each row's own estimate is made without it: what it says of its label is what it would say of another one's.
    void make_neighbours() {
        if (embedding_numbers_ == 0) return;
        for (const TriageRow& row : rows_) {
            if (has_embedding(row)) {
                model_.neighbours_.add(*row.embedding, {row.agreed ? 1.0F : 0.0F, row.benefit}, row.weight);
            }
        }
        std::array<double, TriageModel::kNearColumns> sum{}, squares{};
        double having = 0;
        std::size_t number = 0;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (!has_embedding(rows_[i])) continue;
            near_[i] = model_.neighbours_.estimate(*rows_[i].embedding, number++);
            if (!near_[i]) continue;
            having += rows_[i].weight;
            for (std::size_t k = 0; k < sum.size(); ++k) {
                const double value = (*near_[i])[k];
                sum[k] += rows_[i].weight * value;
                squares[k] += rows_[i].weight * value * value;
            }
        }
        for (std::size_t k = 0; having > 0 && k < sum.size(); ++k) {
            const double mean = sum[k] / having, spread = std::max(squares[k] / having - mean * mean, 0.0);
            model_.near_mean_[k] = static_cast<float>(mean);
            model_.near_height_[k] = height_for(options_.near_weight / static_cast<double>(sum.size()), spread);
        }
    }

    // A row's features as predict() makes them; targets are three for the whole and three for each fold, which has the
    // rows outside it.
    learn::RidgeRows assemble() {
        learn::RidgeRows to;
        folds_ = rows_.size() >= kLeastRowsForFolds ? options_.folds : 0;
        to.sparse_columns = kGramBuckets + model_.groups_.size();
        to.dense_columns = TriageModel::kDenseColumns;
        to.targets = kTargets * (1 + folds_);
        to.dense.resize(rows_.size() * to.dense_columns, 0.0F);
        fold_of_.resize(rows_.size());
        for (std::size_t i = 0; i < rows_.size(); ++i) fold_of_[i] = i % std::max<std::size_t>(folds_, 1);
        learn::RandomBits random(options_.seed + 1);
        random.shuffle(std::span(fold_of_));
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            const TriageRow& row = rows_[i];
            model_.sparse_of(*row.prompt, row.group, to.sparse);
            to.sparse_ends.push_back(to.sparse.size());
            model_.dense_of(*row.prompt, near_[i],
                            std::span<float, TriageModel::kDenseColumns>(to.dense.data() + i * to.dense_columns,
                                                                         TriageModel::kDenseColumns));
            const std::array<float, kTargets> labels{row.agreed ? 1.0F : 0.0F, std::max(row.benefit, 0.0F),
                                                     row.benefit};
            for (std::size_t fold = 0; fold <= folds_; ++fold) {
                to.labels.insert(to.labels.end(), labels.begin(), labels.end());
                const bool held_out = fold > 0 && fold_of_[i] == fold - 1;
                to.weights.insert(to.weights.end(), kTargets, held_out ? 0.0F : row.weight);
            }
        }
        return to;
    }

    void calibrate(const learn::RidgeRows& rows, const learn::Ridge& ridge) {
        std::array<std::vector<learn::ScoredLabel>, kTargets> seen;
        std::vector<float> scores(rows.targets);
        for (std::size_t i = 0; folds_ > 0 && i < rows_.size(); ++i) {
            ridge.score(rows.sparse_row(i), rows.dense_row(i), scores);
            const std::size_t from = kTargets * (1 + fold_of_[i]);
            for (std::size_t t = 0; t < kTargets; ++t) {
                seen[t].push_back({scores[from + t], rows.labels[i * rows.targets + t], rows_[i].weight});
            }
        }
        model_.agree_ = probability(seen[0], ridge.mean(0), kPriorAgree);
        model_.gain_ = probability(seen[1], ridge.mean(1), kPriorGain);
        model_.benefit_mean_ = ridge.mean(2) * total_ / (total_ + kPriorRows);
        model_.benefit_slope_ = slope(seen[2], ridge.mean(2));
    }

    TriageModel::Probability probability(std::span<const learn::ScoredLabel> seen, double mean, double prior) const {
        TriageModel::Probability to;
        to.base = (mean * total_ + prior * kPriorRows) / (total_ + kPriorRows);
        const double least = std::min(mean, 1 - mean) * total_;
        if (seen.empty() || least < kLeastForCalibration) return to;
        to.platt = learn::PlattCalibration::fit(seen);
        to.flat = !(to.platt.slope > 0);
        return to;
    }

    double slope(std::span<const learn::ScoredLabel> seen, double mean) const {
        double together = 0, square = 0, weight = 0;
        for (const learn::ScoredLabel& each : seen) {
            together += each.weight * each.score * (each.label - mean);
            square += each.weight * each.score * each.score;
            weight += each.weight;
        }
        const double prior = weight > 0 ? kSlopePriorRows * square / weight : 0;
        return square > 0 ? std::clamp((together + prior) / (square + prior), kLeastSlope, 4.0) : 1;
    }

    std::span<const TriageRow> rows_;
    TriageModel::Options options_;
    TriageModel model_;
    double total_ = 0;
    std::size_t folds_ = 0;
    std::vector<std::size_t> fold_of_;
    std::size_t embedding_numbers_ = 0;                          // 0: no row has one
    std::vector<std::optional<PromptNeighbours::Values>> near_;  // each row's
};

void TriageModel::sparse_of(const PromptFeatures& prompt, std::uint64_t group, std::vector<SparseValue>& to) const {
    add_grams(prompt, gram_height_, to);
    if (group_height_ == 0) return;
    if (const auto found = groups_.find(group); found != groups_.end()) to.push_back({found->second, group_height_});
}

void TriageModel::dense_of(const PromptFeatures& prompt, const std::optional<PromptNeighbours::Values>& near,
                           std::span<float, kDenseColumns> out) const {
    form_.of(prompt, out.first<Form::kSize>());
    signals_.of(prompt.signals, out.subspan<Form::kSize, kPromptSignals>());
    const auto last = out.last<kNearColumns>();
    for (std::size_t i = 0; i < kNearColumns; ++i) {
        last[i] = near ? near_height_[i] * ((*near)[i] - near_mean_[i]) : 0.0F;
    }
}

Result<TriageModel> TriageModel::fit(std::span<const TriageRow> rows, const Options& options) {
    TriageFit fit(rows, options);
    if (const auto good = fit.check(); !good) return tl::unexpected(good.error());
    return fit.run();
}

TriageModel::Prediction TriageModel::predict(const PromptFeatures& prompt, std::uint64_t group,
                                             const embed::Int8Vector* embedding) const {
    if (rows_ == 0) return {};
    std::vector<SparseValue> sparse;
    sparse.reserve(prompt.grams.size() + 1);
    sparse_of(prompt, group, sparse);
    std::array<float, kDenseColumns> dense;
    dense_of(prompt, embedding != nullptr ? neighbours_.estimate(*embedding) : std::nullopt, dense);
    std::array<float, 4> scores{};
    ridge_.score(sparse, dense, scores);
    Prediction made;
    made.agree = agree_.of(scores[0]);
    made.gain = gain_.of(scores[1]);
    made.benefit = std::clamp(benefit_mean_ + benefit_slope_ * scores[2], -1.0, 1.0);
    return made;
}

}  // namespace weir::cascade
