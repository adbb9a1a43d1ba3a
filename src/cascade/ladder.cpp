#include "cascade/ladder.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tiers/reason_words.h"
#include "wire/answer_text.h"

namespace weir::cascade {
namespace {

void note_offer(const tiers::Climb& tried, const Likeness* likeness, std::size_t number, LadderClimb& climb) {
    TierTrial& trial = climb.trial.tiers[number];
    note_answer(tried.offer->read, wire::AnswerFlaw::none, tried.attempt.cost, trial);
    if (likeness != nullptr) note_agreement(tried.offer->answer->body, tried.offer->others, *likeness, trial);
    if (tried.offer->verified) note_verification(tried.offer->right, trial);
    if (tried.offer->sure) {
        trial.kind = EvidenceKind::student;
        trial.evidence = static_cast<float>(std::min(*tried.offer->sure, 0.0));
    }
    climb.answers[number] = tried.offer->answer;
}

}  // namespace

store::Reason reason_of(const TierTrial& trial, const Policy::Judgement& judgement) {
    store::Said said = store::Said::risk;
    auto evidence = static_cast<double>(trial.evidence);
    switch (trial.kind) {
        case EvidenceKind::none:
            break;
        case EvidenceKind::log_probability:
            said = store::Said::risk_log_probability;
            break;
        case EvidenceKind::self_agreement:
            said = store::Said::risk_samples;
            break;
        case EvidenceKind::self_verification:
            said = store::Said::risk_own_word;
            break;
        case EvidenceKind::student:
            said = store::Said::risk_student;
            evidence = std::exp(evidence);
            break;
    }
    return store::Reason::of(said).scored(evidence).risking(judgement.risk).needing(judgement.limit);
}

void note_answer(const wire::ChatAnswer& read, wire::AnswerFlaw flaw, Usd cost, TierTrial& trial) {
    trial = trial.unasked();
    trial.flaw = flaw;
    trial.asked = flaw == wire::AnswerFlaw::none;
    const wire::Logprobs& logprobs = read.logprobs;
    if (logprobs.tokens > 0) {
        // Log-probabilities are at most 0; a provider that rounds may say otherwise.
        trial.kind = EvidenceKind::log_probability;
        trial.evidence = static_cast<float>(std::min(logprobs.mean, 0.0));
        trial.least = static_cast<float>(std::min(logprobs.min, 0.0));
    }
    if (logprobs.margins > 0) trial.margin = static_cast<float>(logprobs.margin);
    const Tokens tokens = logprobs.tokens > 0 ? logprobs.tokens : read.usage.reported ? read.usage.output : 0;
    trial.tokens = static_cast<std::uint32_t>(std::clamp<Tokens>(tokens, 0, std::numeric_limits<std::uint32_t>::max()));
    trial.cost_usd = to_dollars(cost);
}

void note_agreement(const std::string& body, const std::vector<std::string>& others, const Likeness& likeness,
                    TierTrial& trial) {
    if (others.empty()) return;
    const std::optional<std::string> text = wire::answer_text(body);
    std::size_t agree = 0;
    for (const std::string& other : others) {
        const std::optional<std::string> said = other.empty() ? std::nullopt : wire::answer_text(other);
        if (!text || !said) continue;  // calls of tools have no form that samples are compared by
        agree += agreement(likeness.question, *text, *said, likeness.rules).result == Agreed::agree;
    }
    trial.kind = EvidenceKind::self_agreement;
    trial.evidence = static_cast<float>(agree) / static_cast<float>(others.size());
}

void note_verification(const std::optional<double>& right, TierTrial& trial) {
    trial.kind = right ? EvidenceKind::self_verification : EvidenceKind::none;
    trial.evidence = right ? static_cast<float>(std::clamp(*right, 0.0, 1.0)) : kNoEvidence;
}

void ask_early(const std::vector<std::shared_ptr<tiers::Tier>>& tiers, const tiers::Question& question,
               LadderClimb& climb) {
    for (std::size_t number = 0; number < tiers.size(); ++number) {
        tiers::Climb tried;
        if (!tiers[number]->offer_at_once(question, tried)) continue;
        if (tried.offer) note_offer(tried, nullptr, number, climb);
        climb.early[number] = std::move(tried);
    }
}

Task<void> climb_ladder(const std::vector<std::shared_ptr<tiers::Tier>>& tiers, const tiers::Question& question,
                        Cancellation& cancellation, StepRecorder steps, const Likeness& likeness, LadderClimb& climb,
                        Ascent& ascent) {
    tiers::Question asked = question;
    for (std::size_t rung = 0; rung < climb.plan.rungs; ++rung) {
        if (cancellation.canceled()) co_return;
        const std::size_t number = climb.plan.ladder[rung];
        if (number >= tiers.size()) continue;
        const bool left_out = climb.students_only && tiers[number]->kind() == TierKind::model;
        if (left_out) climb.trial.skipped = static_cast<std::uint8_t>(climb.trial.skipped | 1U << number);
        if (climb.trial.skips(number)) {
            steps.not_asked(steps.next() + ascent.attempts.size(), tiers[number]->kind(), tiers[number]->model(),
                            tiers[number]->name(), store::StepVerdict::skipped,
                            store::Reason::of(left_out ? store::Said::not_asked : store::Said::skipped_by_triage));
            continue;
        }
        tiers::Tier& tier = *tiers[number];
        tiers::Climb tried;
        if (climb.early[number]) {
            tried = std::move(*climb.early[number]);
        } else {
            asked.attempt = question.attempt + ascent.attempts.size();
            tried = co_await tier.offer(asked, cancellation);
            if (tried.offer) note_offer(tried, &likeness, number, climb);
        }
        const bool offered = tried.offer.has_value();
        store::StepVerdict verdict = verdict_of(tried.attempt, tried.because.said);
        store::Reason because = tried.because;
        if (offered) {
            const TierTrial& trial = climb.trial.tiers[number];
            const Policy::Judgement judgement = climb.policy->judge(climb.plan, rung, trial, climb.leaving_usd);
            because = reason_of(trial, judgement);
            verdict = store::StepVerdict::refused;
            if (judgement.open) {
                verdict = store::StepVerdict::served;
                tried.attempt.outcome = store::Outcome::served;
                climb.trial.served = static_cast<int>(number);
                climb.risk = judgement.risk;
                ascent.served = std::move(tried.offer);
                ascent.tier = tier.kind();
            }
        } else if (tried.no_answer) {
            note_answer(tried.no_answer->read, tried.no_answer->flaw, tried.attempt.cost, climb.trial.tiers[number]);
        } else if (tier.kind() == TierKind::model && tried.attempt.outcome == store::Outcome::declined) {
            // It is not for such a question, and was not asked: what the others do there still counts.
            climb.trial.skipped = static_cast<std::uint8_t>(climb.trial.skipped | 1U << number);
        }
        std::string fuller = tried.reason;  // with an offer: what it was shown
        if (!fuller.empty() && offered) fuller += ", " + tiers::words_of(because, verdict);
        steps.tried(steps.next() + ascent.attempts.size(), tried.attempt, tier.name(), verdict, because, fuller);
        ascent.attempts.push_back(tried.attempt);
        if (ascent.served) co_return;
    }
}

}  // namespace weir::cascade
