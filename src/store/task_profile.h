// Which tasks a student could learn: narrow (few answers, said again and again), frequent, checkable (short or JSON,
// and the reference says the same when it is asked again) and costly. Told from the ledger and from what the example
// store has kept; digests are enough for all but the last word. The chance that the next answer is one that was not
// seen yet is estimated by the share of answers seen once (Good 1953, after Turing). Thread rule: profile_task() is
// pure; profile_tasks() blocks on disk: any thread but a reactor's. Limits: those of store/example_files.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/example.h"
#include "store/report_costs.h"

namespace weir::store {

// What the kept examples of one task say.
struct ExampleSummary {
    std::uint64_t examples = 0, content = 0, may_distil = 0;
    std::uint64_t prompts = 0;       // different ones
    std::uint64_t answers = 0;       // different ones
    std::uint64_t answers_once = 0;  // seen only once
    std::uint64_t json = 0, brief = 0;
    std::uint64_t answer_bytes = 0;           // of all
    std::uint64_t repeats = 0, repeated = 0;  // prompts asked again, and with the same answer as at first
    std::uint64_t forms = 0;                  // different pairs of system text and response format
    bool newest_has_content = false, newest_may_distil = false;
    Micros first_unix_micros = 0, last_unix_micros = 0;

    // Of the next answers: probably seen before. Of the answers: JSON, or of at most kBriefBytes.
    double seen_before() const;
    double closed() const;
    std::optional<double> stability() const;  // of prompts asked again; nothing where there were none
};
inline constexpr std::uint32_t kBriefBytes = 64;

ExampleSummary summarize(std::span<const Example> examples);  // of one task, oldest first

struct TaskProfile {
    std::string tenant;  // empty: not known
    CostLine ledger;     // of the time that was asked for
    ExampleSummary examples;
    double requests_per_day = 0;  // past the caches
    Usd per_day;                  // what the reference would cost for these
    // Each from 0 to 1; the score is their product.
    double narrow = 0, frequent = 0, checkable = 0, costly = 0;
    double score = 0;
    bool eligible = false;
    std::string why_not;  // in a few words, where it is not
    Usd could_save;       // in that time, at most: of the answers that were seen before and are said again
};

// A task needs so many examples to be eligible; closed answers, seen before, said again in these shares.
inline constexpr std::uint64_t kLeastExamples = 200;
inline constexpr double kLeastClosed = 0.9, kLeastSeenBefore = 0.8, kLeastStability = 0.8;
inline constexpr std::uint64_t kLeastRepeats = 10;  // before stability counts
// Half a point for so many requests and dollars a day.
inline constexpr double kHalfRequests = 100, kHalfUsd = 0.1;

// `days` that the ledger's line is about; less than one counts as one.
TaskProfile profile_task(const CostLine& ledger, const ExampleSummary& examples, double days);

// Of each task of `costs` that came past the caches or has examples, the highest score first. The time that the lines
// are about is from `since` (or the first example, whichever is later) to `until`.
std::vector<TaskProfile> profile_tasks(const std::string& data_folder, const std::vector<CostLine>& costs,
                                       Micros since_unix_micros, Micros until_unix_micros);

}  // namespace weir::store
