#include "wire/completions.h"

#include <doctest/doctest.h>

#include "json/random_json.h"
#include "json/scan.h"
#include "wire/chat_answer.h"
#include "wire/chat_request.h"
#include "wire/dialect_testing.h"

namespace weir::wire {
namespace {

struct Asked {
    std::string chat, error, param;
    bool include_usage = false;
};

Asked ask(std::string_view members, std::string_view model = "m") {
    Asked asked;
    const std::string body = R"({"model":")" + std::string(model) + "\"," + std::string(members) + '}';
    const Result<void> done = completion_to_chat(body, asked.param, asked.chat, asked.include_usage);
    if (!done) {
        CHECK(done.error().code == ErrorCode::invalid);
        CHECK(asked.chat.empty());
        asked.error = done.error().message;
    } else {
        std::string param;
        const Result<ChatRequest> chat = parse_chat_request(asked.chat, param);
        CHECK_MESSAGE(chat, (chat ? "" : chat.error().message));
    }
    return asked;
}

std::string chat_of(std::string_view members, std::string_view model = "m") {
    const Asked asked = ask(members, model);
    REQUIRE_MESSAGE(asked.error.empty(), asked.error);
    const std::string begin = R"({"model":")" + std::string(model) + "\",";
    REQUIRE(asked.chat.starts_with(begin));
    return asked.chat.substr(begin.size(), asked.chat.size() - begin.size() - 1);
}

void refused(std::string_view members, std::string_view param) {
    const Asked asked = ask(members);
    CAPTURE(members);
    CHECK(asked.param == param);
    CHECK_MESSAGE(asked.error.starts_with("'" + std::string(param) + "'"), asked.error);
}

using testing::kDone;
using testing::Translated;

Echo echo_of_answer(bool include_usage = false) {
    return testing::echo_of_answer(include_usage ? "usage" : "");
}

std::string body_of(std::string_view chat) {
    return testing::body_of(completions_dialect(), chat, echo_of_answer());
}

bool tellable(std::string_view chat) {
    const Echo echo = echo_of_answer();
    std::string out;
    const Result<void> done = completions_dialect().body_from_chat(chat, echo, out);
    if (!done) CHECK(done.error().code == ErrorCode::protocol);
    return done.has_value();
}

Translated translate(std::string_view events, bool include_usage = false, std::size_t piece = 1u << 20) {
    const Echo echo = echo_of_answer(include_usage);
    return testing::feed_all(*completions_dialect().stream_from_chat(echo, std::nullopt), events, piece);
}

constexpr std::string_view kProbabilities =
    R"({"content":[{"token":"h\u00e9","logprob":-0.10,"bytes":[104],"top_logprobs":[{"token":"h\u00e9","logprob":-0.10},)"
    R"({"token":"b","logprob":-2.5}]},{"token":"\n","logprob":-1,"top_logprobs":[]}],"refusal":null})";
constexpr std::string_view kLegacy = R"({"tokens":["h\u00e9","\n"],"token_logprobs":[-0.10,-1],)"
                                     R"("top_logprobs":[{"h\u00e9":-0.10,"b":-2.5},{"\n":-1}],"text_offset":[0,2]})";

std::string chunk(std::string_view delta, std::string_view finish = "null", std::string_view more = "",
                  std::string_view index = "0") {
    return R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":5,"model":"x","system_fingerprint":"f",)"
           R"("choices":[{"index":)" +
           std::string(index) + R"(,"delta":{)" + std::string(delta) + R"(},"finish_reason":)" + std::string(finish) +
           std::string(more) + "}]}\n\n";
}
const std::string kUsage = "data: {\"id\":\"chatcmpl-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":1.0}}\n\n";

std::string told(std::string_view choice, std::string_view usage = "") {
    return R"(data: {"id":"cmpl-1","object":"text_completion","created":5,"model":"x","system_fingerprint":"f",)"
           R"("choices":[)" +
           std::string(choice) + ']' + std::string(usage) + "}\n\n";
}

}  // namespace

TEST_CASE("completions request: a prompt is one message of a user") {
    CHECK(chat_of(R"("prompt":"Hi \u00e9")") == R"("messages":[{"role":"user","content":"Hi \u00e9"}])");
    CHECK(chat_of(R"("prompt":["Hi"],"temperature":0.50,"stop":["\n"],"seed":7,"top_k":3,"logit_bias":{"1": 2})") ==
          R"("temperature":0.50,"stop":["\n"],"seed":7,"top_k":3,"logit_bias":{"1":2},)"
          R"("messages":[{"role":"user","content":"Hi"}])");
    CHECK(chat_of(R"("prompt":"x","max_tokens":16,"n":2,"best_of":2,"echo":false,"suffix":"","logprobs":3)") ==
          R"("messages":[{"role":"user","content":"x"}],"n":2,"max_tokens":16,"logprobs":true,"top_logprobs":3)");
    CHECK(chat_of(R"("prompt":"x","max_tokens":16)", "openai/gpt-5-mini") ==
          R"("messages":[{"role":"user","content":"x"}],"max_completion_tokens":16)");
    CHECK(chat_of(R"("prompt":"x","logprobs":0)").ends_with(R"("logprobs":true)"));
    CHECK(chat_of(
              R"("prompt":"x","logprobs":null,"best_of":null,"suffix":null,"echo":null,"max_tokens":null,"n":null)") ==
          R"("messages":[{"role":"user","content":"x"}])");
    const Asked streamed = ask(R"("prompt":"x","stream":true,"stream_options":{"include_usage":true})");
    CHECK(streamed.include_usage);
    CHECK(streamed.chat == R"({"model":"m","stream":true,"messages":[{"role":"user","content":"x"}]})");
}

TEST_CASE("completions request: what chat models can't do is refused by its name") {
    refused(R"("temperature":1)", "prompt");
    refused(R"("prompt":null)", "prompt");
    refused(R"("prompt":[])", "prompt");
    refused(R"("prompt":["a","b"])", "prompt");
    refused(R"("prompt":[1,2])", "prompt");
    refused(R"("prompt":[[1,2]])", "prompt");
    refused(R"("prompt":{"a":1})", "prompt");
    refused(R"("prompt":"x","prompt":"y")", "prompt");
    refused(R"("prompt":"x","pr\u006fmpt":"y")", "prompt");
    refused(R"("prompt":"x","echo":true)", "echo");
    refused(R"("prompt":"x","suffix":"end")", "suffix");
    refused(R"("prompt":"x","best_of":3)", "best_of");
    refused(R"("prompt":"x","n":2,"best_of":3)", "best_of");
    refused(R"("prompt":"x","n":0)", "n");
    refused(R"("prompt":"x","n":1000)", "n");
    refused(R"("prompt":"x","logprobs":true)", "logprobs");
    refused(R"("prompt":"x","logprobs":21)", "logprobs");
    refused(R"("prompt":"x","stream_options":1)", "stream_options");
    refused(R"("prompt":"x","stream_options":{"include_usage":1})", "stream_options.include_usage");
    for (const std::string_view name : {"messages", "tools", "response_format", "top_logprobs", "functions"}) {
        refused(R"("prompt":"x",")" + std::string(name) + "\":[]", name);
    }
    std::string chat, param;
    bool include_usage = false;
    CHECK_FALSE(completion_to_chat("[]", param, chat, include_usage));
    CHECK_FALSE(completion_to_chat(R"({"prompt":"x)", param, chat, include_usage));
}

TEST_CASE("completions answer: bodies") {
    CHECK(body_of(R"({"id":"chatcmpl-1","object":"chat.completion","created":5,"model":"x","system_fingerprint":"f",)"
                  R"("choices":[{"index":0,"message":{"role":"assistant","content":"h\u00e9\n","refusal":null},)"
                  R"("logprobs":null,"finish_reason":"stop"},{"index":1,"message":{"content":null,"refusal":"No."},)"
                  R"("finish_reason":"length"}],"usage":{"prompt_tokens": 1.0}})") ==
          R"({"id":"cmpl-1","object":"text_completion","created":5,"model":"x","system_fingerprint":"f","choices":[)"
          R"({"text":"h\u00e9\n","index":0,"logprobs":null,"finish_reason":"stop"},)"
          R"({"text":"No.","index":1,"logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":1.0}})");
    CHECK(body_of(R"({"choices":[{"index":0,"message":{"content":"h\u00e9\n"},"logprobs":)" +
                  std::string(kProbabilities) + R"(,"finish_reason":"stop"}]})") ==
          R"({"id":"cmpl-00000000000000ab","object":"text_completion","created":77,"model":"","choices":[)"
          R"({"text":"h\u00e9\n","index":0,"logprobs":)" +
              std::string(kLegacy) + R"(,"finish_reason":"stop"}]})");
    CHECK(tellable(R"({"choices":[{"message":{"content":"a","tool_calls":[]},"finish_reason":"stop"}]})"));
    CHECK_FALSE(tellable(R"({"choices":[{"message":{"content":"a"},"finish_reason":null}]})"));
    CHECK_FALSE(
        tellable(R"({"choices":[{"message":{"content":null,"tool_calls":[{}]},"finish_reason":"tool_calls"}]})"));
    CHECK_FALSE(tellable(R"({"choices":[]})"));
    CHECK_FALSE(tellable(R"([])"));
}

TEST_CASE("completions answer: streams, wherever they are cut") {
    const std::string events =
        chunk(R"("role":"assistant","content":"")") + chunk(R"("reasoning_content":"Hm")") +
        chunk(R"("content":"h\u00e9\n")", "null", R"(,"logprobs":)" + std::string(kProbabilities)) +
        chunk(R"("content":"b")", "null", R"(,"logprobs":{"content":[{"token":"b","logprob":-3,"top_logprobs":[]}]})") +
        chunk("", R"("stop")") + kUsage + kDone;
    const auto expected = [&](const std::string& no_usage, const std::string& last) {
        return told(R"({"text":"h\u00e9\n","index":0,"logprobs":)" + std::string(kLegacy) + R"(,"finish_reason":null})",
                    no_usage) +
               told(
                   R"({"text":"b","index":0,"logprobs":{"tokens":["b"],"token_logprobs":[-3],"top_logprobs":[{"b":-3}],)"
                   R"("text_offset":[3]},"finish_reason":null})",
                   no_usage) +
               told(R"({"text":"","index":0,"logprobs":null,"finish_reason":"stop"})", no_usage) + last + kDone;
    };
    for (std::size_t piece = 1; piece <= events.size(); ++piece) {
        REQUIRE(translate(events, false, piece).out == expected("", ""));
        REQUIRE(translate(events, true, piece).out ==
                expected(R"(,"usage":null)", told("", R"(,"usage":{"prompt_tokens":1.0})")));
    }
}

TEST_CASE("completions answer: chunks that are alike but for their text are told as those that are read") {
    const std::vector<std::string> texts = {"a", "b\xC3\xA9", R"(\u00e9)", R"(say \"x\")", "",
                                            " ", R"(\)",      R"(\x)",     "d\n",          "e\xC3"};
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        json::RandomJson random(seed);
        std::string alike;
        std::string different;
        for (int i = 0; i < 12; ++i) {
            const std::string text = texts[random.below(random.below(12) == 0 ? texts.size() : 6)];
            const std::string event =
                chunk(R"("content":")" + text + '"', "null", R"(,"logprobs":null)", random.below(4) == 0 ? "1" : "0");
            alike += event;
            different += "data: {\"number\":" + std::to_string(i) + "," + event.substr(7);
        }
        const std::string end = chunk("", R"("stop")", "", "1") + chunk("", R"("stop")", "", "0") + kUsage + kDone;
        CAPTURE(alike);
        const Translated fast = translate(alike + end, true);
        const Translated read = translate(different + end, true);
        CHECK(fast.error.has_value() == read.error.has_value());
        CHECK(fast.out == read.out);
    }
    // A delta that says two things at once.
    const std::string twice = chunk(R"("content":"a","content":"b")");
    CHECK(translate(twice + twice).out.find(R"("text":"ab")") != std::string::npos);
    CHECK(translate(twice + twice).out.find(R"("text":"ab")", 200) != std::string::npos);
}

TEST_CASE("completions answer: several choices in a stream") {
    const Translated translated =
        translate(chunk(R"("content":"a")", "null", "", "0") + chunk(R"("content":"b")", "null", "", "1") +
                  chunk("", R"("stop")", "", "1") + chunk(R"("content":"c")", R"("length")", "", "0") + kDone);
    CHECK_FALSE(translated.error);
    CHECK(translated.out == told(R"({"text":"a","index":0,"logprobs":null,"finish_reason":null})") +
                                told(R"({"text":"b","index":1,"logprobs":null,"finish_reason":null})") +
                                told(R"({"text":"","index":1,"logprobs":null,"finish_reason":"stop"})") +
                                told(R"({"text":"c","index":0,"logprobs":null,"finish_reason":"length"})") + kDone);
}

TEST_CASE("completions answer: too many choices") {
    std::string events;
    for (std::size_t i = 0; i < kMaxChoices; ++i) events += chunk(R"("content":"a")", "null", "", std::to_string(i));
    CHECK_FALSE(translate(events).error);
    const Translated translated = translate(events + chunk(R"("content":"a")", "null", "", "500"));
    REQUIRE(translated.error);
    CHECK(translated.error->code == ErrorCode::too_large);
}

TEST_CASE("completions answer: nothing that was cut ends cleanly") {
    for (const std::string& events :
         {kDone, chunk(R"("content":"a")") + kDone, chunk(R"("content":"a")") + "data: {]}\n\n",
          chunk(R"("content":"a")", R"("stop")") + chunk(R"("content":"b")", "null", "", "1") + kDone,
          chunk(R"("tool_calls":[{"index":0}])")}) {
        const Translated translated = translate(events);
        REQUIRE(translated.error);
        CHECK(translated.error->code == ErrorCode::protocol);
        CHECK(translated.out.find("[DONE]") == std::string::npos);
    }
    const Translated told_by_upstream =
        translate(chunk(R"("content":"a")") + "data: {\"error\":{\"message\":\"overloaded\"}}\n\n" + kDone);
    CHECK_FALSE(told_by_upstream.error);
    CHECK(told_by_upstream.out.ends_with(
        R"(data: {"error":{"message":"overloaded","type":"server_error","param":null,"code":"upstream_error"}})"
        "\n\n"));
}

TEST_CASE("completions: an answer says the same as a body and as a stream") {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        json::RandomJson random(seed, false);
        std::string chat = R"({"id":"chatcmpl-1","created":5,"model":"x","choices":[)";
        const std::size_t choices = 1 + random.below(3);
        std::vector<std::string> texts(choices);
        for (std::size_t i = 0; i < choices; ++i) {
            const std::string text = random.string();
            texts[i] = text.substr(1, text.size() - 2);
            chat += std::string(i > 0 ? "," : "") + R"({"index":)" + std::to_string(i) + R"(,"message":{"content":)" +
                    text + R"(},"finish_reason":"stop"})";
        }
        chat += "]}";
        const Echo echo = echo_of_answer();
        std::string stream;
        REQUIRE(body_to_dialect_stream(completions_dialect(), chat, echo, stream));
        const std::string body = body_of(chat);
        for (std::size_t i = 0; i < choices; ++i) {
            const std::string said = R"({"text":")" + texts[i] + R"(","index":)" + std::to_string(i) + ',';
            CHECK(body.find(said) != std::string::npos);
            CHECK((texts[i].empty() || stream.find(said) != std::string::npos));
        }
        CHECK(stream.ends_with(kDone));
    }
}

}  // namespace weir::wire
