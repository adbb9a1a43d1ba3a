// Log lines to stderr, written by a thread of their own: "2025-01-31T12:00:00.000Z warning message".
// Thread rule: one LogOutput at a time; it is made before the threads that log and outlives them.
// Limits: 8,192 lines wait to be written; when they are more, the oldest give way and are counted. A line has at most
// 4 KiB; control characters in it become spaces, so that no message can forge a line.
#pragma once

#include <cstdint>

#include "base/log.h"

namespace weir::cli {

class LogOutput {
  public:
    explicit LogOutput(LogLevel least);
    ~LogOutput();  // writes what waits, and how many lines gave way
    LogOutput(const LogOutput&) = delete;
    LogOutput& operator=(const LogOutput&) = delete;

    std::uint64_t lines_lost() const;
};

}  // namespace weir::cli
