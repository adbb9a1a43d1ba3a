#include "cli/eval_router_command.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace weir;
using namespace weir::cli;

namespace {

class RowsFile {
  public:
    explicit RowsFile(const std::string& content) {
        std::string folder = (std::filesystem::temp_directory_path() / "weir-router-XXXXXX").string();
        REQUIRE(mkdtemp(folder.data()) != nullptr);
        folder_ = folder;
        std::ofstream(path()) << content;
    }
    ~RowsFile() { std::filesystem::remove_all(folder_); }
    std::string path() const { return (folder_ / "rows.jsonl").string(); }

  private:
    std::filesystem::path folder_;
};

std::string rows(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
        const bool hard = i % 3 == 0;
        text += R"({"id": ")" + std::to_string(i) + R"(", "prompt": ")" + (hard ? "hard tax " : "easy leaf ") +
                std::to_string(i) + R"(", "models": {"a": {"correct": )" + (hard ? "0" : "1") +
                R"(}, "b": {"correct": true}}})" + "\n";
    }
    return text;
}

struct Outcome {
    int code = 0;
    std::string out, err;
};

Outcome run(EvalRouterArguments arguments, const std::string& file) {
    arguments.in_file = file;
    arguments.weak = arguments.weak.empty() ? "a" : arguments.weak;
    arguments.strong = "b";
    std::ostringstream out, err;
    Outcome outcome;
    outcome.code = eval_router_command(arguments, FakeClock(), out, err);
    outcome.out = out.str();
    outcome.err = err.str();
    return outcome;
}

}  // namespace

TEST_CASE("eval router prints what it recovers, for people and for programs") {
    const RowsFile file(rows(120));
    EvalRouterArguments arguments;
    arguments.labels = 60;
    arguments.redraws = 2;
    const Outcome table = run(arguments, file.path());
    CHECK(table.code == 0);
    CHECK(table.out.find("triage") != std::string::npos);
    CHECK(table.out.find("60 labels of 120 rows, 2 re-draws") != std::string::npos);
    arguments.format = OutputFormat::json;
    const Outcome json = run(arguments, file.path());
    CHECK(json.code == 0);
    CHECK(
        json.out.starts_with("{\"rows\": 120, \"labels\": 60, \"redraws\": 2, \"weak_accuracy\": 0.666667, "
                             "\"strong_accuracy\": 1.000000, \"apgr\": 0.8"));
    CHECK(json.out.find("\"random_apgr\": 0.5") != std::string::npos);
}

TEST_CASE("eval router names what is wrong, exit code 2") {
    const RowsFile file(rows(20));
    EvalRouterArguments arguments;
    CHECK(run(arguments, file.path()).err.starts_with("weir eval router: 1000 labels of 20 rows"));
    arguments.labels = 5;
    CHECK(run(arguments, file.path()).code == 0);
    arguments.redraws = 0;
    CHECK(run(arguments, file.path()).code == 2);
    arguments.redraws = 1;
    arguments.folds = "x";
    CHECK(run(arguments, file.path()).code == 2);
    arguments.folds = "4";
    CHECK(run(arguments, file.path()).code == 0);
    arguments.weak = "nobody";
    CHECK(run(arguments, file.path()).err.starts_with(file.path() + ":1: no answer of nobody"));
    arguments.weak = "b";
    CHECK(run(arguments, file.path()).code == 2);
    CHECK(run({}, file.path() + ".absent").code == 1);
}
