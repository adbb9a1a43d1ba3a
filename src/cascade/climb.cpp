#include "cascade/climb.h"

namespace weir::cascade {
namespace {

// Has the rung's gate judge the offer and books the attempt. True: served.
bool weigh(const Rung& rung, tiers::Climb& tried, bool serving, StepRecorder& steps, Ascent& ascent) {
    const Verdict verdict = rung.gate->judge(*tried.offer);
    store::StepVerdict told = store::StepVerdict::refused;
    if (verdict.open && serving) {
        told = store::StepVerdict::served;
        tried.attempt.outcome = store::Outcome::served;
        ascent.tier = rung.tier->kind();
    } else if (verdict.open) {
        told = store::StepVerdict::asked;
        tried.attempt.outcome = store::Outcome::observed;
        if (!ascent.would_have) ascent.would_have = rung.tier->kind();
    }
    steps.tried(steps.next() + ascent.attempts.size(), tried.attempt, rung.tier->name(), told, verdict.because,
                tried.offer->why);
    if (ascent.tier) ascent.served = std::move(tried.offer);
    ascent.attempts.push_back(tried.attempt);
    return ascent.served.has_value();
}

void note_without_offer(const tiers::Tier& tier, const tiers::Climb& tried, StepRecorder& steps, const Ascent& ascent) {
    steps.tried(steps.next() + ascent.attempts.size(), tried.attempt, tier.name(),
                verdict_of(tried.attempt, tried.because.said), tried.because, tried.reason);
}

}  // namespace

bool served_at_once(const std::vector<Rung>& rungs, Mode mode, const tiers::Question& question, StepRecorder steps,
                    Ascent& ascent) {
    if (mode != Mode::serve || rungs.empty()) return false;
    const Rung& first = rungs.front();
    if (first.tier->kind() != TierKind::exact || !first.gate->may_open()) return false;
    tiers::Climb tried;
    if (!first.tier->offer_at_once(question, tried)) return false;
    if (weigh(first, tried, true, steps, ascent)) return true;
    ascent = Ascent{};
    return false;
}

Task<void> climb(std::span<const Rung> rungs, Mode mode, const tiers::Question& question, Cancellation& cancellation,
                 StepRecorder steps, Ascent& ascent) {
    if (mode == Mode::off) co_return;
    const bool serving = mode == Mode::serve;
    tiers::Question asked = question;
    for (const Rung& rung : rungs) {
        if (cancellation.canceled()) break;
        if (!rung.gate->may_open() || (!is_cache(rung.tier->kind()) && (!serving || question.caches_only))) {
            const store::Said why = rung.gate->may_open() ? store::Said::not_asked : store::Said::no_gate;
            steps.not_asked(steps.next() + ascent.attempts.size(), rung.tier->kind(), rung.tier->model(),
                            rung.tier->name(), store::StepVerdict::skipped, store::Reason::of(why));
            continue;
        }
        asked.attempt = question.attempt + ascent.attempts.size();
        tiers::Climb tried = co_await rung.tier->offer(asked, cancellation);
        if (tried.lease) ascent.lease = std::move(tried.lease);
        if (tried.look) ascent.look = std::move(tried.look);
        if (tried.follower) {
            note_without_offer(*rung.tier, tried, steps, ascent);
            ascent.follower = std::move(tried.follower);
            ascent.attempts.push_back(tried.attempt);
            break;
        }
        if (!tried.offer) {
            note_without_offer(*rung.tier, tried, steps, ascent);
            ascent.attempts.push_back(tried.attempt);
            continue;
        }
        if (weigh(rung, tried, serving, steps, ascent)) break;
    }
}

}  // namespace weir::cascade
