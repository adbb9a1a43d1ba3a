#include "cli/eval_spans_command.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "base/folder_testing.h"

using namespace weir;
using namespace weir::cli;

TEST_CASE("eval spans prints a curve, for people and for programs") {
    const TemporaryFolder folder;
    std::ofstream file(folder.file("rows.jsonl"));
    for (int i = 0; i < 150; ++i) {
        const std::string name =
            std::string(i % 2 == 0 ? "An" : "Bo") + std::string(1, static_cast<char>('a' + i % 26));
        file << R"({"prompt": "Then )" << name << R"( left.", "answer": "[\")" << name << R"(\"]"})"
             << "\n";
    }
    file.close();
    EvalSpansArguments arguments;
    arguments.in_file = folder.file("rows.jsonl");
    arguments.train = {60, 100};
    std::ostringstream table, json, err;
    CHECK(eval_spans_command(arguments, FakeClock(), table, err) == 0);
    CHECK(table.str().find("60  1.000") != std::string::npos);
    CHECK(table.str().find("100  1.000") != std::string::npos);
    arguments.format = OutputFormat::json;
    CHECK(eval_spans_command(arguments, FakeClock(), json, err) == 0);
    CHECK(json.str().find("\"f1\": 1.000000, ") != std::string::npos);
    CHECK(err.str().empty());
    arguments.train = {150};
    CHECK(eval_spans_command(arguments, FakeClock(), json, err) == 2);
    CHECK(err.str() == "weir eval spans: 150 examples: no rows behind those to learn from\n");
    arguments.in_file = folder.file("none.jsonl");
    CHECK(eval_spans_command(arguments, FakeClock(), json, err) == 1);
}
