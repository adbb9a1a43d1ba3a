// `weir health`: whether the running gateway is ready, for health checks of containers and supervisors.
// Thread rule: blocks the caller. Limits: those of admin_client.h.
#pragma once

#include <iosfwd>
#include <string>

#include "cli/config.h"

namespace weir::cli {

// Exit code: 0 it is; 1 it is not, or none runs there; 2 the configuration is wrong.
int health_command(const std::string& config_file, const LoadSettings& settings, std::ostream& out, std::ostream& err);

}  // namespace weir::cli
