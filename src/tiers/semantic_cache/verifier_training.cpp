#include "tiers/semantic_cache/verifier_training.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "learn/random_bits.h"

namespace weir::tiers::semantic {
namespace {

constexpr std::size_t kDenseColumn = static_cast<std::size_t>(PairFeature::dense_cosine);
constexpr std::size_t kLexicalColumn = static_cast<std::size_t>(PairFeature::lexical_margin);
constexpr double kNothing = 2;  // a threshold above every score
constexpr double kNeverServed = -1;
constexpr double kCaution = 1;            // standard errors between the false share seen and the one wanted
constexpr std::size_t kLeastServed = 30;  // a point of the curve rests on so many pairs at least

// Features that can only speak for the same answer (+1) or against it (-1).
std::vector<std::int8_t> monotone_columns() {
    std::vector<std::int8_t> columns(kPairFeatures, 0);
    const auto set = [&](std::int8_t direction, std::initializer_list<PairFeature> features) {
        for (const PairFeature each : features) columns[static_cast<std::size_t>(each)] = direction;
    };
    set(1, {PairFeature::dense_cosine, PairFeature::hashing_cosine, PairFeature::content_jaccard,
            PairFeature::content_rarity_jaccard, PairFeature::asked_covered, PairFeature::cached_covered,
            PairFeature::meaning_jaccard, PairFeature::guard_matched, PairFeature::explained,
            PairFeature::order_agreement, PairFeature::fuzzy_least});
    set(-1, {PairFeature::rarest_difference, PairFeature::cached_unexplained, PairFeature::asked_unexplained,
             PairFeature::cached_difference_rarity, PairFeature::asked_difference_rarity});
    return columns;
}

void hide_dense(std::span<float> row) {
    for (const PairFeature each :
         {PairFeature::dense_cosine, PairFeature::dense_lead, PairFeature::others_dense_mean}) {
        const auto column = static_cast<std::size_t>(each);
        if (column < row.size()) row[column] = std::numeric_limits<float>::quiet_NaN();
    }
}

Error canceled() {
    return {ErrorCode::canceled, "training was given up"};
}

}  // namespace

void VerifierTraining::add(const Question& cached, const Question& asked, const GuardReport& report,
                           const Similarities& similarities, bool right, float weight, std::uint32_t group) {
    if (report.refused() && !contains(overrules_, report.refusal)) return add_refused(right, weight);
    const PairFeatures features = pair_features(cached, asked, report, similarities, rarity_);
    std::vector<learn::SparseValue> lexical;
    lexical_features(cached, asked, lexical);
    add(features, lexical, report.explained, right, weight, group);
}

void VerifierTraining::add(const PairFeatures& features, std::span<const learn::SparseValue> lexical, bool explained,
                           bool right, float weight, std::uint32_t group) {
    rows_.columns = kPairFeatures;
    rows_.add(features, right ? 1.0F : 0.0F, weight);
    lexical_.add(lexical, right ? 1.0F : 0.0F, weight);
    groups_.push_back(group);
    explained_.push_back(explained ? 1 : 0);
    dense_rows_ += std::isnan(features[kDenseColumn]) ? 0 : 1;
    const bool lone =
        std::all_of(features.begin() + kLonePairFeatures, features.end(), [](float x) { return std::isnan(x); });
    if (!lone) columns_ = kPairFeatures;
}

void VerifierTraining::add_refused(bool right, float weight) {
    ++refused_;
    refused_weight_ += static_cast<double>(weight);
    refused_right_ += right ? static_cast<double>(weight) : 0;
}

std::vector<std::uint8_t> VerifierTraining::folds_of(const Options& options) const {
    std::vector<std::uint8_t> folds(groups_.size(), 0);
    if (options.folds < 2) return folds;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
        learn::RandomBits random(options.seed * 0x100000000ULL + groups_[i]);
        folds[i] = static_cast<std::uint8_t>(random.below(static_cast<std::size_t>(options.folds)));
    }
    return folds;
}

Result<std::vector<float>> VerifierTraining::lexical_margins(const Options& options,
                                                             std::span<const std::uint8_t> folds,
                                                             learn::LogisticRegression& whole) const {
    std::vector<float> margins(groups_.size(), 0.0F);
    if (!options.lexical) return margins;
    learn::LogisticRegression::Options fit;
    fit.passes = 1;
    fit.step = 0.05;
    fit.l2 = 2e-4;
    fit.seed = options.seed;
    constexpr std::size_t kPasses = 6;
    std::vector<std::uint32_t> order(groups_.size());
    std::iota(order.begin(), order.end(), 0U);
    const int models = options.folds < 2 ? 1 : options.folds + 1;
    for (int model = 0; model < models; ++model) {
        const bool all = model == models - 1;
        learn::LogisticRegression fold(std::size_t{1} << kLexicalBits, fit);
        learn::RandomBits random(options.seed);
        for (std::size_t pass = 0; pass < kPasses; ++pass) {
            random.shuffle(std::span(order));
            for (const std::uint32_t row : order) {
                if (!all && folds[row] == model) continue;
                fold.update(lexical_.row(row), lexical_.labels[row], lexical_.weights[row]);
            }
        }
        for (std::size_t row = 0; row < groups_.size(); ++row) {
            if (models == 1 || (!all && folds[row] == model)) {
                margins[row] = static_cast<float>(fold.margin(lexical_.row(row)));
            }
        }
        if (all) whole = std::move(fold);
        if (options.progress &&
            !options.progress("words", static_cast<std::size_t>(model) + 1, static_cast<std::size_t>(models))) {
            return tl::unexpected(canceled());
        }
    }
    return margins;
}

std::vector<OperatingPoint> VerifierTraining::curve(const Options& options, std::span<const double> scores) const {
    std::vector<learn::ScoredLabel> labelled;
    double refused_share = refused_weight_;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const double score = explained_[i] != 0 && !options.judge_explained ? kCertain : scores[i];
        labelled.push_back({score, rows_.labels[i], std::max(1e-9, static_cast<double>(rows_.weights[i]))});
    }
    if (refused_share > 0) {
        labelled.push_back({kNeverServed, refused_right_ / refused_weight_, refused_weight_});
    }
    std::vector<OperatingPoint> points;
    for (const double wanted : options.false_shares) {
        OperatingPoint point{wanted, kNothing, 0, 0, 0};
        if (const auto picked = learn::pick_threshold(labelled, wanted * options.share_kept, kLeastServed, kCaution);
            picked && picked->threshold >= 0) {
            point = {wanted, picked->threshold, picked->false_share, picked->recall, picked->served};
        }
        points.push_back(point);
    }
    return points;
}

Result<Verifier::Judge> VerifierTraining::fit_judge(const Options& options, std::span<const std::uint8_t> folds,
                                                    std::span<const float> margins, bool dense,
                                                    std::vector<double>* held_out) const {
    learn::BoostedTrees::Options fit;
    fit.trees = options.trees;
    fit.depth = options.depth;
    fit.shrinkage = options.shrinkage;
    fit.least_leaf_weight = options.least_leaf_weight;
    fit.seed = options.seed;
    if (options.monotone) fit.monotone = monotone_columns();
    fit.monotone.resize(options.monotone ? columns_ : 0);
    const int models = options.folds < 2 ? 1 : options.folds + 1;
    std::size_t done = 0;
    const std::string_view what = dense ? "trees with vectors" : "trees without vectors";
    fit.progress = [&](std::size_t) {
        const std::size_t of = static_cast<std::size_t>(models) * options.trees;
        return !options.progress || options.progress(what, ++done, of);
    };
    Verifier::Judge judge;
    std::vector<double> out_of_fold(groups_.size(), 0.0);
    for (int model = 0; model < models; ++model) {
        const bool all = model == models - 1;
        learn::Examples part;
        part.columns = columns_;
        std::vector<float> row(columns_);
        const auto read_row = [&](std::size_t i) {
            const std::span<const float> values = rows_.row(i).first(columns_);
            std::copy(values.begin(), values.end(), row.begin());
            if (!dense) hide_dense(row);
            row[kLexicalColumn] = margins[i];
        };
        for (std::size_t i = 0; i < groups_.size(); ++i) {
            const bool missing = dense && std::isnan(rows_.row(i)[kDenseColumn]);
            if (missing || (!all && folds[i] == model)) continue;
            read_row(i);
            part.add(row, rows_.labels[i], rows_.weights[i]);
        }
        auto trees = learn::BoostedTrees::fit(part, fit);
        if (!trees) return tl::unexpected(trees.error());
        for (std::size_t i = 0; i < groups_.size() && !all; ++i) {
            if (folds[i] != model) continue;
            read_row(i);
            out_of_fold[i] = trees->margin(row);
        }
        if (all) judge.trees = std::move(*trees);
    }
    if (options.folds < 2) return judge;
    std::vector<learn::ScoredLabel> labelled;
    for (std::size_t i = 0; i < out_of_fold.size(); ++i) {
        labelled.push_back({out_of_fold[i], rows_.labels[i], static_cast<double>(rows_.weights[i])});
    }
    judge.calibration = learn::PlattCalibration::fit(labelled);
    judge.calibration.slope = std::max(judge.calibration.slope, 1e-3);
    for (double& each : out_of_fold) each = judge.calibration.probability(each);
    judge.points = curve(options, out_of_fold);
    if (held_out != nullptr) *held_out = std::move(out_of_fold);
    return judge;
}

Result<Verifier> VerifierTraining::train(const Options& options, std::vector<double>* held_out) const {
    if (pairs() > kMostTrainingPairs) return fail(ErrorCode::too_large, "more than 5,000,000 pairs to train on");
    const auto positive = std::count(rows_.labels.begin(), rows_.labels.end(), 1.0F);
    if (positive == 0 || positive == static_cast<std::ptrdiff_t>(pairs())) {
        return fail(ErrorCode::invalid, "training needs pairs of both labels that the guards let through");
    }
    Verifier verifier;
    verifier.training_digest_ = digest_;
    verifier.overrules_ = overrules_;
    verifier.judges_explained_ = options.judge_explained;
    verifier.rarity_ = rarity_;
    const std::vector<std::uint8_t> folds = folds_of(options);
    auto margins = lexical_margins(options, folds, verifier.lexical_);
    if (!margins) return tl::unexpected(margins.error());
    // Vectors for nine rows in ten at least: else the curve would mix both kinds.
    const bool dense_too = dense_rows_ > 0 && dense_rows_ * 10 >= pairs() * 9;
    if (!dense_too || !options.dense_if_there) {
        auto plain = fit_judge(options, folds, *margins, false, dense_too ? nullptr : held_out);
        if (!plain) return tl::unexpected(plain.error());
        verifier.plain_ = std::move(*plain);
    }
    if (dense_too) {
        auto dense = fit_judge(options, folds, *margins, true, held_out);
        if (!dense) return tl::unexpected(dense.error());
        verifier.dense_ = std::move(*dense);
    }
    return verifier;
}

std::vector<std::uint32_t> join_texts(std::span<const std::array<std::uint32_t, 2>> pairs, std::size_t texts) {
    std::vector<std::uint32_t> parent(texts);
    std::iota(parent.begin(), parent.end(), 0U);
    const auto root = [&parent](std::uint32_t at) {
        while (parent[at] != at) at = parent[at] = parent[parent[at]];
        return at;
    };
    for (const auto& pair : pairs) parent[root(pair[0])] = root(pair[1]);
    std::vector<std::uint32_t> groups;
    for (const auto& pair : pairs) groups.push_back(root(pair[0]));
    return groups;
}

}  // namespace weir::tiers::semantic
