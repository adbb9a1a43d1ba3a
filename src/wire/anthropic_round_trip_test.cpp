// Messages in, chat inside, Messages out: what both APIs can say comes out as it went in, requests, bodies and streams.
#include <doctest/doctest.h>

#include <map>
#include <random>

#include "json/scan.h"
#include "wire/anthropic_testing.h"
#include "wire/chat_request.h"
#include "wire/messages.h"
#include "wire/messages_testing.h"

namespace weir::wire::anthropic {
namespace {

using json::Span;
using json::Walk;

std::string minified(std::string_view raw) {
    std::string out;
    json::minify(raw, out);
    return out;
}

// A content in one form: blocks with one line each, texts of one after the other joined, strings as text blocks.
std::string normal_content(std::string_view document, Span content, bool join) {
    if (json::is_string(content.of(document))) return "text " + std::string(content.of(document)) + '\n';
    std::string out;
    std::string text;
    const auto end_text = [&] {
        if (!text.empty()) out += "text \"" + text + "\"\n";
        text.clear();
    };
    for (Walk block(document, content); block.next();) {
        const auto raw = [&](std::string_view name) {
            const auto found = json::find_member(document, block.value(), name);
            return found ? found->of(document) : std::string_view();
        };
        if (raw("type") == R"("text")") {
            if (!join) end_text();
            text += raw("text").substr(1, raw("text").size() - 2);
            continue;
        }
        end_text();
        if (raw("type") == R"("tool_result")") {
            out += "result " + std::string(raw("tool_use_id")) + '\n';
            const auto inner = json::find_member(document, block.value(), "content");
            if (inner) out += normal_content(document, *inner, false);
        } else {
            out += minified(block.raw()) + '\n';
        }
    }
    end_text();
    return out;
}

// A request in one form: members by name, messages of one role joined.
std::string normal(std::string_view request) {
    std::vector<json::Member> members;
    REQUIRE_MESSAGE(json::members(request, members), request);
    std::map<std::string, std::string> by_name;
    for (const json::Member& member : members) {
        std::string& out = by_name[member.key];
        if (member.key == "system") {
            out = normal_content(request, member.value, false);
        } else if (member.key == "messages") {
            std::string_view last;
            for (Walk message(request, member.value); message.next();) {
                const std::string_view role = json::find_member(request, message.value(), "role")->of(request);
                if (role != last) out += std::string(role) + '\n';
                last = role;
                const Span content = *json::find_member(request, message.value(), "content");
                out += normal_content(request, content, role == R"("assistant")");
            }
        } else {
            out = minified(member.raw(request));
        }
    }
    std::string out;
    for (const auto& [name, value] : by_name) out += name + ": " + value + '\n';
    return out;
}

class RandomMessages {
  public:
    explicit RandomMessages(unsigned seed) : random_(seed) {}

    std::string request() {
        std::string out = R"({"model":"claude-sonnet-4-5","max_tokens":)" + std::to_string(1 + below(900));
        if (below(2) == 0) out += R"(,"temperature":0.)" + std::to_string(below(99));
        if (below(3) == 0) out += R"(,"top_p":9.5e-1)";
        if (below(3) == 0) out += R"(,"stop_sequences":["a",)" + text() + ']';
        if (below(3) == 0) out += R"(,"metadata":{"user_id":)" + text() + '}';
        if (below(2) == 0) out += R"(,"stream":true)";
        if (below(3) == 0) out += R"(,"output_config":)" + output_config();
        if (below(2) == 0) out += R"(,"system":)" + texts();
        if (below(2) == 0) out += tools();
        out += R"(,"messages":[)";
        for (std::size_t turn = 0, turns = below(3); turn < turns; ++turn) {
            out += user() + ',';
            const std::size_t calls = below(3);
            out += assistant(calls) + ',';
            if (calls > 0) out += results(calls) + ',' + (below(2) == 0 ? assistant(0) + ',' : "");
        }
        return out + user() + "]}";
    }

    std::string message() {
        std::string content;
        const auto add = [&content](const std::string& block) { content += (content.empty() ? "" : ",") + block; };
        for (std::size_t i = below(3); i > 0; --i) {
            add(below(3) == 0 ? R"({"type":"redacted_thinking","data":"d="})"
                              : R"({"type":"thinking","thinking":)" + text() + R"(,"signature":"s="})");
        }
        if (below(4) != 0) add(R"({"type":"text","text":)" + text() + '}');
        const std::size_t calls = below(3);
        for (std::size_t i = 0; i < calls; ++i) add(call(i));
        static constexpr std::string_view kEnds[] = {
            R"("end_turn","stop_sequence":null)",       R"("max_tokens","stop_sequence":null)",
            R"("stop_sequence","stop_sequence":"END")", R"("model_context_window_exceeded","stop_sequence":null)",
            R"("pause_turn","stop_sequence":null)",     R"("refusal","stop_sequence":null)"};
        const std::string end = calls > 0 ? R"("tool_use","stop_sequence":null)" : std::string(kEnds[below(6)]);
        const std::size_t written = below(2) * 30, hour = below(2) * std::min<std::size_t>(written, 10);
        return R"({"id":"msg_01","type":"message","role":"assistant","model":"claude-x","content":[)" + content +
               R"(],"stop_reason":)" + end + R"(,"usage":{"input_tokens":)" + std::to_string(below(99)) +
               R"(,"cache_creation_input_tokens":)" + std::to_string(written) + R"(,"cache_read_input_tokens":)" +
               std::to_string(below(2) * 77) + R"(,"cache_creation":{"ephemeral_5m_input_tokens":)" +
               std::to_string(written - hour) + R"(,"ephemeral_1h_input_tokens":)" + std::to_string(hour) +
               R"(},"output_tokens":)" + std::to_string(50 + below(99)) +
               R"(,"output_tokens_details":{"thinking_tokens":)" + std::to_string(below(40)) +
               R"(},"server_tool_use":{"web_search_requests":)" + std::to_string(below(3)) + "}}}";
    }

  private:
    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }
    std::string text() {
        static constexpr std::string_view kPieces[] = {"a", " ", "\\n", "\\u00e9", "\xE4\xB8\xAD", "\\\"", "{}", "\\/"};
        std::string out = "\"";
        for (std::size_t i = 1 + below(4); i > 0; --i) out += kPieces[below(8)];
        return out + '"';
    }
    std::string text_block() { return R"({"type":"text","text":)" + text() + '}'; }
    std::string texts() {
        if (below(2) == 0) return text();
        std::string out = "[" + text_block();
        for (std::size_t i = below(3); i > 0; --i) out += ", " + text_block();
        return out + ']';
    }
    std::string image() {
        return below(2) == 0 ? R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA+/"}})"
                             : R"({"type":"image","source":{"type":"url","url":"https://e.org/)" +
                                   std::to_string(below(9)) + "\"}}";
    }
    std::string user() {
        if (below(3) > 0) return R"({"role":"user","content":)" + texts() + '}';
        return R"({"role":"user","content":[)" + image() + ',' + text_block() + ',' + image() + "]}";
    }
    std::string call(std::size_t number) {
        static constexpr std::string_view kInputs[] = {"{}", R"({"a": 1.50,"b\u00e9":["\"",null]})", R"({ "c":{}})"};
        return R"({"type":"tool_use","id":"toolu_)" + std::to_string(number) + R"(","name":"f","input":)" +
               std::string(kInputs[below(3)]) + '}';
    }
    std::string assistant(std::size_t calls) {
        std::string blocks = calls == 0 || below(2) == 0 ? text_block() : "";
        for (std::size_t i = 0; i < calls; ++i) blocks += (blocks.empty() ? "" : ",") + call(i);
        return R"({"role":"assistant","content":[)" + blocks + "]}";
    }
    std::string results(std::size_t calls) {
        std::string out = R"({"role":"user","content":[)";
        for (std::size_t i = 0; i < calls; ++i) {
            out += (i > 0 ? "," : "") + std::string(R"({"type":"tool_result","tool_use_id":"toolu_)") +
                   std::to_string(i) + '"';
            if (below(3) > 0) out += R"(,"content":)" + texts();
            out += '}';
        }
        return out + (below(3) == 0 ? "," + text_block() : "") + "]}";
    }
    std::string output_config() {
        static constexpr std::string_view kEfforts[] = {"low", "medium", "high", "xhigh"};
        const std::string effort = R"("effort":")" + std::string(kEfforts[below(4)]) + '"';
        const std::string format = R"("format":{"type":"json_schema","schema":{"type":"object","maximum":1.0}})";
        const std::size_t which = below(3);
        return '{' + (which == 0 ? effort : which == 1 ? format : effort + ',' + format) + '}';
    }
    std::string tools() {
        static constexpr std::string_view kChoices[] = {"", R"({"type":"auto"})",
                                                        R"({"type":"any","disable_parallel_tool_use":true})",
                                                        R"({"type":"tool","name":"f"})", R"({"type":"none"})"};
        std::string out = R"(,"tools":[{"name":"f","description":)" + text() +
                          R"(,"input_schema":{"type": "object","properties":{}},"strict":true},)" +
                          R"({"name":"g","input_schema":{"type":"object"}}])";
        const std::string_view choice = kChoices[below(5)];
        if (!choice.empty()) out += R"(,"tool_choice":)" + std::string(choice);
        return out;
    }

    std::mt19937 random_;
};

Echo an_echo() {
    Echo echo;
    echo.request_id = "00000000000000ab";
    echo.body = R"({"model":"claude-x"})";
    echo.notes = R"(["END"])";
    return echo;
}

std::string messages_body_of(std::string_view chat) {
    std::string out;
    const Result<void> done = anthropic_messages().body_from_chat(chat, an_echo(), out);
    REQUIRE_MESSAGE(done, done.error().message);
    return out;
}

std::string_view up_to_usage(std::string_view message) {
    return message.substr(0, message.find(R"(,"usage":)"));
}
Usage usage_of(std::string_view message) {
    Usage usage;
    merge_messages_usage(message, *json::find_member(message, {0, message.size()}, "usage"), usage);
    return usage;
}

}  // namespace

TEST_CASE("anthropic round trip: requests") {
    for (unsigned seed = 0; seed < 500; ++seed) {
        CAPTURE(seed);
        const std::string request = RandomMessages(seed).request();
        CAPTURE(request);
        Echo echo;
        std::string chat, param, again;
        const Result<void> read = anthropic_messages().request_to_chat(request, param, chat, echo);
        REQUIRE_MESSAGE(read, read.error().message);
        REQUIRE(parse_chat_request(chat, param));
        ProviderExchange exchange;
        const Result<void> said = anthropic_form().request_from_chat(chat, param, exchange, again);
        REQUIRE_MESSAGE(said, said.error().message);
        CHECK(normal(again) == normal(request));
        CHECK(exchange.dropped.empty());
    }
}

TEST_CASE("anthropic round trip: bodies, also as streams out of the cache") {
    for (unsigned seed = 0; seed < 500; ++seed) {
        CAPTURE(seed);
        const std::string message = RandomMessages(seed).message();
        CAPTURE(message);
        std::string chat;
        const Result<void> read = anthropic_form().body_to_chat(message, an_exchange(), chat);
        REQUIRE_MESSAGE(read, read.error().message);
        const std::string again = messages_body_of(chat);
        CHECK(up_to_usage(again) == up_to_usage(message));
        CHECK(usage_of(again) == usage_of(message));
        CHECK(read_chat_answer(chat)->usage == usage_of(message));

        std::string events;
        REQUIRE(body_to_dialect_stream(anthropic_messages(), chat, an_echo(), events));
        const messages::Accumulated replayed = messages::Accumulator::run(events);
        CHECK(replayed.problem == "");
        CHECK(replayed.message == again);
    }
}

TEST_CASE("anthropic round trip: streams amount to the same message, kept or told") {
    const Echo echo = an_echo();
    for (const std::string& trace : {text_trace(), tools_trace(), cached_trace(), search_trace(), redacted_trace()}) {
        const Told told = translate(trace);
        REQUIRE(told.whole);
        const std::string kept = chat_body_of(told.out);
        CAPTURE(kept);
        REQUIRE(read_chat_answer(kept));
        const auto translator = anthropic_messages().stream_from_chat(echo, std::nullopt);
        std::string events;
        REQUIRE(translator->feed(told.out, events));
        const messages::Accumulated accumulated = messages::Accumulator::run(events);
        CHECK(accumulated.problem == "");
        CHECK(accumulated.message == messages_body_of(kept));
    }
    const std::string tools = messages_body_of(chat_body_of(translate(tools_trace()).out));
    CHECK(tools ==
          R"({"id":"msg_01A","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[)"
          R"({"type":"thinking","thinking":"Two cities.\nAsk \"both\".","signature":"EqQBCgIYAhIM+/="},)"
          R"({"type":"text","text":"I'll look."},)"
          R"({"type":"tool_use","id":"toolu_01","name":"weather","input":{"city": "S)"
          "\xC3\xA3"
          R"(o Paulo", "n":1.50}},)"
          R"({"type":"tool_use","id":"toolu_02","name":"now","input":{}}],"stop_reason":"tool_use",)"
          R"("stop_sequence":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":0,)"
          R"("cache_read_input_tokens":0,"output_tokens":89,"output_tokens_details":{"thinking_tokens":40}}})");
}

}  // namespace weir::wire::anthropic
