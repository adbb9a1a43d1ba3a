// `weir eval student` on made-up rows.
#include "eval/student_eval.h"

#include <doctest/doctest.h>

#include <fstream>

#include "base/folder_testing.h"
#include "tiers/student/span_testing.h"
#include "tiers/student/student_testing.h"

using namespace weir;
using namespace weir::eval;

namespace {

std::vector<StudentRow> ticket_rows(std::size_t count, std::uint64_t seed) {
    std::vector<StudentRow> rows;
    for (const auto& ticket : tiers::student::Tickets(count, seed).rows) {
        rows.push_back({std::to_string(rows.size()), "tickets", "Sort it.", ticket.text, ticket.answer, ticket.answer});
    }
    return rows;
}

}  // namespace

TEST_CASE("eval student: a task that can be learned is served, and the promise kept") {
    StudentPlay play;
    play.learner.promise = 0.05;
    play.shuffles = 2;
    const SystemClock clock;
    const StudentSummary summary = evaluate_student(ticket_rows(900, 3), TextVectors(), play, clock);
    CHECK(summary.rows == 900);
    CHECK(summary.saved > 0.5);
    CHECK(summary.saved_last_third > 0.8);
    CHECK(summary.saved == doctest::Approx(summary.served - summary.audits));
    CHECK(summary.differ <= 0.05);
    CHECK(summary.broken == 0);
    CHECK(summary.gold_teacher == 1);
    CHECK(summary.gold_hybrid == doctest::Approx(1 - summary.differ));
    CHECK(summary.students > 10);
    const StudentSummary again = evaluate_student(ticket_rows(900, 3), TextVectors(), play, clock);
    CHECK(again.saved == summary.saved);
    CHECK(again.differ == summary.differ);
}

TEST_CASE("eval student: pieces of a text inside an instruction are learned and served") {
    std::vector<StudentRow> rows;
    for (const auto& errand : tiers::student::errands(600, 3)) {
        const std::string prompt = tiers::student::instruction(errand.slot);
        rows.push_back({std::to_string(rows.size()), "errands", "Read it.", prompt, errand.answer, std::nullopt});
    }
    StudentPlay play;
    play.learner.promise = 0.05;
    const FakeClock clock;
    const StudentSummary summary = evaluate_student(rows, TextVectors(), play, clock);
    CHECK(summary.saved > 0.5);
    CHECK(summary.differ <= 0.05);
    CHECK(summary.forgotten == 0);
}

TEST_CASE("eval student: nothing is served of what can't be learned") {
    std::vector<StudentRow> rows = ticket_rows(400, 3), prose = rows;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].answer = i * 7919 % 13 % 2 == 0 ? "yes" : "no";  // has nothing to do with the text
        prose[i].answer = "an answer like no other, number " + std::to_string(i);
    }
    StudentPlay play;
    play.learner.promise = 0.02;
    const FakeClock clock;
    const StudentSummary chance = evaluate_student(rows, TextVectors(), play, clock);
    CHECK(chance.differ <= 0.02);
    CHECK(chance.saved < 0.1);
    const StudentSummary none = evaluate_student(prose, TextVectors(), play, clock);
    CHECK(none.students == 0);
    CHECK(none.served == 0);
}

TEST_CASE("eval student: labels that come for the first time are no alarm while there are many of them") {
    std::vector<StudentRow> rows;
    learn::RandomBits random(5);
    for (std::size_t i = 0; i < 700; ++i) {
        const std::string label = std::to_string(random.below(60));
        const std::string text = "about t" + label + "t please, number " + std::to_string(random.below(1'000));
        rows.push_back({std::to_string(i), "t", "s", text, "topic_" + label, std::nullopt});
    }
    const FakeClock clock;
    const StudentSummary summary = evaluate_student(rows, TextVectors(), {}, clock);
    CHECK(summary.forgotten == 0);
    CHECK(summary.saved > 0.2);
}

TEST_CASE("eval student: when the world changes the student is taken back soon, and the promise kept") {
    const std::vector<StudentRow> rows = ticket_rows(1'600, 3);
    StudentPlay play;
    play.learner.promise = 0.05;
    play.shuffles = 3;
    play.change_at = 900;
    const FakeClock clock;
    for (const Change change : {Change::rename, Change::language}) {
        play.change = change;
        const StudentSummary summary = evaluate_student(rows, TextVectors(), play, clock);
        CHECK(summary.after.passes == 3);
        CHECK(summary.after.stopped_most <= 63);  // the longest time between two audits of the surest answers
        CHECK(summary.too_early == 0);
        CHECK(summary.broken == 0);
        CHECK(summary.served_last_third > 0.2);  // by the next one
    }
}

TEST_CASE("student rows: what is read and refused") {
    const TemporaryFolder folder;
    const auto read = [&](const std::string& text) {
        std::ofstream(folder.file("rows")) << text;
        return read_student_rows(folder.file("rows"));
    };
    const auto rows = read(
        "{\"id\": 7, \"prompt\": \"a\", \"answer\": \"b\", \"gold\": null, \"more\": {}}\n\n"
        "{\"prompt\": \"c\", \"answer\": \"d\", \"gold\": \"e\", \"system\": \"s\", \"task\": \"t\"}");
    REQUIRE(rows);
    REQUIRE(rows->size() == 2);
    CHECK((*rows)[0].id == "7");
    CHECK_FALSE((*rows)[0].gold);
    CHECK((*rows)[1].gold == "e");
    CHECK(read("{\"prompt\": \"a\"}").error().message.ends_with(":1: no \"answer\""));
    CHECK(read("{\"answer\": \"a\"}").error().message.ends_with(":1: no \"prompt\""));
    CHECK(read("{\"prompt\": \"a\", \"prompt\": \"a\", \"answer\": \"\"}")
              .error()
              .message.ends_with("stands there twice"));
    CHECK(read("{\"prompt\": 1, \"answer\": \"\"}").error().message.ends_with("\"prompt\" is no string"));
    CHECK_FALSE(read("no JSON"));
    CHECK_FALSE(read(""));
    CHECK(read_student_rows(folder.file("none")).error().code == ErrorCode::io);
}

TEST_CASE("eval student: with vectors more is served, and rows without one go on") {
    const tiers::student::Vague vague(700, 3);
    std::vector<StudentRow> rows;
    TextVectors vectors;
    for (std::size_t i = 0; i < vague.vectors.size(); ++i) {
        const auto& row = vague.tickets.rows[i];
        rows.push_back({std::to_string(i), "vague", "Sort it.", row.text + " " + std::to_string(i), row.answer, {}});
        if (i % 10 != 0) vectors.set(rows.back().prompt, vague.vectors[i]);
    }
    StudentPlay play;
    play.learner.promise = 0.05;
    const FakeClock clock;
    const StudentSummary with = evaluate_student(rows, vectors, play, clock);
    CHECK(with.embedded == 630);
    CHECK(with.saved > 0.3);
    CHECK(with.differ <= 0.05);
    const StudentSummary without = evaluate_student(rows, TextVectors(), play, clock);
    CHECK(without.embedded == 0);
    CHECK(without.saved < 0.15);
}
