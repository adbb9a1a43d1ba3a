// `weir check`: reads a configuration and says what is wrong with it, or which cascades it makes.
#pragma once

#include <iosfwd>
#include <string>

#include "cli/config.h"
#include "cli/table.h"

namespace weir::cli {

struct CheckArguments {
    std::string config_file;
    OutputFormat format = OutputFormat::table;
};

// Errors and warnings go to `err` as file:line: message, in JSON form into the one object on `out`.
// Exit code: 0 fine (with warnings or not), 2 wrong.
int check_command(const CheckArguments& arguments, const LoadSettings& settings, std::ostream& out, std::ostream& err);

}  // namespace weir::cli
