// Whether an answer counts against a promise beside the reference's: by the form that was set or found
// (cascade/agreement.h), and where that can't tell, or the promise is on harm, by embeddings and a judge's or grader's
// word (arbiter.h); for a promise on harm first of all by the owner's own right answers, where the question has one
// (cascade/gold.h). Thread rule: the lane's reactor. Limits: those of arbiter.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/lane.h"

namespace weir::gateway {

struct Payer;  // spending.h

struct Comparison {
    std::shared_ptr<LaneRoutes> routes;
    std::shared_ptr<const Plan> plan;  // with a promise
    store::NameId tenant = store::kNoName;
    std::uint64_t task = 0;
    cascade::AgreementRules rules;
    cascade::Mode mode = cascade::Mode::serve;
    RequestId request = 0;
    std::string_view system, question;  // outlive the call to compare()
    const std::string& reference_body;  // of a chat completion; both outlive it as well
    const std::string& body;
    cascade::ProofBudget::TicketPtr proof = {};  // pays for a judge; null: nobody counts
    std::shared_ptr<const Payer> payer = {};     // BackgroundCall
    telemetry::TraceOrigin origin = {};          // the request's
};

struct Outcome {
    bool worse = true;
    bool unheard = false;  // the gateway ends before a word was said that could have been
};

// `then` once, on the reactor, perhaps before compare() returns; not called where the gateway stops.
void compare(Lane& lane, const Comparison& comparison, std::function<void(const Outcome& outcome)> then);

}  // namespace weir::gateway
