#include "wire/stream_ending.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "json/random_json.h"

using namespace weir;
using namespace weir::wire;

namespace {

Usage usage_of(Tokens input, Tokens output) {
    Usage usage;
    usage.input_uncached = input;
    usage.output = output;
    return usage;
}

std::string event(const std::string& type, const std::string& members) {
    return "event: " + type + "\ndata: {\"type\":\"" + type + "\"" + members + "}\n\n";
}

// Cut into pieces of every size; "" where it can't be ended.
std::string end_of(std::string_view api, const std::string& stream, bool with_usage = false) {
    std::string first;
    for (const std::size_t piece : {stream.size() + 1, std::size_t{1}, std::size_t{7}}) {
        const auto ending = ending_of(api, with_usage);
        REQUIRE(ending);
        for (std::size_t at = 0; at < stream.size(); at += piece) ending->feed(stream.substr(at, piece));
        std::string out;
        const bool ended = ending->end(usage_of(3, 2), out);
        CHECK(ended == !out.empty());
        std::string again;
        CHECK_FALSE(ending->end({}, again));
        if (piece > stream.size()) first = out;
        CHECK(out == first);
    }
    return first;
}

const std::string kChunk =
    R"(data: {"id":"chatcmpl-7","object":"chat.completion.chunk","created":1.72e9,"model":"m\/1","system_fingerprint":"f",)";

}  // namespace

TEST_CASE("chat: the stream's own id, model and time, for each choice that is open") {
    const std::string stream = kChunk + R"("choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]})" +
                               "\n\n" + kChunk + R"("choices":[{"index":1,"delta":{},"finish_reason":"stop"}]})" +
                               "\n\n" + kChunk + R"("choices":[{"index":2,"delta":{}}]})" + "\n\n";
    const auto last = [](int index) {
        return kChunk + R"("choices":[{"index":)" + std::to_string(index) +
               R"(,"delta":{},"logprobs":null,"finish_reason":"length"}]})" + "\n\n";
    };
    // In the order of the members that all chunks have.
    CHECK(end_of("openai.chat", stream) == last(0) + last(2) + "data: [DONE]\n\n");
    const std::string with_usage = end_of("openai.chat", stream, true);
    CHECK(with_usage.find(R"("choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2)") != std::string::npos);
}

TEST_CASE("nothing is ended that has not begun or has ended") {
    for (const std::string_view api : {"openai.chat", "openai.completions", "anthropic.messages", "openai.responses"}) {
        CAPTURE(api);
        CHECK(end_of(api, "").empty());
        CHECK(end_of(api, ": hello\n\n").empty());
        CHECK(end_of(api, "event: error\ndata: {\"type\":\"error\",\"error\":{\"message\":\"m\"}}\n\n").empty());
        CHECK(end_of(api, "data: nonsense\n\n").empty());
    }
    CHECK(end_of("openai.chat", kChunk + R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})" + "\n\n")
              .empty());
    CHECK(ending_of("gemini", false) == nullptr);
}

TEST_CASE("Completions") {
    const std::string head = R"(data: {"id":"cmpl-7","object":"text_completion","created":1,"model":"m",)";
    const std::string stream =
        head + R"("choices":[{"text":"a","index":0,"logprobs":null,"finish_reason":null}]})" + "\n\n";
    CHECK(end_of("openai.completions", stream) ==
          head + R"("choices":[{"index":0,"text":"","logprobs":null,"finish_reason":"length"}]})" +
              "\n\ndata: [DONE]\n\n");
}

TEST_CASE("Messages: the open block is closed") {
    const std::string start = event("message_start", R"(,"message":{"id":"msg_1"})");
    const std::string opened = event("content_block_start", R"(,"index":1,"content_block":{"type":"text"})");
    const std::string closed = event("content_block_stop", R"(,"index":1)");
    const std::string last =
        event("message_delta",
              R"(,"delta":{"stop_reason":"max_tokens","stop_sequence":null},"usage":{"output_tokens":2})") +
        event("message_stop", "");
    CHECK(end_of("anthropic.messages", start) == last);
    CHECK(end_of("anthropic.messages", start + opened + event("ping", "")) == closed + last);
    CHECK(end_of("anthropic.messages", start + opened + closed) == last);
    CHECK(
        end_of("anthropic.messages", start + event("message_delta", R"(,"delta":{"stop_reason":"end_turn"})")).empty());
}

TEST_CASE("Responses: what was said is told whole, with the response that began") {
    const std::string stream =
        event(
            "response.created",
            R"(,"sequence_number":0,"response":{"id":"resp_1","model":"m","status":"in_progress","output":[],"usage":null})") +
        event("response.output_item.added",
              R"(,"sequence_number":1,"output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]})") +
        event("response.output_item.done",
              R"(,"sequence_number":2,"output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[],"x":1})") +
        event(
            "response.output_item.added",
            R"(,"sequence_number":3,"output_index":1,"item":{"id":"msg_1","type":"message","status":"in_progress","content":[]})") +
        event(
            "response.content_part.added",
            R"(,"sequence_number":4,"item_id":"msg_1","output_index":1,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]})") +
        event("response.output_text.delta",
              R"(,"sequence_number":5,"item_id":"msg_1","output_index":1,"content_index":0,"delta":"a\n")") +
        event("response.output_text.delta",
              R"(,"sequence_number":6,"item_id":"msg_1","output_index":1,"content_index":0,"delta":"b")");
    const std::string part = R"({"type":"output_text","text":"a\nb","annotations":[]})";
    const std::string item = R"({"id":"msg_1","type":"message","status":"incomplete","content":[)" + part + "]}";
    const std::string place = R"(,"item_id":"msg_1","output_index":1,"content_index":0)";
    CHECK(
        end_of("openai.responses", stream) ==
        event("response.output_text.done", R"(,"sequence_number":7)" + place + R"(,"text":"a\nb","logprobs":[])") +
            event("response.content_part.done", R"(,"sequence_number":8)" + place + R"(,"part":)" + part) +
            event("response.output_item.done", R"(,"sequence_number":9,"output_index":1,"item":)" + item) +
            event(
                "response.incomplete",
                R"(,"sequence_number":10,"response":{"id":"resp_1","model":"m","status":"incomplete","output":[{"id":"rs_1","type":"reasoning","summary":[],"x":1},)" +
                    item +
                    R"(],"usage":{"input_tokens":3,"input_tokens_details":{"cache_write_tokens":0,"cached_tokens":0},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":5},"incomplete_details":{"reason":"max_output_tokens"}})"));
}

TEST_CASE("Responses: what was told whole is not told again") {
    const std::string stream =
        event("response.created", R"(,"sequence_number":0,"response":{"id":"resp_1"})") +
        event("response.output_item.added",
              R"(,"sequence_number":1,"output_index":0,"item":{"id":"msg_1","type":"message","content":[]})") +
        event("response.content_part.added",
              R"(,"sequence_number":2,"item_id":"msg_1","output_index":0,"content_index":0,"part":{"text":""})") +
        event("response.output_text.delta",
              R"(,"sequence_number":3,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"a")") +
        event("response.output_text.done",
              R"(,"sequence_number":4,"item_id":"msg_1","output_index":0,"content_index":0,"text":"a")");
    const std::string out = end_of("openai.responses", stream);
    CHECK(out.find("response.output_text.done") == std::string::npos);
    CHECK(out.find(event(
              "response.content_part.done",
              R"(,"sequence_number":5,"item_id":"msg_1","output_index":0,"content_index":0,"part":{"text":"a"})")) ==
          0);
}

TEST_CASE("Responses: a call that is open") {
    const std::string stream =
        event("response.created", R"(,"sequence_number":0,"response":{"id":"resp_1"})") +
        event(
            "response.output_item.added",
            R"(,"sequence_number":1,"output_index":0,"item":{"id":"fc_1","type":"function_call","arguments":"","status":"in_progress"})") +
        event("response.function_call_arguments.delta",
              R"(,"sequence_number":2,"item_id":"fc_1","output_index":0,"delta":"{\"a")");
    const std::string out = end_of("openai.responses", stream);
    CHECK(out.find(event("response.function_call_arguments.done",
                         R"(,"sequence_number":3,"item_id":"fc_1","output_index":0,"arguments":"{\"a")")) == 0);
    CHECK(out.find(R"("item":{"id":"fc_1","type":"function_call","arguments":"{\"a","status":"incomplete"})") !=
          std::string::npos);
}

namespace {

template <std::size_t size>
std::string one_of(json::RandomJson& random, const std::array<std::string_view, size>& values) {
    return std::string(values[random.below(size)]);
}

// One of a choice: its text, a reason to end or none, whatever else.
std::string random_chunk(json::RandomJson& random) {
    const auto reason = one_of<5>(random, {"null", "null", "null", "\"stop\"", "\"length\""});
    std::string members = R"("id":"c","choices":[{"index":)" + std::to_string(random.below(2)) +
                          R"(,"delta":{"content":)" + random.string() + R"(},"text":)" + random.string() +
                          R"(,"finish_reason":)" + reason + "}]";
    if (random.below(4) == 0) members += R"(,"obfuscation":)" + random.string();
    if (random.below(20) == 0) members += one_of<3>(random, {R"(,"error":null)", R"(,"error":"e")", R"(,"usage":{})"});
    return (random.below(8) == 0 ? "event: chunk\n" : "") + ("data: {" + members + "}\n\n");
}

// Whatever its type, its form is the same: as a rule the one that the event before had.
std::string random_message_event(json::RandomJson& random, bool named) {
    const auto type =
        one_of<12>(random, {"message_start", "content_block_start", "content_block_start", "content_block_delta",
                            "content_block_delta", "content_block_delta", "content_block_delta", "content_block_stop",
                            "ping", "content_block_\\u0064elta", random.below(30) == 0 ? "error" : "ping",
                            random.below(20) == 0 ? "message_delta" : "ping"});
    std::string members = R"("index":)" + std::to_string(random.below(2)) + R"(,"delta":{"type":"text_delta","text":)" +
                          random.string() + "}";
    if (random.below(8) != 0) members = R"("type":")" + type + "\"," + members;
    return (named ? "event: " + type + "\n" : "") + "data: {" + members + "}\n\n";
}

}  // namespace

TEST_CASE("what is passed over changes nothing: ends are those of a stream that can't be, for its line ends") {
    std::size_t ended = 0;
    for (std::uint64_t seed = 0; seed < 6000; ++seed) {
        CAPTURE(seed);
        json::RandomJson random(seed, false);
        const auto api = one_of<3>(random, {"openai.chat", "openai.completions", "anthropic.messages"});
        const bool named = random.below(2) == 0;
        std::string stream, slow;
        std::string before;
        for (std::size_t left = random.below(40); left > 0; --left) {
            std::string one = api == "anthropic.messages" ? random_message_event(random, named) : random_chunk(random);
            if (!before.empty() && random.below(4) == 0) one = before;
            before = one;
            stream += one;
            for (const char byte : one) slow += byte == '\n' ? "\r\n" : std::string(1, byte);
        }
        const auto read = ending_of(api, true);
        read->feed(slow);
        std::string expected;
        ended += read->end(usage_of(3, 2), expected) ? 1 : 0;
        CHECK(end_of(api, stream, true) == expected);
    }
    CHECK(ended > 1000);
    CHECK(ended < 5900);
}
