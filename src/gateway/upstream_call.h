// One call to the reference on a request's behalf, whatever the API: what it cost and how it ended goes into the
// request's row, what went wrong to whoever decides what is tried next (gateway/attempts.h).
// Thread rule: one reactor; lives shorter than the RequestLife and the HttpCall it refers to.
// Limits: an upstream's error body at most 1 MiB (beyond: told without its words).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/task.h"
#include "gateway/attempts.h"
#include "gateway/request_life.h"
#include "net/http_client.h"
#include "tiers/model/upstream.h"

namespace weir::gateway {

struct UpstreamCall {
    UpstreamCall(RequestLife& owner, net::HttpCall& on, const tiers::ModelUpstream& whom)
        : life(owner), call(on), model(whom), begun(owner.lane.reactor.now()) {
        attempt.tier = store::TierKind::reference;
        attempt.model = model.name_id;
    }

    RequestLife& life;
    net::HttpCall& call;
    const tiers::ModelUpstream& model;  // the reference, or a fallback of it
    store::Attempt attempt;
    Micros begun = 0;  // steady time
    unsigned status = 0;
    bool is_stream = false;
    std::string headers;                // the upstream's, for the caller
    std::optional<Micros> retry_after;  // ... and what they say of another attempt
    std::optional<bool> should_retry;
    const wire::ProviderForm* form = nullptr;  // of the upstream's API; null: OpenAI's
    bool native = false;                       // ... which is the caller's as well

    bool is_reference() const { return &model == life.plan->reference.get(); }
};

// The upstream's head is gone once its body is read: what is needed of it is taken here.
void take_head(UpstreamCall& upstream);
// Header lines (each with its line's end) without those that tell the provider's limits.
std::string without_rate_limits(std::string_view lines);
void finish_attempt(UpstreamCall& upstream);
void note_served(UpstreamCall& upstream);
// What the reference would have cost: this, where it was asked itself.
void set_measured(UpstreamCall& upstream, const wire::Usage& usage);
// Nothing usable came. Books the attempt, at what `attempt` says that it cost where something was counted.
Failure call_failed(UpstreamCall& upstream, const Error& error);
// The upstream answered with an error status: reads its words, books the attempt.
Task<Failure> read_failure(UpstreamCall& upstream);

}  // namespace weir::gateway
