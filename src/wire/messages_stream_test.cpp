#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "wire/chat_answer.h"
#include "wire/messages.h"
#include "wire/messages_testing.h"

namespace weir::wire {
namespace {

using messages::Accumulated;
using messages::Accumulator;

const std::string kDone = "data: [DONE]\n\n";

std::string event(std::string_view data) {
    return "data: " + std::string(data) + "\n\n";
}

// A chunk of choice 0.
std::string delta(std::string_view members, std::string_view finish = "null") {
    return event(
        R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":5,"model":"m-1","choices":[{"index":0,)"
        R"("delta":{)" +
        std::string(members) + R"(},"finish_reason":)" + std::string(finish) + "}]}");
}

std::string usage_chunk(std::string_view usage) {
    return event(
        R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":5,"model":"m-1","choices":[],"usage":)" +
        std::string(usage) + "}");
}

const std::string kUsage = usage_chunk(
    R"({"prompt_tokens":12,"completion_tokens":3,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":8}})");

Echo an_echo() {
    Echo echo;
    echo.request_id = "00000000000000ab";
    echo.body = R"({"model":"asked"})";
    return echo;
}

struct Translated {
    std::string out;
    std::string error;
};

Translated translate(std::string_view input, std::size_t piece = 1u << 20, const Echo& echo = an_echo(),
                     const std::optional<Usage>& usage = std::nullopt) {
    Translated translated;
    const auto translator = anthropic_messages().stream_from_chat(echo, usage);
    while (!input.empty()) {
        const std::string bytes(input.substr(0, piece));
        input.remove_prefix(bytes.size());
        if (Result<void> fed = translator->feed(bytes, translated.out); !fed) {
            translated.error = fed.error().message;
            translator->break_off({502, "broken off", "server_error", "", ""}, translated.out);
            translator->break_off({502, "told twice", "server_error", "", ""}, translated.out);
            break;
        }
    }
    return translated;
}

// The message of a whole stream that keeps the grammar.
std::string message_of(std::string_view input) {
    const Translated translated = translate(input);
    REQUIRE(translated.error == "");
    const Accumulated accumulated = Accumulator::run(translated.out);
    CHECK(accumulated.problem == "");
    CHECK(accumulated.kinds.back() == "message_stop");
    return accumulated.message;
}

std::string call(int index, std::string_view members) {
    return R"("tool_calls":[{"index":)" + std::to_string(index) + ',' + std::string(members) + "}]";
}

std::string call_start(int index, std::string_view id, std::string_view name) {
    return delta(call(index, R"("id":")" + std::string(id) + R"(","type":"function","function":{"name":")" +
                                 std::string(name) + R"(","arguments":""})"));
}

std::string arguments(int index, std::string_view raw) {
    return delta(call(index, R"("function":{"arguments":")" + std::string(raw) + R"("})"));
}

std::string blocks(const std::string& message) {
    const auto content = json::find_member(message, {0, message.size()}, "content");
    REQUIRE(content);
    return std::string(content->of(message));
}

}  // namespace

TEST_CASE("messages stream: a text, event by event") {
    const Translated translated =
        translate(delta(R"("role":"assistant","content":"")") + delta(R"("content":"Hel")") + ": keep-alive\n\n" +
                  delta(R"("content":"l\u00f6\n")") + delta("", R"("stop")") + kUsage + kDone);
    CHECK(translated.error == "");
    CHECK(translated.out ==
          "event: message_start\n"
          R"(data: {"type":"message_start","message":{"id":"msg_chatcmpl-1","type":"message","role":"assistant",)"
          R"("model":"m-1","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,)"
          R"("cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}})"
          "\n\nevent: content_block_start\n"
          R"(data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"
          "\n\nevent: ping\n"
          R"(data: {"type":"ping"})"
          "\n\nevent: content_block_delta\n"
          R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}})"
          "\n\n: keep-alive\n\nevent: content_block_delta\n"
          R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"l\u00f6\n"}})"
          "\n\nevent: content_block_stop\n"
          R"(data: {"type":"content_block_stop","index":0})"
          "\n\nevent: message_delta\n"
          R"(data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},)"
          R"("usage":{"input_tokens":4,"cache_creation_input_tokens":0,"cache_read_input_tokens":8,"output_tokens":3}})"
          "\n\nevent: message_stop\n"
          R"(data: {"type":"message_stop"})"
          "\n\n");
}

TEST_CASE("messages stream: thoughts, text and parallel calls are blocks in order, each closed once") {
    const std::string message = message_of(
        delta(R"("role":"assistant","content":null,"reasoning_content":"Hm")") +
        delta(R"("reasoning_content":"m.","reasoning":"m.")") + delta(R"("content":"I look.")") +
        call_start(0, "call_a", "get_weather") + arguments(0, R"({\"city\":)") + arguments(0, R"(\"Z\u00fc}{rich\"})") +
        call_start(1, "call_b", "get_time") + arguments(1, "{}") + delta("", R"("tool_calls")") + kUsage + kDone);
    CHECK(message ==
          R"({"id":"msg_chatcmpl-1","type":"message","role":"assistant","model":"m-1","content":[)"
          R"({"type":"thinking","thinking":"Hmm.","signature":""},{"type":"text","text":"I look."},)"
          R"({"type":"tool_use","id":"call_a","name":"get_weather","input":{"city":"Z)"
          "\xC3\xBC"
          R"(}{rich"}},{"type":"tool_use","id":"call_b","name":"get_time","input":{}}],)"
          R"("stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":4,"cache_creation_input_tokens":0,)"
          R"("cache_read_input_tokens":8,"output_tokens":3}})");
}

TEST_CASE("messages stream: pieces of two calls that are mixed wait for their turn") {
    const std::string message = message_of(
        call_start(0, "a", "f") + arguments(0, R"({\"x\":)") + call_start(1, "b", "g") + arguments(1, R"({\"y\")") +
        arguments(0, "1}") + arguments(1, ":2}") + delta(R"("content":"late")", R"("tool_calls")") + kDone);
    CHECK(blocks(message) ==
          R"([{"type":"tool_use","id":"a","name":"f","input":{"x":1}},)"
          R"({"type":"tool_use","id":"b","name":"g","input":{"y":2}},{"type":"text","text":"late"}])");
}

TEST_CASE("messages stream: calls without numbers, ids or arguments; whole in one chunk; named late") {
    CHECK(
        blocks(message_of(delta(R"("tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}},)"
                                R"({"id":"b","function":{"name":"g","arguments":{"y": 2}}}])") +
                          delta("", R"("stop")") + kDone)) ==
        R"([{"type":"tool_use","id":"a","name":"f","input":{"x":1}},{"type":"tool_use","id":"b","name":"g","input":{"y": 2}}])");
    CHECK(
        blocks(message_of(delta(call(0, R"("id":"a","function":{"name":"f","arguments":"{\"x\":1}"})")) +
                          delta(call(0, R"("id":"b","function":{"name":"g","arguments":"{"})")) + arguments(0, "}") +
                          delta("", R"("stop")") + kDone)) ==
        R"([{"type":"tool_use","id":"a","name":"f","input":{"x":1}},{"type":"tool_use","id":"b","name":"g","input":{}}])");
    CHECK(blocks(message_of(delta(call(0, R"("id":"","function":{"name":"f"})")) +
                            delta(call(1, R"("function":{"name":"g","arguments":null})")) +
                            delta("", R"("tool_calls")") + kDone)) ==
          R"([{"type":"tool_use","id":"toolu_00000000000000ab_0","name":"f","input":{}},)"
          R"({"type":"tool_use","id":"toolu_00000000000000ab_1","name":"g","input":{}}])");
    CHECK(blocks(message_of(arguments(0, "{") + delta(call(0, R"("id":"a","function":{"name":"f"})")) +
                            arguments(0, "}") + arguments(0, "\\n") + delta("", R"("stop")") + kDone)) ==
          "[{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{}\n}]");
}

TEST_CASE("messages stream: ends") {
    const auto end = [](std::string_view finish, std::string_view members = R"("content":"x")") {
        return message_of(delta(members) + delta("", finish) + kDone);
    };
    CHECK(end(R"("length")").find(R"("stop_reason":"max_tokens")") != std::string::npos);
    CHECK(end(R"("content_filter")").find(R"("stop_reason":"refusal")") != std::string::npos);
    CHECK(end(R"("stop")", R"("refusal":"No.")").find(R"([{"type":"text","text":"No."}],"stop_reason":"refusal")") !=
          std::string::npos);
    CHECK(end(R"("stop")", R"("content":"")").find(R"("content":[],"stop_reason":"end_turn")") != std::string::npos);
    // Cut off in the middle of a call's arguments.
    const Translated cut =
        translate(call_start(0, "a", "f") + arguments(0, R"({\"x)") + delta("", R"("length")") + kDone);
    CHECK(cut.error == "");
    CHECK(cut.out.find(R"("stop_reason":"max_tokens")") != std::string::npos);

    Echo echo = an_echo();
    echo.notes = R"(["\n\n", "EN\u0044"])";
    const auto stopped = [&](std::string_view at) {
        return translate(delta(R"("content":"x")") +
                             event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop","stop_reason":)" +
                                   std::string(at) + "}]}") +
                             kDone,
                         99, echo)
            .out;
    };
    CHECK(stopped(R"("END")").find(R"("stop_reason":"stop_sequence","stop_sequence":"END")") != std::string::npos);
    CHECK(stopped(R"("other")").find(R"("stop_reason":"end_turn","stop_sequence":null)") != std::string::npos);
    CHECK(stopped("null").find(R"("stop_reason":"end_turn","stop_sequence":null)") != std::string::npos);
}

TEST_CASE("messages stream: thoughts with signatures, told before or whole") {
    const auto thought = [](std::string_view members, std::string_view proof) {
        return R"("thinking_blocks":[{"type":"thinking",)" + std::string(members) + R"("signature":)" +
               std::string(proof) + "}]";
    };
    const std::string end = delta("", R"("stop")") + kDone;
    // Piece by piece, the signature last, as LiteLLM does.
    const std::string pieces = delta(R"("reasoning_content":"a",)" + thought(R"("thinking":"a",)", "null")) +
                               delta(R"("reasoning_content":"b",)" + thought(R"("thinking":"b",)", "null")) +
                               delta(R"("reasoning_content":"",)" + thought(R"("thinking":"",)", R"("s=")")) +
                               delta(R"("content":"x")");
    const std::string told = R"([{"type":"thinking","thinking":"ab","signature":"s="},{"type":"text","text":"x"}])";
    CHECK(blocks(message_of(pieces + end)) == told);
    // Told before, then whole; or whole alone.
    const std::string whole = delta(thought(R"("thinking":"ab",)", R"("s=")"));
    CHECK(blocks(message_of(delta(R"("reasoning_content":"ab")") + whole + delta(R"("content":"x")") + end)) == told);
    CHECK(blocks(message_of(whole + delta(R"("content":"x")") + end)) == told);
    // One after the other; without a text; redacted; unsigned ones beside them say nothing.
    CHECK(blocks(message_of(whole +
                            delta(R"("thinking_blocks":[{"type":"thinking","thinking":"","signature":"t"},)"
                                  R"({"type":"redacted_thinking","data":"d"},{"type":"thinking","thinking":"u"}])") +
                            delta(R"("reasoning_content":"more")") + end)) ==
          R"([{"type":"thinking","thinking":"ab","signature":"s="},{"type":"thinking","thinking":"","signature":"t"},)"
          R"({"type":"redacted_thinking","data":"d"},{"type":"thinking","thinking":"more","signature":""}])");
}

TEST_CASE("messages stream: usage is the last that came, wherever it stands, and known ones stand at the beginning") {
    const std::string in_chunk = event(
        R"({"id":"1","choices":[{"index":0,"delta":{"content":"b"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,)"
        R"("completion_tokens":20,"completion_tokens_details":{"reasoning_tokens":18}}})");
    const std::string early = event(
        R"({"id":"1","choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"prompt_tokens":9,"completion_tokens":1}})");
    CHECK(
        message_of(early + in_chunk + usage_chunk("null") + kDone)
            .find(
                R"("usage":{"input_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":20,"output_tokens_details":{"thinking_tokens":18}})") !=
        std::string::npos);
    const Usage known{.input_uncached = 4, .input_cached = 8, .output = 3, .reported = true};
    const Translated translated = translate(delta(R"("content":"a")", R"("stop")") + kDone, 99, an_echo(), known);
    CHECK(
        translated.out.find(
            R"("usage":{"input_tokens":4,"cache_creation_input_tokens":0,"cache_read_input_tokens":8,"output_tokens":0}}})") !=
        std::string::npos);
    CHECK(
        translated.out.find(
            R"("usage":{"input_tokens":4,"cache_creation_input_tokens":0,"cache_read_input_tokens":8,"output_tokens":3}})") !=
        std::string::npos);
}

TEST_CASE("messages stream: what is not whole has no end, but one error") {
    const auto broken = [](const std::string& input, std::string_view mention) {
        const Translated translated = translate(input);
        CHECK(translated.error.find(mention) != std::string::npos);
        const Accumulated accumulated = Accumulator::run(translated.out);
        CHECK(accumulated.problem == "");
        CHECK(accumulated.message == "");
        CHECK(
            accumulated.error ==
            R"({"type":"error","error":{"type":"api_error","message":"broken off"},"request_id":"req_00000000000000ab"})");
    };
    const std::string text = delta(R"("content":"x")");
    broken(text + kDone, "without a finish_reason");
    broken(kUsage + kDone, "without a finish_reason");
    broken(text + event("{\"a\":1"), "broken");
    broken(text + event("hello"), "broken");
    broken(call_start(0, "a", "f") + arguments(0, R"({\"x)") + delta("", R"("tool_calls")") + kDone, "no JSON object");
    broken(call_start(0, "a", "f") + arguments(0, "[]") + delta("", R"("tool_calls")") + kDone, "no JSON object");
    broken(delta(call(0, R"("id":"a")"), R"("tool_calls")") + kDone, "without a name");
    broken(call_start(0, "a", "f") + arguments(0, "{}") + call_start(1, "b", "g") + arguments(0, "{}"),
           "behind its end");
    broken(delta(R"("function_call":{"name":"f","arguments":""})"), "calls a function");
    broken(delta(R"("content":[{"type":"image","image":1}])"), "no text");

    // The upstream's own words; nothing comes behind them.
    for (const std::string_view how :
         {R"({"error":{"message":"overloaded","code":529}})", R"({"error":"overloaded"})"}) {
        const Translated told = translate(text + event(how) + text + delta("", R"("stop")") + kDone);
        CHECK(told.error == "");
        const Accumulated accumulated = Accumulator::run(told.out);
        CHECK(accumulated.problem == "");
        CHECK(accumulated.message == "");
        CHECK(accumulated.error.find(R"("message":"overloaded")") != std::string::npos);
        const bool numbered = how.find("529") != std::string_view::npos;
        CHECK((accumulated.error.find("overloaded_error") != std::string::npos) == numbered);
    }
}

TEST_CASE("messages stream: only choice 0, and chunks before the first choice, matter not") {
    const std::string filter = event(R"({"id":"","model":"","choices":[],"prompt_filter_results":[]})");
    const std::string second =
        event(R"({"id":"x","choices":[{"index":1,"delta":{"content":"other"},"finish_reason":"stop"}]})");
    const std::string message =
        message_of(filter + second + delta(R"("content":"mine")") + second + delta("", R"("stop")") + kDone);
    CHECK(blocks(message) == R"([{"type":"text","text":"mine"}])");
    CHECK(message.starts_with(R"({"id":"msg_chatcmpl-1")"));
}

namespace {

// A random answer as a stream: thoughts, text, calls whose pieces may be mixed.
class RandomStream {
  public:
    explicit RandomStream(unsigned seed) : random_(seed) {}

    std::string make() {
        std::string out = below(2) == 0 ? delta(R"("role":"assistant","content":"")") : "";
        for (std::size_t i = below(3); i > 0; --i) out += delta(R"("reasoning_content":")" + text() + '"');
        for (std::size_t i = below(4); i > 0; --i) out += delta(R"("content":")" + text() + '"');
        const std::size_t calls = below(4);
        std::vector<std::string> left;  // of each call's arguments
        const auto has_more = [&] {
            return std::any_of(left.begin(), left.end(), [](const std::string& one) { return !one.empty(); });
        };
        while (left.size() < calls || has_more()) {
            if (left.size() < calls && (!has_more() || below(3) == 0)) {
                const std::string number = std::to_string(left.size());
                out += call_start(static_cast<int>(left.size()), "call_" + number, "f" + number);
                left.push_back(below(4) == 0 ? "" : R"({"a":[1.50,"}\\\"{"],"b":{"c":null}})");
                continue;
            }
            const std::size_t which = below(left.size());
            std::string raw;
            json::write_string(left[which].substr(0, 1 + below(9)), raw);
            if (left[which].empty()) continue;
            out += arguments(static_cast<int>(which), raw.substr(1, raw.size() - 2));
            left[which].erase(0, json::as_string(raw)->size());
        }
        out += delta("", calls > 0 ? R"("tool_calls")" : R"("stop")");
        return out + kUsage + kDone;
    }

  private:
    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }
    std::string text() {
        static constexpr std::string_view kPieces[] = {"a",    " ",       "\\n", "\\u00e9", "\xE4\xB8\xAD",
                                                       "\\\"", "data: x", "{}"};
        std::string out;
        for (std::size_t i = 1 + below(4); i > 0; --i) out += kPieces[below(8)];
        return out;
    }

    std::mt19937 random_;
};

}  // namespace

TEST_CASE("messages stream: amounts to the body, and does not depend on where it is cut") {
    for (unsigned seed = 0; seed < 300; ++seed) {
        CAPTURE(seed);
        const std::string stream = RandomStream(seed).make();
        ChatStream chat({.keep = true});
        std::string relayed;
        REQUIRE(chat.feed(stream, relayed));
        const Result<std::string> body = chat.body();
        REQUIRE(body);
        std::string whole;
        REQUIRE(anthropic_messages().body_from_chat(*body, an_echo(), whole));
        const Translated at_once = translate(stream);
        REQUIRE(at_once.error == "");
        const Accumulated accumulated = Accumulator::run(at_once.out);
        REQUIRE(accumulated.problem == "");
        CHECK(accumulated.message == whole);
        CHECK(translate(stream, 1).out == at_once.out);
        CHECK(translate(stream, 1 + seed % 97).out == at_once.out);

        // The body as a stream is the same message.
        std::string replayed;
        REQUIRE(body_to_dialect_stream(anthropic_messages(), *body, an_echo(), replayed));
        CHECK(Accumulator::run(replayed).message == whole);
    }
}

TEST_CASE("messages stream: cut off at any byte it keeps the grammar and has no end") {
    const std::string stream = delta(R"("reasoning":"r")") + delta(R"("content":"text")") + call_start(0, "a", "f") +
                               arguments(0, R"({\"x\":1})") + call_start(1, "b", "g") + arguments(1, "{}") +
                               delta("", R"("tool_calls")") + kUsage + kDone;
    for (std::size_t size = 0; size < stream.size() - 1; ++size) {
        CAPTURE(size);
        const Echo echo = an_echo();
        const auto translator = anthropic_messages().stream_from_chat(echo, std::nullopt);
        std::string out;
        REQUIRE(translator->feed(std::string(stream.substr(0, size)), out));
        const std::size_t before = out.size();
        translator->break_off({502, "gone", "server_error", "", ""}, out);
        CHECK(out.size() > before);
        const Accumulated accumulated = Accumulator::run(out);
        CHECK(accumulated.problem == "");
        CHECK(accumulated.message == "");
        CHECK(accumulated.kinds.back() == "error");
    }
}

}  // namespace weir::wire
