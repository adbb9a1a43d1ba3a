// For tests of Responses: chat answers to make them of, and a reader of their streams.
// Thread rule: pure functions and plain values.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/sse.h"
#include "json/scan.h"
#include "wire/dialect_testing.h"
#include "wire/responses.h"

namespace weir::wire::responses {

using testing::kDone;
using testing::Translated;

inline Echo echo_of_answer() {
    return testing::echo_of_answer(R"("store":false)");
}

inline std::string body_of(std::string_view chat) {
    return testing::body_of(responses_dialect(), chat, echo_of_answer());
}

inline std::string chat_body(std::string_view message, std::string_view finish = "stop", std::string_view more = "") {
    return R"({"id":"chatcmpl-abc","object":"chat.completion","created":1720000000,"model":"gpt-x","choices":[{"index":0,)"
           R"("message":{"role":"assistant",)" +
           std::string(message) + R"(},"finish_reason":")" + std::string(finish) + '"' + std::string(more) +
           R"(}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":)"
           R"({"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}})";
}

inline std::string output_of(std::string_view response) {
    std::vector<json::Member> members;
    REQUIRE(json::members(response, members));
    for (const json::Member& member : members) {
        if (member.key == "output") return std::string(member.raw(response));
    }
    return {};
}

inline Translated translate(std::string_view events, std::size_t piece = 1u << 20) {
    const Echo echo = echo_of_answer();
    const auto translator = responses_dialect().stream_from_chat(echo, std::nullopt);
    Translated translated = testing::feed_all(*translator, events, piece);
    if (translated.error) {
        translator->break_off({502, "The upstream broke off.", "server_error", "upstream_broke_off", ""},
                              translated.out);
        return translated;
    }
    // What came to no end is broken off.
    for (const std::string_view end : {"response.completed", "response.incomplete", "response.failed"}) {
        if (translated.out.find("event: " + std::string(end) + '\n') != std::string::npos) return translated;
    }
    translator->break_off({502, "gone", "server_error", "", ""}, translated.out);
    return translated;
}

inline std::string chunk(std::string_view delta, std::string_view finish = "null", std::string_view more = "") {
    return R"(data: {"id":"chatcmpl-abc","object":"chat.completion.chunk","created":1720000000,"model":"gpt-x",)"
           R"("choices":[{"index":0,"delta":{)" +
           std::string(delta) + R"(},"finish_reason":)" + std::string(finish) + std::string(more) + "}]}\n\n";
}
inline const std::string kUsage =
    R"(data: {"id":"chatcmpl-abc","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,)"
    R"("prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}})"
    "\n\n";

// A reader of streams that holds them to the grammar, event by event, and puts the response together as a client would.
class Client {
  public:
    explicit Client(std::string_view events) {
        http::SseSplitter splitter;
        splitter.feed(events);
        http::SseSplitter::Event event;
        while (splitter.next(event) == http::SseSplitter::State::event) {
            if (event.data.empty()) continue;
            take(event.name, event.data);
        }
        CHECK(splitter.pending() == 0);
        CHECK_FALSE(item_open_);
    }

    std::string types;     // one a line
    std::string response;  // of the last event that ends the stream
    std::string output;    // the items that were done, as a list

  private:
    static std::string text_of(std::string_view data, std::string_view name) { return std::string(member(data, name)); }
    static std::string_view member(std::string_view data, std::string_view name) {
        const std::optional<json::Span> found = json::find_member(data, {0, data.size()}, name);
        return found ? found->of(data) : std::string_view();
    }
    static std::string inside(std::string_view raw) { return std::string(raw.substr(1, raw.size() - 2)); }

    void check_place(std::string_view data) {
        REQUIRE(item_open_);
        CHECK(member(data, "item_id") == id_);
        CHECK(member(data, "output_index") == std::to_string(items_));
        if (part_open_) CHECK(member(data, "content_index") == std::to_string(parts_));
    }

    void take(std::string_view name, std::string_view data) {
        std::vector<json::Member> members;
        REQUIRE_MESSAGE(json::members(data, members), data);
        CHECK(json::string_equals(member(data, "type"), name));
        CHECK(member(data, "sequence_number") == std::to_string(sequence_++));
        REQUIRE(response.empty());  // nothing comes after the end
        types += std::string(name) + '\n';
        const auto is = [&](std::string_view ending) { return name.ends_with(ending); };
        if (sequence_ == 1) REQUIRE(name == "response.created");
        if (sequence_ == 2) REQUIRE(name == "response.in_progress");
        if (name == "response.created" || name == "response.in_progress") {
            CHECK(json::find_member(data, {0, data.size()}, "response").has_value());
        } else if (is("output_item.added")) {
            REQUIRE_FALSE(item_open_);
            item_open_ = true;
            CHECK(member(data, "output_index") == std::to_string(items_));
            const std::string item = text_of(data, "item");
            id_ = member(item, "id");
            CHECK(member(item, "status") == R"("in_progress")");
            parts_ = 0;
            said_.clear();
        } else if (is("content_part.added")) {
            REQUIRE_FALSE(part_open_);
            part_open_ = true;
            said_.clear();
            check_place(data);
        } else if (is("annotation.added")) {
            check_place(data);
        } else if (is(".delta")) {
            check_place(data);
            said_ += inside(member(data, "delta"));
        } else if (is("content_part.done")) {
            check_place(data);
            REQUIRE(part_open_);
            part_open_ = false;
            ++parts_;
            const std::string part = text_of(data, "part");
            const std::string_view text =
                member(part, json::string_equals(member(part, "type"), "refusal") ? "refusal" : "text");
            CHECK(inside(text) == said_);
        } else if (is("output_item.done")) {
            REQUIRE(item_open_);
            REQUIRE_FALSE(part_open_);
            const std::string item = text_of(data, "item");
            CHECK(member(item, "id") == id_);
            item_open_ = false;
            ++items_;
            output += (output.empty() ? "" : ",") + item;
        } else if (is(".done")) {
            check_place(data);
            const std::string_view text = member(data, "text");
            const std::string_view arguments = member(data, "arguments");
            const std::string_view refusal = member(data, "refusal");
            const std::string_view input = member(data, "input");
            for (const std::string_view whole : {text, arguments, refusal, input}) {
                if (!whole.empty()) CHECK(inside(whole) == said_);
            }
        } else if (name == "error") {
            item_open_ = part_open_ = false;  // it may stand anywhere
        } else {
            REQUIRE((is("response.completed") || is("response.incomplete") || is("response.failed")));
            response = text_of(data, "response");
        }
    }

    std::uint64_t sequence_ = 0;
    bool item_open_ = false;
    bool part_open_ = false;
    std::size_t items_ = 0;
    std::size_t parts_ = 0;
    std::string id_;
    std::string said_;
};

inline const std::string kText = chunk(R"("role":"assistant","content":"")") + chunk(R"("content":"Hel\u00e9")") +
                                 chunk(R"("content":"lo \ud83d")") + chunk(R"("content":"\ude00")") +
                                 chunk("", R"("stop")") + kUsage + kDone;

}  // namespace weir::wire::responses
