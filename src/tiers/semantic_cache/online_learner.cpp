#include "tiers/semantic_cache/online_learner.h"

#include <algorithm>
#include <cmath>

namespace weir::tiers::semantic {
namespace {

constexpr std::size_t kMostPairsALookUp = 4;             // the best; those below teach little
constexpr std::uint64_t kForgotten = ~std::uint64_t{0};  // no gate gives this id

}  // namespace

OnlineLearner::OnlineLearner(std::shared_ptr<const Verifier> verifier, const Options& options)
    : options_(options), verifier_(std::move(verifier)), gate_(options.gate), next_fit_(options.first_fit) {}

std::uint64_t OnlineLearner::looked_up(std::vector<JudgedPair> pairs) {
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const JudgedPair& a, const JudgedPair& b) { return a.score > b.score; });
    if (pairs.size() > kMostPairsALookUp) pairs.resize(kMostPairsALookUp);
    LookUp look_up;
    look_up.gate_id = gate_.looked_up(pairs.empty() ? 0 : pairs[0].score);
    look_up.pairs = std::move(pairs);
    kept_pairs_ += look_up.pairs.size();
    look_ups_.push_back(std::move(look_up));
    while (kept_pairs_ > options_.most_pairs) {
        kept_pairs_ -= look_ups_.front().pairs.size();
        look_ups_.pop_front();
        ++first_id_;
    }
    return first_id_ + look_ups_.size() - 1;
}

std::span<const JudgedPair> OnlineLearner::pairs_of(std::uint64_t id) const {
    if (id < first_id_ || id - first_id_ >= look_ups_.size()) return {};
    return look_ups_[id - first_id_].pairs;
}

void OnlineLearner::revealed(std::uint64_t id, std::span<const std::uint8_t> right,
                             std::optional<double> audit_probability) {
    if (id < first_id_ || id - first_id_ >= look_ups_.size()) return;
    LookUp& look_up = look_ups_[id - first_id_];
    if (look_up.pairs.empty() || right.size() != look_up.pairs.size() || !look_up.right.empty()) return;
    look_up.right.assign(right.begin(), right.end());
    if (audit_probability) {
        look_up.weight = static_cast<float>(std::min(options_.most_weight, 1 / std::max(1e-6, *audit_probability)));
    }
    revealed_pairs_ += right.size();
    revealed_right_ += static_cast<std::size_t>(std::count(right.begin(), right.end(), 1));
    const std::uint64_t closures = gate_.closures();
    gate_.revealed(look_up.gate_id, right[0] == 0, audit_probability);
    if (gate_.closures() != closures) proof_from_ = first_id_ + look_ups_.size();
}

void OnlineLearner::take_over(const OnlineLearner& other) {
    rarity_ = other.rarity_;
    look_ups_ = other.look_ups_;
    first_id_ = other.first_id_;
    proof_from_ = other.proof_from_;
    kept_pairs_ = other.kept_pairs_;
    revealed_pairs_ = other.revealed_pairs_;
    revealed_right_ = other.revealed_right_;
    for (LookUp& look_up : look_ups_) look_up.gate_id = kForgotten;
    const bool refuted = other.gate_.state() == learn::HitGate::State::closed;
    if (refuted && options_.gate.promise <= other.options_.gate.promise) gate_.close();
    rescore({});
}

bool OnlineLearner::refit_due() const {
    return revealed_pairs_ >= next_fit_ && revealed_right_ >= options_.least_right;
}

VerifierTraining OnlineLearner::training_set() const {
    VerifierTraining training(options_.rules_are_final ? RefusalSet{0} : rebuttable_refusals());
    training.rarity() = rarity_;
    for (std::size_t i = 0; i < look_ups_.size(); ++i) {
        const LookUp& look_up = look_ups_[i];
        for (std::size_t j = 0; j < look_up.right.size(); ++j) {
            const JudgedPair& pair = look_up.pairs[j];
            if (options_.rules_are_final && pair.refused) continue;
            training.add(pair.features, pair.lexical, pair.explained, look_up.right[j] != 0, look_up.weight,
                         static_cast<std::uint32_t>(first_id_ + i));
        }
    }
    return training;
}

void OnlineLearner::rescore(std::span<const double> held_out) {
    std::vector<learn::HitGate::LookUp> window;
    std::size_t row = 0;
    for (std::size_t i = 0; i < look_ups_.size(); ++i) {
        LookUp& look_up = look_ups_[i];
        const bool known = !look_up.right.empty();
        learn::HitGate::LookUp best{-1, learn::HitGate::Outcome::unknown};
        for (std::size_t j = 0; j < look_up.pairs.size(); ++j) {
            JudgedPair& pair = look_up.pairs[j];
            const bool out = pair.refused && (options_.rules_are_final || verifier_->overrules() == 0);
            const double score = out                                                ? 0
                                 : pair.explained && !verifier_->judges_explained() ? kCertain
                                 : known && !held_out.empty()                       ? held_out[row]
                                                              : verifier_->score(pair.features, pair.lexical);
            row += known && !out ? 1 : 0;
            if (static_cast<float>(score) <= best.score) continue;
            best.score = static_cast<float>(score);
            if (known) {
                best.outcome = look_up.right[j] != 0 ? learn::HitGate::Outcome::right : learn::HitGate::Outcome::wrong;
            }
        }
        if (!look_up.pairs.empty() && first_id_ + i >= proof_from_) window.push_back(best);
    }
    gate_.rescored(window);
}

Result<void> OnlineLearner::refit() {
    next_fit_ = static_cast<std::size_t>(std::ceil(static_cast<double>(revealed_pairs_) * options_.fit_growth));
    VerifierTraining::Options options;
    options.trees = options_.trees;
    options.folds = std::max(2, options_.folds);
    options.seed = options_.seed;
    options.dense_if_there = true;
    options.judge_explained = !options_.rules_are_final;
    std::vector<double> held_out;
    auto fitted = training_set().train(options, &held_out);
    if (!fitted) return tl::unexpected(fitted.error());
    verifier_ = std::make_shared<const Verifier>(std::move(*fitted));
    ++fits_;
    rescore(held_out);
    return {};
}

}  // namespace weir::tiers::semantic
