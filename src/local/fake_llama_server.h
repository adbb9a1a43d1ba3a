// For tests: a temporary folder with a model file and a `llama-server` that is a Python script. Its behaviour is
// steered by files in the folder, looked at on each request: "not-ready" (answers 503), "hang" (never answers), "eat"
// (takes 200 MB), "quit" (exits with status 3), "stubborn" (at its start: ignores SIGTERM). It writes its arguments and
// its environment to "seen-N", N counting its starts. Thread rule: one thread.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "local/health_probe.h"
#include "local/llama_server.h"

namespace weir::local::testing {

constexpr Micros patience_micros = 30'000'000;  // for what must happen; never waited out where the code is right

constexpr const char* fake_program = R"(#!/usr/bin/python3
import os, signal, socket, sys
folder = os.path.dirname(os.path.abspath(__file__))
def told(name): return os.path.exists(os.path.join(folder, name))
starts = 0
while told("seen-%d" % starts): starts += 1
with open(os.path.join(folder, "seen-%d.new" % starts), "w") as seen:
    seen.write("\n".join(sys.argv[1:]) + "\n")
    seen.write("".join("env %s=%s\n" % pair for pair in sorted(os.environ.items())))
    seen.write("fds " + " ".join(sorted(os.listdir("/proc/self/fd"))) + "\n")
    seen.write("group %s\n" % (os.getpgid(0) == os.getpid()))
os.rename(os.path.join(folder, "seen-%d.new" % starts), os.path.join(folder, "seen-%d" % starts))
if told("stubborn"): signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("fake started", flush=True)
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[sys.argv.index("--host") + 1])
server.listen(64)
eaten = []
kept = []
while True:
    connection, _ = server.accept()
    if told("quit"): sys.exit(3)
    if told("eat"): eaten.append(bytearray(os.urandom(1 << 20) * 200))
    if told("hang"):
        kept.append(connection)
        continue
    connection.recv(4096)
    status = "503 Service Unavailable" if told("not-ready") else "200 OK"
    connection.sendall(("HTTP/1.1 %s\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}" % status).encode())
    connection.close()
)";

class FakeServer {
  public:
    FakeServer() {
        std::string pattern = (std::filesystem::temp_directory_path() / "weir-local-test-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        write("llama-server", fake_program);
        ::chmod(path("llama-server").c_str(), 0755);
        write("model.gguf", "GGUF and no more");
    }
    FakeServer(const FakeServer&) = delete;
    FakeServer& operator=(const FakeServer&) = delete;
    ~FakeServer() { std::filesystem::remove_all(folder_); }

    std::string path(const std::string& name) const { return (folder_ / name).string(); }
    void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
    void tell(const std::string& name) const { write(name, ""); }
    void take_back(const std::string& name) const { std::filesystem::remove(path(name)); }
    std::string read(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream(path(name)).rdbuf();
        return text.str();
    }

    // Impatient, so that the tests are quick.
    LlamaServerOptions options() const {
        LlamaServerOptions options;
        options.name = "fake/model";
        options.model_file = path("model.gguf");
        options.program = path("llama-server");
        options.health_interval_micros = 10'000;
        options.health_timeout_micros = 10'000'000;
        options.backoff_first_micros = 20'000;
        options.backoff_most_micros = 80'000;
        return options;
    }

  private:
    std::filesystem::path folder_;
};

// Looks every millisecond until the condition holds; false when patience ends.
template <class Condition>
bool eventually(Condition condition) {
    const Micros deadline = monotonic_micros() + patience_micros;
    while (!condition()) {
        if (monotonic_micros() > deadline) return false;
        ::usleep(1000);
    }
    return true;
}

}  // namespace weir::local::testing
