#include "cli/command_line.h"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

using namespace weir;
using namespace weir::cli;

namespace {

struct Outcome {
    int code = 0;
    std::string out, err;
    std::vector<ServeArguments> served;
};

Outcome run(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "weir");
    Outcome outcome;
    std::ostringstream out, err;
    outcome.code = run_command_line(
        static_cast<int>(arguments.size()), arguments.data(),
        [&outcome](const ServeArguments& to) {
            outcome.served.push_back(to);
            return 7;
        },
        out, err);
    outcome.out = out.str();
    outcome.err = err.str();
    return outcome;
}

}  // namespace

TEST_CASE("serve gets its arguments, and its exit code is the program's") {
    const Outcome outcome = run({"serve", "-c", "my.yaml", "--log-level", "warning"});
    CHECK(outcome.code == 7);
    REQUIRE(outcome.served.size() == 1);
    CHECK(outcome.served[0].config_file == "my.yaml");
    CHECK(outcome.served[0].log_level == LogLevel::warning);
    const Outcome plain = run({"serve"});
    REQUIRE(plain.served.size() == 1);
    CHECK(plain.served[0].config_file == "weir.yaml");
    CHECK(plain.served[0].log_level == LogLevel::info);
}

TEST_CASE("wrong usage: one line and a hint, exit code 2") {
    const auto message = [](std::vector<const char*> arguments) {
        const Outcome outcome = run(std::move(arguments));
        CHECK(outcome.code == 2);
        CHECK(outcome.out.empty());
        CHECK(outcome.served.empty());
        return outcome.err;
    };
    CHECK(message({}) ==
          "weir: a command is missing; there are serve, check, doctor, top, report, students, keys, replay, export, "
          "import-adapter, "
          "import, train, eval, health, completion, man, version\nTry: weir --help\n");
    CHECK(message({"reprot"}) == "weir: there is no command \"reprot\" (did you mean report?)\nTry: weir --help\n");
    CHECK(message({"exprot"}) == "weir: there is no command \"exprot\" (did you mean export?)\nTry: weir --help\n");
    CHECK(message({"export"}) == "weir export: --task is required\nTry: weir export --help\n");
    CHECK(message({"report", "--by", "colour"}) ==
          "weir report: --by: \"colour\" is none of task|model|tenant|tier|day\nTry: weir report --help\n");
    CHECK(message({"report", "--data", "d", "-c", "c"}) ==
          "weir report: --config excludes --data\nTry: weir report --help\n");
    CHECK(message({"serve", "--port", "80"}).ends_with("\nTry: weir serve --help\n"));
    CHECK(message({"serve", "check"}).ends_with("\nTry: weir serve --help\n"));
    CHECK(message({"check", "-c"}).ends_with("\nTry: weir check --help\n"));
    CHECK(message({"check", "a", "b"}).ends_with("\nTry: weir check --help\n"));
    CHECK(message({"report", "--since", "yesterday"}).starts_with("weir report: --since \"yesterday\" is neither"));
}

TEST_CASE("help and version") {
    const Outcome help = run({"--help"});
    CHECK(help.code == 0);
    CHECK(help.err.empty());
    for (const char* word : {"serve", "check", "doctor", "top", "report", "replay", "import-adapter", "import litellm",
                             "version", "Examples:"}) {
        CAPTURE(word);
        CHECK(help.out.find(word) != std::string::npos);
    }
    CHECK(run({"report", "--help"}).out.find("--since") != std::string::npos);
    CHECK(run({"version"}).out == "weir 0.1.0\n");
    CHECK(run({"--version"}).out == "weir 0.1.0\n");
    CHECK(run({"version", "--format", "json"}).out == "{\"version\": \"0.1.0\"}\n");
}

TEST_CASE("check of a file that is not there") {
    const Outcome outcome = run({"check", "-c", "/nonexistent.yaml", "--format", "json"});
    CHECK(outcome.code == 2);
    CHECK(outcome.err.empty());
    CHECK(outcome.out.find("\"ok\": false") != std::string::npos);
}
