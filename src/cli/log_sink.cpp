#include "cli/log_sink.h"

// Header-only: nothing to link, and the sanitizers see into it.
#define FMT_HEADER_ONLY
#include <spdlog/async.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <string>

namespace weir::cli {
namespace {

constexpr std::size_t kQueueLines = 8192;
constexpr std::size_t kMaxLineBytes = 4096;

// base/log.h calls a plain function, so what it writes to has to be found without an argument.
struct Output {
    std::shared_ptr<spdlog::details::thread_pool> pool;
    std::shared_ptr<spdlog::async_logger> logger;
};
std::unique_ptr<Output> output;

spdlog::level::level_enum level_of(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warning:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

void write(LogLevel level, std::string_view message) {
    const spdlog::level::level_enum as = level_of(level);
    if (!output->logger->should_log(as)) return;
    message = message.substr(0, kMaxLineBytes);
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (std::none_of(message.begin(), message.end(), is_control)) {
        output->logger->log(as, spdlog::string_view_t(message.data(), message.size()));
        return;
    }
    std::string clean(message);
    std::replace_if(clean.begin(), clean.end(), is_control, ' ');
    output->logger->log(as, spdlog::string_view_t(clean));
}

}  // namespace

LogOutput::LogOutput(LogLevel least) {
    output = std::make_unique<Output>();
    output->pool = std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1);
    output->logger =
        std::make_shared<spdlog::async_logger>("weir", std::make_shared<spdlog::sinks::stderr_color_sink_mt>(),
                                               output->pool, spdlog::async_overflow_policy::overrun_oldest);
    output->logger->set_level(level_of(least));
    output->logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
    set_log_sink(write);
}

LogOutput::~LogOutput() {
    if (const std::uint64_t lost = lines_lost(); lost > 0) {
        log_warning(std::to_string(lost) + " log lines were lost: more came than could be written");
    }
    set_log_sink(nullptr);
    output.reset();  // the pool's thread writes what waits, then ends
}

std::uint64_t LogOutput::lines_lost() const {
    return output->pool->overrun_counter();
}

}  // namespace weir::cli
