// The configuration's file as the admin address works on it (admin/config_requests.h): looked at, checked, written and
// put in force, and what another one would have done with the log.
// A reload is the main thread's: apply() writes the file, sends the process a SIGHUP and waits until reloaded() tells
// what came of that very text; where it is an error the file is as it was before.
// Thread rule: reloaded() from the main thread; the rest as the base class says. Limits: kApplyMicros for a reload.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

#include "admin/config_requests.h"
#include "cli/config.h"

namespace weir::cli {

class FileDesk final : public admin::ConfigDesk {
  public:
    static constexpr Micros kApplyMicros = 30'000'000;

    // What the gateway runs on, whatever has become of the file; empty: it runs on the file.
    using Running = std::function<gateway::Options()>;

    // `send_hangup`: what makes the main thread reload; empty: SIGHUP to this process.
    FileDesk(std::string file, LoadSettings settings, std::function<void()> send_hangup = {}, Running running = {});

    const std::string& file() const override { return file_; }
    Result<std::string> text() const override;
    bool writable() const override;
    admin::ConfigCheck check(std::string_view text) const override;
    Result<admin::ConfigCheck> apply(const std::string& text) override;
    Result<admin::TaskModeText> with_task_mode(const admin::TaskMode& wanted) const override;
    Result<admin::WhatIfAnswer> what_if(const admin::WhatIf& asked) const override;

    // What came of a reload of this text.
    void reloaded(admin::ConfigCheck outcome, std::string_view text);

  private:
    Result<void> write(const std::string& text) const;
    Result<admin::ConfigCheck> hang_up(const std::string& digest);
    std::string digest() const;  // of the file as it is; empty: it can't be read
    Result<void> check_name(const cascade::CascadeOptions& cascade, const admin::TaskMode& wanted,
                            const std::string& folder) const;

    const std::string file_;
    const LoadSettings settings_;
    const std::function<void()> send_hangup_;
    const Running running_;
    mutable std::mutex mutex_;
    std::string in_force_;  // digest of the text that the gateway runs on; empty: not known
    std::condition_variable told_;
    std::string reloaded_;  // digest of the text that `outcome_` is about
    std::optional<admin::ConfigCheck> outcome_;
};

// `text` with the share of one promise set, in the line `line` or the few that follow, comments left alone; nothing
// where it isn't found. Whoever asks loads the result and compares.
std::optional<std::string> with_promise(const std::string& text, int line, double share);

}  // namespace weir::cli
