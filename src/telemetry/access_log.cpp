#include "telemetry/access_log.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>

#include "base/hash.h"
#include "base/log.h"

namespace weir::telemetry {
namespace {

constexpr std::string_view kStandardOutput = "-";

int open_file(const std::string& file) {
    return ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

// "2026-01-31T12:00:00.000Z"
void append_time(Micros unix_micros, std::string& out) {
    const auto seconds = static_cast<std::time_t>(unix_micros / 1'000'000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[40];
    const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    out.append(text, size);
    const auto millis = static_cast<unsigned>(unix_micros / 1'000 % 1'000);
    out += '.';
    out += static_cast<char>('0' + millis / 100);
    out += static_cast<char>('0' + millis / 10 % 10);
    out += static_cast<char>('0' + millis % 10);
    out += 'Z';
}

// Members of the line's object, of which the first is written by hand.
struct Members {
    std::string& out;

    void raw(std::string_view name, std::string_view value) {
        out += ",\"";
        out += name;
        out += "\":";
        out += value;
    }
    void text(std::string_view name, std::string_view escaped) {
        if (escaped.empty()) return raw(name, "null");
        raw(name, "\"");
        out += escaped;
        out += '"';
    }
    void whole(std::string_view name, std::int64_t value) {
        char digits[24];
        const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
        raw(name, {digits, static_cast<std::size_t>(end - digits)});
    }
    void flag(std::string_view name, bool value) { raw(name, value ? "true" : "false"); }
    void usd(std::string_view name, bool known, Usd value) { raw(name, known ? to_decimal(value) : "null"); }
};

void add_tokens(const store::LedgerRow& row, Members& to) {
    std::int64_t input = 0, cached = 0, written = 0, output = 0, reasoning = 0;
    for (std::size_t i = 0; i < row.attempt_count; ++i) {
        const store::Attempt& attempt = row.attempts[i];
        input += attempt.input_uncached;
        cached += attempt.input_cached;
        written += std::int64_t{attempt.input_cache_write} + attempt.input_cache_write_1h;
        output += attempt.output;
        reasoning += attempt.reasoning;
    }
    to.whole("input_tokens", input);
    to.whole("cached_input_tokens", cached);
    to.whole("cache_write_tokens", written);
    to.whole("output_tokens", output);
    to.whole("reasoning_tokens", reasoning);
}

}  // namespace

void append_access_line(const Settled& settled, NameTexts& names, std::string& out) {
    const store::LedgerRow& row = settled.row;
    out += "{\"time\":\"";
    append_time(row.started_unix_micros, out);
    out += '"';
    Members to{out};
    std::string hex;
    append_hex(static_cast<std::uint64_t>(row.id), hex);
    to.text("id", hex);
    hex.clear();
    if (settled.note.trace.trace.any()) append_trace_id(settled.note.trace.trace, hex);
    to.text("trace_id", hex);
    to.text("operation", to_string(settled.note.operation));
    to.text("tenant", names.of(row.tenant).escaped);
    to.text("cascade", names.of(row.cascade).escaped);
    to.text("reference", names.of(row.reference).escaped);
    to.text("model", names.of(row.served_model).escaped);
    hex.clear();
    if (row.task != 0) append_hex(row.task, hex);
    to.text("task", hex);
    to.text("tier", row.tier ? store::to_string(*row.tier) : std::string_view());
    to.text("mode", store::to_string(row.mode));
    to.whole("status", row.status);
    to.flag("stream", row.streamed);
    to.flag("complete", row.complete);
    add_tokens(row, to);
    to.usd("cost_usd", row.cost_complete, row.cost);
    const bool known = row.cost_complete && row.counterfactual_how != store::Counterfactual::unknown;
    to.usd("saved_usd", known, row.saved());
    to.whole("latency_us", row.latency_micros);
    to.whole("overhead_us", row.overhead_micros);
    if (settled.note.first_token_micros >= 0) {
        to.whole("first_token_us", settled.note.first_token_micros);
    } else {
        to.raw("first_token_us", "null");
    }
    to.whole("attempts", row.attempt_count);
    out += "}\n";
}

Result<std::unique_ptr<AccessLog>> AccessLog::open(const std::string& file) {
    const bool standard = file == kStandardOutput;
    const int descriptor = standard ? ::dup(STDOUT_FILENO) : open_file(file);
    if (descriptor < 0) return fail(ErrorCode::io, "access_log: can't open " + file + ": " + std::strerror(errno));
    struct stat about {};
    const bool pipe = ::fstat(descriptor, &about) == 0 && !S_ISREG(about.st_mode);
    return std::unique_ptr<AccessLog>(new AccessLog(file, descriptor, pipe));
}

AccessLog::~AccessLog() {
    ::close(descriptor_);
}

void AccessLog::add(const Settled& settled, NameTexts& names) {
    append_access_line(settled, names, waiting_);
}

void AccessLog::write() {
    std::size_t before = 0;
    do {
        before = waiting_.size();
    } while (!waiting_.empty() && write_some() && waiting_.size() < before);
    if (waiting_.size() > kMostWaitingBytes) drop_waiting("it is not read");
}

bool AccessLog::write_some() {
    std::size_t size = waiting_.size();
    if (pipe_) {
        // What a pipe is ready for it takes without a wait, up to so much.
        size = std::min<std::size_t>(size, PIPE_BUF);
        pollfd ready{descriptor_, POLLOUT, 0};
        if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return false;
    }
    const ssize_t written = ::write(descriptor_, waiting_.data(), size);
    if (written < 0) {
        if (errno != EINTR && errno != EAGAIN) drop_waiting(std::strerror(errno));
        return false;
    }
    in_line_ = waiting_[static_cast<std::size_t>(written) - 1] != '\n';
    waiting_.erase(0, static_cast<std::size_t>(written));
    return true;
}

// A line that is in the log in part stays: half of it alone would spoil the next one.
void AccessLog::drop_waiting(const char* why) {
    const std::size_t kept = in_line_ ? waiting_.find('\n') + 1 : 0;
    const auto lines = std::count(waiting_.begin() + static_cast<std::ptrdiff_t>(kept), waiting_.end(), '\n');
    waiting_.resize(kept);
    lost_.fetch_add(static_cast<std::uint64_t>(lines), std::memory_order_relaxed);
    if (!complained_) log_warning("access_log: lines are lost: " + std::string(why));
    complained_ = true;
}

void AccessLog::reopen() {
    if (file_ == kStandardOutput) return;
    const int descriptor = open_file(file_);
    if (descriptor < 0) {
        log_error("access_log: can't open " + file_ + " again: " + std::strerror(errno) + "; the old file stays");
        return;
    }
    ::close(descriptor_);
    descriptor_ = descriptor;
    complained_ = in_line_ = false;
}

}  // namespace weir::telemetry
