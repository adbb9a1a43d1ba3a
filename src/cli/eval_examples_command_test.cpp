#include "cli/eval_examples_command.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "base/files.h"
#include "base/folder_testing.h"

using namespace weir;
using namespace weir::cli;

TEST_CASE("eval examples says which rows are shown, for people and for programs") {
    const TemporaryFolder folder;
    std::ofstream file(folder.file("rows.jsonl"));
    for (const char* row : {R"({"id":"a","task":"t","system":"s","prompt":"where is my parcel","answer":"delivery"})",
                            R"({"id":"b","task":"t","system":"s","prompt":"the invoice","answer":"billing"})",
                            R"({"id":"c","task":"t","system":"s","prompt":"my parcel","answer":"delivery"})"}) {
        file << row << "\n";
    }
    file.close();
    EvalExamplesArguments arguments;
    arguments.in_file = folder.file("rows.jsonl");
    arguments.out_file = folder.file("shown.jsonl");
    arguments.play.from = 1;
    std::ostringstream table, json, err;
    CHECK(eval_examples_command(arguments, table, err) == 0);
    CHECK(table.str().find("2     50.0 %") != std::string::npos);
    const std::string shown = read_file(arguments.out_file, 10'000).value_or("");
    CHECK(shown.starts_with("{\"id\":\"b\",\"shown\":[]}\n{\"id\":\"c\",\"shown\":[{\"id\":\"a\",\"similarity\":0."));
    arguments.format = OutputFormat::json;
    CHECK(eval_examples_command(arguments, json, err) == 0);
    CHECK(json.str().starts_with(R"({"rows": 2, "shown": 0.500000, "examples": 1.000, "tokens": 15.0, )"));
    CHECK(err.str().empty());
    arguments.out_file = folder.file("none/shown.jsonl");
    CHECK(eval_examples_command(arguments, json, err) == 1);
    arguments.in_file = folder.file("none.jsonl");
    CHECK(eval_examples_command(arguments, json, err) == 1);
}
