// The traces as the gateway reads them: whole, cut at every byte, and byte by byte.
#include <doctest/doctest.h>

#include "wire/chat_answer.h"
#include "wire/usage_traces_chat_testing.h"
#include "wire/usage_traces_other_testing.h"
#include "wire/usage_watch.h"

using namespace weir;
using namespace weir::wire;
using testing::TraceForm;
using testing::UsageTrace;

namespace {

// What tells two usages apart, for the message of a check.
std::string told(const Usage& usage) {
    std::string text;
    append_chat_usage(usage, text);
    return text + (usage.reported ? "" : " not reported");
}

Usage watched(std::string_view first, std::string_view second) {
    UsageWatch watch;
    CHECK(watch.feed(first).has_value());
    CHECK(watch.feed(second).has_value());
    return watch.usage();
}

Usage relayed(std::string_view first, std::string_view second, bool hide) {
    ChatStream stream({.hide_usage = hide});
    std::string out;
    CHECK(stream.feed(first, out).has_value());
    CHECK(stream.feed(second, out).has_value());
    return stream.usage();
}

void check_cuts(const UsageTrace& trace, bool chat) {
    const std::string_view text = trace.text;
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        const auto first = text.substr(0, cut), second = text.substr(cut);
        if (const Usage usage = watched(first, second); usage != trace.usage) {
            FAIL_CHECK("watched, cut at " << cut << ": " << told(usage));
            return;
        }
        if (!chat) continue;
        for (const bool hide : {false, true}) {
            if (const Usage usage = relayed(first, second, hide); usage != trace.usage) {
                FAIL_CHECK("relayed, cut at " << cut << ": " << told(usage));
                return;
            }
        }
    }
    UsageWatch watch;
    ChatStream stream({});
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        REQUIRE(watch.feed(text.substr(at, 1)).has_value());
        if (chat) REQUIRE(stream.feed(text.substr(at, 1), out).has_value());
    }
    CHECK(told(watch.usage()) == told(trace.usage));
    if (chat) CHECK(told(stream.usage()) == told(trace.usage));
}

void check(const UsageTrace& trace) {
    CAPTURE(trace.name);
    switch (trace.form) {
        case TraceForm::chat_stream:
            return check_cuts(trace, true);
        case TraceForm::stream:
            return check_cuts(trace, false);
        case TraceForm::chat_body: {
            const Result<ChatAnswer> answer = read_chat_answer(trace.text);
            REQUIRE(answer.has_value());
            CHECK(told(answer->usage) == told(trace.usage));
            CHECK(answer->usage == trace.usage);
            break;
        }
        case TraceForm::body:
            break;
    }
    UsageWatch watch;
    watch.body(trace.text);
    CHECK(told(watch.usage()) == told(trace.usage));
    CHECK(watch.usage() == trace.usage);
}

}  // namespace

TEST_CASE("usage of chat bodies and streams, shape by shape") {
    for (const UsageTrace& trace : testing::chat_traces()) check(trace);
}

TEST_CASE("usage of the other APIs, shape by shape") {
    for (const UsageTrace& trace : testing::other_traces()) check(trace);
}

TEST_CASE("a stream that is kept makes a body with the same usage") {
    for (const UsageTrace& trace : testing::chat_traces()) {
        if (trace.form != TraceForm::chat_stream) continue;
        CAPTURE(trace.name);
        ChatStream stream({.keep = true});
        std::string out;
        REQUIRE(stream.feed(trace.text, out).has_value());
        const Result<std::string> body = stream.body();
        REQUIRE(body.has_value());
        const Result<ChatAnswer> answer = read_chat_answer(*body);
        REQUIRE(answer.has_value());
        // Of several reports a body keeps the last alone.
        if (trace.name.find("two chunks") != std::string_view::npos) continue;
        if (trace.name.find("another tier") != std::string_view::npos) continue;
        CHECK(told(answer->usage) == told(trace.usage));
    }
}

TEST_CASE("a watch holds one event, of a limited size, and stays with what it had") {
    UsageWatch watch(200);
    const std::string good = testing::event(R"({"usage":{"prompt_tokens":5}})");
    REQUIRE(watch.feed(good).has_value());
    CHECK(watch.usage().input_uncached == 5);
    const Result<void> fed = watch.feed("data: " + std::string(300, 'x'));
    REQUIRE_FALSE(fed.has_value());
    CHECK(fed.error().code == ErrorCode::too_large);
    CHECK_FALSE(watch.feed(good).has_value());
    CHECK(watch.usage().input_uncached == 5);
}

TEST_CASE("a watch takes nothing amiss") {
    UsageWatch watch;
    for (const char* text : {"", " ", "[", "[]", "[1,{}]", "{}", "null", "{\"usage\":5}", "{\"usage\":{\"a\":[]}}",
                             "{\"type\":\"message\"}", "{\"response\":{}}", "{\"usageMetadata\":{}}", "\xff{}"}) {
        watch.body(text);
        CHECK(watch.feed("data: " + std::string(text) + "\n\n").has_value());
    }
    CHECK(watch.usage() == Usage{});
}
