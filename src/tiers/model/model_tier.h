// A model as a tier in front of the reference: asked for a whole body with log-probabilities, read, and offered.
// Thread rule: one reactor's.
// Limits: its own deadline is the question's; an upstream that is not ready, fails or answers something that is no
// answer makes the tier decline.
#pragma once

#include "tiers/model/upstream.h"
#include "tiers/tier.h"

namespace weir::tiers {

class ModelTier final : public Tier {
  public:
    explicit ModelTier(std::shared_ptr<const ModelUpstream> upstream) : upstream_(std::move(upstream)) {}

    std::string_view name() const override { return upstream_->full_name; }
    store::TierKind kind() const override { return store::TierKind::model; }
    Task<Climb> offer(const Question& question, Cancellation& cancellation) override;

  private:
    std::shared_ptr<const ModelUpstream> upstream_;
};

}  // namespace weir::tiers
