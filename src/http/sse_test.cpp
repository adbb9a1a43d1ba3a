#include "http/sse.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <vector>

#include "http/sse_oracle.h"

using namespace weir::http;
using namespace std::string_literals;
using State = SseSplitter::State;
using oracle::SseEvent;

namespace {

struct Split {
    std::vector<SseEvent> events;
    std::size_t pending = 0;
    bool too_large = false;
};

// Feeds `bytes` cut at `cuts`, each piece from a buffer of its own that is gone afterwards.
Split split(const std::string& bytes, std::vector<std::size_t> cuts = {}, std::size_t max_event_bytes = 1 << 20) {
    cuts.push_back(bytes.size());
    std::sort(cuts.begin(), cuts.end());
    SseSplitter splitter(max_event_bytes);
    Split out;
    std::size_t from = 0;
    for (const std::size_t cut : cuts) {
        const std::vector<char> piece(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                                      bytes.begin() + static_cast<std::ptrdiff_t>(cut));
        from = cut;
        splitter.feed({piece.data(), piece.size()});
        SseSplitter::Event event;
        State state;
        while ((state = splitter.next(event)) == State::event) {
            out.events.push_back({std::string(event.raw), std::string(event.data), std::string(event.name)});
        }
        if (state == State::too_large) {
            out.too_large = true;
            CHECK(splitter.next(event) == State::too_large);
            break;
        }
    }
    out.pending = splitter.pending();
    return out;
}

std::vector<std::size_t> every_cut(const std::string& bytes) {
    std::vector<std::size_t> cuts(bytes.size());
    for (std::size_t i = 0; i < cuts.size(); ++i) cuts[i] = i;
    return cuts;
}

// The only event of `bytes`, read whole and byte by byte.
SseEvent only_event(const std::string& bytes) {
    const Split whole = split(bytes);
    REQUIRE(whole.events.size() == 1);
    CHECK(whole.events[0].raw == bytes);
    CHECK(whole.pending == 0);
    CHECK(split(bytes, every_cut(bytes)).events == whole.events);
    return whole.events[0];
}

}  // namespace

TEST_CASE("sse: whole events in turn, until one of them or the splitter objects") {
    SseSplitter splitter(32);
    std::string seen;
    const auto take = [&](const SseSplitter::Event& event) -> weir::Result<void> {
        seen += std::string(event.data) + "|";
        append_comment(event, seen);
        if (event.data == "no") return weir::fail(weir::ErrorCode::protocol, "no");
        return {};
    };
    CHECK(feed_events(splitter, "data: a\n\ndata: b", take));
    CHECK(feed_events(splitter, "c\n\n: alive\n\nevent: x\n\n", take));
    CHECK(seen == "a|bc||: alive\n\n|");
    CHECK(feed_events(splitter, "data: no\n\ndata: d\n\n", take).error().code == weir::ErrorCode::protocol);
    SseSplitter small(8);
    CHECK(feed_events(small, "data: far too much", take).error().code == weir::ErrorCode::too_large);
}

TEST_CASE("data and name of an event") {
    CHECK(only_event("data: {\"a\":1}\n\n").data == "{\"a\":1}");
    CHECK(only_event("data:{\"a\":1}\n\n").data == "{\"a\":1}");
    CHECK(only_event("data:  two spaces\n\n").data == " two spaces");
    CHECK(only_event("data: [DONE]\r\n\r\n").data == "[DONE]");
    CHECK(only_event("data: x\r\r").data == "x");
    CHECK(only_event("data: x\r\n\n").data == "x");
    CHECK(only_event("data: x\n\r\n").data == "x");
    CHECK(only_event("data: a\ndata: b\ndata:\ndata:c\n\n").data == "a\nb\n\nc");
    CHECK(only_event("data: a\r\ndata: b\r\n\r\n").data == "a\nb");
    CHECK(only_event("data\ndata\n\n").data == "\n");
    CHECK(only_event("data\n\n").data == "");
    CHECK(only_event("data:\n\n").data == "");
    CHECK(only_event("data: a: b\n\n").data == "a: b");
    const SseEvent named = only_event("event: message_start\r\nid: 7\r\ndata: {}\r\nretry: 10\r\n\r\n");
    CHECK(named.data == "{}");
    CHECK(named.name == "message_start");
    CHECK(only_event("event: a\nevent: b\ndata: x\n\n").name == "b");
    CHECK(only_event("event: ping\n\n").name == "ping");
    CHECK(only_event("event: ping\n\n").data == "");
    CHECK(only_event("data: \0\x01\xFF\n\n"s).data == "\0\x01\xFF"s);
}

TEST_CASE("what is no field has no data, and stays in raw") {
    for (const char* bytes : {": keep-alive\n\n", ":\n\n", ":data: x\n\n", " data: x\n\n", "Data: x\n\n",
                              "datax: y\n\n", "dat\n\n", "id: 1\n\n", "\n", "\r\n", "unknown\r\n\r\n"}) {
        CAPTURE(bytes);
        const SseEvent event = only_event(bytes);
        CHECK(event.data == "");
        CHECK(event.name == "");
    }
    CHECK(only_event(": OPENROUTER PROCESSING\ndata: x\n\n").data == "x");
}

TEST_CASE("several events and an unfinished one") {
    const std::string bytes = "data: a\n\n: ping\n\n\ndata: b\r\n\r\nevent: e\rdata: c\r\rdata: d\ndata: e\n";
    const Split whole = split(bytes);
    REQUIRE(whole.events.size() == 5);
    CHECK(whole.events[0].data == "a");
    CHECK(whole.events[1].raw == ": ping\n\n");
    CHECK(whole.events[2].raw == "\n");
    CHECK(whole.events[3].data == "b");
    CHECK(whole.events[4].data == "c");
    CHECK(whole.events[4].name == "e");
    CHECK(whole.pending == "data: d\ndata: e\n"s.size());
    CHECK(split(bytes, every_cut(bytes)).events == whole.events);
    CHECK(split("").pending == 0);
    CHECK(split("data: [DONE]\n\n").pending == 0);
    CHECK(split("data: [DONE]\n").pending == 13);
    CHECK(split("data: [DONE]\r\n\r").pending == 15);  // its LF is missing
}

TEST_CASE("a byte order mark at the start is skipped, and only there") {
    CHECK(only_event("\xEF\xBB\xBF"
                     "data: x\n\n")
              .data == "x");
    CHECK(only_event("\xEF\xBB\xBF"
                     "data: x\ndata: y\n\n")
              .data == "x\ny");
    CHECK(only_event("\xEF\xBB"
                     "data: x\n\n")
              .data == "");
    CHECK(only_event("\xEF\xBB\xBF\xEF\xBB\xBF"
                     "data: x\n\n")
              .data == "");
    const Split second = split(
        "data: x\n\n\xEF\xBB\xBF"
        "data: y\n\n");
    REQUIRE(second.events.size() == 2);
    CHECK(second.events[1].data == "");
}

TEST_CASE("a CR at the end of the input") {
    // CR LF cut in two is one line end.
    const std::string crlf = "data: x\r\n\r\ndata: y\r\n\r\n";
    for (std::size_t cut = 0; cut <= crlf.size(); ++cut) {
        CAPTURE(cut);
        CHECK(split(crlf, {cut}).events == split(crlf).events);
        CHECK(split(crlf, {cut}).events.size() == 2);
    }
    // CR alone: the event does not wait for the next one.
    CHECK(split("data: x\r\r").events.size() == 1);
    // An LF after all is no line, and no unfinished event.
    const Split late = split("data: x\r\r\n", {9});
    CHECK(late.events.size() == 1);
    CHECK(late.pending == 0);
    const Split later = split("data: x\r\r\ndata: y\r\r");
    REQUIRE(later.events.size() == 2);
    CHECK(later.events[1].raw == "\ndata: y\r\r");
    CHECK(later.events[1].data == "y");
}

TEST_CASE("an event whole in the input is not copied") {
    const std::string bytes = "data: one\n\nevent: e\ndata: two\n\ndata: 3\ndata: 4\n\ndata: fi";
    SseSplitter splitter;
    splitter.feed(bytes);
    SseSplitter::Event event;
    REQUIRE(splitter.next(event) == State::event);
    CHECK(event.raw.data() == bytes.data());
    CHECK(event.data.data() == bytes.data() + 6);
    REQUIRE(splitter.next(event) == State::event);
    CHECK(event.data == "two");
    CHECK(event.data.data() == bytes.data() + 26);
    REQUIRE(splitter.next(event) == State::event);
    CHECK(event.raw.data() == bytes.data() + 31);
    CHECK(event.data == "3\n4");
    CHECK(splitter.next(event) == State::need_more);
    CHECK(splitter.next(event) == State::need_more);
    CHECK(splitter.pending() == 8);
    splitter.feed("ve\n\ndata: six\n\n");
    REQUIRE(splitter.next(event) == State::event);
    CHECK(event.raw == "data: five\n\n");
    CHECK(event.data == "five");
    CHECK(splitter.pending() == "data: six\n\n"s.size());
    REQUIRE(splitter.next(event) == State::event);
    CHECK(event.data == "six");
    CHECK(splitter.next(event) == State::need_more);
    CHECK(splitter.pending() == 0);
}

TEST_CASE("the limit of an event") {
    const std::string event = "data: " + std::string(92, 'x') + "\n\n";  // 100 bytes
    for (const auto& cuts : {std::vector<std::size_t>{}, std::vector<std::size_t>{50}, every_cut(event)}) {
        CHECK(split(event + event, cuts, 100).events.size() == 2);
        const Split refused = split("data: small\n\n" + event, cuts, 99);
        CHECK(refused.too_large);
        CHECK(refused.events.size() == 1);
    }
    CHECK(split(std::string(99, 'x'), {}, 99).pending == 99);
    CHECK(split(std::string(100, 'x'), {}, 99).too_large);
    CHECK(split(std::string(100, 'x'), {50}, 99).too_large);
}

TEST_CASE("property: events are those of the slow reading, however the stream is cut") {
    const std::vector<std::string> fragments = {
        "data: x",  "data:y",       "data",
        "event: e", "event:",       ": c",
        "id: 1",    "\n",           "\n",
        "\n",       "\r\n",         "\r\n",
        "\r\n",     "\r",           "\r",
        "\n\n",     "\r\n\r\n",     "data: 0123456789abcdef0123456789abcdef0123456789abcdef\n\n",
        " ",        "\xEF\xBB\xBF", "a"};
    std::size_t events = 0;
    const bool holds = rc::check([&] {
        const auto parts = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(fragments));
        std::string bytes;
        for (const std::string& part : parts) bytes += part;
        const auto cut = rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
        const Split fast = split(bytes, *rc::gen::container<std::vector<std::size_t>>(cut));
        const oracle::SseStream slow = oracle::read_sse(bytes);
        RC_ASSERT(fast.events == slow.events);
        RC_ASSERT(fast.pending == slow.rest.size());
        events += fast.events.size();
        std::string raws;
        for (const SseEvent& event : fast.events) raws += event.raw;
        RC_ASSERT(bytes.starts_with(raws));
        RC_ASSERT(raws.size() + fast.pending == bytes.size() || (fast.pending == 0 && bytes == raws + "\n"));
    });
    CHECK(holds);
    CHECK(events > 50);
}
