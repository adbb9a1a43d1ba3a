// `weir serve`: the gateway itself.
// Thread rule: called once, by main; returns when the gateway has drained.
#pragma once

#include <string>

#include "base/log.h"

namespace weir::cli {

struct ServeArguments {
    std::string config_file;
    LogLevel log_level = LogLevel::info;
};

// Exit code: 0 drained after SIGTERM or SIGINT, 1 failed, 2 the configuration is wrong.
int serve_command(const ServeArguments& arguments);

}  // namespace weir::cli
