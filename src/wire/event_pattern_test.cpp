#include "wire/event_pattern.h"

#include <doctest/doctest.h>

#include <optional>

#include "json/random_json.h"
#include "wire/chat_answer.h"

namespace weir::wire {
namespace {

std::string event(std::string_view data) {
    return "data: " + std::string(data) + "\n\n";
}

// The pattern of two events; `cut`: the text of the second that is left out.
std::optional<EventPattern> common(std::string_view before, std::string_view after, std::string_view cut = {}) {
    EventPattern pattern;
    json::Span span;
    if (!cut.empty()) {
        span.begin = after.find(cut);
        span.end = span.begin + cut.size();
    }
    if (!pattern.learn(before, after, span)) {
        CHECK_FALSE(pattern.known());
        return std::nullopt;
    }
    CHECK(pattern.known());
    return pattern;
}

bool matches(const EventPattern& pattern, std::string_view bytes) {
    const EventPattern::Match found = pattern.match(bytes);
    if (found.size != 0) CHECK(found.size == bytes.find("\n\n") + 2);
    return found.size != 0;
}

// Each event read by itself: nothing can be learned from the one before.
struct Slow {
    std::string out;
    std::string kept;
    std::uint64_t data_events = 0;
    bool good = true;
};
Slow read_apart(const std::vector<std::string>& events, const ChatStream::Options& options) {
    Slow slow;
    for (const std::string& one : events) {
        ChatStream stream(options);
        if (!stream.feed(one, slow.out)) {
            slow.good = false;
            break;
        }
        slow.data_events += stream.data_events();
        if (stream.done()) break;
    }
    return slow;
}

// An event of one of a few forms, its strings at random.
std::string random_event(json::RandomJson& random, std::size_t form) {
    const auto text = [&] { return random.string(); };
    switch (form) {
        case 0:
            return event(R"({"id":"c","choices":[{"delta":{"content":)" + text() + R"(}}],"usage":null})");
        case 1:
            return event(R"({"id":"c","choices":[{"delta":{"content":)" + text() +
                         R"(}}],"usage":null,"obfuscation":)" + text() + "}");
        case 2:
            return event(R"({"usage": null, "choices": [{"delta": {"content": )" + text() + R"(, "b": )" + text() +
                         "}}]}");
        case 3:
            return event(R"({"choices":[{"delta":{"tool_calls":[{"function":{"arguments":)" + text() + "}}]}}]}");
        case 4:
            return "event: delta\n" + event(R"({"choices":[{}],"a":)" + text() + R"(,"usage":null})");
        case 5:
            return event(R"({"choices":[{"a":)" + text() + R"(}],"usage":{"prompt_tokens":)" +
                         std::to_string(random.below(9)) + "}}");
        case 6:
            return event(R"({"choices":[{}],)" + text() + R"(:"x","usage":null})");
        case 7:
            return event(R"({"choices":[)" + text() + R"(],"usage":null})");
        case 8:
            return "data:" + random.value() + "\n\n";
        default:
            return ": comment\n\n";
    }
}

}  // namespace

TEST_CASE("event pattern: what differs in string values alone is alike") {
    const auto pattern = common(event(R"({"a":"x","b":1})"), event(R"({"a":"yy","b":1})"));
    REQUIRE(pattern);
    for (const std::string_view text : {"", "z", "a \\\"quoted\\\" one\\n", "\\u4e2d\\\\", "{}[]:,'", "\xE4\xB8\xAD"}) {
        CAPTURE(text);
        CHECK(matches(*pattern, event("{\"a\":\"" + std::string(text) + "\",\"b\":1}")));
        CHECK(matches(*pattern, event("{\"a\":\"" + std::string(text) + "\",\"b\":1}") + "data: more"));
    }
    for (const std::string_view other :
         {R"({"a":"x","b":2})", R"({"a":"x\","b":1})", R"({"a":x","b":1})", R"({"a":"x","b":1} )", R"({"a":"x","c":1})",
          R"({"a":"x","b":1,"usage":null})", R"({"a":"x)", "{\"a\":\"x\ny\",\"b\":1}", "{\"a\":\"x\\\ny\",\"b\":1}",
          "{\"a\":\"x\ry\",\"b\":1}"}) {
        CAPTURE(other);
        CHECK_FALSE(matches(*pattern, event(other)));
    }
    // Only whole events.
    const std::string whole = event(R"({"a":"text","b":1})");
    for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(matches(*pattern, whole.substr(0, size)));
}

TEST_CASE("event pattern: what it does not learn from") {
    CHECK_FALSE(common(event(R"({"a":1})"), event(R"({"a":2})")));
    CHECK_FALSE(common(event(R"({"a":"x"})"), event(R"({"a":"x"})")));  // nothing differs: not a stream's text
    CHECK_FALSE(common(event(R"({"a":"x"})"), event(R"({"b":"x"})")));
    CHECK_FALSE(common(event(R"({"a":["x"]})"), event(R"({"a":["y"]})")));
    CHECK_FALSE(common(event(R"({"a":"x"})"), event(R"({"a":"x","b":1})")));
    CHECK_FALSE(common(event(R"({"a":"x"})"), event(R"({"a":null})")));
    CHECK_FALSE(common(event(R"({"a":"x"})"), event(R"({"a":"y","usage":null})"), R"(,"usage":null)"));
    CHECK_FALSE(common(event(R"({"1":"x","2":"x","3":"x","4":"x","5":"x"})"),
                       event(R"({"1":"y","2":"y","3":"y","4":"y","5":"y"})")));
    CHECK(common(event(R"({"1":"x","2":"x","3":"x","4":"x","5":"x"})"),
                 event(R"({"1":"y","2":"y","3":"y","4":"y","5":"x"})")));
    // Strings without an end.
    CHECK_FALSE(common(event(R"({"a":"x"})"), event(R"({"a":"y})")));
    CHECK_FALSE(common(event(R"({"a":"x})"), event(R"({"a":"y"})")));
    CHECK(EventPattern::learnable(event("{}")));
    CHECK(EventPattern::learnable("data:{}\n\n"));
    for (const std::string_view raw :
         {"data: {}\r\n\r\n", "data: {}\r\r", "id: 1\ndata: {}\n\n", "data: {\ndata: }\n\n", "data: {}\n",
          "data: {\r}\n\n", "data: [DONE]\n\n", "\n", ""}) {
        CHECK_FALSE(EventPattern::learnable(raw));
    }
    CHECK_FALSE(EventPattern::learnable(event("{\"a\":\"" + std::string(EventPattern::kMaxEventBytes, 'x') + "\"}")));
}

TEST_CASE("event pattern: the span that is left out is found again, whatever stands before it") {
    const auto pattern = common(event(R"({"a":"x","usage":null,"b":"x"})"),
                                event(R"({"a":"long text","usage":null,"b":"y"})"), R"(,"usage":null)");
    REQUIRE(pattern);
    const std::string third = event(R"({"a":"","usage":null,"b":"\"usage\":null"})");
    const EventPattern::Match found = pattern->match(third);
    CHECK(found.size == third.size());
    CHECK(third.substr(found.cut, pattern->cut_bytes()) == R"(,"usage":null)");
    CHECK(EventPattern::data(third) == R"({"a":"","usage":null,"b":"\"usage\":null"})");
}

TEST_CASE("event pattern: streams come out as if each event had been read by itself, wherever they are cut") {
    for (std::uint64_t seed = 0; seed < 4000; ++seed) {
        CAPTURE(seed);
        json::RandomJson random(seed, false);
        std::vector<std::string> events;
        std::string input;
        std::size_t form = random.below(10);
        for (std::size_t i = random.below(30); i > 0; --i) {
            if (random.below(5) == 0) form = random.below(10);
            events.push_back(random_event(random, form));
            input += events.back();
        }
        const ChatStream::Options options{.hide_usage = random.below(3) != 0, .keep = random.below(2) == 0};
        const Slow slow = read_apart(events, options);
        ChatStream fast(options);
        std::string out;
        const std::size_t piece = random.below(2) == 0 ? input.size() + 1 : 1 + random.below(300);
        bool good = true;
        for (std::size_t at = 0; at < input.size() && good; at += piece) {
            const std::string bytes = input.substr(at, piece);  // in memory of its own
            good = fast.feed(bytes, out).has_value();
        }
        CHECK(good == slow.good);
        CHECK(out == slow.out);
        if (good) CHECK(fast.data_events() == slow.data_events);
    }
}

TEST_CASE("event pattern: what is kept for the body is the same") {
    std::string input;
    for (int i = 0; i < 50; ++i) {
        input += event(R"({"id":"c","choices":[{"index":0,"delta":{"content":")" + std::to_string(i) +
                       R"( \"x\" "},"finish_reason":null}],"usage":null})");
    }
    input += event(R"({"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null})") +
             "data: [DONE]\n\n";
    std::string burst_out, single_out;
    ChatStream burst({.hide_usage = true, .keep = true});
    ChatStream single({.hide_usage = true, .keep = true});
    REQUIRE(burst.feed(input, burst_out));
    for (const char byte : input) REQUIRE(single.feed({&byte, 1}, single_out));
    CHECK(burst_out == single_out);
    CHECK(burst.data_events() == 51);
    REQUIRE(burst.body());
    CHECK(*burst.body() == *single.body());
    CHECK(burst.body()->find(R"(0 \"x\" 1 \"x\" 2 \"x\")") != std::string::npos);
}

TEST_CASE("event pattern: an event over the limit is refused, alike or not") {
    const auto text = [](std::size_t bytes) { return event("{\"a\":\"" + std::string(bytes, 'x') + "\"}"); };
    ChatStream stream({.max_event_bytes = 200});
    std::string out;
    CHECK(stream.feed(text(1) + text(2) + text(3) + text(100), out));
    const Result<void> fed = stream.feed(text(300), out);
    REQUIRE_FALSE(fed);
    CHECK(fed.error().code == ErrorCode::too_large);
    CHECK(out == text(1) + text(2) + text(3) + text(100));
}

}  // namespace weir::wire
