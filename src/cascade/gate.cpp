#include "cascade/gate.h"

#include "cascade/cacheable.h"

namespace weir::cascade {

Verdict ThresholdGate::judge(const tiers::Offer& offer) const {
    using store::Reason;
    using store::Said;
    if (!storable_answer(offer.read)) return {false, Reason::of(Said::answer_not_whole)};
    if (offer.read.logprobs.tokens == 0) return {false, Reason::of(Said::no_log_probabilities)};
    const double mean = offer.read.logprobs.mean;
    return {mean >= min_mean_logprob_, Reason::of(Said::log_probability).scored(mean).needing(min_mean_logprob_)};
}

std::shared_ptr<const Gate> make_gate(const TierOptions& tier) {
    if (tier.kind == TierKind::exact) return std::make_shared<OpenGate>();
    if (tier.kind == TierKind::semantic) return std::make_shared<SemanticGate>();
    if (tier.min_mean_logprob) return std::make_shared<ThresholdGate>(*tier.min_mean_logprob);
    return std::make_shared<ClosedGate>();
}

}  // namespace weir::cascade
