#include "learn/hit_gate.h"

#include <algorithm>
#include <cmath>

namespace weir::learn {
namespace {

constexpr std::size_t kStratumLookUps = 200;  // about so many in a stratum of the score,
constexpr std::size_t kStratumRevealed = 10;  // and so many revealed at least
// Larger weights are cut to this, or a few audited hits would decide all. Where few are revealed the score is high, and
// higher scores are wrong less often: to count them for less than they stand for errs on the safe side.
constexpr double kMostWeight = 5;
constexpr std::size_t kGrid = 1000, kStarts = 6;
constexpr double kCertainSeenBefore = 40;

}  // namespace

HitGate::HitGate(const Options& options)
    : options_(options),
      monitor_({options.promise, options.alpha, 10'000, options.least_audit}),
      threshold_(options.prior_threshold),
      next_proof_(options.first_proof) {}

std::uint64_t HitGate::looked_up(double score) {
    window_.push_back({static_cast<float>(score), Outcome::unknown});
    if (window_.size() > options_.window) {
        window_.pop_front();
        ++first_id_;
    }
    return first_id_ + window_.size() - 1;
}

void HitGate::revealed(std::uint64_t id, bool wrong, std::optional<double> audit_probability) {
    if (audit_probability && state_ != State::closed) {
        monitor_.audited(wrong, *audit_probability);
        if (monitor_.broken()) {
            close();
            return;
        }
    }
    if (id < first_id_ || id - first_id_ >= window_.size()) return;
    Outcome& outcome = window_[id - first_id_].outcome;
    if (outcome != Outcome::unknown) return;
    outcome = wrong ? Outcome::wrong : Outcome::right;
    if (++revealed_ < next_proof_) return;
    plan_next_proof();
    certify();
}

// At least twice a window, so that no proof outlives it by much.
void HitGate::plan_next_proof() {
    const auto grown = static_cast<std::size_t>(std::ceil(static_cast<double>(revealed_) * options_.proof_growth));
    next_proof_ = std::min(grown, revealed_ + std::max<std::size_t>(1, options_.window / 2));
}

void HitGate::close() {
    ++closures_;
    state_ = State::closed;
    threshold_ = std::numeric_limits<double>::infinity();
    first_id_ += window_.size();
    window_.clear();
    revealed_ = 0;
    next_proof_ = options_.first_proof;
}

void HitGate::rescored(std::span<const LookUp> look_ups) {
    occasion_ = 0;
    first_id_ += window_.size();
    if (look_ups.size() > options_.window) look_ups = look_ups.last(options_.window);
    window_.assign(look_ups.begin(), look_ups.end());
    revealed_ = static_cast<std::size_t>(std::count_if(
        look_ups.begin(), look_ups.end(), [](const LookUp& look_up) { return look_up.outcome != Outcome::unknown; }));
    if (state_ == State::proven) state_ = State::prior;
    threshold_ = state_ == State::closed ? std::numeric_limits<double>::infinity() : options_.prior_threshold;
    if (revealed_ < options_.first_proof) return;
    plan_next_proof();
    certify();
}

std::vector<LabelledHit> HitGate::weighted() const {
    std::vector<LookUp> sorted(window_.begin(), window_.end());
    std::stable_sort(sorted.begin(), sorted.end(), [](const LookUp& a, const LookUp& b) { return a.score > b.score; });
    std::vector<LabelledHit> hits;
    std::size_t begin = 0, known = 0, stratum = 0;
    const auto weigh = [&](std::size_t end) {  // gives the hits of the stratum that ends here their weight
        if (known == 0) return;
        const double weight = std::min(kMostWeight, static_cast<double>(end - begin) / static_cast<double>(known));
        for (std::size_t i = stratum; i < hits.size(); ++i) hits[i].weight = weight;
    };
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        const bool whole = i - begin >= kStratumLookUps && known >= kStratumRevealed;
        if (whole && sorted[i].score != sorted[i - 1].score) {
            weigh(i);
            begin = i;
            stratum = hits.size();
            known = 0;
        }
        if (sorted[i].outcome == Outcome::unknown) continue;
        hits.push_back({sorted[i].score, sorted[i].outcome == Outcome::wrong, 1});
        ++known;
    }
    weigh(sorted.size());
    return hits;
}

// How many wrong hits the certain ones of the window leave of the promise.
double HitGate::left_by_certain() const {
    double all = 0, seen = kCertainSeenBefore, wrong = options_.certain_wrong_before * kCertainSeenBefore;
    for (const LookUp& look_up : window_) {
        if (look_up.score < options_.certain) continue;
        ++all;
        seen += look_up.outcome != Outcome::unknown ? 1 : 0;
        wrong += look_up.outcome == Outcome::wrong ? 1 : 0;
    }
    return all * std::max(0.0, options_.promise - wrong / seen);
}

void HitGate::certify() {
    ++occasion_;
    ++proofs_;
    const double alpha = spent_alpha(options_.alpha, occasion_);
    const std::vector<LabelledHit> hits = weighted();  // best first
    const auto others =
        std::find_if(hits.begin(), hits.end(), [this](const LabelledHit& hit) { return hit.score < options_.certain; });
    // While the gate is closed the certain hits are in doubt themselves.
    const double allowance = state_ == State::closed ? 0 : left_by_certain();
    auto proof = certify_threshold(std::span(others, hits.end()), {options_.promise, alpha, kGrid, kStarts, allowance});
    if (!proof && state_ == State::closed) {
        proof = certify_threshold(std::span(hits.begin(), others), {options_.promise, alpha, kGrid, kStarts});
    }
    const bool outlived = state_ == State::proven && seen() - proven_at_ >= options_.window;
    if (!proof && outlived) {
        state_ = State::prior;
        threshold_ = std::max(threshold_, options_.prior_threshold);
    }
    if (!proof || (state_ == State::proven && !outlived && proof->threshold >= threshold_)) return;
    if (state_ == State::closed) monitor_.restart();
    state_ = State::proven;
    threshold_ = proof->threshold;
    proven_at_ = seen();
}

std::optional<double> HitGate::seen_false_share() const {
    double served = 0, wrong = 0;
    for (const LabelledHit& hit : weighted()) {
        if (!serves(hit.score)) continue;
        served += hit.weight;
        wrong += hit.wrong ? hit.weight : 0;
    }
    if (!(served > 0)) return std::nullopt;
    return wrong / served;
}

}  // namespace weir::learn
