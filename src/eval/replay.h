// `weir replay`: what another configuration would have done with the own log: dollars, quality and time, each with an
// interval, or what is missing to tell. The candidate's gates and plans are learned by the live learner
// (cascade/policy_learner.h) from the trials in the log, in their order, from nothing, and each trial is scored under
// the policy that was in force when it came: young tasks and all. The last third says how it goes on.
//   A trial says what a policy would have done with its request if all tiers that the policy may ask were graded. Those
//   of the hold-out are a random sample of a task's requests; where the ladder that was in force held all these tiers
//   too, so are the others that are known, each standing for 1 / (the probability that it became known).
//   Tasks are weighted by their requests in the ledger. Intervals of dollars and times are percentiles of 200
//   bootstrap samples of each task's trials (Efron 1979), times also vary by the standard error of each model's mean;
//   of worse answers those of weighted counts (Fay and Feuer, learn/certificates.h).
// Assumed: a task's requests are alike over the log, a model's answers do not depend on who asked before it, caches
// would have had the same hits. Quality is that of the model tiers, as promises count it: what caches served wrong is
// not in it. Thread rule: pure functions. Limits: those of PolicyLearner (the last 20,000 trials are used).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cascade/options.h"
#include "eval/replay_log.h"

namespace weir::eval {

// What a candidate configuration would do with the requests for one reference.
struct ReplayCandidate {
    std::string cascade;  // its name; empty: none takes the model
    cascade::Mode mode = cascade::Mode::off;
    bool exact = false, semantic = false;
    struct Fixed {
        std::string model;
        double least_evidence = 0;
    };
    std::vector<Fixed> fixed;          // model tiers with a threshold of their own, in order
    std::vector<std::string> learned;  // model tiers whose gates are learned, in order
    std::optional<cascade::Promise> promise;
    // By model: what its answers in the log would cost now, over what they did cost; absent: the same.
    std::map<std::string, double> price_factor;
};

struct Interval {
    double mean = 0, low = 0, high = 0;  // 95 %
};

struct ReplayLine {
    std::string reference, cascade;
    std::uint64_t requests = 0, unpriced = 0;
    double baseline_usd = 0;  // the reference for everything, at the candidate's prices
    double was_usd = 0, was_saved = 0, was_worse = 0, was_micros = 0;  // as it was, proof included
    std::optional<Interval> saved_last_third, worse_last_third;
    std::optional<Interval> usd, saved, worse, micros;  // nothing: can't be told
    double proof_usd = 0;                               // of `usd`: audits, hold-out and judges
    std::map<std::string, double> served;               // share of requests by tier
    bool serves = false;                                // model tiers: a certificate would have been found
    double worse_at_most = 1;                           // that certificate's bound
    std::size_t trials = 0;                             // that could be used
    std::vector<std::string> cant_tell;                 // why, and how many trials that would take
};

ReplayLine replay(const ReplayLog& log, const ReplayReference& reference, const ReplayCandidate& candidate,
                  std::uint64_t seed);

// How many known trials it takes to prove a promise where half of it is used up.
std::size_t trials_to_prove(double promise, double confidence);

}  // namespace weir::eval
