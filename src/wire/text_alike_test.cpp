#include "wire/text_alike.h"

#include <doctest/doctest.h>

#include "json/scan.h"

namespace weir::wire {
namespace {

// Learns from the first event of `events`, whose text is the member "t".
TextAlike learned(std::string_view events) {
    http::SseSplitter splitter;
    splitter.feed(events);
    http::SseSplitter::Event event;
    REQUIRE(splitter.next(event) == http::SseSplitter::State::event);
    TextAlike alike;
    alike.learn(event, *json::find_member(event.data, {0, event.data.size()}, "t"));
    return alike;
}

std::string named(std::string_view text) {
    return "event: e\ndata: {\"t\":\"" + std::string(text) + "\",\"i\":1}\n\n";
}

}  // namespace

TEST_CASE("text alike: events that differ in their text are known, others are not") {
    const TextAlike alike = learned(named("one"));
    REQUIRE(alike.known());
    const std::string next = named("tw\\n\\\"\xC3\xA9");
    const std::string ahead = next + "more";
    const TextAlike::Match match = alike.match(ahead);
    CHECK(match.size == next.size());
    CHECK(match.text == "tw\\n\\\"\xC3\xA9");
    CHECK(match.characters == 5);
    for (std::size_t size = 0; size < next.size(); ++size) CHECK(alike.match(next.substr(0, size)).size == 0);
    // Each of these has to be read: it is nothing, not simple, broken, or another event.
    for (const std::string_view text : {"", "\\u0041", "\\x", "\xFF", "\t", "a\",\"x\":\""}) {
        CAPTURE(text);
        CHECK(alike.match(named(text)).size == 0);
    }
    CHECK(alike.match("event: e\ndata: {\"t\":\"a\",\"i\":2}\n\n").size == 0);
    CHECK(alike.match("event: f\ndata: {\"t\":\"a\",\"i\":1}\n\n").size == 0);
}

TEST_CASE("text alike: what teaches nothing, and what is forgotten") {
    CHECK_FALSE(learned("data: {\"t\":\"a\",\ndata: \"i\":1}\n\n").known());
    CHECK_FALSE(learned("data: {\"t\":\"a\"}\r\n\r\n").known());
    TextAlike alike = learned(named("one"));
    alike.forget();
    CHECK_FALSE(alike.known());
}

}  // namespace weir::wire
