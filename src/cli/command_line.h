// The commands of the program `weir`, their options and their help. CLI11 stays in command_line.cpp.
// Thread rule: called once, by main.
#pragma once

#include <functional>
#include <iosfwd>

#include "cli/serve.h"

namespace weir::cli {

// Runs the command that the arguments name. Exit code: 0 done, 1 failed, 2 wrong usage or input.
// `serve` is handed in, so that this file needs nothing of the gateway.
int run_command_line(int argc, const char* const* argv, const std::function<int(const ServeArguments&)>& serve,
                     std::ostream& out, std::ostream& err);

}  // namespace weir::cli
