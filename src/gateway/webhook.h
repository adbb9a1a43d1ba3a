// Asks a cascade's own grader (`agreement: { webhook: URL }`) about an answer, off every caller's path: a POST of JSON
// (wire/grader.h). Not an inference: it costs nothing that the ledger would know of. judge.h queues what is asked.
// Thread rule: the lane's reactor. Limits: kWebhookMicros a call, wire::kGraderBytes of its answer; counts as a
// background call.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/lane.h"

namespace weir::gateway {

inline constexpr Micros kWebhookMicros = 30'000'000;

struct WebhookCall {
    std::shared_ptr<const tiers::ProviderLink> link;
    std::string body;
    telemetry::TraceOrigin origin;  // whose span the grader's is a child of
    // Once, on the reactor: the body of an answer of status 200; nothing where none came. Not called where the gateway
    // stops.
    std::function<void(std::optional<std::string> answer)> then;
};

// False: the gateway is about to stop.
bool call_webhook(Lane& lane, WebhookCall call);

}  // namespace weir::gateway
