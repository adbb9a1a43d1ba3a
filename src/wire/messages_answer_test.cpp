#include <doctest/doctest.h>

#include "json/scan.h"
#include "wire/messages.h"

namespace weir::wire {
namespace {

Echo an_echo() {
    Echo echo;
    echo.request_id = "00000000000000ab";
    echo.body = R"({"model":"asked"})";
    echo.notes = R"(["END"])";
    return echo;
}

std::string whole(std::string_view chat) {
    std::string out;
    const Result<void> done = anthropic_messages().body_from_chat(chat, an_echo(), out);
    REQUIRE_MESSAGE(done, done.error().message);
    std::vector<json::Member> members;
    CHECK(json::members(out, members));
    return out;
}

std::string choice(std::string_view message, std::string_view finish = R"("stop")", std::string_view more = "") {
    return R"({"id":"chatcmpl-1","model":"m-1","choices":[{"index":0,"message":{"role":"assistant",)" +
           std::string(message) + R"(},"finish_reason":)" + std::string(finish) + std::string(more) + "}]}";
}

// From the content on, up to the usage.
std::string told(std::string_view chat) {
    const std::string all = whole(chat);
    const std::size_t begin = all.find("\"content\":");
    return all.substr(begin, all.find(",\"usage\":") - begin);
}

std::string problem(std::string_view chat) {
    std::string out = "kept";
    const Result<void> done = anthropic_messages().body_from_chat(chat, an_echo(), out);
    CHECK(out == "kept");
    REQUIRE_FALSE(done);
    CHECK(done.error().code == ErrorCode::protocol);
    return done.error().message;
}

}  // namespace

TEST_CASE("messages body: whole") {
    CHECK(
        whole(
            R"({"id":"chatcmpl-\u0031","object":"chat.completion","created":1,"model":"m-1","choices":[{"index":0,)"
            R"("message":{"role":"assistant","content":"l\u00f6\n","refusal":null},"logprobs":null,"finish_reason":"stop"}],)"
            R"("usage":{"prompt_tokens":12,"completion_tokens":30,"total_tokens":42,)"
            R"("prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":10}}})") ==
        R"({"id":"msg_chatcmpl-\u0031","type":"message","role":"assistant","model":"m-1",)"
        R"("content":[{"type":"text","text":"l\u00f6\n"}],"stop_reason":"end_turn","stop_sequence":null,)"
        R"("usage":{"input_tokens":4,"cache_creation_input_tokens":0,"cache_read_input_tokens":8,"output_tokens":30,"output_tokens_details":{"thinking_tokens":10}}})");
    // What a server leaves out: the request's words.
    CHECK(
        whole(R"({"choices":[{"message":{"content":"x"}}]})") ==
        R"({"id":"msg_00000000000000ab","type":"message","role":"assistant","model":"asked",)"
        R"("content":[{"type":"text","text":"x"}],"stop_reason":null,"stop_sequence":null,)"
        R"("usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}})");
}

TEST_CASE("messages body: thoughts, text and calls in order") {
    CHECK(
        told(choice(
            R"("tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\": 1.0,\"y\":\"\\u00e9\"}"}},)"
            R"({"type":"function","function":{"arguments":" ","name":"g"}}],"content":"look","reasoning":"r",)"
            R"("reasoning_content":"r")",
            R"("tool_calls")")) ==
        R"("content":[{"type":"thinking","thinking":"r","signature":""},{"type":"text","text":"look"},)"
        R"({"type":"tool_use","id":"a","name":"f","input":{"x": 1.0,"y":"\u00e9"}},)"
        R"({"type":"tool_use","id":"toolu_00000000000000ab_1","name":"g","input":{}}],)"
        R"("stop_reason":"tool_use","stop_sequence":null)");
    CHECK(
        told(choice(R"("content":[{"type":"text","text":"a"},{"type":"text","text":"b"}])")) ==
        R"("content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"stop_reason":"end_turn","stop_sequence":null)");
    CHECK(told(choice(R"("content":null)")) == R"("content":[],"stop_reason":"end_turn","stop_sequence":null)");
}

TEST_CASE("messages body: why it ended") {
    const auto reason = [](std::string_view chat) {
        const std::string all = told(chat);
        return all.substr(all.find("\"stop_reason\":") + 14);
    };
    const std::string_view text = R"("content":"x")";
    CHECK(reason(choice(text, R"("length")")) == R"("max_tokens","stop_sequence":null)");
    CHECK(reason(choice(text, R"("content_filter")")) == R"("refusal","stop_sequence":null)");
    CHECK(reason(choice(R"("content":null,"refusal":"I won't.")")) == R"("refusal","stop_sequence":null)");
    CHECK(told(choice(R"("content":null,"refusal":"I won't.")"))
              .starts_with(R"("content":[{"type":"text","text":"I won't."}])"));
    CHECK(reason(choice(text, R"("stop")", R"(,"stop_reason":"\u0045ND")")) ==
          R"("stop_sequence","stop_sequence":"\u0045ND")");
    CHECK(reason(choice(text, R"("stop")", R"(,"stop_reason":128001)")) == R"("end_turn","stop_sequence":null)");
    CHECK(reason(choice(text, "null")) == R"(null,"stop_sequence":null)");
    // Some say stop where they call tools.
    const std::string_view call = R"("tool_calls":[{"id":"a","function":{"name":"f","arguments":{"x": 1}}}])";
    CHECK(reason(choice(call)) == R"("tool_use","stop_sequence":null)");
    // Cut off in its arguments.
    const std::string_view cut = R"("tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"x\":"}}])";
    CHECK(
        told(choice(cut, R"("length")")) ==
        R"("content":[{"type":"tool_use","id":"a","name":"f","input":{}}],"stop_reason":"max_tokens","stop_sequence":null)");
}

TEST_CASE("messages body: what can't be told is an error") {
    CHECK(problem(choice(R"("tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"x\":"}}])")) ==
          "the arguments of a tool call in the answer are no JSON object");
    CHECK(problem(choice(R"("tool_calls":[{"id":"a","function":{"name":"f","arguments":"[1]"}}])")) ==
          "the arguments of a tool call in the answer are no JSON object");
    CHECK(problem(choice(R"("tool_calls":[{"id":"a","type":"custom","custom":{"name":"f","input":"x"}}])")) ==
          "the answer calls a tool without a name");
    CHECK(problem(choice(R"("content":null,"function_call":{"name":"f","arguments":"{}"})")) ==
          "the answer calls a function, where tools were given");
    CHECK(problem(choice(R"("content":[{"type":"image","image":"x"}])")) == "the answer has a part that is no text");
    CHECK(problem(R"({"choices":[]})") == "the answer has no choices");
}

TEST_CASE("messages errors: Anthropic's form and names") {
    const auto type = [](unsigned status) {
        const std::string body = anthropic_messages().render_error({status, "a \"b\"", "server_error", "c", "p"}, "0f");
        const std::string begin = R"({"type":"error","error":{"type":")";
        const std::string end = R"(","message":"a \"b\""},"request_id":"req_0f"})";
        REQUIRE(body.starts_with(begin));
        REQUIRE(body.ends_with(end));
        return body.substr(begin.size(), body.size() - begin.size() - end.size());
    };
    CHECK(type(400) == "invalid_request_error");
    CHECK(type(401) == "authentication_error");
    CHECK(type(403) == "permission_error");
    CHECK(type(404) == "not_found_error");
    CHECK(type(405) == "invalid_request_error");
    CHECK(type(413) == "request_too_large");
    CHECK(type(429) == "rate_limit_error");
    CHECK(type(500) == "api_error");
    CHECK(type(502) == "api_error");
    CHECK(type(503) == "overloaded_error");
    CHECK(type(504) == "timeout_error");
    CHECK(type(529) == "overloaded_error");
    CHECK(anthropic_messages().id_header().name == "request-id");
}

TEST_CASE("messages body: what a provider of Messages said in chat") {
    CHECK(told(choice(R"("content":"x","reasoning_content":"T","thinking_blocks":[{"type":"thinking","thinking":"T",)"
                      R"("signature":"s"},{"type":"thinking","thinking":"u"},{"type":"redacted_thinking","data":"d"}])",
                      R"("length")", R"(,"native_finish_reason":"pause_turn")")) ==
          R"("content":[{"type":"thinking","thinking":"T","signature":"s"},{"type":"redacted_thinking","data":"d"},)"
          R"({"type":"text","text":"x"}],"stop_reason":"pause_turn","stop_sequence":null)");
    // Other providers' reasons are not Anthropic's.
    CHECK(told(choice(R"("content":"x")", R"("stop")", R"(,"native_finish_reason":"STOP")")) ==
          R"("content":[{"type":"text","text":"x"}],"stop_reason":"end_turn","stop_sequence":null)");
    CHECK(whole(R"({"id":"msg_1","choices":[{"message":{"content":""},"finish_reason":"stop"}],"usage":)"
                R"({"prompt_tokens":50,"completion_tokens":1,"cache_creation_input_tokens":30,)"
                R"("cache_creation":{"ephemeral_1h_input_tokens":10},"server_tool_use":{"web_search_requests":2}}})") ==
          R"({"id":"msg_1","type":"message","role":"assistant","model":"asked","content":[],"stop_reason":"end_turn",)"
          R"("stop_sequence":null,"usage":{"input_tokens":20,"cache_creation_input_tokens":30,)"
          R"("cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":20,)"
          R"("ephemeral_1h_input_tokens":10},"output_tokens":1,"server_tool_use":{"web_search_requests":2}}})");
}

}  // namespace weir::wire
