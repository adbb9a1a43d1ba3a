// Who is asked for the reference's answer, and who next where nothing came of it: the provider's endpoints, once more
// after a back-off, then the model's fallbacks. Only as long as no byte of an answer went to the caller.
// What may be tried again at the same provider: what it has not executed (it could not be reached, or said 408, 429,
// 503 or 529); what it may have executed only where the operator allows that (RetryRules::executed_too). A fallback is
// asked after anything but a request that is wrong itself (400, 413, 422 ...).
// Thread rule: one request, one reactor. Limits: RetryRules, the provider's places (tiers/model/in_flight.h); all of it
// within limits.first_byte of the request's beginning.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/request_life.h"
#include "tiers/model/upstream.h"

namespace weir::gateway {

// Why nothing came of a call.
struct Failure {
    enum class Kind : std::uint8_t {
        caller_left,
        refused,       // whoever is asked would say so
        elsewhere,     // this endpoint or model can't: credentials, no such model
        not_executed,  // nobody has worked on it
        executed,      // ... or somebody may have, and may bill it
    };
    Kind kind = Kind::executed;
    wire::ApiError error;               // what the caller is told, its status too
    std::string headers;                // the upstream's, for the caller
    std::optional<std::string> body;    // the upstream's own words, which go on as they are
    std::optional<Micros> retry_after;  // as the upstream asks for it
    std::optional<bool> should_retry;   // x-should-retry
    bool of_endpoint = true;            // it tells of the endpoint, which is left out where others follow
};

// What is asked of one endpoint of one model. Nothing: the caller has its answer (or the end of one that broke off).
using AskOnce =
    std::function<Task<std::optional<Failure>>(const tiers::ModelUpstream& model, tiers::Endpoints::Lease&)>;

// Asks until the caller is answered; at last with what went wrong. `ask` returns a coroutine and is none itself; it and
// `models` (the reference, then its fallbacks) outlive the task.
Task<void> ask_in_turn(RequestLife& life, const std::vector<std::shared_ptr<const tiers::ModelUpstream>>& models,
                       const AskOnce& ask);

// An upstream's `retry-after` (seconds, or a date as in RFC 9110, from `now_unix`) or `retry-after-ms`; nothing where
// there is none to be read.
std::optional<Micros> retry_after_of(const http::Headers& headers, Micros now_unix_micros);

}  // namespace weir::gateway
