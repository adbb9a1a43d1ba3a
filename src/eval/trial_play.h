// One request as the live gateway plays it (gateway/trials.cpp): the coins of hold-out, trial, grading and audit, the
// climb of the task's ladder, with recorded answers. What comes of it is the learner's food.
// Thread rule: one owner of the coins. Limits: none.
#pragma once

#include <cstddef>

#include "cascade/policy.h"
#include "cascade/trial.h"
#include "learn/random_bits.h"
#include "learn/spaced_coins.h"

namespace weir::eval {

// What is recorded of a request.
class RecordedRequest {
  public:
    virtual void ask(cascade::Trial& trial, std::size_t tier) const = 0;
    // And grades the tiers that were asked.
    virtual void ask_reference(cascade::Trial& trial) const = 0;

  protected:
    ~RecordedRequest() = default;
};

struct PlayedTrial {
    cascade::Trial trial;
    bool audited = false;   // the reference was asked although a tier's answer was served
    bool bypassed = false;  // all tiers that might have served were skipped by triage
};
// With the task's number in `trial`, and what triage foresees of the answers; `opens`: of the gates. `audits`: by which
// a student's are drawn; null: by coins.
PlayedTrial play_trial(const RecordedRequest& request, cascade::Trial trial, const cascade::Foreseen& opens,
                       std::size_t tiers, const cascade::Policy& policy, learn::RandomBits& coins,
                       learn::SpacedCoins* audits = nullptr);

// Climbs the plan's ladder until a gate opens; `risk` of the answer that is served.
void climb_ladder(const RecordedRequest& request, cascade::Trial& trial, const cascade::Policy& policy,
                  const cascade::TaskPlan& plan, double& risk);

}  // namespace weir::eval
