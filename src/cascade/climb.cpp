#include "cascade/climb.h"

namespace weir::cascade {
namespace {

void note(std::string& why, std::string_view tier, std::string_view what) {
    if (!why.empty()) why += " -> ";
    why += tier;
    why += ": ";
    why += what;
}

}  // namespace

Task<Ascent> climb(const std::vector<Rung>& rungs, Mode mode, const tiers::Question& question,
                   Cancellation& cancellation, bool trace) {
    Ascent ascent;
    if (mode == Mode::off) co_return ascent;
    const bool serving = mode == Mode::serve;
    for (const Rung& rung : rungs) {
        if (cancellation.canceled()) break;
        const bool free_look = rung.tier->kind() == TierKind::exact;
        if (!rung.gate->may_open() || (!free_look && (!serving || question.caches_only))) {
            if (trace) note(ascent.why, rung.tier->name(), rung.gate->may_open() ? "not asked" : "no gate");
            continue;
        }
        tiers::Climb tried = co_await rung.tier->offer(question, cancellation);
        if (tried.lease) ascent.lease = std::move(tried.lease);
        if (!tried.offer) {
            if (trace) note(ascent.why, rung.tier->name(), tried.reason);
            ascent.attempts.push_back(tried.attempt);
            continue;
        }
        const Verdict verdict = rung.gate->judge(*tried.offer);
        if (trace) note(ascent.why, rung.tier->name(), verdict.why);
        if (verdict.open && serving) {
            tried.attempt.outcome = store::Outcome::served;
            ascent.served = std::move(tried.offer);
            ascent.tier = rung.tier->kind();
        } else if (verdict.open) {
            tried.attempt.outcome = store::Outcome::observed;
            if (!ascent.would_have) ascent.would_have = rung.tier->kind();
        }
        ascent.attempts.push_back(tried.attempt);
        if (ascent.served) break;
    }
    co_return ascent;
}

}  // namespace weir::cascade
