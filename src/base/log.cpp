#include "base/log.h"

#include <atomic>

namespace weir {
namespace {
std::atomic<LogSink> current_sink{nullptr};
}

void set_log_sink(LogSink sink) {
    current_sink = sink;
}

void log(LogLevel level, std::string_view message) {
    if (const LogSink sink = current_sink.load(std::memory_order_relaxed)) sink(level, message);
}

}  // namespace weir
