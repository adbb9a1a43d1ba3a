// One call to the reference on a request's behalf, whatever the API: what it cost and how it ended goes into the
// request's row, an upstream's error to the caller.
// Thread rule: one reactor; lives shorter than the RequestLife and the HttpCall it refers to.
// Limits: an upstream's error body at most 1 MiB (beyond: told without its words).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/task.h"
#include "gateway/request_life.h"
#include "net/http_client.h"
#include "tiers/model/upstream.h"

namespace weir::gateway {

struct UpstreamCall {
    UpstreamCall(RequestLife& owner, net::HttpCall& on)
        : life(owner), call(on), reference(*owner.plan->reference), begun(owner.lane.reactor.now()) {
        attempt.tier = store::TierKind::reference;
        attempt.model = reference.name_id;
    }

    RequestLife& life;
    net::HttpCall& call;
    const tiers::ModelUpstream& reference;
    store::Attempt attempt;
    Micros begun = 0;  // steady time
    unsigned status = 0;
    bool is_stream = false;
    std::string headers;                       // the upstream's, for the caller
    const wire::ProviderForm* form = nullptr;  // of the upstream's API; null: OpenAI's
    bool native = false;                       // ... which is the caller's as well
};

// False: the reference can't be asked now, and the caller has been told.
Task<bool> reference_is_ready(RequestLife& life);
// The upstream's head is gone once its body is read: what is needed of it is taken here.
void take_head(UpstreamCall& upstream);
void finish_attempt(UpstreamCall& upstream);
void note_served(UpstreamCall& upstream);
// Nothing usable came. The caller has left, or is told why.
Task<void> fail_call(UpstreamCall& upstream, const Error& error);
// The upstream answered with an error status: its own words go on to the caller.
Task<void> relay_error(UpstreamCall& upstream);

}  // namespace weir::gateway
