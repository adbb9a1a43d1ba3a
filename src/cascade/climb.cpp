#include "cascade/climb.h"

namespace weir::cascade {
namespace {

// Has the rung's gate judge the offer and books the attempt. True: served.
bool weigh(const Rung& rung, tiers::Climb& tried, bool serving, bool trace, Ascent& ascent) {
    const Verdict verdict = rung.gate->judge(*tried.offer);
    if (trace) note_rung(ascent.why, rung.tier->name(), verdict.why);
    if (verdict.open && serving) {
        tried.attempt.outcome = store::Outcome::served;
        ascent.served = std::move(tried.offer);
        ascent.tier = rung.tier->kind();
    } else if (verdict.open) {
        tried.attempt.outcome = store::Outcome::observed;
        if (!ascent.would_have) ascent.would_have = rung.tier->kind();
    }
    ascent.attempts.push_back(tried.attempt);
    return ascent.served.has_value();
}

}  // namespace

void note_rung(std::string& why, std::string_view tier, std::string_view what) {
    if (!why.empty()) why += " -> ";
    why += tier;
    why += ": ";
    why += what;
}

bool served_at_once(const std::vector<Rung>& rungs, Mode mode, const tiers::Question& question, bool trace,
                    Ascent& ascent) {
    if (mode != Mode::serve || rungs.empty()) return false;
    const Rung& first = rungs.front();
    if (first.tier->kind() != TierKind::exact || !first.gate->may_open()) return false;
    tiers::Climb tried;
    if (!first.tier->offer_at_once(question, tried)) return false;
    if (weigh(first, tried, true, trace, ascent)) return true;
    ascent = Ascent{};
    return false;
}

Task<Ascent> climb(const std::vector<Rung>& rungs, Mode mode, const tiers::Question& question,
                   Cancellation& cancellation, bool trace) {
    Ascent ascent;
    if (mode == Mode::off) co_return ascent;
    const bool serving = mode == Mode::serve;
    for (const Rung& rung : rungs) {
        if (cancellation.canceled()) break;
        const bool free_look = rung.tier->kind() == TierKind::exact || rung.tier->kind() == TierKind::semantic;
        if (!rung.gate->may_open() || (!free_look && (!serving || question.caches_only))) {
            if (trace) note_rung(ascent.why, rung.tier->name(), rung.gate->may_open() ? "not asked" : "no gate");
            continue;
        }
        tiers::Climb tried = co_await rung.tier->offer(question, cancellation);
        if (tried.lease) ascent.lease = std::move(tried.lease);
        if (tried.look) ascent.look = std::move(tried.look);
        if (tried.follower) {
            if (trace) note_rung(ascent.why, rung.tier->name(), tried.reason);
            ascent.follower = std::move(tried.follower);
            ascent.attempts.push_back(tried.attempt);
            break;
        }
        if (!tried.offer) {
            if (trace) note_rung(ascent.why, rung.tier->name(), tried.reason);
            ascent.attempts.push_back(tried.attempt);
            continue;
        }
        if (weigh(rung, tried, serving, trace, ascent)) break;
    }
    co_return ascent;
}

}  // namespace weir::cascade
