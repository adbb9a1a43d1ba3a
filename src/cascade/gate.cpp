#include "cascade/gate.h"

#include <cstdio>

#include "cascade/cacheable.h"

namespace weir::cascade {

Verdict ThresholdGate::judge(const tiers::Offer& offer) const {
    if (!storable_answer(offer.read)) return {false, "answer not whole"};
    if (offer.read.logprobs.tokens == 0) return {false, "no log-probabilities"};
    const double mean = offer.read.logprobs.mean;
    const bool open = mean >= min_mean_logprob_;
    char why[80];
    std::snprintf(why, sizeof why, "log-prob %.4g %s %.4g", mean, open ? ">=" : "<", min_mean_logprob_);
    return {open, why};
}

std::shared_ptr<const Gate> make_gate(const TierOptions& tier) {
    if (tier.kind == TierKind::exact) return std::make_shared<OpenGate>();
    if (tier.kind == TierKind::semantic) return std::make_shared<SemanticGate>();
    if (tier.min_mean_logprob) return std::make_shared<ThresholdGate>(*tier.min_mean_logprob);
    return std::make_shared<ClosedGate>();
}

}  // namespace weir::cascade
