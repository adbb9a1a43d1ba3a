#include "local/llama_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "local/child_process.h"
#include "local/health_probe.h"
#include "local/trained_file.h"

namespace weir::local {

namespace {

constexpr unsigned failed_checks_most = 3;
constexpr Micros healthy_micros = 60'000'000;          // this long ready: the next failure starts at the first back-off
constexpr Micros start_poll_micros = 50'000;           // between looks while it loads
constexpr Micros tick_micros = 100'000;                // the longest wait where a child's end can't be waited for
constexpr Micros stop_grace_micros = 5'000'000;        // between SIGTERM and SIGKILL
constexpr std::uintmax_t log_bytes_most = 16U << 20U;  // then the child's log starts again from nothing
constexpr std::size_t name_bytes_most = 24;            // of the socket's file name

Result<void> check_model_file(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0 && errno == ENOENT) {
        return fail(ErrorCode::not_found, "model file not found: " + path);
    }
    std::ifstream file(path, std::ios::binary);
    std::array<char, 4> magic{};
    if (!S_ISREG(info.st_mode) || !file) return fail(ErrorCode::io, "model file can't be read: " + path);
    if (!file.read(magic.data(), magic.size()) || std::memcmp(magic.data(), "GGUF", magic.size()) != 0) {
        return fail(ErrorCode::invalid, "not a GGUF file (it does not begin with GGUF): " + path);
    }
    return {};
}

// Letters, digits, - and _ of the name, so that it can stand in a path.
std::string file_name_for(const std::string& name) {
    std::string safe = name.substr(0, name_bytes_most);
    for (char& c : safe) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        if (!plain) c = '-';
    }
    return safe.empty() ? "model" : safe;
}

// A private folder (mode 0700) short enough for a socket's path: in TMPDIR, or in /tmp where that is too long.
Result<std::string> make_socket_folder() {
    constexpr std::string_view pattern = "/weir-XXXXXX";
    const char* variable = std::getenv("TMPDIR");
    std::string folder = variable == nullptr || *variable == '\0' ? "/tmp" : variable;
    const std::size_t needed = pattern.size() + 1 + name_bytes_most + sizeof(".sock");
    if (folder.size() + needed > sizeof(sockaddr_un::sun_path)) folder = "/tmp";
    folder += pattern;
    if (::mkdtemp(folder.data()) == nullptr) {
        return fail(ErrorCode::io, "can't make a folder for the socket, " + folder + ": " + std::strerror(errno));
    }
    return folder;
}

std::vector<std::string> arguments_for(const LlamaServerOptions& options, const std::string& socket_path) {
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    const unsigned threads = options.threads != 0 ? options.threads : std::max(1U, cores - 1);
    const unsigned parallel = std::max(1U, options.parallel);
    // A connection holds one of its HTTP threads, waiting or not: enough of them that a health check always finds one.
    const unsigned http_threads = 4 * parallel + 8;
    std::vector<std::string> arguments{"-m",
                                       options.model_file,
                                       "--host",
                                       socket_path,
                                       "--threads",
                                       std::to_string(threads),
                                       "--threads-http",
                                       std::to_string(http_threads),
                                       "-c",
                                       std::to_string(options.context_tokens),
                                       "-np",
                                       std::to_string(parallel)};
    if (!options.adapter_file.empty()) arguments.insert(arguments.end(), {"--lora", options.adapter_file});
    if (options.embedding) {
        const std::string batch = std::to_string(std::max(1U, options.context_tokens / parallel));
        arguments.insert(arguments.end(), {"--embedding", "--pooling", "mean", "-b", batch, "-ub", batch});
    }
    arguments.insert(arguments.end(), options.extra_arguments.begin(), options.extra_arguments.end());
    return arguments;
}

// GOMP_SPINCOUNT: its threads sleep between tokens instead of spinning on cores that others need. The rest are
// variables and not options (--cache-ram, --no-ui) because a version that doesn't know one ignores it, where an unknown
// option ends it.
std::vector<std::string> environment_for(const LlamaServerOptions& options) {
    return {"GOMP_SPINCOUNT=0", "LLAMA_ARG_CACHE_RAM=" + std::to_string(options.cache_ram_mib), "LLAMA_ARG_UI=0",
            "LLAMA_ARG_NO_WEBUI=1"};
}

}  // namespace

std::string_view to_string(ChildState state) {
    switch (state) {
        case ChildState::starting:
            return "starting";
        case ChildState::ready:
            return "ready";
        case ChildState::backing_off:
            return "backing_off";
        case ChildState::stopped:
            return "stopped";
    }
    return "unknown";
}

struct LlamaServer::Impl {
    LlamaServerOptions options;
    std::string program;
    std::string folder;
    std::string socket_path;
    int stop_fd = -1;

    std::atomic<ChildState> state{ChildState::starting};
    std::atomic<std::uint64_t> restarts{0};
    std::atomic<int> pid{0};
    mutable std::mutex mutex;
    mutable std::condition_variable changed;
    std::string problem = "starting";  // under mutex
    Micros backoff_micros = 0;         // the supervising thread's own
    std::thread supervisor;

    ~Impl();
    void supervise();
    std::string run_child();
    std::string start_up(ChildProcess& child);
    std::string watch(ChildProcess& child);
    std::string problem_of(ChildProcess& child, unsigned& failed_checks);
    std::string ending_of(const ChildProcess& child) const;
    void enter(ChildState next, std::string why);
    void wait(Micros at_most_micros, ChildProcess* child) const;
    bool stopping() const;
    void bound_log_file() const;
    void say(LogLevel level, const std::string& what) const {
        log(level, "llama-server " + options.name + ": " + what);
    }
};

LlamaServer::Impl::~Impl() {
    if (supervisor.joinable()) {
        ::eventfd_write(stop_fd, 1);
        supervisor.join();
    }
    if (stop_fd >= 0) ::close(stop_fd);
    if (folder.empty()) return;
    ::unlink(socket_path.c_str());
    ::rmdir(folder.c_str());
}

// The supervising thread. It forks the children itself and lives as long as they do: PR_SET_PDEATHSIG is bound to the
// thread that forked.
void LlamaServer::Impl::supervise() {
    backoff_micros = options.backoff_first_micros;
    for (bool first = true; !stopping(); first = false) {
        if (!first) ++restarts;
        enter(ChildState::starting, "starting");
        const std::string why = run_child();
        pid = 0;
        if (stopping()) break;
        enter(ChildState::backing_off, why);
        say(LogLevel::warning, why + "; starting again in " + std::to_string(backoff_micros / 1000) + " ms");
        wait(backoff_micros, nullptr);
        backoff_micros = std::min(backoff_micros * 2, options.backoff_most_micros);
    }
    enter(ChildState::stopped, "stopped");
}

// One child from its start to its end; returns why it ended.
std::string LlamaServer::Impl::run_child() {
    ::unlink(socket_path.c_str());  // a killed child leaves its socket, and bind() refuses to replace it
    bound_log_file();
    Result<ChildProcess> child =
        ChildProcess::start({program, arguments_for(options, socket_path), environment_for(options), options.log_file});
    if (!child) return child.error().message;
    pid = child->pid();
    const Micros began = monotonic_micros();
    std::string why = start_up(*child);
    if (why.empty()) {
        enter(ChildState::ready, "");
        say(LogLevel::info, "ready after " + std::to_string((monotonic_micros() - began) / 1000) + " ms, process " +
                                std::to_string(child->pid()));
        why = watch(*child);
    }
    // Nobody may be sent to a child that is about to be killed.
    if (!stopping()) enter(ChildState::backing_off, why);
    child->stop(stopping() ? stop_grace_micros : 0);
    return why;
}

// Waits until it answers; empty: it does.
std::string LlamaServer::Impl::start_up(ChildProcess& child) {
    const Micros deadline = monotonic_micros() + options.start_timeout_micros;
    while (!stopping()) {
        if (child.exited()) return ending_of(child) + " while starting";
        const Micros left = deadline - monotonic_micros();
        if (left <= 0) {
            return "not ready within " + std::to_string(options.start_timeout_micros / 1'000'000) + " s of its start";
        }
        const Micros patience = std::min(left, options.health_timeout_micros);
        if (probe_health(socket_path, patience, stop_fd, child.exit_fd()) == Health::ok) return "";
        wait(std::min(start_poll_micros, left), &child);
    }
    return "stopped";
}

// Looks after a ready child until something is wrong with it.
std::string LlamaServer::Impl::watch(ChildProcess& child) {
    const Micros began = monotonic_micros();
    unsigned failed_checks = 0;
    for (;;) {
        wait(options.health_interval_micros, &child);
        if (stopping()) return "stopped";
        std::string why = problem_of(child, failed_checks);
        if (!why.empty()) return why;
        if (monotonic_micros() - began > healthy_micros) backoff_micros = options.backoff_first_micros;
        bound_log_file();
    }
}

// One look at a ready child; empty: it may go on.
std::string LlamaServer::Impl::problem_of(ChildProcess& child, unsigned& failed_checks) {
    if (child.exited()) return ending_of(child);
    const std::uint64_t resident = child.resident_bytes();
    if (options.memory_bytes != 0 && resident > options.memory_bytes) {
        return "uses " + std::to_string(resident >> 20U) + " MiB of memory, over its cap of " +
               std::to_string(options.memory_bytes >> 20U) + " MiB";
    }
    switch (probe_health(socket_path, options.health_timeout_micros, stop_fd, child.exit_fd())) {
        case Health::ok:
            failed_checks = 0;
            return "";
        case Health::interrupted:
            return "";  // stopping, or it has ended: the next look says so
        default:
            break;
    }
    if (++failed_checks < failed_checks_most) return "";
    return "no good answer to " + std::to_string(failed_checks) + " health checks in a row";
}

std::string LlamaServer::Impl::ending_of(const ChildProcess& child) const {
    const std::string where = options.log_file.empty() ? "" : " (its output: " + options.log_file + ")";
    return child.how_it_ended() + where;
}

void LlamaServer::Impl::enter(ChildState next, std::string why) {
    {
        const std::lock_guard lock(mutex);
        problem = std::move(why);
        state = next;
    }
    changed.notify_all();
}

// Returns early when told to stop or when the child has ended.
void LlamaServer::Impl::wait(Micros at_most_micros, ChildProcess* child) const {
    const Micros deadline = monotonic_micros() + at_most_micros;
    const int exit_fd = child == nullptr ? -1 : child->exit_fd();
    const bool must_look = child != nullptr && exit_fd < 0;
    while (!stopping() && !(child != nullptr && child->exited())) {
        const Micros now = monotonic_micros();
        if (now >= deadline) return;
        std::array<pollfd, 2> watched{{{stop_fd, POLLIN, 0}, {exit_fd, POLLIN, 0}}};
        const Micros until = must_look ? std::min(deadline, now + tick_micros) : deadline;
        ::poll(watched.data(), watched.size(), milliseconds_until(until));
    }
}

bool LlamaServer::Impl::stopping() const {
    pollfd told{stop_fd, POLLIN, 0};
    return ::poll(&told, 1, 0) > 0;
}

// The child appends, so that it goes on at the start of an emptied file.
void LlamaServer::Impl::bound_log_file() const {
    struct stat info {};
    if (options.log_file.empty() || ::stat(options.log_file.c_str(), &info) != 0) return;
    if (!S_ISREG(info.st_mode) || static_cast<std::uintmax_t>(info.st_size) <= log_bytes_most) return;
    if (::truncate(options.log_file.c_str(), 0) != 0) say(LogLevel::warning, "can't empty " + options.log_file);
}

LlamaServer::LlamaServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LlamaServer::~LlamaServer() = default;

Result<std::unique_ptr<LlamaServer>> LlamaServer::start(const LlamaServerOptions& options) {
    if (Result<void> model = check_model_file(options.model_file); !model) return tl::unexpected(model.error());
    if (!options.adapter_file.empty()) {
        const Result<void> fits = check_adapter_file(options.model_file, options.adapter_file);
        if (!fits) return tl::unexpected(fits.error());
    }
    Result<std::string> program = find_program(options.program);
    if (!program) return tl::unexpected(program.error());
    Result<std::string> folder = make_socket_folder();
    if (!folder) return tl::unexpected(folder.error());

    auto impl = std::make_unique<Impl>();
    impl->options = options;
    impl->program = *program;
    impl->folder = *folder;
    impl->socket_path = *folder + "/" + file_name_for(options.name) + ".sock";
    impl->stop_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (impl->stop_fd < 0)
        return fail(ErrorCode::io, std::string("can't make an event descriptor: ") + std::strerror(errno));
    impl->supervisor = std::thread(&Impl::supervise, impl.get());
    return std::unique_ptr<LlamaServer>(new LlamaServer(std::move(impl)));
}

ChildState LlamaServer::state() const {
    return impl_->state;
}
const std::string& LlamaServer::socket_path() const {
    return impl_->socket_path;
}
std::uint64_t LlamaServer::restarts() const {
    return impl_->restarts;
}
int LlamaServer::pid() const {
    return impl_->pid;
}

std::string LlamaServer::last_problem() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->problem;
}

bool LlamaServer::wait_ready(Micros at_most_micros) const {
    std::unique_lock lock(impl_->mutex);
    return impl_->changed.wait_for(lock, std::chrono::microseconds(at_most_micros),
                                   [this] { return impl_->state == ChildState::ready; });
}

}  // namespace weir::local
