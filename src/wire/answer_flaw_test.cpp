#include "wire/answer_flaw.h"

#include <doctest/doctest.h>

#include <string>

#include "json/scan.h"

using namespace weir;
using namespace weir::wire;

namespace {

constexpr std::string_view kObject = R"({"type":"json_object"})";

AnswerFlaw flaw(std::string_view message, std::string_view format = {}, std::string_view finish = "stop") {
    const std::string body =
        R"({"choices":[{"message":)" + std::string(message) + R"(,"finish_reason":")" + std::string(finish) + R"("}]})";
    const auto read = read_chat_answer(body);
    REQUIRE(read.has_value());
    return flaw_of(format, *read, body);
}

AnswerFlaw said(std::string_view text, std::string_view format = {}, std::string_view finish = "stop") {
    std::string message = R"({"content":)";
    json::write_string(text, message);
    return flaw(message + "}", format, finish);
}

}  // namespace

TEST_CASE("an answer is one unless it is empty, cut short, a refusal or of another form than asked for") {
    CHECK(said("Paris") == AnswerFlaw::none);
    CHECK(said("") == AnswerFlaw::empty);
    CHECK(said(" \n") == AnswerFlaw::empty);
    CHECK(said("Par", {}, "length") == AnswerFlaw::cut_short);
    CHECK(said("Par", {}, "content_filter") == AnswerFlaw::cut_short);
    CHECK(said("I'm sorry, but I can't help with that.") == AnswerFlaw::refused);
    CHECK(said("I'm sorry, but I can't help with that.", kObject) == AnswerFlaw::refused);
    CHECK(flaw(R"({"content":null,"refusal":"No."})") == AnswerFlaw::refused);
    CHECK(said("Paris", kObject) == AnswerFlaw::malformed);
    CHECK(said(R"({"city":"Paris"})", kObject) == AnswerFlaw::none);
}

TEST_CASE("calls of tools are answers, whatever form is demanded of text") {
    CHECK(flaw(R"({"content":null,"tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]})", kObject,
               "tool_calls") == AnswerFlaw::none);
}

TEST_CASE("every flaw has words") {
    for (std::uint8_t i = 0; i < kAnswerFlaws; ++i) CHECK_FALSE(to_string(static_cast<AnswerFlaw>(i)).empty());
}
