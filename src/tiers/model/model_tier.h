// A model as a tier in front of the reference: asked for a whole body with log-probabilities, read, and offered.
// Thread rule: one reactor's.
// Limits: it is waited for as long as tier_health.h says and the question's deadline allows; an upstream that rests
// after failures, is not ready, fails or answers something that is no answer (wire/answer_flaw.h) makes the tier
// decline.
#pragma once

#include "tiers/model/tier_health.h"
#include "tiers/model/upstream.h"
#include "tiers/tier.h"

namespace weir::tiers {

class ModelTier final : public Tier {
  public:
    ModelTier(std::shared_ptr<const ModelUpstream> upstream, Micros most_patience, Micros longest_rest)
        : upstream_(std::move(upstream)), health_(most_patience, longest_rest) {}

    std::string_view name() const override { return upstream_->full_name; }
    store::TierKind kind() const override { return store::TierKind::model; }
    Task<Climb> offer(const Question& question, Cancellation& cancellation) override;

  private:
    std::shared_ptr<const ModelUpstream> upstream_;
    TierHealth health_;
};

}  // namespace weir::tiers
