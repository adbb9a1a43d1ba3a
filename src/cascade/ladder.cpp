#include "cascade/ladder.h"

#include <algorithm>
#include <cstdio>

#include "cascade/cacheable.h"

namespace weir::cascade {
namespace {

constexpr double kNanosPerUsd = 1e9;

std::string describe(const Policy::Judgement& judgement) {
    char text[64];
    std::snprintf(text, sizeof text, "risk %.3g %s %.3g", judgement.risk, judgement.open ? "<=" : ">", judgement.limit);
    return text;
}

}  // namespace

TierTrial trial_of(const wire::ChatAnswer& read, Usd cost) {
    TierTrial trial;
    trial.asked = storable_answer(read);
    // Log-probabilities are at most 0; a provider that rounds may say otherwise.
    if (read.logprobs.tokens > 0) trial.evidence = static_cast<float>(std::min(read.logprobs.mean, 0.0));
    trial.cost_usd = static_cast<double>(cost.nanos) / kNanosPerUsd;
    return trial;
}

Task<void> climb_ladder(const std::vector<std::shared_ptr<tiers::Tier>>& tiers, const tiers::Question& question,
                        Cancellation& cancellation, bool trace, LadderClimb& climb, Ascent& ascent) {
    for (std::size_t rung = 0; rung < climb.plan.rungs; ++rung) {
        if (cancellation.canceled()) co_return;
        const std::size_t number = climb.plan.ladder[rung];
        if (number >= tiers.size()) continue;
        tiers::Tier& tier = *tiers[number];
        tiers::Climb tried = co_await tier.offer(question, cancellation);
        std::string why = tried.reason;
        if (tried.offer) {
            TierTrial& trial = climb.trial.tiers[number];
            trial = trial_of(tried.offer->read, tried.attempt.cost);
            climb.answers[number] = tried.offer->answer;
            why = "answer not whole";
            if (trial.asked) {
                const Policy::Judgement judgement = climb.policy->judge(climb.plan, rung, trial.evidence);
                why = describe(judgement);
                if (judgement.open) {
                    tried.attempt.outcome = store::Outcome::served;
                    climb.trial.served = static_cast<int>(number);
                    climb.risk = judgement.risk;
                    ascent.served = std::move(tried.offer);
                    ascent.tier = tier.kind();
                }
            }
        }
        if (trace) note_rung(ascent.why, tier.name(), why);
        ascent.attempts.push_back(tried.attempt);
        if (ascent.served) co_return;
    }
}

}  // namespace weir::cascade
