#include "local/child_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include "local/health_probe.h"

namespace weir::local {

namespace {

constexpr int descriptors_most = 65'536;          // closed one by one where close_range is missing (before 5.11)
constexpr Micros reap_interval_micros = 50'000;   // between looks at a child without a pidfd
constexpr Micros forever_micros = 3'600'000'000;  // one round of waiting for a killed child

std::string describe(int error) {
    return std::strerror(error);
}

bool runnable(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

// The parent's environment with the given "NAME=value" entries over it.
std::vector<std::string> merged_environment(const std::vector<std::string>& over) {
    std::vector<std::string> merged = over;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const std::string_view name = text.substr(0, text.find('=') + 1);
        const bool replaced =
            std::any_of(over.begin(), over.end(), [&](const std::string& other) { return other.starts_with(name); });
        if (!replaced) merged.emplace_back(text);
    }
    return merged;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

struct ExecPlan {
    const char* program;
    char* const* arguments;
    char* const* environment;
    int input_fd;
    int output_fd;
    int report_fd;
    pid_t parent;
};

// Runs in the child between fork and exec: async-signal-safe calls only, nothing allocated.
[[noreturn]] void become(const ExecPlan& plan) {
    const auto give_up = [&plan](int error) {
        [[maybe_unused]] const ssize_t written = ::write(plan.report_fd, &error, sizeof(error));
        ::_exit(127);
    };
    for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD}) ::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);

    ::setpgid(0, 0);
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up(errno);
    if (::getppid() != plan.parent) ::_exit(127);  // the parent died before prctl took hold

    if (::dup2(plan.input_fd, STDIN_FILENO) < 0 || ::dup2(plan.output_fd, STDOUT_FILENO) < 0 ||
        ::dup2(plan.output_fd, STDERR_FILENO) < 0) {
        give_up(errno);
    }
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::fcntl(fd, F_SETFD, 0);  // dup2 onto itself keeps it
    if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
        for (int fd = 3; fd < descriptors_most; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    ::execve(plan.program, plan.arguments, plan.environment);
    give_up(errno);
    ::_exit(127);
}

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }
    int get() const { return fd_; }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

  private:
    int fd_;
};

// Forks with every signal blocked, so that no handler of the parent's runs in the child.
pid_t fork_into(const ExecPlan& plan) {
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = ::fork();
    if (pid == 0) become(plan);
    const int error = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    return pid;
}

// The error number that the child reports when it can't exec; 0 once it has.
int read_report(int fd) {
    int error = 0;
    ssize_t got = 0;
    do {
        got = ::read(fd, &error, sizeof(error));
    } while (got < 0 && errno == EINTR);
    return got == sizeof(error) ? error : 0;
}

}  // namespace

// By its number: glibc 2.36's declaration is not usable from C++.
int open_exit_fd(int pid) {
    return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

Result<std::string> find_program(std::string_view name) {
    if (name.empty()) return fail(ErrorCode::invalid, "the program's name is empty");
    if (name.find('/') != std::string_view::npos) {
        std::string path(name);
        if (runnable(path)) return path;
        const bool exists = ::access(path.c_str(), F_OK) == 0;
        return exists ? fail(ErrorCode::invalid, "not an executable file: " + path)
                      : fail(ErrorCode::not_found, "program not found: " + path);
    }
    const char* variable = std::getenv("PATH");
    std::string_view folders = variable == nullptr ? "/usr/local/bin:/usr/bin:/bin" : variable;
    while (!folders.empty()) {
        const std::size_t end = std::min(folders.find(':'), folders.size());
        std::string path = std::string(folders.substr(0, end)) + "/" + std::string(name);
        if (end > 0 && runnable(path)) return path;
        folders.remove_prefix(std::min(end + 1, folders.size()));
    }
    return fail(ErrorCode::not_found, std::string(name) + " not found on the PATH: install it or name its path");
}

Result<ChildProcess> ChildProcess::start(const ChildCommand& command) {
    const Descriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const bool discard = command.output_file.empty();
    const char* output_path = discard ? "/dev/null" : command.output_file.c_str();
    const Descriptor output(::open(output_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
    if (input.get() < 0 || output.get() < 0) {
        return fail(ErrorCode::io, std::string("can't open ") + output_path + ": " + describe(errno));
    }
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(ErrorCode::io, "can't make a pipe: " + describe(errno));
    const Descriptor report(ends[0]);
    Descriptor report_to(ends[1]);

    std::vector<std::string> arguments = command.arguments;
    arguments.insert(arguments.begin(), command.program);
    std::vector<std::string> environment = merged_environment(command.environment);
    const std::vector<char*> argument_pointers = pointers_to(arguments);
    const std::vector<char*> environment_pointers = pointers_to(environment);
    const pid_t pid = fork_into({command.program.c_str(), argument_pointers.data(), environment_pointers.data(),
                                 input.get(), output.get(), report_to.get(), ::getpid()});
    if (pid < 0) return fail(ErrorCode::io, "can't fork: " + describe(errno));
    report_to.close();

    ChildProcess child(pid, open_exit_fd(pid));
    if (const int error = read_report(report.get()); error != 0) {
        return fail(ErrorCode::io, "can't run " + command.program + ": " + describe(error));
    }
    return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      exit_fd_(std::exchange(other.exit_fd_, -1)),
      reaped_(other.reaped_),
      status_(other.status_) {}

ChildProcess::~ChildProcess() {
    kill();
    if (exit_fd_ >= 0) ::close(exit_fd_);
}

bool ChildProcess::exited() {
    if (pid_ <= 0 || reaped_) return true;
    siginfo_t info{};
    const int outcome = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    if (outcome == 0 && info.si_pid == 0) return false;
    // While it isn't reaped its number can't be another's: whatever it left running in its group goes with it.
    if (outcome == 0) ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, &status_, WNOHANG);
    reaped_ = true;
    return true;
}

std::string ChildProcess::how_it_ended() const {
    if (WIFSIGNALED(status_)) {
        const int number = WTERMSIG(status_);
        return "was killed by signal " + std::to_string(number) + " (" + ::strsignal(number) + ")";
    }
    return "exited with status " + std::to_string(WEXITSTATUS(status_));
}

void ChildProcess::wait_exit(Micros at_most_micros) {
    const Micros deadline = monotonic_micros() + at_most_micros;
    while (!exited()) {
        const Micros now = monotonic_micros();
        if (now >= deadline) return;
        const Micros until = exit_fd_ >= 0 ? deadline : std::min(deadline, now + reap_interval_micros);
        pollfd watched{exit_fd_, POLLIN, 0};
        ::poll(&watched, 1, milliseconds_until(until));
    }
}

void ChildProcess::stop(Micros grace_micros) {
    if (exited()) return;
    ::kill(-pid_, SIGTERM);
    wait_exit(grace_micros);
    kill();
}

void ChildProcess::kill() {
    if (exited()) return;
    ::kill(-pid_, SIGKILL);
    while (!exited()) wait_exit(forever_micros);
}

std::uint64_t ChildProcess::resident_bytes() const {
    std::ifstream statm("/proc/" + std::to_string(pid_) + "/statm");
    std::uint64_t total_pages = 0;
    std::uint64_t resident_pages = 0;
    if (!(statm >> total_pages >> resident_pages)) return 0;
    return resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace weir::local
