// `weir doctor`: what stands in the way of serving a configuration on this machine, and what to do about it.
// Thread rule: called once, by main's thread; waits for disk and network. Limits: those of doctor_parts.h.
#pragma once

#include <iosfwd>
#include <string>

#include "base/clock.h"
#include "cli/config.h"
#include "cli/table.h"

namespace weir::cli {

struct DoctorArguments {
    std::string config_file;
    bool offline = false;  // no provider is asked
    OutputFormat format = OutputFormat::table;
};

// Exit code: 0 nothing is wrong (with warnings or not), 1 something is, 2 there is no such configuration.
int doctor_command(const DoctorArguments& arguments, const LoadSettings& settings, const Clock& clock,
                   std::ostream& out, std::ostream& err);

}  // namespace weir::cli
