// Questions of Weir's own, off every caller's path: to the reference for the audit of a served hit and the refresh of
// an entry, to another model for its own sake (gateway/judge.h). What they cost is in the ledger, as rows of their own.
// Thread rule: the lane's reactor. Limits: kMostBackgroundCalls at a time on a reactor; more are not asked (counted).
// A judge's have their own limit, and count here as well. A copy of the request is held as long as the call lasts.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/request_life.h"

namespace weir::gateway {

struct Payer;     // spending.h
struct Spending;  // the same

constexpr std::size_t kMostBackgroundCalls = 32;

struct BackgroundCall {
    store::Purpose purpose = store::Purpose::audit;
    std::shared_ptr<LaneRoutes> routes;
    std::shared_ptr<const Plan> plan;
    store::NameId tenant = store::kNoName;
    std::uint64_t task = 0;
    cascade::Mode mode = cascade::Mode::serve;
    telemetry::TraceOrigin origin;                       // the request that it is asked for
    std::shared_ptr<const tiers::ModelUpstream> target;  // who is asked; null: the plan's reference
    // A chat completion: the caller's own bytes; the model's name is put in. Of an inference route (Plan::inference) it
    // goes as it is.
    std::string body;
    std::string tail;                       // of an inference route: behind the endpoint's path
    std::size_t json_bytes = 0;             // ... and of a body with tensors behind its JSON
    bool logprobs = false;                  // asked for as well
    bool vary = false;                      // see wire::UpstreamForm
    Micros timeout_micros = 300'000'000;    // for all of it
    bool whole_answers = true;              // false: one that was cut short is as good
    cascade::ProofBudget::TicketPtr proof;  // pays for it; null: nobody counts
    std::shared_ptr<const Payer> payer;     // whose budgets it counts for besides; null: nobody's
    std::shared_ptr<Spending> spending;     // what it reserved; null: nothing
    // Once, on the reactor: the whole answer, without provenance; nullptr where none came. Not called where the gateway
    // stops.
    std::function<void(std::shared_ptr<tiers::CacheEntry> fresh)> then;
};

// How many more calls there is room for.
std::size_t background_room(const Lane& lane);
// False: too many are under way, or the gateway is about to stop.
bool ask_in_background(Lane& lane, BackgroundCall call);

// For the end of the gateway. From now on nothing more is asked:
void close_background(Lane& lane);
// ... and what is under way is cut off; its rows are written still. Lane::background_running is 0 once that is done.
void cancel_background(Lane& lane);

}  // namespace weir::gateway
