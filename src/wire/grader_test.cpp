#include "wire/grader.h"

#include <doctest/doctest.h>

using namespace weir;
using namespace weir::wire;

TEST_CASE("a grader is told which answer is the reference's, every text as one JSON string") {
    const auto body = render_grader_question(0xab, {"Be \"brief\".", "Why?\n", "Because.", "No\tidea"});
    REQUIRE(body.has_value());
    CHECK(*body == R"({"task":"00000000000000ab","system":"Be \"brief\".","question":"Why?\n",)"
                   R"("reference":"Because.","answer":"No\tidea"})");
}

TEST_CASE("a grader is asked about nothing that a judge would not be asked about") {
    const std::string large(kJudgedTextBytes + 1, 'x');
    CHECK(render_grader_question(1, {"", "q", large, "b"}).error().code == ErrorCode::too_large);
    CHECK(render_grader_question(1, {"", "", "a", "b"}).error().code == ErrorCode::invalid);
    CHECK(render_grader_question(1, {"", "q", "a", ""}).error().code == ErrorCode::invalid);
}

TEST_CASE("a grader's word") {
    CHECK(read_grader_word(R"({"verdict":"same"})") == JudgeWord::same);
    CHECK(read_grader_word(R"({"why":"x","verdict":"worse"})") == JudgeWord::a);
    CHECK(read_grader_word(R"({"verdict":"bett\u0065r"})") == JudgeWord::b);
    CHECK(read_grader_word(R"({"score":0.5})") == JudgeWord::same);
    CHECK(read_grader_word(R"({"score":1})") == JudgeWord::same);
    CHECK(read_grader_word(R"({"score":0.49})") == JudgeWord::a);
    for (const std::string_view body :
         {"", "same", "[]", "{}", R"({"verdict":"Same"})", R"({"verdict":1})", R"({"score":"1"})", R"({"score":1.5})",
          R"({"score":-0.1})", R"({"score":null})", R"({"verdict":"same","verdict":"worse"})",
          R"({"verdict":"same","score":0})", R"({"verdict":"same")"}) {
        CAPTURE(body);
        CHECK(read_grader_word(body) == JudgeWord::none);
    }
}
