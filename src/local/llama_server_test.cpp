#include "local/llama_server.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>
#include <thread>

#include "base/environment_testing.h"
#include "local/child_process.h"
#include "local/fake_llama_server.h"
#include "local/gguf_testing.h"

using namespace weir;
using namespace weir::local;
using namespace weir::local::testing;

namespace {

std::unique_ptr<LlamaServer> started(const LlamaServerOptions& options) {
    Result<std::unique_ptr<LlamaServer>> server = LlamaServer::start(options);
    REQUIRE_MESSAGE(server, (server ? "" : server.error().message));
    return std::move(*server);
}

Error refusal(const LlamaServerOptions& options) {
    Result<std::unique_ptr<LlamaServer>> server = LlamaServer::start(options);
    REQUIRE_FALSE(server);
    return server.error();
}

bool lives(int pid) {
    return ::kill(pid, 0) == 0;
}

}  // namespace

TEST_CASE("it becomes ready, at the path it names, with the arguments that bound it") {
    const FakeServer fake;
    LlamaServerOptions options = fake.options();
    options.threads = 3;
    options.context_tokens = 2048;
    options.parallel = 2;
    options.cache_ram_mib = 77;
    options.extra_arguments = {"--embedding", "a b"};
    const auto server = started(options);
    REQUIRE(server->wait_ready(patience_micros));
    CHECK(server->state() == ChildState::ready);
    CHECK(server->last_problem().empty());
    CHECK(server->restarts() == 0);
    CHECK(lives(server->pid()));
    CHECK(server->socket_path().ends_with("/fake-model.sock"));
    CHECK(server->socket_path().size() < 108);
    CHECK(probe_health(server->socket_path(), patience_micros, -1, -1) == Health::ok);

    const std::string seen = fake.read("seen-0");
    CHECK(seen.starts_with("-m\n" + fake.path("model.gguf") + "\n--host\n" + server->socket_path() +
                           "\n--threads\n3\n--threads-http\n16\n-c\n2048\n-np\n2\n--embedding\na b\nenv "));
    CHECK(seen.find("\nenv GOMP_SPINCOUNT=0\n") != std::string::npos);
    CHECK(seen.find("\nenv LLAMA_ARG_CACHE_RAM=77\n") != std::string::npos);
    CHECK(seen.find("\ngroup True\n") != std::string::npos);
}

TEST_CASE("an embedding child: mean pooling, a text in one batch") {
    const FakeServer fake;
    LlamaServerOptions options = fake.options();
    options.embedding = true;
    options.context_tokens = 2 * embedding_context_tokens;
    options.parallel = 2;
    options.extra_arguments = {"--verbose"};
    const auto server = started(options);
    REQUIRE(server->wait_ready(patience_micros));
    CHECK(fake.read("seen-0").find(
              "\n-c\n1024\n-np\n2\n--embedding\n--pooling\nmean\n-b\n512\n-ub\n512\n--verbose\nenv ") !=
          std::string::npos);
}

TEST_CASE("with an adapter: it is given to the child, and refused where it does not fit") {
    const FakeServer fake;
    LlamaServerOptions options = fake.options();
    base_model().write(options.model_file);
    options.adapter_file = fake.path("a.gguf");
    fitting_adapter().write(options.adapter_file);
    {
        const auto server = started(options);
        REQUIRE(server->wait_ready(patience_micros));
        CHECK(fake.read("seen-0").find("\n-np\n2\n--lora\n" + fake.path("a.gguf") + "\nenv ") != std::string::npos);
    }
    lora_pair(adapter_head("qwen2"), "blk.0.attn_q.weight", 8, 8).write(options.adapter_file);
    CHECK(refusal(options).message == options.adapter_file + " does not fit " + options.model_file +
                                          ": it is of architecture qwen2, its base of llama");
    fake.take_back("a.gguf");
    CHECK(refusal(options).code == ErrorCode::not_found);
}

TEST_CASE("threads: all cores but one, and never none") {
    const FakeServer fake;
    const auto server = started(fake.options());
    REQUIRE(server->wait_ready(patience_micros));
    const unsigned cores = std::thread::hardware_concurrency();
    const std::string expected = std::to_string(cores > 2 ? cores - 1 : 1);
    CHECK(fake.read("seen-0").find("\n--threads\n" + expected + "\n") != std::string::npos);
}

TEST_CASE("killed, it is started again at the same path") {
    const FakeServer fake;
    const auto server = started(fake.options());
    for (std::uint64_t round = 1; round <= 3; ++round) {
        REQUIRE(server->wait_ready(patience_micros));
        const int before = server->pid();
        const std::string path = server->socket_path();
        ::kill(before, SIGKILL);
        REQUIRE(eventually([&] { return server->restarts() == round; }));
        REQUIRE(server->wait_ready(patience_micros));
        CHECK(server->pid() != before);
        CHECK(server->socket_path() == path);
        CHECK(probe_health(path, patience_micros, -1, -1) == Health::ok);
    }
}

TEST_CASE("while it is down, it says why") {
    const FakeServer fake;
    LlamaServerOptions options = fake.options();
    options.backoff_first_micros = patience_micros * 10;
    options.log_file = fake.path("log");
    const auto server = started(options);
    REQUIRE(server->wait_ready(patience_micros));
    ::kill(server->pid(), SIGKILL);
    REQUIRE(eventually([&] { return server->state() == ChildState::backing_off && server->pid() == 0; }));
    CHECK(server->last_problem() == "was killed by signal 9 (Killed) (its output: " + fake.path("log") + ")");
    CHECK_FALSE(server->wait_ready(1000));
    CHECK(server->restarts() == 0);
    CHECK(fake.read("log") == "fake started\n");
}

TEST_CASE("a child that no longer answers is killed and started again") {
    const FakeServer fake;
    LlamaServerOptions options = fake.options();
    options.health_timeout_micros = 20'000;
    options.backoff_first_micros = patience_micros * 10;
    const auto server = started(options);
    REQUIRE(server->wait_ready(patience_micros));
    const int before = server->pid();
    fake.tell("hang");
    REQUIRE(eventually([&] { return server->state() == ChildState::backing_off; }));
    CHECK(server->last_problem() == "no good answer to 3 health checks in a row");
    CHECK(eventually([&] { return !lives(before); }));
}

TEST_CASE("after a hang it comes back") {
    const FakeServer fake;
    LlamaServerOptions options = fake.options();
    options.health_timeout_micros = 50'000;
    const auto server = started(options);
    REQUIRE(server->wait_ready(patience_micros));
    fake.tell("hang");
    REQUIRE(eventually([&] { return server->restarts() >= 1; }));
    fake.take_back("hang");
    // The first child may still be starting with a swallowed health check behind it: each check is a new connection.
    CHECK(server->wait_ready(patience_micros));
}

TEST_CASE("a ready child that answers errors is started again too") {
    const FakeServer fake;
    const auto server = started(fake.options());
    REQUIRE(server->wait_ready(patience_micros));
    fake.tell("not-ready");
    REQUIRE(eventually([&] { return server->restarts() >= 1; }));
    fake.take_back("not-ready");
    CHECK(server->wait_ready(patience_micros));
}

TEST_CASE("never ready: it counts as failed and backs off, without end and without hurry") {
    const FakeServer fake;
    fake.tell("not-ready");
    LlamaServerOptions options = fake.options();
    options.start_timeout_micros = 1'000'000;
    options.backoff_first_micros = patience_micros * 10;
    const auto server = started(options);
    CHECK(server->state() == ChildState::starting);
    REQUIRE(eventually([&] { return server->state() == ChildState::backing_off; }));
    CHECK(server->last_problem() == "not ready within 1 s of its start");
    CHECK(eventually([&] { return server->pid() == 0; }));
}

TEST_CASE("back-off doubles up to its most") {
    const FakeServer fake;
    fake.write("llama-server", "#!/bin/sh\nexit 1\n");
    LlamaServerOptions options = fake.options();  // 20, 40, 80, 80 ms
    const Micros began = monotonic_micros();
    const auto server = started(options);
    REQUIRE(eventually([&] { return server->restarts() == 4; }));
    CHECK(monotonic_micros() - began >= 220'000);
    CHECK(eventually([&] { return server->last_problem() == "exited with status 1 while starting"; }));
}

TEST_CASE("over its memory cap it is started again") {
    const FakeServer fake;
    LlamaServerOptions options = fake.options();
    options.memory_bytes = 150U << 20U;
    options.backoff_first_micros = patience_micros * 10;
    options.health_timeout_micros = patience_micros;
    const auto server = started(options);
    REQUIRE(server->wait_ready(patience_micros));
    fake.tell("eat");
    REQUIRE(eventually([&] { return server->state() == ChildState::backing_off; }));
    const std::string problem = server->last_problem();
    CHECK_MESSAGE(problem.ends_with(" MiB of memory, over its cap of 150 MiB"), problem);
}

TEST_CASE("its output is kept within bounds") {
    const FakeServer fake;
    LlamaServerOptions options = fake.options();
    options.log_file = fake.path("log");
    const auto server = started(options);
    REQUIRE(server->wait_ready(patience_micros));
    REQUIRE(::truncate(fake.path("log").c_str(), 17 << 20) == 0);
    CHECK(eventually([&] { return std::filesystem::file_size(fake.path("log")) == 0; }));
    REQUIRE(::truncate(fake.path("log").c_str(), 15 << 20) == 0);
    ::kill(server->pid(), SIGKILL);
    REQUIRE(eventually([&] { return server->restarts() == 1; }));
    REQUIRE(server->wait_ready(patience_micros));
    CHECK(std::filesystem::file_size(fake.path("log")) == (15 << 20) + std::string("fake started\n").size());
}

TEST_CASE("the end: the child is gone, its socket and the folder too") {
    const FakeServer fake;
    auto server = started(fake.options());
    REQUIRE(server->wait_ready(patience_micros));
    const int pid = server->pid();
    const std::filesystem::path path = server->socket_path();
    server.reset();
    CHECK_FALSE(lives(pid));
    CHECK_FALSE(std::filesystem::exists(path.parent_path()));
}

TEST_CASE("an end in every state is quick") {
    const FakeServer fake;
    const Micros began = monotonic_micros();
    { const auto server = started(fake.options()); }  // perhaps before the child runs at all
    fake.tell("hang");
    {
        LlamaServerOptions options = fake.options();
        options.health_timeout_micros = patience_micros;
        const auto server = started(options);
        REQUIRE(eventually([&] { return std::filesystem::exists(server->socket_path()); }));
    }
    fake.tell("quit");
    {
        LlamaServerOptions options = fake.options();
        options.backoff_first_micros = patience_micros;
        const auto server = started(options);
        REQUIRE(eventually([&] { return server->state() == ChildState::backing_off; }));
    }
    CHECK(monotonic_micros() - began < patience_micros);
}

TEST_CASE("the child dies with its parent, however that dies") {
    const FakeServer fake;
    struct Told {
        int pid;
        std::array<char, 108> socket_path;
    } told{};
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const pid_t parent = ::fork();
    if (parent == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        Result<std::unique_ptr<LlamaServer>> server = LlamaServer::start(fake.options());
        if (server && (*server)->wait_ready(patience_micros)) {
            told.pid = (*server)->pid();
            (*server)->socket_path().copy(told.socket_path.data(), told.socket_path.size() - 1);
        }
        [[maybe_unused]] const ssize_t written = ::write(ends[1], &told, sizeof(told));
        for (;;) ::pause();
    }
    REQUIRE(::read(ends[0], &told, sizeof(told)) == sizeof(told));
    REQUIRE(told.pid > 0);
    const int exit_fd = open_exit_fd(told.pid);
    REQUIRE(exit_fd >= 0);
    pollfd watched{exit_fd, POLLIN, 0};
    CHECK(::poll(&watched, 1, 0) == 0);
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    CHECK(::poll(&watched, 1, 30'000) == 1);
    for (const int fd : {ends[0], ends[1], exit_fd}) ::close(fd);
    const std::filesystem::path left = told.socket_path.data();  // what a killed parent can't tidy away
    std::filesystem::remove_all(left.parent_path());
}

TEST_CASE("what is wrong with the options is said at once") {
    const FakeServer fake;
    LlamaServerOptions options = fake.options();
    options.model_file = fake.path("none.gguf");
    CHECK(refusal(options).code == ErrorCode::not_found);
    CHECK(refusal(options).message == "model file not found: " + fake.path("none.gguf"));

    for (const std::string content : {"", "GGU", "version https://git-lfs\n"}) {
        fake.write("none.gguf", content);
        CHECK(refusal(options).code == ErrorCode::invalid);
        CHECK(refusal(options).message == "not a GGUF file (it does not begin with GGUF): " + fake.path("none.gguf"));
    }
    options.model_file = fake.path("");
    CHECK(refusal(options).message == "model file can't be read: " + fake.path(""));

    options = fake.options();
    options.program = "no-such-llama-server";
    CHECK(refusal(options).message == "no-such-llama-server not found on the PATH: install it or name its path");
}

TEST_CASE("a program that can't be run is a problem told, not a crash") {
    const FakeServer fake;
    fake.write("llama-server", "#!/no/such/interpreter\n");
    LlamaServerOptions options = fake.options();
    const auto server = started(options);
    REQUIRE(eventually([&] { return server->restarts() >= 2; }));
    CHECK(eventually([&] {
        return server->last_problem() == "can't run " + fake.path("llama-server") + ": No such file or directory";
    }));
}

TEST_CASE("a TMPDIR too long for a socket's path is not used; a name is made fit for a file") {
    const FakeServer fake;
    std::optional<ScopedVariable> folder(std::in_place, "TMPDIR", "/tmp/" + std::string(90, 'x'));
    LlamaServerOptions options = fake.options();
    options.name = "../../" + std::string(300, 'n');
    const auto server = started(options);
    folder.reset();
    CHECK(server->socket_path().starts_with("/tmp/weir-"));
    CHECK(server->socket_path().ends_with("/------" + std::string(18, 'n') + ".sock"));
    CHECK(server->wait_ready(patience_micros));
}

TEST_CASE("the states have names") {
    CHECK(to_string(ChildState::starting) == "starting");
    CHECK(to_string(ChildState::ready) == "ready");
    CHECK(to_string(ChildState::backing_off) == "backing_off");
    CHECK(to_string(ChildState::stopped) == "stopped");
}
