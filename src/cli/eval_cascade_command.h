// `weir eval cascade`: recorded requests through the live gates, plans and audits.
// Thread rule: called once, by main's thread; takes seconds to minutes.
#pragma once

#include <iosfwd>
#include <string>

#include "cli/table.h"

namespace weir::cli {

struct EvalCascadeArguments {
    std::string in_file, reference, tiers;  // tiers: comma-separated
    std::string promise = "2%", confidence = "90%", measure = "harm", order = "file";
    std::string labels;  // empty: one pass in order
    bool no_triage = false;
    bool count_labels = false;
    std::uint64_t redraws = 1, seed = 1;
    OutputFormat format = OutputFormat::table;
};

// Exit code: 0, 1 it can't be done, 2 wrong arguments or input (file:line).
int eval_cascade_command(const EvalCascadeArguments& arguments, std::ostream& out, std::ostream& err);

}  // namespace weir::cli
