#include "local/child_process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>

#include <csignal>

#include "base/environment_testing.h"
#include "local/fake_llama_server.h"

using namespace weir;
using namespace weir::local;
using namespace weir::local::testing;

namespace {

ChildCommand shell(const std::string& script) {
    return {"/bin/sh", {"-c", script}, {}, ""};
}

std::string ending(ChildProcess& child) {
    REQUIRE(eventually([&] { return child.exited(); }));
    return child.how_it_ended();
}

}  // namespace

TEST_CASE("a child's ending is told in words") {
    Result<ChildProcess> quiet = ChildProcess::start(shell("exit 0"));
    REQUIRE(quiet);
    CHECK(ending(*quiet) == "exited with status 0");
    Result<ChildProcess> failed = ChildProcess::start(shell("exit 7"));
    REQUIRE(failed);
    CHECK(ending(*failed) == "exited with status 7");
    Result<ChildProcess> killed = ChildProcess::start(shell("kill -9 $$"));
    REQUIRE(killed);
    CHECK(ending(*killed) == "was killed by signal 9 (Killed)");
}

TEST_CASE("the exit descriptor becomes readable when the child ends, and not before") {
    Result<ChildProcess> child = ChildProcess::start(shell("exec cat /dev/zero > /dev/null"));
    REQUIRE(child);
    REQUIRE(child->exit_fd() >= 0);
    pollfd watched{child->exit_fd(), POLLIN, 0};
    CHECK(::poll(&watched, 1, 0) == 0);
    CHECK_FALSE(child->exited());
    ::kill(child->pid(), SIGKILL);
    CHECK(::poll(&watched, 1, 30'000) == 1);
    CHECK(child->exited());
}

TEST_CASE("what can't be run is an error at once, not a child that dies") {
    const FakeServer files;
    files.write("no-program", "neither a script nor a binary");
    ::chmod(files.path("no-program").c_str(), 0755);
    Result<ChildProcess> child = ChildProcess::start({files.path("no-program"), {}, {}, ""});
    REQUIRE_FALSE(child);
    CHECK(child.error().code == ErrorCode::io);
    CHECK(child.error().message == "can't run " + files.path("no-program") + ": Exec format error");
}

TEST_CASE("an output file that can't be opened is an error") {
    Result<ChildProcess> child = ChildProcess::start({"/bin/true", {}, {}, "/nowhere/at/all/log"});
    REQUIRE_FALSE(child);
    CHECK(child.error().message == "can't open /nowhere/at/all/log: No such file or directory");
}

TEST_CASE("output is appended, the environment is laid over the parent's") {
    const FakeServer files;
    files.write("log", "before\n");
    const ScopedVariable kept("WEIR_TEST_KEPT", "kept");
    const ScopedVariable changed("WEIR_TEST_CHANGED", "old");
    ChildCommand command =
        shell("echo $WEIR_TEST_KEPT; echo $WEIR_TEST_CHANGED >&2; env | grep -c ^WEIR_TEST_CHANGED=");
    command.environment = {"WEIR_TEST_CHANGED=new"};
    command.output_file = files.path("log");
    Result<ChildProcess> child = ChildProcess::start(command);
    REQUIRE(child);
    CHECK(ending(*child) == "exited with status 0");
    CHECK(files.read("log") == "before\nkept\nnew\n1\n");
}

TEST_CASE("a child has none of the parent's descriptors") {
    const FakeServer files;
    const int leaked = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC, as a careless library would
    Result<ChildProcess> child = ChildProcess::start({"/bin/ls", {"/proc/self/fd"}, {}, files.path("log")});
    REQUIRE(child);
    CHECK(ending(*child) == "exited with status 0");
    CHECK(files.read("log") == "0\n1\n2\n3\n");  // 3: the folder it lists
    ::close(leaked);
}

TEST_CASE("a child has a group of its own, and no signal blocked or ignored") {
    const FakeServer files;
    ::signal(SIGPIPE, SIG_IGN);
    ChildCommand command = shell(
        // Signals 1 to 31: the C library keeps 32 and 33 for itself and leaves them as they were inherited.
        "for mask in $(grep -E 'SigBlk|SigIgn' /proc/$$/status | cut -f2); do"
        " printf '%d ' $((0x$mask & 0x7fffffff)); done;"
        "test \"$(cut -d' ' -f5 < /proc/$$/stat)\" = $$ && echo own group");
    command.output_file = files.path("log");
    Result<ChildProcess> child = ChildProcess::start(command);
    REQUIRE(child);
    CHECK(ending(*child) == "exited with status 0");
    CHECK(files.read("log") == "0 0 own group\n");
    ::signal(SIGPIPE, SIG_DFL);
}

TEST_CASE("stop is SIGTERM first, SIGKILL when the grace is over") {
    const FakeServer files;
    ChildCommand polite = shell("trap 'exit 5' TERM; touch " + files.path("polite") + "; while :; do :; done");
    Result<ChildProcess> child = ChildProcess::start(polite);
    REQUIRE(child);
    REQUIRE(eventually([&] { return std::filesystem::exists(files.path("polite")); }));
    child->stop(patience_micros);
    CHECK(child->how_it_ended() == "exited with status 5");

    ChildCommand stubborn = shell("trap '' TERM; touch " + files.path("stubborn") + "; while :; do :; done");
    Result<ChildProcess> other = ChildProcess::start(stubborn);
    REQUIRE(other);
    REQUIRE(eventually([&] { return std::filesystem::exists(files.path("stubborn")); }));
    other->stop(1000);
    CHECK(other->how_it_ended() == "was killed by signal 9 (Killed)");
}

TEST_CASE("what a child left running in its group goes with it") {
    const FakeServer files;
    Result<ChildProcess> child =
        ChildProcess::start(shell("cat /dev/zero > /dev/null & echo $! > " + files.path("pid.new") + "; mv " +
                                  files.path("pid.new") + " " + files.path("pid")));
    REQUIRE(child);
    CHECK(ending(*child) == "exited with status 0");
    const int left = std::stoi(files.read("pid"));
    CHECK(eventually([&] {
        std::ifstream stat("/proc/" + std::to_string(left) + "/stat");
        std::string number, name, state;
        return !(stat >> number >> name >> state) || state == "Z";
    }));
}

TEST_CASE("resident memory is read while it lives") {
    Result<ChildProcess> child = ChildProcess::start(shell("exec cat /dev/zero > /dev/null"));
    REQUIRE(child);
    CHECK(eventually([&] { return child->resident_bytes() > 100'000; }));  // not yet, so soon after exec
    CHECK(child->resident_bytes() < 100'000'000);
    child->kill();
    CHECK(child->resident_bytes() == 0);
}

TEST_CASE("find_program: by path, on the PATH, and what it says where there is none") {
    const FakeServer files;
    files.write("plain", "no execute permission");
    const ScopedVariable path("PATH", "/nowhere:" + files.path(""));

    CHECK(find_program(files.path("llama-server")).value() == files.path("llama-server"));
    CHECK(find_program("llama-server").value() == files.path("") + "/llama-server");
    CHECK(find_program("plain").error().code == ErrorCode::not_found);
    CHECK(find_program(files.path("plain")).error().message == "not an executable file: " + files.path("plain"));
    CHECK(find_program(files.path("")).error().message == "not an executable file: " + files.path(""));
    CHECK(find_program("/no/such").error().message == "program not found: /no/such");
    CHECK(find_program("").error().code == ErrorCode::invalid);
    const Error missing = find_program("llama-servant").error();
    CHECK(missing.code == ErrorCode::not_found);
    CHECK(missing.message == "llama-servant not found on the PATH: install it or name its path");
    const ScopedVariable no_path("PATH", "");
    CHECK(find_program("llama-server").error().code == ErrorCode::not_found);
}
