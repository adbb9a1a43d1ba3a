#include <random>

#include "wire/gemini_pattern.h"
#include "wire/gemini_testing.h"
#include "wire/gemini_traces_testing.h"

using namespace weir;
using namespace weir::wire;
using namespace weir::wire::testing;

namespace {

const std::string kDone = "data: [DONE]\n\n";

std::size_t count_of(std::string_view text, std::string_view what) {
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++count;
    return count;
}

}  // namespace

TEST_CASE("a stream amounts to the same answer as a body") {
    for (const GeminiTrace& trace : gemini_traces()) {
        CAPTURE(trace.name);
        const Streamed streamed = stream_of({trace.stream()}, gemini_exchange());
        REQUIRE_MESSAGE(!streamed.error, streamed.error->message);
        CHECK(streamed.done);
        const std::string one = assembled(streamed.events);
        const std::string other = chat_of(trace.body);
        for (const std::string_view path :
             {"id", "model", "created", "usage", "choices.0.message.tool_calls", "choices.0.message.reasoning_content",
              "choices.0.message.extra_content", "choices.0.finish_reason", "choices.0.native_finish_reason"}) {
            CAPTURE(path);
            CHECK(at(one, path) == at(other, path));
        }
        const std::string content = at(other, "choices.0.message.content");
        CHECK(at(one, "choices.0.message.content") == content);
        const std::string refusal = at(other, "choices.0.message.refusal");
        CHECK(at(one, "choices.0.message.refusal") == (refusal == "null" ? "" : refusal));
    }
}

TEST_CASE("the events of a stream, one by one") {
    const GeminiTrace text = gemini_traces()[0];
    const std::string head =
        R"(data: {"id":"chatcmpl-Ab_c-1","object":"chat.completion.chunk","created":77,"model":"gemini-2.5-flash-002",)";
    const std::string begin = head + R"("choices":[{"index":0,"delta":{)";
    const std::string end = "},\"logprobs\":null,\"finish_reason\":null}]}\n\n";
    CHECK(stream_of({text.stream()}, gemini_exchange()).events ==
          begin + R"("role":"assistant","content":null)" + end +                 //
              begin + R"("content":"The caf\u00e9")" + end +                     //
              begin + R"("content":" is\n\u003copen\u003e")" + end +             //
              begin + "\"content\":\" \xF0\x9F\x98\x80 until\"" + end +          //
              begin + R"("content":" ten.")" + end +                             //
              begin + "},\"logprobs\":null,\"finish_reason\":\"stop\"}]}\n\n" +  //
              head +
              R"("choices":[],"usage":{"prompt_tokens":8,"completion_tokens":15,"total_tokens":23,)"
              R"("prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}})"
              "\n\n" +
              kDone);
}

TEST_CASE("however a stream is cut, its events are the same") {
    for (const GeminiTrace& trace : gemini_traces()) {
        CAPTURE(trace.name);
        const std::string bytes = trace.stream();
        const std::string whole = stream_of({bytes}, gemini_exchange()).events;
        for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
            const std::string_view view = bytes;
            const Streamed streamed = stream_of({view.substr(0, cut), view.substr(cut)}, gemini_exchange());
            if (streamed.events != whole) FAIL("cut at " << cut << ": " << streamed.events);
        }
        std::vector<std::string_view> single;
        for (std::size_t i = 0; i < bytes.size(); ++i) single.push_back(std::string_view(bytes).substr(i, 1));
        CHECK(stream_of(single, gemini_exchange()).events == whole);
    }
}

TEST_CASE("a stream that is broken off anywhere is not done") {
    for (const GeminiTrace& trace : gemini_traces()) {
        CAPTURE(trace.name);
        const std::string bytes = trace.stream();
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            const Streamed streamed = stream_of({std::string_view(bytes).substr(0, size)}, gemini_exchange());
            if (streamed.done || !streamed.error) FAIL("ended well after " << size << " bytes");
            CHECK(streamed.error->code == ErrorCode::closed);
        }
    }
    // Nor is one without a reason to end, or whose other candidate has none.
    CHECK(!stream_of({gemini_event(gemini_chunk(R"({"text": "a"})", "", gemini_usage(1, 1)))}, gemini_exchange()).done);
    CHECK(!stream_of({gemini_event(
                         R"({"candidates":[{"index":0,"finishReason":"STOP"},{"index":1,"content":{"parts":[]}}]})")},
                     gemini_exchange())
               .done);
    CHECK(!stream_of({gemini_event(R"({"usageMetadata":{"promptTokenCount":1}})")}, gemini_exchange()).done);
    CHECK(!stream_of({}, gemini_exchange()).done);
}

TEST_CASE("chunks that look alike are told as those that are read") {
    std::mt19937_64 engine(20260821);
    const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(engine() % bound); };
    const std::vector<std::string_view> kTexts = {" token", R"(a\"b)", R"(\\)", R"(\u00e9)", "\xC3\xA9",
                                                  "x",      R"(\n\n)", "{}",    R"(\/)",     "0"};
    for (int round = 0; round < 200; ++round) {
        std::string all, expected;
        int candidates = static_cast<int>(below(20));
        for (std::size_t i = 0, chunks = 1 + below(12); i < chunks; ++i) {
            std::string text;
            for (std::size_t words = below(4); words > 0; --words) text += kTexts[below(kTexts.size())];
            candidates += static_cast<int>(below(50));
            const bool last = i + 1 == chunks;
            const bool thought = below(6) == 0;
            if (!thought) expected += text;
            const std::string part = R"({"text": ")" + text + '"' + (thought ? R"(,"thought": true})" : "}");
            all += gemini_event(gemini_chunk(part, last ? "STOP" : "", gemini_usage(8, candidates)));
        }
        const Streamed streamed = stream_of({all}, gemini_exchange());
        REQUIRE_MESSAGE(!streamed.error, streamed.error->message);
        const std::string body = assembled(streamed.events);
        CHECK(at(body, "choices.0.message.content") == (expected.empty() ? "null" : '"' + expected + '"'));
        CHECK(at(body, "usage.completion_tokens") == std::to_string(candidates));
        std::vector<std::string_view> pieces;
        for (std::string_view rest = all; !rest.empty();) {
            const std::size_t size = std::min(rest.size(), 1 + below(300));
            pieces.push_back(rest.substr(0, size));
            rest.remove_prefix(size);
        }
        CHECK(stream_of(pieces, gemini_exchange()).events == streamed.events);
    }
}

TEST_CASE("a pattern knows what is alike, and nothing else") {
    const auto event_of = [](std::string_view parts, std::string_view finish, const std::string& usage) {
        return gemini_event(gemini_chunk(parts, finish, usage));
    };
    const std::string event = event_of(R"({"text": "abc"})", "", gemini_usage(8, 3));
    gemini::ChunkPattern pattern;
    CHECK(!pattern.known());
    CHECK(pattern.match(event).size == 0);
    const std::size_t at_text = event.find("abc");
    const std::size_t at_usage = event.find(R"({"promptTokenCount")");
    const std::size_t usage_end = event.find(R"(,"modelVersion")");
    pattern.learn(event, {at_text, at_text + 3}, {at_usage, usage_end});
    CHECK(pattern.known());
    const auto alike = [&](const std::string& other) { return pattern.match(other).size == other.size(); };
    CHECK(alike(event));
    CHECK(pattern.match(event + event).size == event.size());
    CHECK(pattern.match(event).text.of(event) == "abc");
    CHECK(pattern.match(event).usage.of(event) == event.substr(at_usage, usage_end - at_usage));
    const std::string longer = event_of(R"({"text": "a\n\u00E9 \" longer one"})", "", gemini_usage(4096, 12345));
    CHECK(alike(longer));
    CHECK(pattern.match(longer).text.of(longer) == R"(a\n\u00E9 \" longer one)");
    CHECK(at(pattern.match(longer).usage.of(longer), "candidatesTokenCount") == "12345");
    CHECK(!alike(event_of(R"({"text": ""})", "", gemini_usage(8, 3))));
    CHECK(!alike(event_of(R"({"text": "abc"})", "STOP", gemini_usage(8, 3))));
    CHECK(!alike(event_of(R"({"text": "abc","thought": true})", "", gemini_usage(8, 3))));
    CHECK(!alike(event_of(R"({"text": "abc"},{"text": "d"})", "", gemini_usage(8, 3))));
    CHECK(!alike(event_of(R"({"text": "abc"})", "", gemini_usage(8, 3, R"(,"thoughtsTokenCount": 1)"))));
    for (const std::string_view bad : {R"(\x)", R"(\u12g4)", R"(\u12)", "\xFF", "\n", R"(\)"}) {
        CAPTURE(bad);
        CHECK(!alike(event_of(R"({"text": ")" + std::string(bad) + "\"}", "", gemini_usage(8, 3))));
    }
    std::string zero = event;
    zero.replace(event.find(": 8,"), 4, ": 08,");
    CHECK(!alike(zero));
    for (std::size_t size = 0; size < event.size(); ++size) CHECK(pattern.match(event.substr(0, size)).size == 0);
    pattern.forget();
    CHECK(!alike(event));
}

TEST_CASE("several candidates are told each by itself") {
    const std::string stream =
        gemini_event(R"({"candidates":[{"index":1,"content":{"parts":[{"text":"b"}]}}],"responseId":"r"})") +
        gemini_event(R"({"candidates":[{"content":{"parts":[{"text":"a"}]}},{"index":1,"content":{"parts":[)"
                     R"({"functionCall":{"name":"f"}}]},"finishReason":"STOP"}]})") +
        gemini_event(R"({"candidates":[{"index":0,"content":{"parts":[{"text":"c"}]},"finishReason":"MAX_TOKENS"}],)"
                     R"("usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":5,"totalTokenCount":6}})");
    const Streamed streamed = stream_of({stream}, gemini_exchange());
    REQUIRE_MESSAGE(!streamed.error, streamed.error->message);
    const std::string body = assembled(streamed.events);
    CHECK(at(body, "choices.0.message.content") == R"("ac")");
    CHECK(at(body, "choices.0.finish_reason") == R"("length")");
    CHECK(at(body, "choices.1.message.content") == R"("b")");
    CHECK(at(body, "choices.1.message.tool_calls.0.id") == R"("call_00000000000000ab_1_0")");
    CHECK(at(body, "choices.1.finish_reason") == R"("tool_calls")");
    CHECK(at(body, "model") == R"("gemini-2.5-flash")");
}

TEST_CASE("images come as they are, log-probabilities with their text, sources with the end") {
    const std::string stream =
        gemini_event(
            gemini_chunk(R"({"inlineData": {"mimeType": "image/png","data": "iVBO"}})", "", gemini_usage(5, 1290))) +
        gemini_event(
            gemini_chunk(R"({"inlineData": {"mimeType": "image/png","data": "AAAA"}})", "", gemini_usage(5, 1290))) +
        gemini_event(
            gemini_chunk(R"({"text": "a"})", "", gemini_usage(5, 1291),
                         R"(,"logprobsResult": {"chosenCandidates": [{"token": "a","logProbability": -0.5}]})")) +
        gemini_event(gemini_chunk(R"({"text": "b"})", "STOP", gemini_usage(5, 1292),
                                  R"(,"groundingMetadata": {"webSearchQueries": ["q"]})"));
    const Streamed streamed = stream_of({stream}, gemini_exchange());
    REQUIRE_MESSAGE(!streamed.error, streamed.error->message);
    const std::string body = assembled(streamed.events);
    CHECK(at(body, "choices.0.message.images.0.image_url.url") == R"("data:image/png;base64,iVBO")");
    CHECK(at(body, "choices.0.message.images.1.image_url.url") == R"("data:image/png;base64,AAAA")");
    CHECK(at(body, "choices.0.message.extra_content") ==
          R"({"google":{"grounding_metadata":{"webSearchQueries": ["q"]}}})");
    CHECK(at(body, "choices.0.logprobs.content.0.logprob") == "-0.5");
    CHECK(at(body, "usage.server_tool_use.web_search_requests") == "1");
}

TEST_CASE("sources of a stream are for what it said") {
    const std::string sources =
        R"(,"groundingMetadata": {"groundingChunks": [{"web": {"uri": "u","title": "t"}}],"groundingSupports": [)"
        R"({"segment": {"startIndex": 2,"endIndex": 5,"text": "bcd"},"groundingChunkIndices": [0]}]})";
    const std::string stream = gemini_event(gemini_chunk(R"({"text": "a "})", "", gemini_usage(5, 1))) +
                               gemini_event(gemini_chunk(R"({"text": "bc"})", "", gemini_usage(5, 2))) +
                               gemini_event(gemini_chunk(R"({"text": "d"})", "", gemini_usage(5, 3))) +
                               gemini_event(gemini_chunk("", "STOP", gemini_usage(5, 3), sources));
    ProviderExchange exchange = gemini_exchange();
    std::string param, request;
    REQUIRE(gemini_form().request_from_chat(
        R"({"model":"m","messages":[{"role":"user","content":"a"}],"web_search_options":{}})", param, exchange,
        request));
    const Streamed streamed = stream_of({stream}, exchange);
    REQUIRE(streamed.done);
    CHECK(at(assembled(streamed.events), "choices.0.message.annotations") ==
          R"([{"type":"url_citation","url_citation":{"start_index":2,"end_index":5,"title":"t","url":"u"}}])");
    // Who did not ask for sources gets what came.
    const Streamed unasked = stream_of({stream}, gemini_exchange());
    CHECK(at(assembled(unasked.events), "choices.0.message.extra_content.google.grounding_metadata") ==
          sources.substr(sources.find('{')));
}

TEST_CASE("a reason to end in each chunk ends nothing before the body does") {
    const std::string stream = gemini_event(gemini_chunk(R"({"text": "a"})", "STOP", gemini_usage(5, 1))) +
                               gemini_event(gemini_chunk(R"({"text": "b"})", "STOP", gemini_usage(5, 2))) +
                               gemini_event(gemini_chunk(R"({"text": "c"})", "MAX_TOKENS", gemini_usage(5, 3)));
    const Streamed streamed = stream_of({stream}, gemini_exchange());
    REQUIRE(streamed.done);
    CHECK(count_of(streamed.events, R"("finish_reason":")") == 1);
    const std::string body = assembled(streamed.events);
    CHECK(at(body, "choices.0.message.content") == R"("abc")");
    CHECK(at(body, "choices.0.finish_reason") == R"("length")");
}

TEST_CASE("errors end a stream, and nothing comes behind them") {
    const std::string begin = gemini_event(gemini_chunk(R"({"text": "a"})", "", gemini_usage(1, 1)));
    const std::string error =
        gemini_event(R"({"error": {"code": 503,"message": "The model is overloaded.","status": "UNAVAILABLE"}})");
    const Streamed streamed = stream_of({begin + error + begin}, gemini_exchange());
    CHECK(!streamed.error);
    CHECK(!streamed.done);
    CHECK(streamed.events.ends_with(
        R"(data: {"error":{"message":"The model is overloaded.","type":"server_error","param":null,)"
        R"("code":"unavailable"}})"
        "\n\n"));
    CHECK(count_of(streamed.events, R"("content":"a")") == 1);

    const auto problem = [&](std::string_view chunk) {
        const Streamed broken = stream_of({begin + gemini_event(chunk)}, gemini_exchange());
        CHECK(!broken.done);
        REQUIRE(broken.error);
        CHECK(broken.error->code == ErrorCode::protocol);
    };
    problem("{");
    problem("[]");
    problem(R"({"candidates":[1]})");
    problem(R"({"candidates":[{"index":128}]})");
    problem(R"({"candidates":[{"index":"x"}]})");
    problem(gemini_chunk(R"({"functionCall": {"name": ""}})", "", gemini_usage(1, 1)));
    problem(gemini_chunk(R"({"text": "a"})", "MALFORMED_FUNCTION_CALL", gemini_usage(1, 1)));
}

TEST_CASE("a prompt that is blocked later takes back nothing") {
    const std::string stream =
        gemini_event(gemini_chunk(R"({"text": "a"})", "", gemini_usage(1, 1))) +
        gemini_event(R"({"promptFeedback": {"blockReason": "SAFETY","blockReasonMessage": "No."}})");
    const Streamed streamed = stream_of({stream}, gemini_exchange());
    REQUIRE(streamed.done);
    const std::string body = assembled(streamed.events);
    CHECK(at(body, "choices.0.message.content") == R"("a")");
    CHECK(at(body, "choices.0.message.refusal") == R"("The prompt was blocked: SAFETY: No.")");
    CHECK(at(body, "choices.0.finish_reason") == R"("content_filter")");
}

TEST_CASE("comments pass, and so does an end that is not Google's") {
    const GeminiTrace text = gemini_traces()[0];
    const Streamed streamed = stream_of({": wait\r\n\r\n" + text.stream() + kDone}, gemini_exchange());
    CHECK(streamed.events.starts_with(": wait\n\n"));
    CHECK(streamed.done);
    CHECK(count_of(streamed.events, "[DONE]") == 1);
}
