// Inference that is no chat (docs/other-inference.md): JSON POST endpoints and models of the Open Inference Protocol.
// The exact cache by declared fields, the ladder of cheaper models under a promise, the reference; with a row in the
// ledger at a price by call or by second. Whatever Weir can't read goes to the reference as it is.
// What decides is what decides for chat: the course's policy (cascade/policy.h), its coins and audits (trials.cpp has
// them for chat, grading.h grades both), the exact cache's entries.
// Thread rule: one request, one reactor. Limits: limits.body and limits.answer; cascade::kMaxComparedBytes.
#pragma once

#include <string_view>

#include "cascade/trial.h"
#include "gateway/lane.h"
#include "http/head.h"
#include "net/http_server.h"

namespace weir::gateway {

// Whether the path belongs to an inference route, or to the Open Inference Protocol where any route speaks it.
bool is_inference(const LaneRoutes& routes, std::string_view path);
Task<void> handle_inference(Lane& lane, net::Exchange& exchange);

// An answer that can be kept and compared: JSON, without binary tensors behind it.
bool is_json_answer(const http::ResponseHead& response);
// How a tier did, by its answer: its own word for how sure it is, where it has one, and its cost.
void note_inference_answer(const Plan& plan, std::size_t tier, std::string_view body, Usd cost,
                           cascade::TierTrial& trial);

}  // namespace weir::gateway
