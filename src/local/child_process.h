// One child process, bound to the life of the thread that started it: SIGKILL reaches the child when that thread, or
// the whole process, ends in whatever way (PR_SET_PDEATHSIG). It has a process group of its own, so that a Ctrl-C at
// the terminal is for its parent only, and none of the parent's descriptors. Thread rule: everything from the one
// thread that called start(), which must outlive the object. Limits: a program that starts others without exec (a
// wrapper script) is bound by this alone, not what it started.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace weir::local {

struct ChildCommand {
    std::string program;                   // a path
    std::vector<std::string> arguments;    // without the program's own name
    std::vector<std::string> environment;  // "NAME=value", over the parent's own
    std::string output_file;               // stdout and stderr are appended; empty: discarded
};

// The path of a program named by path or to be found on the PATH. not_found and invalid (not executable) say what to
// do.
Result<std::string> find_program(std::string_view name);

// A descriptor that becomes readable when the process ends; -1 where there is no such process, or no pidfd.
int open_exit_fd(int pid);

class ChildProcess {
  public:
    static Result<ChildProcess> start(const ChildCommand& command);

    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&&) = delete;
    ChildProcess(const ChildProcess&) = delete;
    ~ChildProcess();  // SIGKILL, waits

    int pid() const { return pid_; }
    // Readable once the child has ended; -1 where the kernel has no pidfd (before 5.3): ask exited() now and then.
    int exit_fd() const { return exit_fd_; }

    // Reaps the child if it has ended; never blocks.
    bool exited();
    // "exited with status 1", "was killed by signal 9 (Killed)"; only after exited().
    std::string how_it_ended() const;
    // SIGTERM to the group, then, after the given time, SIGKILL; waits until it is gone.
    void stop(Micros grace_micros);
    // SIGKILL to the group; waits until it is gone.
    void kill();

    // Resident memory now, from /proc/PID/statm; 0 where it can't be read.
    std::uint64_t resident_bytes() const;

  private:
    ChildProcess(int pid, int exit_fd) : pid_(pid), exit_fd_(exit_fd) {}
    void wait_exit(Micros at_most_micros);

    int pid_;
    int exit_fd_;
    bool reaped_ = false;
    int status_ = 0;
};

}  // namespace weir::local
