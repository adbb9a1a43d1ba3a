#include "wire/answer_text.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "json/scan.h"

using namespace weir;
using wire::answer_text;

namespace {

std::string with_message(const std::string& message) {
    return R"({"id":"x","choices":[{"index":0,"message":)" + message + R"(,"finish_reason":"stop"}],"usage":{}})";
}

}  // namespace

TEST_CASE("the first choice's text, unescaped") {
    CHECK(answer_text(with_message(R"({"role":"assistant","content":"Paris"})")) == "Paris");
    CHECK(answer_text(with_message(R"({"content":"a\n\"b\" \u00e9","refusal":null,"tool_calls":[]})")) ==
          "a\n\"b\" \u00e9");
    CHECK(answer_text(with_message(R"({"content":""})")) == "");
    CHECK(answer_text(R"({"choices":[{"message":{"content":"one"}},{"message":{"content":"two"}}]})") == "one");
    CHECK(answer_text(with_message(R"({"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]})")) == "ab");
    CHECK(answer_text(with_message(R"({"c\u006fntent":"escaped name"})")) == "escaped name");
}

TEST_CASE("nothing where the answer is more, or other, than text") {
    for (const std::string& body : {
             std::string(),
             std::string("[]"),
             std::string("{}"),
             std::string(R"({"choices":[]})"),
             std::string(R"({"choices":{}})"),
             std::string(R"({"choices":[1]})"),
             std::string(R"({"choices":[{}]})"),
             std::string(R"({"choices":[{"message":"x"}]})"),
             std::string(R"({"choices":[{"message":{"content":"x"}}])"),
             with_message(R"({"content":null})"),
             with_message(R"({"content":3})"),
             with_message(R"({})"),
             with_message(R"({"content":"x","tool_calls":[{"id":"1"}]})"),
             with_message(R"({"tool_calls":[{"id":"1"}],"content":"x"})"),
             with_message(R"({"content":"x","function_call":{"name":"f"}})"),
             with_message(R"({"content":"","refusal":"I can't"})"),
             with_message(R"({"content":[{"type":"image","url":"u"}]})"),
             with_message(R"({"content":["x"]})"),
         }) {
        INFO(body);
        CHECK_FALSE(answer_text(body).has_value());
    }
}

TEST_CASE("any text comes back") {
    CHECK(rc::check([](const std::string& bytes) {
        std::string quoted;
        json::write_string(bytes, quoted);  // makes UTF-8 of it
        RC_ASSERT(answer_text(with_message("{\"content\":" + quoted + "}")) == json::as_string(quoted));
    }));
}
