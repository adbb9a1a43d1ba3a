#include <doctest/doctest.h>

#include <random>

#include "http/sse.h"
#include "json/scan.h"
#include "wire/anthropic_testing.h"

namespace weir::wire::anthropic {
namespace {

const std::string kHead =
    R"(data: {"id":"msg_01A","object":"chat.completion.chunk","created":77,"model":"claude-sonnet-4-5-20250929",)";

std::string chunk(std::string_view delta, std::string_view finish = R"("finish_reason":null)",
                  std::string_view head = kHead) {
    return std::string(head) + R"("choices":[{"index":0,"delta":{)" + std::string(delta) + "}," + std::string(finish) +
           "}]}\n\n";
}
std::string usage_chunk(std::string_view usage, std::string_view head = kHead) {
    return std::string(head) + R"("choices":[],"usage":)" + std::string(usage) + "}\n\n";
}
const std::string kRole = chunk(R"("role":"assistant","content":null,"refusal":null)");
const std::string kDone = "data: [DONE]\n\n";

std::string whole(std::string_view events) {
    Told told = translate(events);
    REQUIRE_MESSAGE(!told.error, told.error->message);
    REQUIRE(told.whole);
    return told.out;
}

std::string problem(const std::string& events) {
    const Told told = translate(events);
    CHECK(told.out.find("[DONE]") == std::string::npos);
    REQUIRE(told.error);
    CHECK(told.error->code == ErrorCode::protocol);
    return told.error->message;
}

std::vector<std::string> all_traces() {
    return {text_trace(), tools_trace(), cached_trace(), search_trace(), redacted_trace()};
}

}  // namespace

TEST_CASE("anthropic stream: text") {
    CHECK(whole(text_trace()) == kRole + ": ping\n\n" + chunk(R"("content":"Hello")") + chunk(R"("content":"!\n")") +
                                     chunk("\"content\":\" Gr\\u00fc\xC3\x9F"
                                           "e\"") +
                                     chunk("", R"("finish_reason":"stop")") +
                                     usage_chunk(R"({"prompt_tokens":25,"completion_tokens":15,"total_tokens":40,)"
                                                 R"("prompt_tokens_details":{"cached_tokens":0},)"
                                                 R"("completion_tokens_details":{"reasoning_tokens":0}})") +
                                     kDone);
}

TEST_CASE("anthropic stream: thoughts and tools") {
    const auto call = [](std::string_view members) {
        return chunk(R"("tool_calls":[{)" + std::string(members) + "}]");
    };
    CHECK(whole(tools_trace()) ==
          kRole + chunk(R"("reasoning_content":"Two cities.")") + chunk(R"("reasoning_content":"\nAsk \"both\".")") +
              chunk(R"("thinking_blocks":[{"type":"thinking","thinking":"Two cities.\nAsk \"both\".",)"
                    R"("signature":"EqQBCgIYAhIM+/="}])") +
              chunk(R"("content":"I'll look.")") +
              call(R"("index":0,"id":"toolu_01","type":"function","function":{"name":"weather","arguments":""})") +
              call(R"("index":0,"function":{"arguments":"{\"city\": \"S"})") +
              call(R"("index":0,"function":{"arguments":"\u00e3o Paulo\""})") +
              call(R"("index":0,"function":{"arguments":", \"n\":1.50}"})") +
              call(R"("index":1,"id":"toolu_02","type":"function","function":{"name":"now","arguments":""})") +
              call(R"("index":1,"function":{"arguments":"{}"})") + chunk("", R"("finish_reason":"tool_calls")") +
              usage_chunk(R"({"prompt_tokens":25,"completion_tokens":89,"total_tokens":114,)"
                          R"("prompt_tokens_details":{"cached_tokens":0},)"
                          R"("completion_tokens_details":{"reasoning_tokens":40}})") +
              kDone);
    CHECK(whole(redacted_trace()).find(R"("thinking_blocks":[{"type":"redacted_thinking","data":"EmwKAhgB"}])") !=
          std::string::npos);
    CHECK(whole(redacted_trace()).find(R"([{"type":"thinking","thinking":"","signature":"only="}])") !=
          std::string::npos);
    CHECK(whole(redacted_trace()).find(R"("delta":{},"finish_reason":"stop","stop_reason":"END"})") !=
          std::string::npos);
}

TEST_CASE("anthropic stream: usage") {
    const std::string cached = whole(cached_trace());
    CHECK(cached.find(R"("usage":{"prompt_tokens":13303,"completion_tokens":9,"total_tokens":13312,)"
                      R"("prompt_tokens_details":{"cached_tokens":11000},)"
                      R"("completion_tokens_details":{"reasoning_tokens":0},"cache_creation_input_tokens":2300,)"
                      R"("cache_creation":{"ephemeral_5m_input_tokens":300,"ephemeral_1h_input_tokens":2000}}})") !=
          std::string::npos);
    CHECK(cached.find(R"("service_tier":"default","choices":[],)") != std::string::npos);
    CHECK(cached.find(R"("finish_reason":"length"}]})") != std::string::npos);

    const auto usage_of = [](std::string_view begun, std::string_view end) {
        const std::string out = whole(started(begun) + ended(R"("end_turn")", end));
        ChatStream chat(ChatStream::Options{});
        std::string relayed;
        REQUIRE(chat.feed(out, relayed));
        return chat.usage();
    };
    const Usage plain{.input_uncached = 5, .input_cached = 7, .output = 9, .reported = true};
    // Whatever of it the last event repeats, leaves out, or has as zeros or null.
    CHECK(usage_of(R"({"input_tokens":5,"cache_read_input_tokens":7,"output_tokens":1})", R"({"output_tokens":9})") ==
          plain);
    CHECK(usage_of(R"({"input_tokens":5,"cache_read_input_tokens":7,"output_tokens":1})",
                   R"({"input_tokens":0,"cache_read_input_tokens":0,"output_tokens":9})") == plain);
    CHECK(usage_of(R"({"input_tokens":0,"output_tokens":0})",
                   R"({"input_tokens":5,"cache_read_input_tokens":7,"output_tokens":9})") == plain);
    CHECK(usage_of(R"({"input_tokens":5,"cache_read_input_tokens":7,"output_tokens":9})", "null") == plain);
    CHECK(usage_of(R"({"input_tokens":5,"cache_read_input_tokens":null,"cache_creation":null,"output_tokens":9})",
                   R"({"cache_read_input_tokens":7})") == plain);
    const Usage written{.input_cache_write = 10, .input_cache_write_1h = 20, .output = 1, .reported = true};
    CHECK(usage_of(R"({"input_tokens":0,"cache_creation_input_tokens":30,"output_tokens":0})",
                   R"({"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,)"
                   R"("ephemeral_1h_input_tokens":20},"output_tokens":1})") == written);
    CHECK(usage_of(R"({"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,)"
                   R"("ephemeral_1h_input_tokens":20},"output_tokens":0})",
                   R"({"cache_creation_input_tokens":0,"output_tokens":1})") == written);
    CHECK(whole(started("null") + ended(R"("end_turn")", "null")).find("usage") == std::string::npos);
}

TEST_CASE("anthropic stream: the provider's own tools and citations") {
    const std::string out = whole(search_trace());
    CHECK(out.find(R"("server_blocks":[{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search",)"
                   R"("input":{"query":"weir"}}])") != std::string::npos);
    CHECK(out.find(R"("server_blocks":[{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[)") !=
          std::string::npos);
    CHECK(out.find(R"("annotations":[{"type":"url_citation","url_citation":{"start_index":12,"end_index":30,)"
                   R"("title":"T","url":"https://e.org/a"}}])") != std::string::npos);
    CHECK(out.find(R"("citations":[{"type":"web_search_result_location","cited_text":"c",)") != std::string::npos);
    CHECK(out.find(R"("prompt_tokens":10682,"completion_tokens":510,)") != std::string::npos);
    CHECK(out.find(R"("server_tool_use":{"web_search_requests":2})") != std::string::npos);
    CHECK(out.find("tool_calls") == std::string::npos);
}

TEST_CASE("anthropic stream: ends") {
    const auto finish = [](std::string_view reason, std::string_view more = "") {
        const std::string out = whole(started() + ended(reason, "{}", more));
        const std::size_t begin = out.find(R"("delta":{},)") + 11;
        return out.substr(begin, out.find("}]}\n", begin) - begin);
    };
    CHECK(finish(R"("end_turn")") == R"("finish_reason":"stop")");
    CHECK(finish(R"("tool_use")") == R"("finish_reason":"tool_calls")");
    CHECK(finish(R"("model_context_window_exceeded")") ==
          R"("finish_reason":"length","native_finish_reason":"model_context_window_exceeded")");
    CHECK(finish(R"("pause_turn")") == R"("finish_reason":"length","native_finish_reason":"pause_turn")");
    CHECK(finish(R"("something_new")") == R"("finish_reason":"length","native_finish_reason":"something_new")");
    CHECK(finish(R"("refusal")", R"(,"stop_details":{"type":"refusal","category":"cyber"})") ==
          R"("finish_reason":"content_filter","stop_details":{"type":"refusal","category":"cyber"})");
}

TEST_CASE("anthropic stream: errors") {
    const std::string text = started() + block(0, kTextBlock) + text_delta(0, "x");
    const Told told = translate(
        text + event("error", R"("error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1")") +
        text_delta(0, "y") + ended());
    CHECK_FALSE(told.error);
    CHECK_FALSE(told.whole);
    CHECK(told.out.ends_with(
        R"(data: {"error":{"message":"Overloaded","type":"server_error","param":null,"code":"overloaded"}})"
        "\n\n"));
    ChatStream chat(ChatStream::Options{});
    std::string relayed;
    REQUIRE(chat.feed(told.out, relayed));
    CHECK(chat.failed());
    CHECK_FALSE(chat.done());

    // What no server of Messages sends.
    CHECK(problem(block(0, kTextBlock)).find("before message_start") != std::string::npos);
    CHECK(problem(text_delta(0, "x")).find("before message_start") != std::string::npos);
    CHECK(problem(ended()).find("before message_start") != std::string::npos);
    CHECK(problem(started() + started()).find("second") != std::string::npos);
    CHECK(problem(started() + text_delta(0, "x")).find("outside a block") != std::string::npos);
    CHECK(problem(text + block_stop(0) + text_delta(0, "x")).find("outside a block") != std::string::npos);
    CHECK(problem(text + block_stop(1)).find("not open") != std::string::npos);
    CHECK(problem(text + block(0, kTextBlock)).find("two blocks") != std::string::npos);
    CHECK(problem(text + json_delta(0, "{}")).find("another type") != std::string::npos);
    CHECK(problem(text + block_stop(0) + event("message_stop")).find("stop_reason") != std::string::npos);
    CHECK(problem(text + "data: {\"type\"\n\n").find("broken") != std::string::npos);
    CHECK(problem(text + "data: hello\n\n").find("broken") != std::string::npos);
    CHECK(problem(started() + block(0, R"({"type":"tool_use","id":"a","input":{}})")).find("name") !=
          std::string::npos);
    CHECK(problem(R"(data: {"choices":[]})"
                  "\n\n" +
                  event("message_stop"))
              .find("before message_start") != std::string::npos);
}

TEST_CASE("anthropic stream: what is not known is passed over, and servers of others are understood") {
    const std::string odd = ": keep-alive\n\n" + started() + event("message_annotation", R"("x":[1])") +
                            block(0, R"({"type":"text","text":"Well, "})") +
                            delta(0, R"("type":"sparkle_delta","sparkle":1)") + text_delta(0, "") +
                            text_delta(0, "yes") + ended() + "data: [DONE]\n\n";
    const std::string out = whole(odd);
    CHECK(out.starts_with(": keep-alive\n\n"));
    CHECK(chat_body_of(out).find(R"("content":"Well, yes")") != std::string::npos);
    // Names alone, no blank behind the colon, no index.
    const std::string bare =
        "event:message_start\ndata:{\"message\":{\"usage\":{\"input_tokens\":1}}}\n\n"
        "event:content_block_start\ndata:{\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
        "event:content_block_delta\ndata:{\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}\n\n"
        "event:content_block_stop\ndata:{}\n\n"
        "event:message_delta\ndata:{\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n"
        "event:message_stop\ndata:{}\n\n";
    CHECK(whole(bare).find(R"({"id":"chatcmpl-00000000000000ab","object":"chat.completion.chunk","created":77,)"
                           R"("model":"claude-sonnet-4-5","choices":[{"index":0,"delta":{"content":"a"})") !=
          std::string::npos);
    // An input that came whole.
    const std::string call =
        started() + block(0, R"({"type":"tool_use","id":"a","name":"f","input":{"x": 1.0}})") + block_stop(0) + ended();
    CHECK(whole(call).find(R"("arguments":"{\"x\": 1.0}")") != std::string::npos);
}

TEST_CASE("anthropic stream: does not depend on where it is cut, and ends nowhere but at its end") {
    for (const std::string& trace : all_traces()) {
        const std::string at_once = whole(trace);
        for (std::size_t piece = 1; piece < 90; ++piece) {
            CAPTURE(piece);
            CHECK(translate(trace, piece).out == at_once);
        }
        for (std::size_t size = 0; size < trace.size() - 1; ++size) {
            CAPTURE(size);
            const Told told = translate(trace.substr(0, size));
            CHECK_FALSE(told.error);
            CHECK_FALSE(told.whole);
            CHECK(told.out.find("[DONE]") == std::string::npos);
            CHECK(at_once.starts_with(told.out));
        }
    }
}

TEST_CASE("anthropic stream: texts that look alike are told as those that are read") {
    std::mt19937 random(7);
    static constexpr std::string_view kPieces[] = {"a",
                                                   " ",
                                                   "\\n",
                                                   "\\u00e9",
                                                   "\xE4\xB8\xAD",
                                                   "\\\"",
                                                   "\\\\",
                                                   "data: x",
                                                   "{}",
                                                   "\\ud83d\\ude00",
                                                   "long enough to pass a block of bytes",
                                                   "\\/\\t"};
    const auto text = [&] {
        std::string out;
        for (std::size_t i = 1 + random() % 4; i > 0; --i) out += kPieces[random() % 12];
        return out;
    };
    for (int round = 0; round < 100; ++round) {
        std::string alike = started();
        std::string told = kRole;
        for (int index = 0; index < 3; ++index) {
            const bool thinks = index == 0;
            alike += block(index, thinks ? R"({"type":"thinking","thinking":"","signature":""})" : kTextBlock);
            std::string all;
            for (std::size_t i = random() % 6; i > 0; --i) {
                const std::string piece = text();
                all += piece;
                alike += thinks ? delta(index, R"("type":"thinking_delta","thinking":")" + piece + '"')
                                : text_delta(index, piece);
                told += chunk((thinks ? R"("reasoning_content":")" : R"("content":")") + piece + '"');
            }
            if (thinks) {
                told += chunk(R"("thinking_blocks":[{"type":"thinking","thinking":")" + all + R"(","signature":""}])");
            }
            alike += block_stop(index);
        }
        const Told out = translate(alike + ended());
        REQUIRE(out.whole);
        CHECK(out.out.starts_with(told));
        CHECK(translate(alike + ended(), 1 + static_cast<std::size_t>(round)).out == out.out);
    }
    // What is no JSON, or no UTF-8, is no text, alike or not.
    const std::string begun = started() + block(0, kTextBlock) + text_delta(0, "a") + text_delta(0, "b");
    for (const std::string_view bad : {"\\x", "\xFF", "\\u12", "\t", "\xC3"}) {
        CHECK(problem(begun + text_delta(0, bad)).find("broken") != std::string::npos);
    }
}

TEST_CASE("anthropic stream: limits") {
    const std::string large(1u << 20, 'x');
    std::string events = started() + block(0, R"({"type":"thinking","thinking":"","signature":""})");
    for (int i = 0; i < 4; ++i) events += delta(0, R"("type":"thinking_delta","thinking":")" + large + '"');
    const Told told = translate(events, 100'000);
    REQUIRE(told.error);
    CHECK(told.error->code == ErrorCode::too_large);
    const Told event_too_large =
        translate(started() + block(0, kTextBlock) + text_delta(0, std::string(5u << 20, 'x')));
    REQUIRE(event_too_large.error);
    CHECK(event_too_large.error->code == ErrorCode::too_large);
    std::string calls = started();
    for (int i = 0; i < 1025; ++i) {
        calls += block(i, R"({"type":"tool_use","id":"a","name":"f","input":{}})") + block_stop(i);
    }
    CHECK(translate(calls).error->code == ErrorCode::too_large);
}

}  // namespace weir::wire::anthropic
