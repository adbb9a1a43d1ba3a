// Reads the evaluator's recorded cascades: JSON Lines, a request a line, with what each model answered:
//   {"id", "task", "system", "prompt", "models": {NAME: {"answer", "correct", "logconf", "cost_usd", ...}}}
// Thread rule: plain functions that block on disk. Limits: those of tsv.h. Errors begin with file:line.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace weir::eval {

struct RecordedAnswer {
    std::string answer;
    std::optional<bool> correct;   // what a grader would say
    std::optional<float> logconf;  // mean token log-probability
    double cost_usd = 0;
};

struct CascadeRow {
    std::string id, task, system, prompt;
    std::vector<RecordedAnswer> models;  // in the order of the names that were asked for
};

// Every row must hold all of `models`; other models and members are passed over.
Result<std::vector<CascadeRow>> read_cascade_rows(const std::string& file, std::span<const std::string> models);

}  // namespace weir::eval
