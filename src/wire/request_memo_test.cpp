#include "wire/request_memo.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

using namespace weir;
using namespace weir::wire;

namespace {

std::string body_of(const std::string& question, const std::string& more = "") {
    return R"({"model":"m","messages":[{"role":"system","content":"Be short."},{"role":"user","content":")" + question +
           R"("}],"stream":true)" + more + "}";
}

ChatRequest parsed(std::string_view body) {
    std::string param;
    Result<ChatRequest> request = parse_chat_request(body, param);
    REQUIRE(request);
    return std::move(*request);
}

// A request as the gateway takes it through: true where it was remembered.
bool pass(RequestMemo& memo, PromptMemo& prompts, std::string_view body, std::string_view scope) {
    const RequestMemo::Place place = memo.find(body);
    const ChatRequest fresh = parsed(body);
    const PromptMemo::Prompt prompt = prompts.look_up(prompt_parts(fresh));
    const Digest256 key = canonical_digest(fresh, scope, Spelling::neutral);
    if (!place.known) {
        memo.remember(place, fresh, prompt, scope, Spelling::neutral, key);
        return false;
    }
    ChatRequest chat = place.known->chat;
    CHECK(chat.body.empty());
    chat.body = body;
    CHECK(chat.model == fresh.model);
    CHECK(chat.stream == fresh.stream);
    CHECK(chat.system_text == fresh.system_text);
    CHECK(chat.question == fresh.question);
    CHECK(place.known->prompt.digest == prompt.digest);
    CHECK(place.known->prompt.about_spelling == prompt.about_spelling);
    CHECK(canonical_digest(chat, scope, Spelling::neutral) == key);
    if (place.known->scope == scope) CHECK(place.known->key == key);
    return true;
}

}  // namespace

TEST_CASE("a request is remembered from its second time on, by its very bytes") {
    RequestMemo memo;
    PromptMemo prompts;
    CHECK_FALSE(pass(memo, prompts, body_of("What is a weir?"), "t"));
    CHECK(memo.bytes() == 0);
    CHECK_FALSE(pass(memo, prompts, body_of("What is a weir?"), "t"));
    CHECK(memo.bytes() > 0);
    CHECK(pass(memo, prompts, body_of("What is a weir?"), "t"));
    CHECK(pass(memo, prompts, body_of("What is a weir?"), "another"));  // its key is not
    CHECK_FALSE(pass(memo, prompts, body_of("What is a weir??"), "t"));
    CHECK_FALSE(pass(memo, prompts, body_of("What is a weir?", R"(,"seed":1)"), "t"));
}

TEST_CASE("a property: what is remembered is what reading it again gives, whatever came between; the limits hold") {
    std::mt19937 random(5);
    RequestMemo memo;
    PromptMemo prompts;
    std::vector<std::string> bodies;
    for (int i = 0; i < 2'000; ++i) {
        const std::size_t bytes = random() % 10 == 0 ? 9'000 : random() % 300;
        bodies.push_back(body_of(std::to_string(i) + std::string(bytes, 'x'), random() % 2 ? R"(,"seed":7)" : ""));
    }
    std::size_t remembered = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::size_t at = random() % (random() % 2 ? 50 : bodies.size());
        remembered += pass(memo, prompts, bodies[at], random() % 2 ? "t" : "u") ? 1U : 0U;
        CHECK(memo.bytes() <= RequestMemo::kMaxBytes);
    }
    CHECK(remembered > 5'000);
}

TEST_CASE("a long body is read each time") {
    RequestMemo memo;
    PromptMemo prompts;
    const std::string body = body_of(std::string(RequestMemo::kMaxBodyBytes, 'x'));
    for (int i = 0; i < 4; ++i) CHECK_FALSE(pass(memo, prompts, body, "t"));
    CHECK(memo.bytes() == 0);
}

TEST_CASE("what is remembered outlives its slot") {
    RequestMemo memo;
    PromptMemo prompts;
    const std::string body = body_of("kept");
    for (int i = 0; i < 2; ++i) pass(memo, prompts, body, "t");
    const RequestMemo::Place held = memo.find(body);
    REQUIRE(held.known);
    for (int i = 0; i < 3'000; ++i) pass(memo, prompts, body_of(std::to_string(i / 2) + std::string(4'000, 'y')), "t");
    CHECK_FALSE(memo.find(body).known);
    CHECK(held.known->body == body);
}
