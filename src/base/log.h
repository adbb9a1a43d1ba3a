// The logging front: every room logs through log(); the command line installs the sink (asynchronous, to stderr), tests
// install one of their own or none.
// Thread rule: log() from any thread, must not block: the sink's duty. set_log_sink before threads start.
// Rule: no prompt, answer or key text in a log line.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

using LogSink = void (*)(LogLevel level, std::string_view message);

void set_log_sink(LogSink sink);  // nullptr: messages are dropped
void log(LogLevel level, std::string_view message);

inline void log_info(std::string_view message) {
    log(LogLevel::info, message);
}
inline void log_warning(std::string_view message) {
    log(LogLevel::warning, message);
}
inline void log_error(std::string_view message) {
    log(LogLevel::error, message);
}

}  // namespace weir
