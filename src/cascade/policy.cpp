#include "cascade/policy.h"

#include <algorithm>
#include <cmath>

namespace weir::cascade {
namespace {

// An answer without log-probabilities.
constexpr double kRiskWithoutEvidence = 0.15;
// See grading_probability().
constexpr double kFarFromOpen = 3, kExplored = 0.05;
// What triage foresees is never taken for surer than this.
constexpr double kLeastForeseen = 0.005;
// Nearer to certain than this all answers are alike: most models round their log-probabilities to 0 there.
constexpr double kCertain = -4.5;
// Where the evidence's own coefficient does nothing: log-odds of 8 %.
constexpr double kMiddle = -2.5;
// Risks where every other sample agrees with the answer, or the model is sure of it; where none does; where it is sure
// of the contrary; and from which prior on it is certain.
constexpr double kRiskAgreed = 0.03, kRiskAlone = 0.4, kRiskDenied = 0.6, kAllAgree = -3.4;
// Of a student, whose word is a probability and calibrated: so much is taken off it at either end, and below this prior
// it is certain.
constexpr double kStudentLeast = 0.004, kStudentMost = 0.9, kStudentCertain = -4;

}  // namespace

double prior_log_odds(float evidence, EvidenceKind kind) {
    double risk = kRiskWithoutEvidence;
    const bool agreement = kind == EvidenceKind::self_agreement;
    if (!std::isnan(evidence) && (agreement || kind == EvidenceKind::self_verification)) {
        const double most = agreement ? kRiskAlone : kRiskDenied;
        risk = most + (kRiskAgreed - most) * std::clamp(static_cast<double>(evidence), 0.0, 1.0);
    } else if (!std::isnan(evidence) && kind == EvidenceKind::student) {
        const double wrong = -std::expm1(std::min(static_cast<double>(evidence), 0.0));
        risk = kStudentLeast + (kStudentMost - kStudentLeast) * wrong;
    } else if (!std::isnan(evidence)) {
        const double doubt = std::clamp(-static_cast<double>(evidence), 0.0, 8.0);
        risk = 0.01 + 0.25 * std::pow(std::min(1.0, doubt / 0.3), 0.2);
    }
    return std::log(risk / (1 - risk));
}

learn::GroupedLogistic::Values risk_values(double prior, EvidenceKind kind, float foreseen) {
    const bool share = kind == EvidenceKind::self_agreement || kind == EvidenceKind::self_verification;
    const double certain = share ? kAllAgree : kind == EvidenceKind::student ? kStudentCertain : kCertain;
    const double worse = std::clamp(1 - static_cast<double>(foreseen), kLeastForeseen, 1 - kLeastForeseen);
    const double by_prompt = std::isnan(foreseen) ? 0 : std::log(worse / (1 - worse)) - kMiddle;
    return {1, prior - kMiddle, prior < certain ? 1.0 : 0.0, by_prompt};
}

std::optional<std::size_t> TaskPlan::rung_of(std::size_t tier) const {
    for (std::size_t rung = 0; rung < rungs; ++rung) {
        if (ladder[rung] == tier) return rung;
    }
    return std::nullopt;
}

bool TaskPlan::asks(std::uint8_t skipped) const {
    for (std::size_t rung = 0; rung < rungs; ++rung) {
        if ((skipped >> ladder[rung] & 1U) == 0) return true;
    }
    return false;
}

double Policy::risk(std::size_t tier, const TaskPlan& plan, const TierTrial& tried) const {
    const double prior = prior_log_odds(tried.evidence, tried.kind);
    return risks_[tier].probability(prior, risk_values(prior, tried.kind, tried.foreseen), plan.group);
}

Policy::Judgement Policy::judge(const TaskPlan& plan, std::size_t rung, const TierTrial& tried,
                                double leaving_usd) const {
    Judgement judgement;
    judgement.risk = risk(plan.ladder[rung], plan, tried);
    if (!harm_price_usd_ || plan.closed || rung >= plan.rungs) return judgement;
    judgement.limit = std::max(0.0, plan.beyond_usd[rung] - leaving_usd) / *harm_price_usd_;
    judgement.open = judgement.risk <= judgement.limit;
    return judgement;
}

std::uint8_t Policy::skipped(const TaskPlan& plan, const Foreseen& opens, double leaving_usd) const {
    std::uint8_t skipped = 0;
    for (std::size_t rung = 0; rung < plan.rungs; ++rung) {
        const std::size_t tier = plan.ladder[rung];
        if (opens[tier] <= 0) continue;
        const double gain = opens[tier] * (plan.beyond_usd[rung] - leaving_usd);
        if (gain < plan.cost_usd[rung]) skipped = static_cast<std::uint8_t>(skipped | 1U << tier);
    }
    return skipped;
}

double Policy::audit_probability(const TaskPlan& plan, double risk) const {
    const double price = mean_reference_usd_ > 0 ? plan.reference_usd / mean_reference_usd_ : 1;
    const double factor = std::sqrt(risk / (promise_ / 2) / std::max(price, 1e-6));
    const double usual = std::clamp(audits_.base * audit_factor_ * factor, audits_.least, audits_.most);
    return std::min(usual * plan.audit_factor, audits_.most);
}

double Policy::grading_probability(const TaskPlan& plan, const Trial& trial) const {
    if (!plan.asks(trial.skipped)) return kExplored;
    for (std::size_t rung = 0; rung < plan.rungs; ++rung) {
        const std::size_t tier = plan.ladder[rung];
        if (!trial.tiers[tier].asked || trial.skips(tier)) continue;
        const Judgement judgement = judge(plan, rung, trial.tiers[tier]);
        if (judgement.risk <= kFarFromOpen * judgement.limit) return 1;
    }
    return audits_.graded;
}

const TaskPlan& Policy::plan(std::uint64_t task) const {
    const auto found = plans_.find(task);
    return found == plans_.end() ? unknown_ : found->second;
}

int Policy::would_serve(const TaskPlan& plan, const Trial& trial, double& risk) const {
    for (std::size_t rung = 0; rung < plan.rungs; ++rung) {
        const std::size_t tier = plan.ladder[rung];
        if (!trial.tiers[tier].asked || trial.skips(tier)) continue;
        const Judgement judgement = judge(plan, rung, trial.tiers[tier]);
        if (!judgement.open) continue;
        risk = judgement.risk;
        return static_cast<int>(tier);
    }
    return kReference;
}

double Policy::climb_cost_usd(const TaskPlan& plan, const Trial& trial, int served) {
    double usd = served == kReference ? trial.reference_usd : 0;
    for (std::size_t rung = 0; rung < plan.rungs; ++rung) {
        const std::size_t tier = plan.ladder[rung];
        if (!trial.skips(tier)) usd += trial.tiers[tier].cost_usd;
        if (static_cast<int>(tier) == served) break;
    }
    return usd;
}

}  // namespace weir::cascade
