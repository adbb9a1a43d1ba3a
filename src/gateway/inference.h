// Inference that is no chat (docs/other-inference.md): JSON POST endpoints and models of the Open Inference Protocol.
// The exact cache by declared fields, the ladder of cheaper models under a promise, the reference; with a row in the
// ledger at a price by call or by second. Whatever Weir can't read goes to the reference as it is.
// inference_paths.cpp says what is asked where, inference.cpp answers, inference_cascade.cpp has the ladder.
// What decides is what decides for chat: the course's policy (cascade/policy.h), its coins and audits (trial_coins.h,
// grading.h), the exact cache's entries.
// Thread rule: one request, one reactor. Limits: limits.body and limits.answer; cascade::kMaxComparedBytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cascade/answer_at.h"
#include "cascade/trial.h"
#include "gateway/lane.h"
#include "http/head.h"
#include "net/http_server.h"

namespace weir::gateway {

// Whether the path belongs to an inference route, or to the Open Inference Protocol where any route speaks it.
bool is_inference(const LaneRoutes& routes, std::string_view path);
Task<void> handle_inference(Lane& lane, net::Exchange& exchange);

// What an upstream's head says of the body behind it.
struct AnswerForm {
    bool json = false;
    bool binary = false;        // tensors stand behind the JSON (wire/tensors.h) ...
    std::string head_bytes;     // ... which is so long, as it is spelled
    std::string content_lines;  // content-type and content-encoding, as header lines
};
AnswerForm answer_form(const http::ResponseHead& response);
// The answer as it is kept and compared: wire::kept_form(), its JSON checked. Nothing: it is none, or is in another
// form than the route's protocol has.
std::optional<std::string> kept_answer(const InferenceOptions& route, const AnswerForm& form, std::string body);
// Whether the kept answer has what the route compares.
bool is_comparable(const InferenceOptions& route, std::string_view kept);
cascade::Agreement compare_answers(const InferenceOptions& route, std::string_view a, std::string_view b);

// The head of a question to an endpoint of the route; `tail`: behind the endpoint's path. `caller` may be null: Weir's
// own. `json_bytes`: of a body with tensors behind its JSON; 0: it has none.
std::string inference_head(const tiers::ProviderLink& provider, const tiers::Endpoint& endpoint, std::string_view tail,
                           std::size_t body_bytes, const http::RequestHead* caller, std::size_t json_bytes,
                           const tiers::TraceLine& trace);
// How a tier did, by its answer: its own word for how sure it is, where it has one, and its cost.
void note_inference_answer(const Plan& plan, std::size_t tier, std::string_view kept, Usd cost,
                           cascade::TierTrial& trial);

}  // namespace weir::gateway
