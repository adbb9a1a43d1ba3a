// One request to an inference route, on its way through inference*.cpp. Internal to them.
// Thread rule: one request, one reactor.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/grading.h"
#include "gateway/request_life.h"
#include "wire/tensors.h"

namespace weir::gateway {

class InferenceLife final : public RequestLife, public tiers::EntryFilter {
  public:
    using RequestLife::RequestLife;
    // What a tier said answers again as it would itself: where the ladder is climbed, and its gate opens.
    bool may_answer(const tiers::ExactCache::EntryPtr& entry) override;
    void waits_for_room() override;

    const InferenceOptions& route() const { return plan->inference->options; }

    std::string tail;        // behind the endpoint's path: "/infer", "/versions/2/infer", "?..."
    bool versioned = false;  // the caller wants a certain version of the reference
    wire::TensorBody asked;  // the body, with `readable`
    bool readable = false;   // by itself it says what is asked: may be looked up, kept and compared
    Digest256 key{};         // with may_store
    std::unique_ptr<tiers::Flights::Lease> lease;  // this request leads a flight
    std::unique_ptr<Grading> grading;
    std::optional<bool> climbs;       // the coins have fallen: whether the ladder is climbed
    std::optional<std::size_t> kept;  // the tier whose answer the cache has, and which may answer
};

// What goes to an endpoint of this request.
std::string head_for(InferenceLife& life, const tiers::ProviderLink& provider, const tiers::Endpoint& endpoint);
// inference.cpp: admits the caller and answers.
Task<void> answer_inference(InferenceLife& life, std::shared_ptr<const Plan> plan);
// `kept`: wire::kept_form().
Task<void> deliver_inference(InferenceLife& life, std::string_view kept, std::string_view model,
                             std::string_view more_headers);
// Into the cache, where the request has a key; those who wait for it look there.
void keep_answer(InferenceLife& life, const std::shared_ptr<tiers::CacheEntry>& entry);
// Nothing is kept of what comes: whoever waits for the same asks by itself.
void keep_nothing(InferenceLife& life);
// What the reference would have cost: by the call, or by the second as long as it takes as a rule.
void set_expected(InferenceLife& life);
std::function<void(const std::shared_ptr<tiers::CacheEntry>&)> inference_keeper(const InferenceLife& life);

// inference_cascade.cpp: the ladder, as trials.cpp has it for chat. True: it is to be climbed. Asked again it says the
// same.
bool plan_inference_trial(InferenceLife& life);
// True: a tier has answered the caller.
Task<bool> climb_inference(InferenceLife& life);
// After the caller has its answer; with the reference's, where that was it.
void conclude_inference_trial(InferenceLife& life);

}  // namespace weir::gateway
