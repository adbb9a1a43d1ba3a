#include "wire/responses_form.h"

#include <doctest/doctest.h>

#include "wire/chat_answer.h"
#include "wire/responses.h"

namespace weir::wire {
namespace {

ProviderExchange exchange() {
    ProviderExchange exchange;
    exchange.request_id = "0123456789abcdef";
    exchange.created_unix_s = 1'700'000'000;
    exchange.model = "gpt-5";
    return exchange;
}

std::string response(std::string_view output, std::string_view status = R"("completed")") {
    return R"({"id":"resp_1","object":"response","status":)" + std::string(status) +
           R"(,"model":"gpt-5-2025","output":[)" + std::string(output) +
           R"(],"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":60},"output_tokens":30,)"
           R"("output_tokens_details":{"reasoning_tokens":20},"total_tokens":130}})";
}

constexpr std::string_view kMessage =
    R"({"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}]},)"
    R"({"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[)"
    R"({"type":"output_text","text":"caf\u00e9","annotations":[]}]})";
constexpr std::string_view kCalls =
    R"({"type":"function_call","id":"fc_1","call_id":"call_1","name":"add","arguments":"{\"a\":1}"},)"
    R"({"type":"custom_tool_call","id":"ctc_1","call_id":"call_2","name":"run","input":"ls"})";

std::string chat_of(std::string_view body) {
    std::string chat;
    const Result<void> read = responses_form().body_to_chat(body, exchange(), chat);
    return read ? chat : "error: " + read.error().message;
}

std::string event(std::string_view json) {
    return "event: x\ndata: " + std::string(json) + "\n\n";
}

std::string stream() {
    return event(
               R"({"type":"response.created","response":{"id":"resp_1","model":"gpt-5-2025","status":"in_progress"}})") +
           event(R"({"type":"response.in_progress"})") + ": alive\n\n" +
           event(R"({"type":"response.output_item.added","output_index":0,"item":{"type":"message","content":[]}})") +
           event(R"({"type":"response.output_text.delta","output_index":0,"delta":"Fo"})") +
           event(R"({"type":"response.output_text.delta","output_index":0,"delta":"ur."})") +
           event(R"({"type":"response.output_item.added","output_index":1,"item":{"type":"function_call",)"
                 R"("call_id":"call_1","name":"add","arguments":""}})") +
           event(R"({"type":"response.function_call_arguments.delta","output_index":1,"delta":"{\"a\":"})") +
           event(R"({"type":"response.function_call_arguments.delta","output_index":1,"delta":"1}"})") +
           event(R"({"type":"response.something_new","x":1})") +
           event(R"({"type":"response.completed","response":)" + response("") + "}");
}

}  // namespace

TEST_CASE("a response as a chat completion") {
    const std::string chat = chat_of(response(kMessage));
    CAPTURE(chat);
    const Result<ChatAnswer> read = read_chat_answer(chat);
    REQUIRE(read.has_value());
    CHECK(read->whole);
    CHECK(chat.find(R"("content":"caf\u00e9")") != std::string::npos);
    CHECK(chat.find(R"("reasoning_content":"hm")") != std::string::npos);
    CHECK(chat.find(R"("id":"resp_1")") != std::string::npos);
}

TEST_CASE("calls, refusals, and what was cut off") {
    const std::string calls = chat_of(response(kCalls));
    CHECK(calls.find(R"("arguments":"{\"a\":1}")") != std::string::npos);
    CHECK(calls.find(R"("type":"custom","custom":{"name":"run","input":"ls"})") != std::string::npos);
    CHECK(calls.find(R"("finish_reason":"tool_calls")") != std::string::npos);
    CHECK(read_chat_answer(calls).has_value());
    const std::string refused =
        chat_of(response(R"({"type":"message","content":[{"type":"refusal","refusal":"no"}]})"));
    REQUIRE(read_chat_answer(refused).has_value());
    CHECK(read_chat_answer(refused)->refused);
    const std::string cut =
        chat_of(response(kMessage, R"("incomplete","incomplete_details":{"reason":"max_output_tokens"})"));
    CHECK(cut.find(R"("finish_reason":"length")") != std::string::npos);
}

TEST_CASE("what is no whole response, or says what chat has no word for") {
    for (const std::string& body :
         {std::string("{}"), std::string("[]"), std::string("x"), response(kMessage, R"("failed")"),
          response(kMessage, R"("in_progress")"), response("5"), response(R"({"type":"web_search_call","id":"ws_1"})"),
          response(R"({"type":"function_call"})"), response(R"({"type":"message"})")}) {
        CAPTURE(body);
        CHECK(chat_of(body).starts_with("error: "));
    }
}

TEST_CASE("a stream of a response as chat, however it is cut, and never as whole where it broke off") {
    const std::string whole = stream();
    const auto run = [&](std::string_view bytes, std::size_t step, bool& ended) {
        const ProviderExchange asked = exchange();
        const auto made = responses_form().stream_to_chat(asked);
        std::string out;
        for (std::size_t at = 0; at < bytes.size(); at += step) REQUIRE(made->feed(bytes.substr(at, step), out));
        ended = made->end(out).has_value();
        return out;
    };
    bool ended = false;
    const std::string expected = run(whole, whole.size(), ended);
    CHECK(ended);
    ChatStream::Options options;
    options.keep = true;
    ChatStream chat(options);
    std::string events;
    REQUIRE(chat.feed(expected, events));
    CHECK(chat.done());
    const Result<std::string> body = chat.body();
    REQUIRE(body.has_value());
    CHECK(body->find(R"("content":"Four.")") != std::string::npos);
    CHECK(body->find(R"("arguments":"{\"a\":1}")") != std::string::npos);
    CHECK(events.find(": alive\n\n") != std::string::npos);
    for (std::size_t step = 1; step < 20; ++step) CHECK(run(whole, step, ended) == expected);
    for (std::size_t cut = 0; cut + 3 < whole.size(); ++cut) {
        const std::string out = run(std::string_view(whole).substr(0, cut), 4096, ended);
        CHECK_FALSE(ended);
        CHECK(out.find("[DONE]") == std::string::npos);
    }
}

TEST_CASE("a response that fails") {
    for (
        const char* const bad :
        {R"({"type":"error","code":"server_error","message":"oh no","sequence_number":3})",
         R"({"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"oh no"}}})"}) {
        const ProviderExchange asked = exchange();
        const auto made = responses_form().stream_to_chat(asked);
        std::string out;
        REQUIRE(made->feed(event(bad), out));
        CHECK(out.find("oh no") != std::string::npos);
        CHECK_FALSE(made->end(out).has_value());
    }
}

}  // namespace weir::wire
