// `weir eval examples`: which earlier answers a model would be shown, for recorded requests.
// Thread rule: called once, by main's thread; seconds.
#pragma once

#include <iosfwd>
#include <string>

#include "cli/table.h"
#include "eval/example_play.h"

namespace weir::cli {

struct EvalExamplesArguments {
    std::string in_file;
    std::string out_file;  // empty: none
    eval::ExamplePlay play;
    OutputFormat format = OutputFormat::table;
};

// Exit code: 0, 1 it can't be done, 2 wrong arguments or input (file:line).
int eval_examples_command(const EvalExamplesArguments& arguments, std::ostream& out, std::ostream& err);

}  // namespace weir::cli
