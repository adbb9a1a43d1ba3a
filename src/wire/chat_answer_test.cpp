#include "wire/chat_answer.h"

#include <doctest/doctest.h>

#include "json/scan.h"

namespace weir::wire {
namespace {

constexpr std::string_view kBody = R"({
  "id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": "gpt-4o-2024-08-06",
  "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello.", "refusal": null, "annotations": []},
    "logprobs": {"content": [{"token": "Hello", "logprob": -0.5, "bytes": [72], "top_logprobs": [{"token":"Hi","logprob":-9}]},
                             {"token": ".", "logprob": -1.5, "bytes": [46], "top_logprobs": []}], "refusal": null},
    "finish_reason": "stop"}],
  "usage": {"prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29,
    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 3}},
  "service_tier": "default", "system_fingerprint": "fp_1"
})";

std::string with_choice(std::string_view choice) {
    return "{\"choices\":[" + std::string(choice) + "]}";
}
std::string with_message(std::string_view message, std::string_view finish = "\"stop\"") {
    return with_choice("{\"message\":" + std::string(message) + ",\"finish_reason\":" + std::string(finish) + "}");
}

ChatAnswer answer(std::string_view body) {
    Result<ChatAnswer> result = read_chat_answer(body);
    CAPTURE(body);
    REQUIRE_MESSAGE(result, result.error().message);
    return std::move(*result);
}

Usage usage(std::string_view text) {
    const std::optional<Usage> result = read_usage(text, {0, text.size()});
    CAPTURE(text);
    REQUIRE(result);
    return *result;
}

}  // namespace

TEST_CASE("chat answer: what is read of a body") {
    const ChatAnswer read = answer(kBody);
    CHECK(read.model == "gpt-4o-2024-08-06");
    CHECK(read.usage == Usage{.input_uncached = 15, .input_cached = 4, .output = 10, .reasoning = 3, .reported = true});
    CHECK(read.logprobs.tokens == 2);
    CHECK(read.logprobs.mean == -1.0);
    CHECK(read.logprobs.min == -1.5);
    CHECK(read.finished);
    CHECK(read.whole);
    CHECK_FALSE(read.refused);
    CHECK_FALSE(read.empty);
}

TEST_CASE("chat answer: log-probabilities that are none stay finite") {
    const ChatAnswer read = answer(with_choice(
        R"({"message":{"content":"x"},"logprobs":{"content":[{"logprob":-1e300,"top_logprobs":[{"logprob":1e300},)"
        R"({"logprob":-1e300}]},{"logprob":-1e300},{"logprob":-1e999}]}})"));
    CHECK(read.logprobs.tokens == 2);
    CHECK(read.logprobs.mean == -10'000);
    CHECK(read.logprobs.min == -10'000);
    CHECK(read.logprobs.margin == 20'000);
}

TEST_CASE("chat answer: finish reasons") {
    const auto check = [](std::string_view finish, bool finished, bool whole) {
        CAPTURE(finish);
        const ChatAnswer read = answer(with_message(R"({"content":"x"})", finish));
        CHECK(read.finished == finished);
        CHECK(read.whole == whole);
    };
    check("\"stop\"", true, true);
    check("\"tool_calls\"", true, true);
    check("\"function_call\"", true, true);
    check("\"length\"", true, false);
    check("\"content_filter\"", true, false);
    check("\"\"", false, false);
    check("null", false, false);
    // One unfinished choice is enough.
    const ChatAnswer two =
        answer(R"({"choices":[{"message":{"content":"a"},"finish_reason":"stop"},{"message":{"content":"b"}}]})");
    CHECK_FALSE(two.finished);
    CHECK_FALSE(two.whole);
    const ChatAnswer cut = answer(R"({"choices":[{"message":{"content":"a"},"finish_reason":"length"},)"
                                  R"({"message":{"content":"b"},"finish_reason":"stop"}]})");
    CHECK(cut.finished);
    CHECK_FALSE(cut.whole);
}

TEST_CASE("chat answer: empty and refused") {
    CHECK(answer(with_message("{}")).empty);
    CHECK(answer(with_message(R"({"content":null})")).empty);
    CHECK(answer(with_message(R"({"content":"","tool_calls":[]})")).empty);
    CHECK(answer(with_message(R"({"content":[]})")).empty);
    CHECK_FALSE(answer(with_message(R"({"content":" "})")).empty);
    CHECK_FALSE(answer(with_message(R"({"content":[{"type":"text","text":"a"}]})")).empty);
    CHECK_FALSE(answer(with_message(R"({"content":null,"tool_calls":[{"id":"1"}]})")).empty);
    CHECK_FALSE(answer(with_message(R"({"content":null,"function_call":{"name":"f"}})")).empty);
    CHECK(answer(with_choice(R"({"message":{"content":"a"}},{"message":{"content":""}})")).empty);
    CHECK(answer(with_choice(R"({"message":{"content":""}},{"message":{"content":"a"}})")).empty);
    CHECK(answer(with_message(R"({"content":null,"refusal":"I can't."})")).refused);
    CHECK(answer(with_message(R"({"content":null,"refus\u0061l":"I can't."})")).refused);
    CHECK_FALSE(answer(with_message(R"({"content":"a","refusal":""})")).refused);
    CHECK(answer(with_choice(R"({"message":{"content":"a"}},{"message":{"refusal":"no"}})")).refused);
}

TEST_CASE("chat answer: what is none is a protocol error") {
    for (const std::string_view body :
         {"", "[]", "{}", R"({"choices":null})", R"({"choices":[]})", R"({"choices":{}})", R"({"choices":[1]})",
          R"({"choices":[{}]})", R"({"choices":[{"message":null}]})", R"({"choices":[{"message":"hi"}]})",
          R"({"choices":[{"message":{}},{"delta":{}}]})", R"({"choices":[{"message":{"content":"cut o)",
          R"({"error":{"message":"x"}})"}) {
        CAPTURE(body);
        const Result<ChatAnswer> result = read_chat_answer(body);
        REQUIRE_FALSE(result);
        CHECK(result.error().code == ErrorCode::protocol);
    }
    const std::string_view whole = kBody;
    for (std::size_t size = 0; size < whole.size(); ++size) REQUIRE_FALSE(read_chat_answer(whole.substr(0, size)));
}

TEST_CASE("chat answer: the margin to the second token, of the tokens that come with two") {
    const ChatAnswer read = answer(
        R"({"choices":[{"message":{},"logprobs":{"content":[)"
        R"({"logprob":-1,"top_logprobs":[{"token":"a","logprob":-3},{"token":"b","logprob":-0.5},{"logprob":-9}]},)"
        R"({"logprob":-1,"top_logprobs":[{"logprob":-1},{"logprob":-2.5}]},)"
        R"({"logprob":-4,"top_logprobs":[{"logprob":-4}]},{"logprob":-5,"top_logprobs":[]},)"
        R"({"logprob":-6,"top_logprobs":[1,{"token":"x"},{"logprob":"-1"}]},{"logprob":-7}]}}]})");
    CHECK(read.logprobs.tokens == 6);
    CHECK(read.logprobs.margins == 2);
    CHECK(read.logprobs.margin == doctest::Approx(2.0));
    CHECK(answer(kBody).logprobs.margins == 0);
}

TEST_CASE("chat answer: log-probabilities over all choices") {
    const ChatAnswer read =
        answer(R"({"choices":[{"message":{},"logprobs":{"content":[{"logprob":-1},{"logprob":-3}]}},)"
               R"({"message":{},"logprobs":null},{"message":{},"logprobs":{"content":[{"logprob":-8}]}}]})");
    CHECK(read.logprobs.tokens == 3);
    CHECK(read.logprobs.mean == -4.0);
    CHECK(read.logprobs.min == -8.0);
    CHECK(answer(with_choice(R"({"message":{},"logprobs":{"content":null}})")).logprobs.tokens == 0);
    CHECK(answer(with_choice(R"({"message":{},"logprobs":{"content":[{"logprob":null},{}]}})")).logprobs.tokens == 0);
    CHECK(answer(with_choice(R"({"message":{},"logprobs":{"content":[{"logprob":0}]}})")).logprobs.min == 0);
}

TEST_CASE("usage: the shapes servers send") {
    CHECK(usage(R"({"prompt_tokens":7,"completion_tokens":5,"total_tokens":12})") ==
          Usage{.input_uncached = 7, .output = 5, .reported = true});
    CHECK(
        usage(
            R"({"prompt_tokens":7.0,"completion_tokens":5e0,"prompt_tokens_details":null,"completion_tokens_details":null})") ==
        Usage{.input_uncached = 7, .output = 5, .reported = true});
    // DeepSeek
    CHECK(
        usage(
            R"({"prompt_tokens":100,"completion_tokens":5,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36})") ==
        Usage{.input_uncached = 36, .input_cached = 64, .output = 5, .reported = true});
    CHECK(usage(R"({"prompt_tokens":100,"prompt_cache_hit_tokens":64,"prompt_tokens_details":{"cached_tokens":64}})")
              .input_cached == 64);
    // Reasoning inside the completion (OpenAI) and beside it.
    CHECK(
        usage(
            R"({"prompt_tokens":10,"completion_tokens":50,"total_tokens":60,"completion_tokens_details":{"reasoning_tokens":40}})") ==
        Usage{.input_uncached = 10, .output = 50, .reasoning = 40, .reported = true});
    CHECK(
        usage(
            R"({"completion_tokens_details":{"reasoning_tokens":40},"prompt_tokens":10,"completion_tokens":50,"total_tokens":100})") ==
        Usage{.input_uncached = 10, .output = 90, .reasoning = 40, .reported = true});
    CHECK(
        usage(
            R"({"prompt_tokens":10,"completion_tokens":50,"total_tokens":99,"completion_tokens_details":{"reasoning_tokens":40}})")
            .output == 50);
    // Nonsense does not get out of hand.
    CHECK(usage(R"({"prompt_tokens":-5,"completion_tokens":-1})") == Usage{.reported = true});
    CHECK(usage(R"({"prompt_tokens":5,"prompt_tokens_details":{"cached_tokens":9}})") ==
          Usage{.input_cached = 5, .reported = true});
    CHECK(usage(R"({"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":9}})") ==
          Usage{.output = 14, .reasoning = 9, .reported = true});
    CHECK(usage(R"({"prompt_tokens":1e300})").input() == 1'000'000'000'000);
    CHECK(usage(R"({"prompt_tokens":1e999,"completion_tokens":"5"})") == Usage{});
    CHECK(usage("{}") == Usage{});
    CHECK(usage(R"({"total_tokens":5})") == Usage{});
    CHECK_FALSE(read_usage("null", {0, 4}));
    CHECK_FALSE(read_usage("[1]", {0, 3}));
    CHECK_FALSE(answer(with_message("{}")).usage.reported);
    CHECK_FALSE(answer(R"({"usage":null,"choices":[{"message":{}}]})").usage.reported);
}

TEST_CASE("without_logprobs: nulls them and touches nothing else") {
    CHECK(
        without_logprobs(
            R"({ "choices":[{"logprobs":{"content":[{"logprob":-1}]},"message":{"logprobs":1}} , {"logprobs":null}],"logprobs":2})") ==
        R"({ "choices":[{"logprobs":null,"message":{"logprobs":1}} , {"logprobs":null}],"logprobs":2})");
    CHECK(without_logprobs(R"({"choices":[]})") == R"({"choices":[]})");
    CHECK(without_logprobs("no JSON") == "no JSON");
}

TEST_CASE("replay: a body as a stream, to the byte") {
    std::string out = ">";
    REQUIRE(body_to_stream(kBody, true, out));
    const std::string head =
        R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o-2024-08-06",)"
        R"("service_tier":"default","system_fingerprint":"fp_1","choices":[)";
    CHECK(
        out ==
        ">" + head +
            R"({"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"usage":null})" +
            "\n\n" + head +
            R"({"index":0,"delta":{"content":"Hello.","refusal":null,"annotations":[]},"logprobs":{"content":[)"
            R"({"token":"Hello","logprob":-0.5,"bytes":[72],"top_logprobs":[{"token":"Hi","logprob":-9}]},)"
            R"({"token":".","logprob":-1.5,"bytes":[46],"top_logprobs":[]}],"refusal":null},"finish_reason":null}],"usage":null})" +
            "\n\n" + head + R"({"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null})" + "\n\n" +
            head +
            R"(],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":4,)"
            R"("audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":3}}})" +
            "\n\ndata: [DONE]\n\n");
}

TEST_CASE("replay: tool calls are numbered, usage only where asked for, unknown members come once") {
    std::string out;
    REQUIRE(body_to_stream(
        R"({"choices":[{"message":{"content":null,"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}},{"id":"b"}]},)"
        R"("stop_reason":7,"finish_reason":"tool_calls"}],"citations":["u"],"usage":{"prompt_tokens":1}})",
        false, out));
    CHECK(out ==
          "data: "
          "{\"object\":\"chat.completion.chunk\",\"citations\":[\"u\"],\"choices\":[{\"index\":0,\"delta\":{\"role\":"
          "\"assistant\",\"content\":null},"
          "\"finish_reason\":null}]}\n\n"
          "data: "
          "{\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,"
          "\"id\":\"a\",\"function\":"
          "{\"name\":\"f\",\"arguments\":\"{}\"}},{\"index\":1,\"id\":\"b\"}]},\"finish_reason\":null}]}\n\n"
          "data: "
          "{\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_"
          "calls\",\"stop_reason\":7}]}\n\n"
          "data: [DONE]\n\n");
    out = "kept";
    CHECK_FALSE(body_to_stream(R"({"choices":[{"message":{}},{}]})", false, out));
    CHECK_FALSE(body_to_stream(R"({"choices":[]})", false, out));
    CHECK_FALSE(body_to_stream("", false, out));
    CHECK(out == "kept");
}

}  // namespace weir::wire
