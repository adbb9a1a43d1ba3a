#include <netdb.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/files.h"
#include "base/version.h"
#include "cli/admin_client.h"
#include "cli/config_values.h"
#include "cli/doctor_parts.h"
#include "cli/json_fields.h"
#include "cli/report_command.h"
#include "local/child_process.h"
#include "local/gguf_header.h"
#include "net/endpoint.h"
#include "net/tls.h"
#include "prices/built_in_prices.h"
#include "store/sqlite.h"

namespace weir::cli {
namespace {

constexpr std::size_t kMostSaidBytes = 64U << 10U;  // by a program that is asked for its version

std::string shown(const gateway::Address& address) {
    return net::Endpoint{address.host, address.port, "", false}.to_string();
}

// Why nobody could listen there; empty: it is free. SO_REUSEADDR: what is left of old connections doesn't count.
std::string listen_problem(const gateway::Address& address) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    const char* const host = address.host.empty() ? nullptr : address.host.c_str();
    if (const int error = getaddrinfo(host, std::to_string(address.port).c_str(), &hints, &found); error != 0) {
        return gai_strerror(error);
    }
    std::string problem;
    const int probe = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (probe < 0 || bind(probe, found->ai_addr, found->ai_addrlen) != 0) problem = std::strerror(errno);
    if (probe >= 0) close(probe);
    freeaddrinfo(found);
    return problem;
}

void examine_listen(const gateway::Options& options, bool gateway_runs, Findings& findings) {
    const std::string where = "listen " + shown(options.listen);
    if (options.listen.port == 0) {
        findings.ok("addresses", "listen takes any free port");
        return;
    }
    const std::string problem = listen_problem(options.listen);
    if (problem.empty() && gateway_runs) {
        findings.warn("addresses", where + " is free, though a gateway runs: it has another address",
                      "restart it, if the file has changed");
    } else if (problem.empty()) {
        findings.ok("addresses", where + " is free");
    } else if (gateway_runs) {
        findings.ok("addresses", where + " is taken, as it has to be while the gateway runs");
    } else {
        findings.fail("addresses", where + ": " + problem, "stop what listens there, or change listen:");
    }
}

// The machine's or the container's, whatever is less; 0: not known.
std::uint64_t memory_line(const char* name) {
    std::ifstream in("/proc/meminfo");
    std::string word;
    std::uint64_t kib = 0;
    while (in >> word >> kib) {
        if (word == name) return kib * 1024;
        in.ignore(256, '\n');
    }
    return 0;
}
std::uint64_t memory_total() {
    std::uint64_t total = memory_line("MemTotal:");
    std::uint64_t limit = 0;
    if (std::ifstream in("/sys/fs/cgroup/memory.max"); in >> limit) total = std::min(total, limit);
    return total;
}

// The line that has "version" in it; empty: it says none, or not in time.
std::string program_version(const std::string& program) {
    std::string folder = (std::filesystem::temp_directory_path() / "weir-doctor-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) return {};
    const std::string said = folder + "/said";
    std::string version;
    if (auto child = local::ChildProcess::start({program, {"--version"}, {}, said})) {
        pollfd ended{child->exit_fd(), POLLIN, 0};
        if (child->exit_fd() >= 0) poll(&ended, 1, static_cast<int>(kProbeMicros / 1000));
        child->kill();
        const std::string text = read_file(said, kMostSaidBytes).value_or("");
        const std::size_t at = text.find("version");
        if (at != std::string::npos) version = text.substr(at, std::min(text.find('\n', at), at + 80) - at);
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    return version;
}

// Returns the bytes that the model needs at least; 0: it can't be loaded.
std::uint64_t examine_local(const std::string& name, const local::LlamaServerOptions& child, Findings& findings) {
    const auto add = [&](Finding::Level level, std::string text, std::string advice) {
        findings.add({level, "local model", name, std::move(text), std::move(advice), std::nullopt});
    };
    const auto header = local::read_gguf_header(child.model_file);
    if (!header) {
        add(Finding::Level::fail, header.error().message, "name a whole GGUF file (model_file:)");
        return 0;
    }
    const auto program = local::find_program(child.program);
    if (!program) {
        add(Finding::Level::fail, program.error().message, "install llama.cpp, or name its program (program:)");
        return 0;
    }
    if (child.memory_bytes > 0 && child.memory_bytes < header->file_bytes) {
        add(Finding::Level::fail,
            "memory: " + format_size(child.memory_bytes) +
                " is less than the model's file: it would be restarted for ever",
            "raise memory:, or take it out");
        return 0;
    }
    const std::string* const architecture = header->text("general.architecture");
    const std::string version = program_version(*program);
    add(Finding::Level::ok,
        child.model_file + " is a " + (architecture == nullptr ? std::string("?") : *architecture) + " of " +
            std::to_string(header->file_bytes >> 20U) + " MiB; " + *program +
            (version.empty() ? " does not tell its version" : ", " + version),
        "");
    return header->file_bytes + (std::uint64_t{child.cache_ram_mib} << 20U);
}

}  // namespace

void examine_versions(Findings& findings) {
    findings.ok("versions", "weir " + std::string(kVersion) + ", SQLite " + std::string(store::sqlite_version()) +
                                ", " + net::tls_library());
}

// A build is no older than the prices in it.
void examine_clock(Micros now, Findings& findings) {
    const std::string built(prices::nov26.as_of);
    const Micros earliest = parse_since(built, INT64_MAX).value_or(0);
    if (now < earliest) {
        findings.fail("clock",
                      "it is " + people_time(now) + " UTC by the clock, and this build is not older than " + built,
                      "set the clock, and keep it by NTP: certificates, budgets and reports go by it");
    } else {
        findings.ok("clock", people_time(now) + " UTC");
    }
}

std::uint64_t open_files_limit() {
    rlimit limit{};
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

// A caller's connection, one to a provider for it, and what the gateway has open itself.
void examine_open_files(std::size_t connections, std::uint64_t limit, Findings& findings) {
    constexpr std::uint64_t kOwn = 200;
    const std::uint64_t wanted = 2 * std::uint64_t{connections} + kOwn;
    const std::string text = std::to_string(limit) + " files may be open";
    const std::string advice = "ulimit -n " + std::to_string(wanted) +
                               " (systemd: LimitNOFILE=), or lower limits.connections (" + std::to_string(connections) +
                               ")";
    if (limit < kOwn) {
        findings.fail("limits", text + ": too few to start", advice);
    } else if (limit < wanted) {
        findings.warn("limits",
                      text + "; as many connections as are allowed would need " + std::to_string(wanted) +
                          ", of callers and to providers",
                      advice);
    } else {
        findings.ok("limits", text + ", enough for all connections that are allowed");
    }
}

bool examine_addresses(const gateway::Options& options, Findings& findings) {
    if (options.admin.port == 0) {
        findings.warn("addresses", "admin: port 0 is another one at each start",
                      "name a port: weir top, keys and students look for the gateway there");
        examine_listen(options, false, findings);
        return false;
    }
    const std::string where = "admin " + shown(options.admin);
    const Result<AdminReply> reply = AdminClient(options, kProbeMicros).ask("GET", "/health/ready");
    std::vector<json::Member> members;
    const bool runs = reply && json::members(reply->body, members) && members.size() == 1 &&
                      members.front().key == "status" && (reply->status == 200 || reply->status == 503);
    if (runs && reply->status == 200) {
        findings.ok("addresses", where + ": a gateway runs there, and is ready");
    } else if (runs) {
        findings.warn("addresses",
                      where + ": a gateway runs there and is not ready: " +
                          Fields(reply->body, {0, reply->body.size()}).text("status"),
                      "its log says more");
    } else if (reply) {
        findings.fail("addresses", where + ": something answers there that is no gateway of this kind",
                      "stop it, or change admin:");
    } else if (const std::string problem = listen_problem(options.admin); !problem.empty()) {
        findings.fail("addresses", where + ": " + problem + ", and no gateway answers",
                      "stop what listens there, or change admin:");
    } else {
        findings.ok("addresses", where + " is free: no gateway runs");
    }
    examine_listen(options, runs, findings);
    return runs;
}

void examine_local_models(const gateway::Options& options, bool gateway_runs, Findings& findings) {
    std::uint64_t needed = 0;
    for (const auto& [name, provider] : options.providers) {
        if (provider.child) needed += examine_local(name, *provider.child, findings);
    }
    needed += options.cache.memory_bytes + options.cache.semantic_memory_bytes;
    const std::uint64_t total = memory_total(), available = memory_line("MemAvailable:");
    const auto mib = [](std::uint64_t bytes) { return std::to_string(bytes >> 20U) + " MiB"; };
    const std::string text = "caches and local models take " + mib(needed) + " or more, of " + mib(total);
    if (total > 0 && needed > total) {
        findings.fail("memory", text, "use a smaller model, or lower cache.memory and cache.semantic_memory");
    } else if (!gateway_runs && available > 0 && needed > available) {
        findings.warn("memory", text + ", of which " + mib(available) + " are available now",
                      "stop what takes the rest");
    } else {
        findings.ok("memory", text);
    }
}

}  // namespace weir::cli
