// The access log: a line of JSON for each request (docs/telemetry.md), no prompt and no answer in it. Appended to a
// file, which is opened anew on demand (logrotate), or to standard output.
// Thread rule: one thread; lost() from any. Writing to a file may wait for its disk.
// Limits: kMostWaitingBytes wait for a standard output that takes nothing; then lines are lost, and counted.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/result.h"
#include "telemetry/name_texts.h"
#include "telemetry/settled.h"

namespace weir::telemetry {

constexpr std::size_t kMostWaitingBytes = 1u << 20;

// Appends the line with its end.
void append_access_line(const Settled& settled, NameTexts& names, std::string& out);

class AccessLog {
  public:
    // "-": standard output. Error io: the file can't be opened.
    static Result<std::unique_ptr<AccessLog>> open(const std::string& file);
    ~AccessLog();
    AccessLog(const AccessLog&) = delete;
    AccessLog& operator=(const AccessLog&) = delete;

    void add(const Settled& settled, NameTexts& names);
    void write();  // what was added since
    // The file of that name, which may be another one by now. Where it can't be opened, the old one stays.
    void reopen();
    std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

  private:
    AccessLog(std::string file, int descriptor, bool pipe)
        : file_(std::move(file)), descriptor_(descriptor), pipe_(pipe) {}
    bool write_some();  // false: nothing could be written
    void drop_waiting(const char* why);

    const std::string file_;
    int descriptor_;
    const bool pipe_;  // may take nothing for any time
    std::string waiting_;
    bool in_line_ = false;  // waiting_ begins inside of a line
    bool complained_ = false;
    std::atomic<std::uint64_t> lost_{0};
};

}  // namespace weir::telemetry
