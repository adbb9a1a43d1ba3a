// What model tiers under a promise have brought, by course and task, from what is on disk: the trials' log says how
// good the served answers were and what each tier would have done alone, the log of decisions what is proved, the
// ledger what was spent. Trials are taken from the report's time; those that do not know theirs only where it has no
// beginning. Thread rule: pure functions, but for read_cascade_reports(), which blocks on disk. Limits: those of the
// logs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cascade/decision_log.h"
#include "cascade/trial_log.h"
#include "store/report_costs.h"

namespace weir::admin {

inline constexpr std::size_t kLeastHeldOut = 30;

// With the ends of a 95 % confidence interval.
struct Estimate {
    double value = 0, low = 0, high = 1;
    std::size_t seen = 0;  // outcomes that it rests on
};

// A model that always answers instead of the cascade.
struct FixedModel {
    std::string model;
    double saved = 0;  // share of what the reference would have cost
    Estimate worse;    // answers, no answer at all counted as one
};

struct CascadeFigures {
    std::uint64_t task = 0;  // 0: the whole course
    std::string name;        // of the task, empty where none is known
    store::CostLine ledger;
    std::optional<cascade::Decision> state;  // the last word on the task's plan, or on the certificate

    std::size_t trials = 0, known = 0;  // requests that came to the model tiers; their outcome is known
    std::size_t served = 0;             // by model tiers
    // Of the answers that the gates let through: audited ones and those of the hold-out, each weighted for its coin.
    std::optional<Estimate> served_worse;
    // Of all requests that came to the model tiers: the same times the share that is served. What the promise is about.
    std::optional<double> all_worse;

    // The hold-out's: requests answered by the reference, with all tiers asked, while the ladder was in force.
    std::size_t held_out = 0;
    std::optional<Estimate> hold_out_saved;  // share of the reference's cost, before what proof costs
    std::optional<double> hold_out_net;      // ... less what trials, audits and judges cost
    std::optional<Estimate> hold_out_worse;  // share of all answers

    std::vector<FixedModel> fixed;
    std::optional<std::size_t>
        best_fixed;  // the one that saves most among those that keep the promise by what was seen
    // As many requests served by each tier, drawn at random: the share of worse ones among all.
    std::optional<double> shuffle_worse;
};

struct CourseReport {
    std::string course;
    cascade::CourseName name;
    CascadeFigures total;
    std::vector<CascadeFigures> tasks;  // by requests, most first
};

struct CascadeReportQuery {
    Micros since_unix_micros = 0;
    Micros until_unix_micros = INT64_MAX;
};

// `costs`: of the same time. Of several courses of one cascade and reference (its tiers were others before) the latest.
std::vector<CourseReport> cascade_reports(const std::vector<cascade::RecordedCourse>& courses,
                                          const std::vector<cascade::Decision>& decisions,
                                          const std::vector<store::CostLine>& costs, const CascadeReportQuery& query);

// From the data folder's files; empty where there are no trials yet.
Result<std::vector<CourseReport>> read_cascade_reports(const std::string& folder,
                                                       const std::vector<store::CostLine>& costs,
                                                       const CascadeReportQuery& query);

}  // namespace weir::admin
