// What a data folder's logs say of the traffic to each reference: the ledger's requests summed by task, what proof
// cost, how long models take, and the trials of the cascades' learner. Food for replay.h. Thread rule:
// read_replay_log() blocks on disk; plain values otherwise. Limits: kMostReplayTasks tasks a reference have sums of
// their own, the others share one; trials as store/record_log.h keeps them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "cascade/trial_log.h"
#include "wire/usage.h"

namespace weir::eval {

inline constexpr std::size_t kMostReplayTasks = 10'000;

// Of one task's answered requests, by who answered, or (would_be_...) would have answered, had it been allowed to.
struct ReplayTask {
    std::uint64_t requests = 0, exact = 0, semantic = 0, would_be_exact = 0, would_be_semantic = 0;
    double reference_usd = 0;  // what the reference would have cost for all of them
    // The same for those that a cache answered, or would have answered.
    double exact_usd = 0, semantic_usd = 0, would_be_exact_usd = 0, would_be_semantic_usd = 0;
};

struct ModelTimes {
    std::uint64_t answers = 0;
    double sum_micros = 0, squares = 0;
    wire::Usage tokens;  // of all answers
    double usd = 0;      // what they cost
    double mean() const { return answers == 0 ? 0 : sum_micros / static_cast<double>(answers); }
};

struct ReplayReference {
    std::string name;  // "provider/model"
    std::map<std::uint64_t, ReplayTask> tasks;
    std::uint64_t requests = 0, unpriced = 0;  // answered; of these, left out: no price is known
    double spent_usd = 0;                      // by the requests themselves
    double proof_usd = 0, judge_usd = 0;       // audits, refreshes and trials; judges
    double latency_micros = 0;                 // sum over the requests
    double cache_micros = 0;                   // ... over those that a cache answered
    std::uint64_t cached = 0;
    std::uint64_t looked_up_exact = 0, looked_up_semantic = 0;  // requests for which such a tier was tried or looked at
};

struct ReplayLog {
    std::vector<ReplayReference> references;  // most expensive first
    std::map<std::string, ModelTimes> models;
    std::vector<cascade::RecordedCourse> courses;  // with a name
    std::uint64_t rows = 0;
};

// Requests that began at or after `since`; trials have no time, all that are kept are taken. No trials at all are no
// error. Errors: not_found (no ledger), invalid, io.
Result<ReplayLog> read_replay_log(const std::string& folder, Micros since_unix_micros, Micros until_unix_micros);

}  // namespace weir::eval
