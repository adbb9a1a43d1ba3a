// `weir eval spans`: how well a student for extraction learns a recorded task, by number of examples.
// Thread rule: called once, by main's thread; seconds.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/table.h"

namespace weir::cli {

struct EvalSpansArguments {
    std::string in_file;
    std::vector<std::uint64_t> train{5000};  // the same file for each
    std::uint64_t seed = 1;
    bool nearest = false;  // the nearest example's answer instead of a tagger's
    OutputFormat format = OutputFormat::table;
};

// Exit code: 0, 1 it can't be done, 2 wrong arguments or input (file:line).
int eval_spans_command(const EvalSpansArguments& arguments, const Clock& clock, std::ostream& out, std::ostream& err);

}  // namespace weir::cli
