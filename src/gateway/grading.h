// What comes after a request that model tiers took part in, off the caller's path: whoever is missing is asked (the
// reference for an audit, the tiers for a trial), the tiers' answers are compared with the reference's
// (comparison.h), and the learner gets the trial (cascade/cascade_learner.h).
// Of a few requests of the hold-out the reference is asked once more: how far it agrees with itself is the yardstick's
// limit (agreement_book.h). Thread rule: the lane's reactor. Limits: kMostGraded at a time on a lane,
// kMostWaitingToBeGraded more wait; beyond that a request is told to the learner as one of which nothing is known
// (counted).
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "cascade/ladder.h"
#include "gateway/lane.h"

namespace weir::gateway {

struct Payer;  // spending.h

inline constexpr std::size_t kMostGraded = 8;
inline constexpr std::size_t kMostWaitingToBeGraded = 512;

// Keeps an answer of the reference's to learn from (examples.h); `repeat`: the same was asked before.
using ExampleKeeper = std::function<void(std::string_view body, bool repeat)>;

struct Grading {
    std::shared_ptr<LaneRoutes> routes;
    std::shared_ptr<const Plan> plan;
    std::shared_ptr<cascade::Course> course;
    store::NameId tenant = store::kNoName;
    cascade::Mode mode = cascade::Mode::serve;
    RequestId request = 0;
    telemetry::TraceOrigin origin;  // the same request's
    std::string body;               // the caller's own bytes
    std::string tail;               // of an inference route: behind the endpoint's path
    std::size_t json_bytes = 0;     // ... and of a body with tensors behind its JSON
    std::string system, question;
    std::string response_format;  // raw; empty: none
    cascade::AgreementRules rules;
    // What is known already: the policy's snapshot, the plan, who was asked on the caller's path and what was served.
    cascade::LadderClimb climb;
    tiers::ExactCache::EntryPtr reference;  // null: asked for, as an audit
    // An audit's answer, for the caches; may be empty.
    std::function<void(const std::shared_ptr<tiers::CacheEntry>& entry)> keep_reference;
    ExampleKeeper keep_example;                               // may be empty
    std::function<void(std::string_view body)> listener;      // hears an audit's answer; may be empty
    std::array<bool, cascade::kMostModelTiers> to_ask{};      // tiers that are to be asked as well
    std::array<std::string, cascade::kMostModelTiers> shown;  // the body with examples, for those that are shown any

    double proof_share = 1;                  // of every coin's usual probability (cascade/proof_budget.h)
    double canary = 1;                       // of the task's requests that its ladder may serve
    bool climbed = false;                    // the ladder, for the caller
    bool tried = false;                      // or beside the reference
    bool bypassed = false;                   // all tiers that might have served were skipped by triage
    bool blind = false;                      // nobody watches the promise: nothing is served
    cascade::CascadeLearner::Prompt prompt;  // what triage and the watch over inputs see of it; null: not watched
    cascade::Course::Turn turn;              // of a new task's trial
    cascade::ProofBudget::TicketPtr proof;   // pays for what is asked; null: nobody counts
    std::shared_ptr<const Payer> payer;      // BackgroundCall
    // Whether the task's ladder may serve at all at present.
    bool in_force() const {
        return mode == cascade::Mode::serve && !blind && climb.policy && climb.policy->serves(climb.plan);
    }
};

void grade(Lane& lane, std::unique_ptr<Grading> grading);

}  // namespace weir::gateway
