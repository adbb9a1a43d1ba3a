#include <doctest/doctest.h>

#include "json/scan.h"
#include "wire/anthropic_testing.h"

namespace weir::wire::anthropic {
namespace {

std::string chat_of(std::string_view body) {
    std::string out;
    const Result<void> done = anthropic_form().body_to_chat(body, an_exchange(), out);
    REQUIRE_MESSAGE(done, done.error().message);
    const Result<ChatAnswer> read = read_chat_answer(out);
    REQUIRE_MESSAGE(read, read.error().message);
    return out;
}

std::string message(std::string_view content, std::string_view end = R"("stop_reason":"end_turn")") {
    return R"({"id":"msg_01","type":"message","role":"assistant","model":"claude-x","content":[)" +
           std::string(content) + "]," + std::string(end) +
           R"(,"usage":{"input_tokens":1,"cache_creation_input_tokens":7,"cache_read_input_tokens":100,)"
           R"("cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},"output_tokens":9,)"
           R"("service_tier":"priority"}})";
}

std::string told(std::string_view content) {
    const std::string all = chat_of(message(content));
    const std::size_t begin = all.find(R"("message":)") + 10;
    return all.substr(begin, all.find(R"(,"logprobs")") - begin);
}

std::string problem(std::string_view body) {
    std::string out = "kept";
    const Result<void> done = anthropic_form().body_to_chat(body, an_exchange(), out);
    CHECK(out == "kept");
    REQUIRE_FALSE(done);
    CHECK(done.error().code == ErrorCode::protocol);
    return done.error().message;
}

}  // namespace

TEST_CASE("anthropic body: whole") {
    CHECK(chat_of(message(R"({"type":"text","text":"l\u00f6"},{"type":"text","text":"!\n"})")) ==
          R"({"id":"msg_01","object":"chat.completion","created":77,"model":"claude-x","service_tier":"priority",)"
          R"("choices":[{"index":0,"message":{"role":"assistant","content":"l\u00f6!\n","refusal":null},)"
          R"("logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":108,"completion_tokens":9,)"
          R"("total_tokens":117,"prompt_tokens_details":{"cached_tokens":100},)"
          R"("completion_tokens_details":{"reasoning_tokens":0},"cache_creation_input_tokens":7,)"
          R"("cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},)"
          R"("service_tier":"priority"}})");
    CHECK(chat_of(R"({"content":[],"stop_reason":null})") ==
          R"({"id":"chatcmpl-00000000000000ab","object":"chat.completion","created":77,"model":"claude-sonnet-4-5",)"
          R"("choices":[{"index":0,"message":{"role":"assistant","content":"","refusal":null},"logprobs":null,)"
          R"("finish_reason":null}]})");
}

TEST_CASE("anthropic body: blocks") {
    CHECK(told(R"({"type":"thinking","thinking":"A\n","signature":"s="},{"type":"redacted_thinking","data":"d"},)"
               R"({"type":"tool_use","id":"toolu_1","name":"f","input":{"a": 1.50, "b\u00e9":"\"\u00e9é"}})") ==
          R"({"role":"assistant","content":null,"refusal":null,"reasoning_content":"A\n","thinking_blocks":[)"
          R"({"type":"thinking","thinking":"A\n","signature":"s="},{"type":"redacted_thinking","data":"d"}],)"
          R"("tool_calls":[{"id":"toolu_1","type":"function","function":{"name":"f",)"
          R"("arguments":"{\"a\": 1.50, \"b\\u00e9\":\"\\\"\\u00e9é\"}"}}]})");
    CHECK(
        told(
            R"({"type":"text","text":"\ud83d\ude00é"},{"type":"server_tool_use","id":"s","name":"web_search","input":{}},)"
            R"({"type":"text","text":"ab","citations":[{"type":"web_search_result_location","url":"u","title":null},)"
            R"({"type":"page_location","document_index":0}]})") ==
        R"({"role":"assistant","content":"\ud83d\ude00éab","refusal":null,"annotations":[{"type":"url_citation",)"
        R"("url_citation":{"start_index":2,"end_index":4,"title":"","url":"u"}}],)"
        R"("citations":[{"type":"web_search_result_location","url":"u","title":null},)"
        R"({"type":"page_location","document_index":0}],)"
        R"("server_blocks":[{"type":"server_tool_use","id":"s","name":"web_search","input":{}}]})");
}

TEST_CASE("anthropic body: ends") {
    const auto finish = [](std::string_view end) {
        const std::string all = chat_of(message(R"({"type":"text","text":"x"})", end));
        const std::size_t begin = all.find(R"("finish_reason")");
        return all.substr(begin, all.find("}],\"usage\"") - begin);
    };
    CHECK(finish(R"("stop_reason":"stop_sequence","stop_sequence":"E\u004e")") ==
          R"("finish_reason":"stop","stop_reason":"E\u004e")");
    CHECK(finish(R"("stop_reason":"max_tokens","stop_sequence":null)") == R"("finish_reason":"length")");
    CHECK(finish(R"("stop_reason":"refusal","stop_details":{"type":"refusal","category":null})") ==
          R"("finish_reason":"content_filter","stop_details":{"type":"refusal","category":null})");
}

TEST_CASE("anthropic body: no message") {
    CHECK(problem("{").find("no message") != std::string::npos);
    CHECK(problem(R"({"type":"error","error":{"message":"x"}})").find("no content") != std::string::npos);
    CHECK(problem(message(R"({"text":"x"})")).find("without a type") != std::string::npos);
    CHECK(problem(message(R"("x")")).find("no object") != std::string::npos);
    CHECK(problem(message(R"({"type":"tool_use","name":"f","input":{}})")).find("id") != std::string::npos);
    CHECK(problem(message(R"({"type":"tool_use","id":"a","name":"f","input":"{}"})")).find("input") !=
          std::string::npos);
}

TEST_CASE("anthropic errors: in OpenAI's words") {
    const auto error = [](unsigned status, std::string_view type, std::string_view text = "m") {
        const ApiError told = anthropic_form().error_of(status, R"({"type":"error","error":{"type":")" +
                                                                    std::string(type) + R"(","message":")" +
                                                                    std::string(text) + R"("},"request_id":"req_1"})");
        CHECK(told.message == text);
        return std::to_string(told.status) + ' ' + told.type + ' ' + told.code;
    };
    CHECK(error(400, "invalid_request_error") == "400 invalid_request_error ");
    CHECK(error(400, "invalid_request_error", "prompt is too long: 3 tokens > 2 maximum") ==
          "400 invalid_request_error context_length_exceeded");
    CHECK(error(401, "authentication_error") == "401 authentication_error invalid_api_key");
    CHECK(error(402, "billing_error") == "402 insufficient_quota insufficient_quota");
    CHECK(error(403, "permission_error") == "403 permission_error ");
    CHECK(error(404, "not_found_error") == "404 invalid_request_error model_not_found");
    CHECK(error(413, "request_too_large") == "413 invalid_request_error request_too_large");
    CHECK(error(429, "rate_limit_error") == "429 rate_limit_error rate_limit_exceeded");
    CHECK(error(500, "api_error") == "500 server_error upstream_error");
    CHECK(error(504, "timeout_error") == "504 server_error timeout");
    CHECK(error(529, "overloaded_error") == "503 server_error overloaded");
    // The type is the word, the status what it came with; without a known type the status tells.
    CHECK(error(200, "overloaded_error") == "200 server_error overloaded");
    CHECK(error(429, "sparkle_error") == "429 rate_limit_error rate_limit_exceeded");
    CHECK(error(422, "sparkle_error") == "422 invalid_request_error ");
    const ApiError page = anthropic_form().error_of(502, "<html>Bad gateway</html>");
    CHECK(page.status == 502);
    CHECK(page.message == "<html>Bad gateway</html>");
    CHECK(page.type == "server_error");
}

TEST_CASE("anthropic form: where and how it is asked") {
    std::string path = "/v1";
    anthropic_form().append_path(an_exchange(), path);
    CHECK(path == "/v1/messages");
    CHECK(anthropic_form().key_header().name == "x-api-key");
    CHECK(anthropic_form().key_header().prefix.empty());
    CHECK(anthropic_form().head_lines() == "anthropic-version: 2023-06-01\r\n");
    CHECK(anthropic_form().name() == "anthropic.messages");
}

}  // namespace weir::wire::anthropic
