#include <doctest/doctest.h>

#include "json/random_json.h"
#include "json/scan.h"
#include "wire/chat_answer.h"

namespace weir::wire {
namespace {

const std::string kDone = "data: [DONE]\n\n";

std::string event(std::string_view data) {
    return "data: " + std::string(data) + "\n\n";
}

// A chunk of choice 0.
std::string delta(std::string_view members, std::string_view finish = "null") {
    return event(
        "{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":5,\"model\":\"m\",\"choices\":[{\"index\":0,"
        "\"delta\":{" +
        std::string(members) + "},\"finish_reason\":" + std::string(finish) + "}]}");
}

struct Relayed {
    std::string out;
    std::string error;
    ErrorCode code = ErrorCode::internal;
    ChatStream stream;
};

// Fed in pieces of `piece` bytes, each in memory of its own that is gone afterwards.
Relayed relay(std::string_view input, const ChatStream::Options& options = {}, std::size_t piece = 1u << 20) {
    Relayed relayed{.out = {}, .error = {}, .stream = ChatStream(options)};
    while (!input.empty()) {
        const std::string bytes(input.substr(0, piece));
        input.remove_prefix(bytes.size());
        if (Result<void> fed = relayed.stream.feed(bytes, relayed.out); !fed) {
            relayed.error = fed.error().message;
            relayed.code = fed.error().code;
            return relayed;
        }
    }
    return relayed;
}

std::string hidden(std::string_view input) {
    Relayed relayed = relay(input, {.hide_usage = true});
    CHECK(relayed.error.empty());
    return relayed.out;
}

std::string body_of(std::string_view input) {
    const Relayed relayed = relay(input, {.keep = true});
    REQUIRE(relayed.error.empty());
    const Result<std::string> body = relayed.stream.body();
    REQUIRE_MESSAGE(body, body.error().message);
    return *body;
}

ErrorCode body_error(std::string_view input, const ChatStream::Options& options = {.keep = true}) {
    const Relayed relayed = relay(input, options);
    REQUIRE(relayed.error.empty());
    const Result<std::string> body = relayed.stream.body();
    REQUIRE_FALSE(body);
    return body.error().code;
}

// The random body of an answer in the order in which body() writes it.
std::string random_body(json::RandomJson& random) {
    const auto maybe = [&](std::string_view member) {
        return random.below(2) == 0 ? "," + std::string(member) : std::string();
    };
    const auto array = [&] {
        std::string out = "[";
        for (std::size_t i = random.below(4); i > 0; --i) out += random.object(2) + (i > 1 ? "," : "");
        return out + "]";
    };
    std::string body =
        "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":" + random.string();
    body += maybe("\"service_tier\":\"default\"") + maybe("\"unknown\":" + random.value()) + ",\"choices\":[";
    for (std::size_t i = 0, count = 1 + random.below(3); i < count; ++i) {
        body += i > 0 ? "," : "";
        body += "{\"index\":" + std::to_string(i) + ",\"message\":{\"role\":\"assistant\",\"content\":";
        body += random.below(4) == 0 ? "null" : random.string();
        body += maybe("\"refusal\":" + (random.below(2) == 0 ? "null" : random.string()));
        body += maybe("\"reasoning_content\":" + random.string()) + maybe("\"annotations\":" + array());
        if (random.below(2) == 0) {
            body += ",\"tool_calls\":[";
            for (std::size_t j = 0, calls = 1 + random.below(3); j < calls; ++j) {
                body += j > 0 ? "," : "";
                body += "{\"id\":\"call_" + std::to_string(j) +
                        "\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":" + random.string() + "}}";
            }
            body += "]";
        }
        if (random.below(3) == 0) body += ",\"function_call\":{\"name\":\"g\",\"arguments\":" + random.string() + "}";
        body += "}" + maybe(random.below(2) == 0 ? "\"logprobs\":null"
                                                 : "\"logprobs\":{\"content\":" + array() + ",\"refusal\":null}");
        body += ",\"finish_reason\":\"stop\"" + maybe("\"stop_reason\":" + random.value()) + "}";
    }
    body += "]" +
            maybe("\"usage\":{\"prompt_tokens\":" + std::to_string(random.below(100)) + ",\"completion_tokens\":5}") +
            "}";
    return body;
}

std::string minified(std::string_view text) {
    std::string out;
    json::minify(text, out);
    return out;
}

}  // namespace

TEST_CASE("chat stream: bytes pass unchanged, wherever they are cut") {
    const std::string input =
        ": comment\n\n" + delta("\"role\":\"assistant\",\"content\":\"\"") + "event: ping\r\ndata: {}\r\n\r\n" +
        "data:{\"choices\":[],\r\ndata: \"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n" +
        "id: 7\nretry: 10\n\n" + delta("\"content\":\"a \\\"usage\\\" \\u00e9\"", "\"stop\"") + kDone;
    for (std::size_t piece = 1; piece <= input.size(); ++piece) {
        const Relayed relayed = relay(input, {}, piece);
        REQUIRE(relayed.error.empty());
        CHECK(relayed.out == input);
        CHECK(relayed.stream.done());
        CHECK_FALSE(relayed.stream.failed());
        CHECK(relayed.stream.pending() == 0);
        CHECK(relayed.stream.data_events() == 4);
        CHECK(relayed.stream.usage() == Usage{.input_uncached = 3, .output = 4, .reported = true});
    }
}

TEST_CASE("chat stream: [DONE] ends it in either spelling, and nothing follows") {
    for (const std::string_view done : {"data: [DONE]\n\n", "data:[DONE]\n\n", "data:  [DONE] \r\n\r\n"}) {
        const Relayed relayed =
            relay(delta("") + std::string(done) + delta("\"content\":\"late\"") + "data: broken\n\n");
        CHECK(relayed.error.empty());
        CHECK(relayed.stream.done());
        CHECK(relayed.out == delta("") + std::string(done));
        CHECK(relayed.stream.data_events() == 1);
    }
    const Relayed cut = relay(delta("") + "data: [DONE]\n");
    CHECK_FALSE(cut.stream.done());
    CHECK(cut.stream.pending() > 0);
}

TEST_CASE("chat stream: what is no event of one is an error, after what came before it") {
    for (const std::string_view data :
         {"hello", "[1]", "\"x\"", "{\"a\":1", "DONE", "{\"choices\":[],\"usage\":{\"a\":}}", "{\"error\":{]}",
          "{\"choices\":[],\"usage\":nullx}"}) {
        CAPTURE(data);
        const Relayed relayed = relay(delta("") + event(data) + kDone);
        CHECK_FALSE(relayed.error.empty());
        CHECK(relayed.code == ErrorCode::protocol);
        CHECK(relayed.out == delta(""));
    }
    const Relayed large =
        relay(delta("") + event("{\"a\":\"" + std::string(5000, 'x') + "\"}"), {.max_event_bytes = 4096}, 100);
    CHECK(large.code == ErrorCode::too_large);
    CHECK(large.out == delta(""));
}

TEST_CASE("chat stream: errors in it are seen and relayed") {
    const std::string error = event(R"({"error":{"message":"overloaded","type":"server_error"}})");
    const Relayed relayed = relay(delta("") + error);
    CHECK(relayed.out == delta("") + error);
    CHECK(relayed.stream.failed());
    CHECK_FALSE(relayed.stream.done());
    CHECK(relay("event: error\ndata: {\"message\":\"x\"}\n\n").stream.failed());
    CHECK(relay(event(R"({"err\u006fr":"x"})")).stream.failed());
    CHECK(relay(event(R"({"choices":[],"usage":null,"error":"x"})")).stream.failed());
    CHECK_FALSE(relay(event(R"({"error":null,"choices":[]})")).stream.failed());
    CHECK_FALSE(relay(event(R"({"choices":[{"error":"inside"}]})")).stream.failed());
    // A usage beside it is no reason to hold it back.
    const std::string both = R"({"error":"x","usage":{"prompt_tokens":1}})";
    CHECK(hidden(event(both)) == event(R"({"error":"x"})"));
}

TEST_CASE("chat stream: a usage counts where providers put it, and the last one") {
    const auto usage = [](std::string_view input) { return relay(input).stream.usage(); };
    CHECK_FALSE(usage(delta(R"("content":"\"usage\":{\"prompt_tokens\":5}")")).reported);
    CHECK(usage(event(R"({"choices":[{"usage":{"prompt_tokens":5}}]})")).input_uncached == 5);  // Moonshot
    CHECK(usage(event(R"({"choices":[],"x_groq":{"usage":{"prompt_tokens":5}}})")).input_uncached == 5);
    CHECK_FALSE(usage(event(R"({"choices":[{"delta":{"usage":{"prompt_tokens":5}}}]})")).reported);
    CHECK_FALSE(usage(event(R"({"choices":[],"x":{"usage":{"prompt_tokens":5}}})")).reported);
    CHECK_FALSE(usage(event(R"({"usage":null})")).reported);
    CHECK(usage(event(R"({"us\u0061ge":{"prompt_tokens":5}})")).input_uncached == 5);
    const std::string counts = event(R"({"choices":[{}],"usage":{"prompt_tokens":5,"completion_tokens":1}})") +
                               event(R"({"choices":[{}],"usage":{"prompt_tokens":5,"completion_tokens":2}})");
    CHECK(usage(counts + event(R"({"usage":null})") + event(R"({"usage":{}})")).output == 2);
}

TEST_CASE("chat stream: hidden usage") {
    const std::string plain = delta("\"content\":\"usage\"");
    CHECK(hidden(plain + kDone) == plain + kDone);
    // The usage-only chunk goes, as does one without `choices`.
    CHECK(hidden(plain + event(R"({"id":"1","choices":[],"usage":{"prompt_tokens":1}})") + kDone) == plain + kDone);
    CHECK(hidden(plain + event(R"({"usage":{"prompt_tokens":1}})") + kDone) == plain + kDone);
    // Elsewhere the member goes, with its comma, wherever it stands.
    const auto becomes = [](std::string_view before, std::string_view after) {
        CHECK(hidden(event(before)) == event(after));
    };
    becomes(R"({"choices":[{}],"usage":null})", R"({"choices":[{}]})");
    becomes(R"({"usage":null,"choices":[{}]})", R"({"choices":[{}]})");
    becomes(R"({ "usage" : null , "choices":[{}]})", R"({ "choices":[{}]})");
    becomes(R"({"choices":[{}] , "usage" : null , "obfuscation":"x"})", R"({"choices":[{}] , "obfuscation":"x"})");
    becomes(R"({"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":1},"x":{}})",
            R"({"choices":[{"finish_reason":"stop"}],"x":{}})");
    becomes(R"({"choices":[],"usage":null})", R"({"choices":[]})");
    becomes(R"({"usage":null})", "{}");
    becomes(R"({"choices":[],"prompt_filter_results":[{"usage":1}]})",
            R"({"choices":[],"prompt_filter_results":[{"usage":1}]})");
    becomes(R"({"choices":[{"a":1,"usage":null}]})", R"({"choices":[{"a":1,"usage":null}]})");
    becomes(R"({"choices":[],"x":",\"usage\":null"})", R"({"choices":[],"x":",\"usage\":null"})");
    becomes(R"({"choices":[],"x,\"usage":null})", R"({"choices":[],"x,\"usage":null})");
    becomes(R"({"choices":[],"usage":null,"x":"}{\\"})", R"({"choices":[],"x":"}{\\"})");
    // The rest of the event stays: its name, its id; data in several lines becomes one.
    CHECK(hidden("event: e\nid: 1\ndata: {\"choices\":[{}],\"usage\":null}\r\n\r\n") ==
          "event: e\nid: 1\ndata: {\"choices\":[{}]}\r\n\r\n");
    CHECK(hidden("event: e\ndata: {\"choices\":[{}],\ndata: \"usage\":null}\n\n") ==
          "event: e\ndata: {\"choices\":[{}]}\n\n");
    CHECK(relay(event(R"({"choices":[],"usage":{"prompt_tokens":9}})"), {.hide_usage = true}).stream.usage().input() ==
          9);
}

TEST_CASE("chat stream: hidden usage on random events takes the one member and nothing else") {
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        json::RandomJson random(seed, false);
        std::vector<std::string> parts = {"\"choices\":[{}]"};
        for (std::size_t i = random.below(4); i > 0; --i)
            parts.push_back("\"k" + std::to_string(i) + "\":" + random.value());
        std::vector<std::string> with_usage = parts;
        with_usage.insert(with_usage.begin() + static_cast<std::ptrdiff_t>(random.below(parts.size() + 1)),
                          random.below(2) == 0 ? "\"usage\":null" : "\"usage\":{\"prompt_tokens\":1}");
        const auto joined = [](const std::vector<std::string>& of) {
            std::string out = "{";
            for (const std::string& part : of) out += (out.size() > 1 ? "," : "") + part;
            return event(out + "}");
        };
        CHECK(hidden(joined(with_usage)) == joined(parts));
    }
}

TEST_CASE("assembly: deltas are joined") {
    const std::string input = delta(R"("role":"assistant","content":"","refusal":null)") + delta(R"("content":"Hel")") +
                              delta(R"("reasoning_content":"th")") + delta(R"("content":"lo \ud83d")") +
                              delta(R"("content":"\ude00","reasoning_content":"ink")") +
                              delta(R"("reasoning":"a","reasoning_details":[1])") +
                              delta(R"("reasoning":"b","reasoning_details":[2])") + delta("", "\"stop\"") +
                              event(R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}})") + kDone;
    CHECK(
        body_of(input) ==
        R"({"id":"c1","object":"chat.completion","created":5,"model":"m","choices":[{"index":0,"message":{"role":"assistant",)"
        R"("content":"Hello \ud83d\ude00","refusal":null,"reasoning_content":"think","reasoning":"ab","reasoning_details":[2]},)"
        R"("finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})");
}

TEST_CASE("assembly: tool calls by index, whatever order and form they come in") {
    const std::string input =
        delta(
            R"("role":"assistant","content":null,"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":""}}])") +
        delta(R"("tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\""}}])") +
        delta(
            R"("tool_calls":[{"index":1,"id":null,"function":{"name":"","arguments":"{}"}},{"index":0,"function":{"arguments":":1}"}}])") +
        delta("\"tool_calls\":null", "\"tool_calls\"") + kDone;
    CHECK(
        body_of(input) ==
        R"({"id":"c1","object":"chat.completion","created":5,"model":"m","choices":[{"index":0,"message":{"role":"assistant",)"
        R"("content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},)"
        R"({"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})");
    const std::string unnumbered = delta(R"("tool_calls":[{"id":"a","function":{"name":"f","arguments":"{"}}])") +
                                   delta(R"("tool_calls":[{"function":{"arguments":"}"}}])") +
                                   delta(R"("tool_calls":[{"id":"b","custom":{"name":"c","input":"x"}}])") + kDone;
    const std::string body = body_of(unnumbered);
    CHECK(
        body.find(
            R"("tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}},{"id":"b","custom":{"name":"c","input":"x"}}])") !=
        std::string::npos);
}

TEST_CASE("assembly: calls that all come under the same index are several all the same") {
    const auto call = [](std::string_view id, std::string_view arguments) {
        return delta(R"("tool_calls":[{"index":0,"id":")" + std::string(id) +
                     R"(","function":{"name":"f","arguments":")" + std::string(arguments) + R"("}}])");
    };
    const std::string more = delta(R"("tool_calls":[{"index":0,"function":{"arguments":"2"}}])");
    const std::string other = delta(R"("tool_calls":[{"index":1,"id":"c","function":{"name":"f","arguments":"4"}}])");
    CHECK(body_of(call("a", "1") + call("a", "3") + call("b", "1") + more + other + kDone)
              .find(R"("tool_calls":[{"id":"a","function":{"name":"f","arguments":"13"}},)"
                    R"({"id":"b","function":{"name":"f","arguments":"12"}},)"
                    R"({"id":"c","function":{"name":"f","arguments":"4"}}])") != std::string::npos);
}

TEST_CASE("assembly: choices, log-probabilities and the first chunk's members") {
    const std::string input =
        event(R"({"id":"","model":"","object":"","prompt_filter_results":[1],"choices":[]})") +
        event(
            R"({"id":"x","model":"m","obfuscation":"zz","choices":[{"index":1,"delta":{"content":"B"},"logprobs":{"content":[{"logprob":-1}]}},)"
            R"({"finish_reason":null,"delta":{"role":"assistant","content":"A"},"logprobs":null,"index":0}]})") +
        event(
            R"({"id":"y","system_fingerprint":"f","choices":[{"index":1,"delta":{},"logprobs":{"content":[{"logprob":-2}],"refusal":null},)"
            R"("finish_reason":"length","stop_reason":3},{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}})") +
        event(R"({"choices":[{"index":0,"delta":{},"finish_reason":null}],"usage":null})") + kDone;
    CHECK(
        body_of(input) ==
        R"({"id":"x","model":"m","object":"chat.completion","prompt_filter_results":[1],"system_fingerprint":"f","choices":[)"
        R"({"index":0,"message":{"role":"assistant","content":"A"},"logprobs":null,"finish_reason":"stop"},)"
        R"({"index":1,"message":{"role":"assistant","content":"B"},"logprobs":{"content":[{"logprob":-1},{"logprob":-2}],"refusal":null},)"
        R"("finish_reason":"length","stop_reason":3}],"usage":{"prompt_tokens":1}})");
}

TEST_CASE("assembly: what makes no body") {
    const std::string good = delta("\"content\":\"x\"", "\"stop\"");
    CHECK(body_error(good) == ErrorCode::protocol);
    CHECK(body_error(good + kDone, {.keep = false}) == ErrorCode::internal);
    CHECK(body_error(kDone) == ErrorCode::protocol);
    CHECK(body_error(good + event(R"({"error":"x"})") + kDone) == ErrorCode::protocol);
    CHECK(body_error(good + event("{\"choices\":[1,}") + kDone) == ErrorCode::protocol);
    CHECK(body_error(good + kDone, {.keep = true, .max_kept_bytes = 20}) == ErrorCode::too_large);
    const std::size_t exact = good.size() - std::string_view("data: \n\n").size() + 1;
    CHECK(body_error(good + good + kDone, {.keep = true, .max_kept_bytes = 2 * exact - 1}) == ErrorCode::too_large);
    CHECK(relay(good + good + kDone, {.keep = true, .max_kept_bytes = 2 * exact}).stream.body());
    CHECK(body_error(event(R"({"choices":[{"index":100000,"delta":{}}]})") + kDone) == ErrorCode::too_large);
    CHECK(body_error(event(R"({"choices":[{"index":-1,"delta":{}}]})") + kDone) == ErrorCode::too_large);
    std::string many;
    for (int i = 0; i < 300; ++i) many += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\":1";
    CHECK(body_error(delta(many) + kDone) == ErrorCode::too_large);
    CHECK(body_error(event("{\"choices\":[{}]," + many + "}") + kDone) == ErrorCode::too_large);
}

TEST_CASE("assembly: a body survives the way through a stream") {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        json::RandomJson random(seed);
        const std::string body = minified(random_body(random));
        std::string stream;
        CAPTURE(body);
        REQUIRE(body_to_stream(body, true, stream));
        CHECK(body_of(stream) == body);
        // The relay leaves it alone, and hides the usage if told to.
        CHECK(relay(stream, {}, 1 + random.below(50)).out == stream);
        std::string without;
        REQUIRE(body_to_stream(body, false, without));
        CHECK(hidden(stream) == without);
    }
}

TEST_CASE("assembly: a stream survives the way through a body in effect, however it was cut") {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        json::RandomJson random(seed);
        // Text in deltas of one to nine bytes, cut anywhere but inside an escape or a character.
        std::string expected;
        std::string stream = delta("\"role\":\"assistant\"");
        for (std::size_t i = random.below(20); i > 0; --i) {
            const std::string text = random.string();
            const bool arguments = random.below(3) == 0;
            if (!arguments) expected += text.substr(1, text.size() - 2);
            stream += arguments ? delta("\"tool_calls\":[{\"index\":" + std::to_string(random.below(3)) +
                                        ",\"function\":{\"arguments\":" + text + "}}]")
                                : delta("\"content\":" + text);
        }
        stream += delta("", "\"stop\"") + kDone;
        const std::string body = body_of(stream);
        CAPTURE(body);
        std::string again;
        REQUIRE(body_to_stream(body, false, again));
        CHECK(body_of(again) == body);
        if (!expected.empty()) CHECK(body.find("\"content\":\"" + expected + "\"") != std::string::npos);
    }
}

}  // namespace weir::wire
