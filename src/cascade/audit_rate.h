// How often a semantic hit is audited: at the cascade's rate, and more often where an audit is worth more. Each rate is
// settled before the outcome is known and goes with the outcome, so that proofs weigh it rightly.
//   A question that comes again and again: its sixth hit for sure. What that costs is a small part of what the question
//   has saved, and its own answer ends whatever was wrong.
//   After a wrong hit of the task: kSuspectHits hits at kSuspectFactor times the rate. Faults come in bursts (a changed
//   prompt, a new kind of question), and the gate closes sooner.
// Thread rule: pure functions; the counters are atomic.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tiers/semantic_cache/task_judges.h"

namespace weir::cascade {

inline constexpr std::uint32_t kAuditedRepeat = 6;
inline constexpr std::uint32_t kSuspectHits = 50;
inline constexpr double kSuspectFactor = 4;

// `base`: the cascade's; 0 stays 0. `times_served`: how often this question has been answered with another's answer,
// this time included. Takes one of the task's suspect hits.
inline double audit_share(double base, std::uint32_t times_served, tiers::semantic::TaskCounters& task) {
    if (base <= 0) return 0;
    if (times_served == kAuditedRepeat) return 1;
    std::uint32_t left = task.suspect.load(std::memory_order_relaxed);
    while (left > 0 && !task.suspect.compare_exchange_weak(left, left - 1, std::memory_order_relaxed)) {
    }
    return left > 0 ? std::min(1.0, base * kSuspectFactor) : base;
}

// A hit of the task was wrong.
inline void suspect(tiers::semantic::TaskCounters& task) {
    task.suspect.store(kSuspectHits, std::memory_order_relaxed);
}

}  // namespace weir::cascade
