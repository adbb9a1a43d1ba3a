// What the admin address is asked about the configuration: its text, whether another one is right, to run on that, and
// what it would have done with the own log.
//   GET  /api/config           {"file", "text", "digest", "writable"}
//   POST /api/config/check     {"text"}: {"ok", "errors": [{"line", "message"}], "warnings": [..]}
//   POST /api/config/apply     {"text", "digest"}: the same and "kept": what changes with a restart only
//   POST /api/tasks/{task}/mode {"cascade", "mode"}: written into the file and reloaded
//   POST /api/what-if          {"text"? | "promise"? | "price"?, "since"?}: {"job"}
//   GET  /api/what-if/{job}    {"state": "running" | "done" | "failed", "said"?, "result"?}
// The configuration is read by a room below (cli): ConfigDesk is the seam.
// Thread rule: the desk is used by one thread at a time, which waits for disk and, in apply(), for the main thread;
// jobs run on a thread of their own, one after another. Limits: texts as large as a POST's body; kMostJobs are
// remembered, one runs and kMostWaiting wait.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/route.h"
#include "base/result.h"
#include "base/worker.h"
#include "store/ledger_row.h"

namespace weir::admin {

struct ConfigProblem {
    int line = 0;  // 0: the file as a whole
    std::string message;
};

struct ConfigCheck {
    std::vector<ConfigProblem> errors, warnings;
    std::vector<std::string> kept;  // after apply(): what changes with a restart only
};

// What is asked of the own log.
struct WhatIf {
    std::optional<std::string> text;              // another configuration; nothing: the present file
    std::string cascade;                          // whose promise changes; empty: all that have one
    std::optional<double> promise;                // a share
    std::string model;                            // whose price changes
    std::optional<double> input_usd, output_usd;  // per million tokens
    std::string since = "30d";
};

struct WhatIfAnswer {
    std::string result;               // JSON, as `weir replay --format json` has it
    std::optional<std::string> text;  // the file with that change made; nothing: it has to be made by hand
};

// A task's own mode, below its cascade's.
struct TaskMode {
    std::string cascade, task;        // the task: 16 hexadecimal digits
    std::optional<store::Mode> mode;  // nothing: as its cascade
};
struct TaskModeText {
    std::string text;  // the file with it
    std::optional<store::Mode> before;
};

class ConfigDesk {
  public:
    virtual ~ConfigDesk() = default;
    virtual const std::string& file() const = 0;
    virtual Result<std::string> text() const = 0;
    // Whether apply() can write it: a package's or a container's may be read-only.
    virtual bool writable() const = 0;
    virtual ConfigCheck check(std::string_view text) const = 0;
    // Writes and runs on it. With errors nothing has changed. Error: io, timeout.
    virtual Result<ConfigCheck> apply(const std::string& text) = 0;
    // Errors: not_found (no such cascade), invalid (a mode above the cascade's; the file is not the one in force; it is
    // written in a way that only people can change), io.
    virtual Result<TaskModeText> with_task_mode(const TaskMode& wanted) const = 0;
    // Seconds of work; any thread. Errors: invalid, not_found, io.
    virtual Result<WhatIfAnswer> what_if(const WhatIf& asked) const = 0;
};

Result<WhatIf> parse_what_if(std::string_view body);
std::string render_check(const ConfigCheck& check);

// Questions about the log under way and answered.
class WhatIfJobs {
  public:
    static constexpr std::size_t kMostJobs = 32;
    static constexpr std::size_t kMostWaiting = 4;

    explicit WhatIfJobs(const ConfigDesk& desk) : desk_(desk) {}

    // The job's number. Error unavailable: too many wait.
    Result<std::uint64_t> begin(WhatIf asked);
    // Error not_found.
    Result<std::string> render(std::uint64_t job) const;

  private:
    struct Job {
        std::uint64_t number = 0;
        std::optional<Result<WhatIfAnswer>> done;
    };
    const ConfigDesk& desk_;
    mutable std::mutex mutex_;
    std::deque<Job> jobs_;  // the oldest first
    std::uint64_t last_ = 0;
    Worker worker_;  // the last member: it ends first
};

// {"cascade": "default", "mode": "shadow" | null}; `task` as the path has it. Error invalid.
Result<TaskMode> parse_task_mode(std::string_view task, std::string_view body);

void add_config(RouteTable& routes, ConfigDesk& desk, WhatIfJobs& jobs);

}  // namespace weir::admin
