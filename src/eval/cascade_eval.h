// `weir eval cascade`: recorded requests through the live policy learner, gates, plans and audits. What a grader would
// say of an answer, or whether it agrees with the reference's, is looked at only where the live system would have seen
// it: of a request whose reference was asked (and paid for) as well.
//   Labels: learn on so many random rows, score on the rest, again and again. Without: one pass in order.
// Thread rule: one thread; about 0.1 s a 1,000 rows and re-draw. Limits: those of cascade_rows.h; kMostModelTiers
// tiers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cascade/policy_learner.h"
#include "eval/cascade_rows.h"

namespace weir::eval {

struct CascadePlay {
    enum class Measure : std::uint8_t { harm, disagreement };
    Measure measure = Measure::harm;
    cascade::PolicyLearner::Options learner;
    std::optional<std::size_t> labels;
    // The promise is one over all rows, and those with labels are answered by the reference (what a batch wants). Else
    // it is one over the rows that are left, and the labels are free.
    bool count_labels = false;
    // Without labels, before each re-draw: as in the file, shuffled, or shuffled within each task, the tasks one after
    // another as they first come in the file.
    enum class Order : std::uint8_t { file, random, tasks };
    Order order = Order::file;
    bool triage = true;  // without labels: prompts are learned, too (cascade/prompt_classes.h)
    std::size_t redraws = 1;
    std::uint64_t seed = 1;
};

struct Range {
    double mean = 0, low = 0, high = 0;
};

struct CascadeSummary {
    std::size_t rows = 0, redraws = 0;
    Range saved, saved_last_third, harm, disagreement, quality, served;
    Range broken;  // share of re-draws over the promise, by the measure; exact interval of 95 %
    struct Segment {
        std::string task;
        std::size_t rows = 0;
        Range saved, worse;  // by the measure
        double broken = 0;   // share of re-draws in which this segment alone was over the promise
    };
    std::vector<Segment> segments;
    struct Fixed {
        std::string model;
        double saved = 0, harm = 0, disagreement = 0;
    };
    std::vector<Fixed> fixed;  // every tier, always
    // With labels: what one threshold on the first tier's raw evidence does, tested on the same labels from strict to
    // loose by Clopper and Pearson's bound.
    struct Plain {
        Range saved, served, worse;
        double broken = 0;
    };
    std::optional<Plain> plain;
    double shuffled_worse = 0;       // if as many of the same tiers' answers had been served at random, by the measure
    double audits = 0;               // share of requests for which the reference was asked although a tier had answered
    double bypassed = 0;             // share of requests that triage sent straight to the reference
    std::uint64_t alarms = 0;        // of all re-draws
    std::vector<std::string> plans;  // of the first re-draw's end, a task each: for reading
};

// The rows' models: the tiers in order, then the reference.
CascadeSummary evaluate_cascade(const std::vector<CascadeRow>& rows, const std::vector<std::string>& names,
                                const CascadePlay& options);

}  // namespace weir::eval
