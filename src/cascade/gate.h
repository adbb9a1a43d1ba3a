// Gates: each decides whether one tier's offer may be served. Certified gates will stand behind the same interface.
// Thread rule: immutable, shared by reactors.
#pragma once

#include <memory>

#include "cascade/options.h"
#include "tiers/tier.h"

namespace weir::cascade {

struct Verdict {
    bool open = false;
    store::Reason because{};  // with the numbers that were compared
};

class Gate {
  public:
    virtual ~Gate() = default;
    // False: the tier need not be asked, since nothing it could offer would be served.
    virtual bool may_open() const { return true; }
    virtual Verdict judge(const tiers::Offer& offer) const = 0;
};

// What the exact cache offers is the reference's own answer (or one that a gate has let through before).
class OpenGate final : public Gate {
  public:
    Verdict judge(const tiers::Offer&) const override { return {true, store::Reason::of(store::Said::same_request)}; }
};

// The semantic cache's: the score of the match against what the task's certificate asks for. The learner moves the
// threshold (cascade/semantic_learner.h); the offer carries the one that it was made under.
class SemanticGate final : public Gate {
  public:
    Verdict judge(const tiers::Offer& offer) const override { return {offer.score >= offer.threshold, offer.because}; }
};

// Mean token log-probability (natural logarithm) at least the threshold, and an answer that is whole: finished by
// itself, not refused, not empty.
class ThresholdGate final : public Gate {
  public:
    explicit ThresholdGate(double min_mean_logprob) : min_mean_logprob_(min_mean_logprob) {}
    Verdict judge(const tiers::Offer& offer) const override;

  private:
    double min_mean_logprob_;
};

// No evidence asked for by anybody: nothing is served.
class ClosedGate final : public Gate {
  public:
    bool may_open() const override { return false; }
    Verdict judge(const tiers::Offer&) const override { return {false, store::Reason::of(store::Said::no_gate)}; }
};

std::shared_ptr<const Gate> make_gate(const TierOptions& tier);

}  // namespace weir::cascade
