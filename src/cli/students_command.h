// `weir students`: which students a running gateway has, where in their life, and what people may say about them.
// Thread rule: called once, by main's thread; waits for the gateway.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/config.h"
#include "cli/table.h"

namespace weir::cli {

struct StudentsArguments {
    std::string config_file;
    std::string action = "list";  // promote, demote, rollback
    std::string student;          // for these
    OutputFormat format = OutputFormat::table;
};

// Exit code: 0, 1 the gateway can't be asked or refuses, 2 wrong arguments or configuration.
int students_command(const StudentsArguments& arguments, const LoadSettings& settings, std::ostream& out,
                     std::ostream& err);

// What GET /api/students says, for people. Error invalid: it says something else.
Result<std::string> render_students_table(std::string_view body);

}  // namespace weir::cli
