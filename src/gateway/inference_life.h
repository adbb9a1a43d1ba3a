// One request to an inference route, on its way through inference.cpp and inference_cascade.cpp. Internal to both.
// Thread rule: one request, one reactor.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/grading.h"
#include "gateway/request_life.h"

namespace weir::gateway {

class InferenceLife final : public RequestLife {
  public:
    using RequestLife::RequestLife;

    const InferenceOptions& route() const { return plan->inference->options; }

    std::string_view query;  // "?...", or nothing
    bool readable = false;   // JSON without binary tensors: may be looked up, kept and compared
    Digest256 key{};         // with may_store
    std::unique_ptr<Grading> grading;
};

// What goes to an endpoint of this request.
std::string head_for(const InferenceLife& life, const tiers::ProviderLink& provider, const tiers::Endpoint& endpoint);
Task<void> deliver_inference(InferenceLife& life, std::string_view body, std::string_view model,
                             std::string_view more_headers);
// What the reference would have cost: by the call, or by the second as long as it takes as a rule.
void set_expected(InferenceLife& life);
std::function<void(const std::shared_ptr<tiers::CacheEntry>&)> inference_keeper(const InferenceLife& life);

// inference_cascade.cpp: the ladder, as trials.cpp has it for chat. True: it is to be climbed.
bool plan_inference_trial(InferenceLife& life);
// True: a tier has answered the caller.
Task<bool> climb_inference(InferenceLife& life);
// After the caller has its answer; with the reference's, where that was it.
void conclude_inference_trial(InferenceLife& life);

}  // namespace weir::gateway
