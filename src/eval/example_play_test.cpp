#include "eval/example_play.h"

#include <doctest/doctest.h>

#include "tiers/student/student_testing.h"

using namespace weir;
using namespace weir::eval;

TEST_CASE("eval examples: earlier rows of the same task and instruction alone are shown, and tell of the answer") {
    const tiers::student::Tickets tickets(400, 3);
    std::vector<StudentRow> rows;
    for (std::size_t i = 0; i < tickets.rows.size(); ++i) {
        const auto& [text, answer] = tickets.rows[i];
        // Every fourth row is of another task, where the same text has another answer.
        const bool other = i % 4 == 3;
        rows.push_back({std::to_string(i), "desk", other ? "Reversed." : "Which desk?", text,
                        other ? "not " + answer : answer, std::nullopt});
    }
    std::size_t visited = 0;
    ExamplePlay play;
    play.from = 100;
    const ExampleSummary summary = play_examples(rows, play, [&](const ShownRows& shown) {
        const std::size_t number = std::stoul(shown.id);
        CHECK(number == 100 + visited++);
        for (std::size_t i = 0; i < shown.rows.size(); ++i) {
            const std::size_t row = std::stoul(shown.rows[i].id);
            CHECK(row < number);
            CHECK((row % 4 == 3) == (number % 4 == 3));
            if (i > 0) CHECK(shown.rows[i - 1].similarity <= shown.rows[i].similarity);
        }
    });
    CHECK(visited == 300);
    CHECK(summary.rows == 300);
    CHECK(summary.shown > 290);
    CHECK(summary.examples > 4.5);
    CHECK(summary.nearest_same > 0.7);
    CHECK(summary.tokens > 5 * 10);
    CHECK(summary.similarity > 0.2);
}

TEST_CASE("eval examples: the first row has nothing to be shown") {
    std::vector<ShownRows> shown;
    const std::vector<StudentRow> rows = {{"a", "t", "s", "one text", "x", std::nullopt},
                                          {"b", "t", "s", "one text", "y", std::nullopt},
                                          {"c", "t", "s", "one text", "y", std::nullopt}};
    const ExampleSummary summary = play_examples(rows, {}, [&](const ShownRows& each) { shown.push_back(each); });
    REQUIRE(shown.size() == 3);
    CHECK(shown[0].rows.empty());
    REQUIRE(shown[1].rows.size() == 1);
    CHECK(shown[1].rows[0].id == "a");
    CHECK(shown[1].rows[0].similarity == doctest::Approx(1).epsilon(0.001));
    REQUIRE(shown[2].rows.size() == 1);
    CHECK(shown[2].rows[0].id == "b");
    CHECK(summary.shown == 2);
    CHECK(summary.nearest_same == 0.5);
}
