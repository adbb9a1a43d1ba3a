#include "cli/student_command.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "base/folder_testing.h"
#include "json/scan.h"
#include "tiers/student/span_testing.h"
#include "tiers/student/student.h"
#include "tiers/student/student_testing.h"

using namespace weir;
using namespace weir::cli;

namespace {

std::string rows(std::size_t count, const std::string& system = "Sort it.") {
    std::string text;
    for (const auto& ticket : tiers::student::Tickets(count, 3).rows) {
        text += R"({"task": "t", "system": ")" + system + R"(", "prompt": ")" + ticket.text + R"(", "answer": ")" +
                ticket.answer + "\"}\n";
    }
    return text;
}

struct Ran {
    int code;
    std::string out, err;
};
Ran evaluated(const EvalStudentArguments& arguments) {
    std::ostringstream out, err;
    const FakeClock clock;
    const int code = eval_student_command(arguments, clock, out, err);
    return {code, out.str(), err.str()};
}
Ran train(const TrainStudentArguments& arguments) {
    std::ostringstream out, err;
    const FakeClock clock;
    const int code = train_student_command(arguments, clock, out, err);
    return {code, out.str(), err.str()};
}

}  // namespace

TEST_CASE("eval student: as a table, as JSON, and what is wrong") {
    const TemporaryFolder folder;
    std::ofstream(folder.file("rows")) << rows(200);
    EvalStudentArguments arguments;
    arguments.embedding.kind = eval::EmbeddingChoice::Kind::hashing;
    arguments.in_file = folder.file("rows");
    CHECK(evaluated(arguments).out.starts_with("200 rows, 1 passes"));
    arguments.format = OutputFormat::json;
    const Ran ran = evaluated(arguments);
    CHECK(ran.code == 0);
    for (const char* const name :
         {"served", "served_last_third", "saved", "saved_last_third", "differ", "agreement_served", "gold_teacher",
          "gold_hybrid", "broken", "train_s", "predict_us"}) {
        CHECK(ran.out.find("\"" + std::string(name) + "\": ") != std::string::npos);
    }
    arguments.promise = "80%";
    CHECK(evaluated(arguments).code == 2);
    arguments.promise = "5%";
    arguments.audit = "0%";
    CHECK(evaluated(arguments).err.find("--audit") != std::string::npos);
    arguments.audit = "5%";
    std::ofstream(folder.file("rows")) << "{\"prompt\": 1}\n";
    const Ran wrong = evaluated(arguments);
    CHECK(wrong.code == 2);
    CHECK(wrong.err.starts_with(folder.file("rows") + ":1: "));
    arguments.in_file = folder.file("none");
    CHECK(evaluated(arguments).code == 1);
}

TEST_CASE("train student: writes a student, of one task") {
    const TemporaryFolder folder;
    std::ofstream(folder.file("rows")) << rows(100);
    TrainStudentArguments arguments;
    arguments.in_file = folder.file("rows");
    arguments.out_file = folder.file("student");
    arguments.format = OutputFormat::json;
    const Ran ran = train(arguments);
    CHECK(ran.code == 0);
    CHECK(ran.out.starts_with("{\"kind\": \"labels\", \"examples\": 100, \"fields\": 1, \"labels\": 4"));
    CHECK(ran.out.find("\"slots\": 0") != std::string::npos);
    CHECK(tiers::student::Student::open(arguments.out_file));
    std::ofstream(folder.file("rows")) << rows(100) + rows(10, "Other.");
    CHECK(train(arguments).code == 2);
    std::ofstream(folder.file("rows")) << rows(5);
    CHECK(train(arguments).err.find("too few examples") != std::string::npos);
}

TEST_CASE("train student: of an extraction") {
    const TemporaryFolder folder;
    std::string text;
    for (const auto& errand : tiers::student::errands(100, 3)) {
        text += "{\"prompt\": ";
        json::write_string(tiers::student::instruction(errand.slot), text);
        text += ", \"answer\": ";
        json::write_string(errand.answer, text);
        text += "}\n";
    }
    std::ofstream(folder.file("rows")) << text;
    TrainStudentArguments arguments;
    arguments.in_file = folder.file("rows");
    arguments.out_file = folder.file("student");
    const Ran ran = train(arguments);
    CHECK(ran.code == 0);
    CHECK(ran.out.starts_with("extraction: 100 examples, 2 labels"));
    CHECK(ran.out.find(", 1 slots in a template") != std::string::npos);
}
