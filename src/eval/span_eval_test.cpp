#include "eval/span_eval.h"

#include <doctest/doctest.h>

#include <fstream>

#include "base/folder_testing.h"

using namespace weir;
using namespace weir::eval;

namespace {

std::string row(int number, const std::string& extra = "") {
    const std::string name =
        std::string(number % 2 == 0 ? "An" : "Bo") + std::string(1, static_cast<char>('a' + number % 26)) + "la";
    return R"({"id": )" + std::to_string(number) + R"(, "prompt": "Then )" + name + R"( left.", "answer": "[\")" +
           name + R"(\"]")" + extra + "}\n";
}

Result<std::vector<SpanRow>> read(const std::string& text) {
    const TemporaryFolder folder;
    std::ofstream(folder.file("rows.jsonl")) << text;
    auto rows = read_span_rows(folder.file("rows.jsonl"));
    if (!rows) rows.error().message.erase(0, folder.path().size() + 1);
    return rows;
}

}  // namespace

TEST_CASE("rows of spans are read, wrong ones are named") {
    const auto rows = read(row(1) + "\n" + row(2, R"(, "gold": "[]", "task": "x")"));
    REQUIRE(rows);
    REQUIRE(rows->size() == 2);
    CHECK((*rows)[0].gold == (*rows)[0].answer);
    CHECK((*rows)[1].gold == "[]");
    CHECK(read("").error().message == "rows.jsonl: no rows");
    CHECK(read(row(1) + "{\"prompt\": \"a\"}\n").error().message == "rows.jsonl:2: no \"prompt\" or no \"answer\"");
    CHECK(read("{\"prompt\": 1, \"answer\": \"a\"}").error().message == "rows.jsonl:1: \"prompt\" is no string");
    CHECK(read("{\"prompt\": \"a\", \"prompt\": \"a\", \"answer\": \"a\"}").error().message ==
          "rows.jsonl:1: \"prompt\" stands there twice");
    CHECK(read("x").error().message.starts_with("rows.jsonl:1: "));
}

TEST_CASE("a task of names is learned and scored") {
    std::string text;
    for (int i = 0; i < 120; ++i) text += row(i);
    const auto rows = read(text);
    REQUIRE(rows);
    SpanPlay play;
    play.train = 80;
    const auto summary = evaluate_spans(*rows, play, FakeClock());
    REQUIRE(summary);
    CHECK(summary->trained == 80);
    CHECK(summary->scored == 40);
    CHECK(summary->f1 == doctest::Approx(1));
    CHECK(summary->same == doctest::Approx(1));
    CHECK(summary->served_2 == doctest::Approx(1));
    play.nearest = true;
    const auto nearest = evaluate_spans(*rows, play, FakeClock());
    REQUIRE(nearest);
    CHECK(nearest->same > 0.9);
    play.train = 120;
    CHECK_FALSE(evaluate_spans(*rows, play, FakeClock()));
}
