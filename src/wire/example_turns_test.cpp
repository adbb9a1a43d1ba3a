#include "wire/example_turns.h"

#include <doctest/doctest.h>

#include <vector>

using namespace weir;
using namespace weir::wire;

namespace {

ChatRequest parsed(std::string_view body) {
    std::string param;
    auto chat = parse_chat_request(body, param);
    REQUIRE(chat);
    return std::move(*chat);
}

bool takes(const std::string& messages, const std::string& more = "") {
    return takes_examples(parsed(R"({"model":"m","messages":)" + messages + more + "}"));
}

}  // namespace

TEST_CASE("example turns: the caller's bytes stay, the turns come before the question") {
    const std::string body = R"( {"temperature": 0.10,"messages" :[ {"role":"system","content":"Which desk?"} ,)"
                             "\n\t"
                             R"({"content":"my \u0070arcel","role":"user", "name":"eve"} ], "seed":1e2,"model":"m"})";
    const std::vector<ExampleTurn> turns = {{"a \"quoted\" one", "billing"}, {"two\nlines", "login"}};
    const ChatRequest chat = parsed(body);
    REQUIRE(takes_examples(chat));
    const std::string shown = with_examples(chat, turns);
    CHECK(shown == R"( {"temperature": 0.10,"messages" :[ {"role":"system","content":"Which desk?"} ,)"
                   "\n\t"
                   R"({"role":"user","content":"a \"quoted\" one"},{"role":"assistant","content":"billing"},)"
                   R"({"role":"user","content":"two\nlines"},{"role":"assistant","content":"login"},)"
                   R"({"content":"my \u0070arcel","role":"user", "name":"eve"} ], "seed":1e2,"model":"m"})");
    const ChatRequest again = parsed(shown);
    CHECK(question_text(again) == "my parcel");
    CHECK(again.system_text == "Which desk?");
    CHECK(again.recent.count == 5);
    CHECK(!takes_examples(again));
    CHECK(with_examples(chat, {}) == body);
}

TEST_CASE("example turns: requests that are more than one question take none") {
    const std::string question = R"({"role":"user","content":"q"})";
    CHECK(takes("[" + question + "]"));
    CHECK(takes("[" + question + "]", R"(,"n":1,"tools":[])"));
    CHECK(takes(R"([{"role":"user","content":[{"type":"text","text":"q"}]}])"));
    CHECK(!takes(R"([{"role":"user","content":[{"type":"text","text":"q"},{"type":"image_url","image_url":{}}]}])"));
    CHECK(!takes("[" + question + "," + question + "]"));
    CHECK(!takes("[" + question + R"(,{"role":"assistant","content":"a"},)" + question + "]"));
    CHECK(!takes("[" + question + R"(,{"role":"system","content":"s"}])"));
    CHECK(!takes(R"([{"role":"assistant","content":"a"}])"));
    CHECK(!takes("[" + question + "]", R"(,"n":2)"));
    CHECK(!takes("[" + question + "]", R"(,"tools":[{"type":"function","function":{"name":"f"}}])"));
}
