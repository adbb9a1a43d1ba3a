// A model as a tier in front of the reference: asked for a whole body with log-probabilities, or several times at once
// (gathering.h), read, and offered; perhaps shown examples before (example_source.h), perhaps asked about its own
// answer afterwards. Thread rule: one reactor's. Limits: it is waited for as long as tier_health.h says and the
// question's deadline allows; an upstream that rests after failures, is not ready, fails or answers something that is
// no answer (wire/answer_flaw.h) makes the tier decline; so does a source that has no examples for the question.
#pragma once

#include "tiers/model/example_source.h"
#include "tiers/model/gathering.h"
#include "tiers/model/samples.h"
#include "tiers/model/tier_health.h"
#include "tiers/model/upstream.h"
#include "tiers/tier.h"

namespace weir::tiers {

class ModelTier final : public Tier {
  public:
    // `source`: of what it is shown; null: nothing.
    ModelTier(std::shared_ptr<const ModelUpstream> upstream, const Gathering& gathers, Micros most_patience,
              Micros longest_rest, std::shared_ptr<const ExampleSource> source = nullptr)
        : upstream_(std::move(upstream)),
          gathers_(gathers),
          health_(most_patience, longest_rest),
          source_(std::move(source)) {}

    std::string_view name() const override { return upstream_->full_name; }
    store::NameId model() const override { return upstream_->name_id; }
    store::TierKind kind() const override { return store::TierKind::model; }
    Task<Climb> offer(const Question& question, Cancellation& cancellation) override;

  private:
    bool asks_logprobs() const { return gathers_.by_logprobs() && upstream_->provider->gives_logprobs(); }
    // Error: the provider's API can't express the request.
    Result<std::vector<ModelQuestion>> requests_for(const wire::ChatRequest& chat) const;
    void note_health(const Samples::Sample& first, Micros now, Micros taken, Endpoints::Lease& endpoint);
    // What the first answer says, and what it cost. Nothing: it is none, and the climb says why.
    std::optional<wire::ChatAnswer> read_first(const Samples::Sample& first, std::size_t request_bytes,
                                               Climb& climb) const;
    // Another one, empty where it is none; its cost goes to the attempt.
    std::string read_other(Samples::Sample& other, std::string_view response_format, std::size_t request_bytes,
                           store::Attempt& attempt) const;

    // Asks whether the answer is right; cost and time go to the attempt. Nothing where the model does not tell.
    Task<std::optional<double>> verify(const Question& question, std::string_view answer, Cancellation& cancellation,
                                       Endpoint& endpoint, store::Attempt& attempt) const;

    std::shared_ptr<const ModelUpstream> upstream_;
    Gathering gathers_;
    TierHealth health_;
    std::shared_ptr<const ExampleSource> source_;
};

}  // namespace weir::tiers
