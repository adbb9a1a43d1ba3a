// For tests of Anthropic's form: streams of Messages as the provider documents them, and what becomes of them.
// Thread rule: pure functions.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/anthropic_form.h"
#include "wire/chat_answer.h"

namespace weir::wire::anthropic {

inline ProviderExchange an_exchange() {
    ProviderExchange exchange;
    exchange.request_id = "00000000000000ab";
    exchange.created_unix_s = 77;
    exchange.model = "claude-sonnet-4-5";
    return exchange;
}

// An event whose name is its type.
inline std::string event(std::string_view type, std::string_view members = "") {
    std::string out = "event: " + std::string(type) + "\ndata: {\"type\":\"" + std::string(type) + '"';
    if (!members.empty()) out += ',';
    return out + std::string(members) + "}\n\n";
}
inline std::string started(std::string_view usage = R"({"input_tokens":25,"output_tokens":1})") {
    return event(
        "message_start",
        R"("message":{"id":"msg_01A","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929",)"
        R"("content":[],"stop_reason":null,"stop_sequence":null,"usage":)" +
            std::string(usage) + '}');
}
inline std::string block(int index, std::string_view content_block) {
    return event("content_block_start",
                 R"("index":)" + std::to_string(index) + R"(,"content_block":)" + std::string(content_block));
}
inline std::string delta(int index, std::string_view members) {
    return event("content_block_delta",
                 R"("index":)" + std::to_string(index) + R"(,"delta":{)" + std::string(members) + '}');
}
inline std::string text_delta(int index, std::string_view raw_inside) {
    return delta(index, R"("type":"text_delta","text":")" + std::string(raw_inside) + '"');
}
inline std::string json_delta(int index, std::string_view raw_inside) {
    return delta(index, R"("type":"input_json_delta","partial_json":")" + std::string(raw_inside) + '"');
}
inline std::string block_stop(int index) {
    return event("content_block_stop", R"("index":)" + std::to_string(index));
}
inline std::string ended(std::string_view reason = R"("end_turn")", std::string_view usage = R"({"output_tokens":15})",
                         std::string_view more = R"(,"stop_sequence":null)") {
    return event("message_delta", R"("delta":{"stop_reason":)" + std::string(reason) + std::string(more) +
                                      R"(},"usage":)" + std::string(usage)) +
           event("message_stop");
}
inline const std::string kTextBlock = R"({"type":"text","text":""})";

struct Told {
    std::string out;
    std::optional<Error> error;  // of feed()
    bool whole = false;          // end() says so
};

inline Told translate(std::string_view events, std::size_t piece = std::string_view::npos) {
    const ProviderExchange exchange = an_exchange();
    const auto stream = anthropic_form().stream_to_chat(exchange);
    Told told;
    while (!events.empty() && !told.error) {
        const std::string bytes(events.substr(0, piece));
        events.remove_prefix(bytes.size());
        if (Result<void> fed = stream->feed(bytes, told.out); !fed) told.error = fed.error();
    }
    if (!told.error) told.whole = stream->end(told.out).has_value();
    return told;
}

// The chat body that a chat stream amounts to; empty where it is not whole.
inline std::string chat_body_of(std::string_view chat_events) {
    ChatStream chat({.keep = true});
    std::string relayed;
    if (!chat.feed(chat_events, relayed)) return "";
    return chat.body().value_or("");
}

// ---- streams of each kind

inline std::string text_trace() {
    return started() + block(0, kTextBlock) + event("ping") + text_delta(0, "Hello") + text_delta(0, "!\\n") +
           text_delta(0,
                      " Gr\\u00fc\xC3\x9F"
                      "e") +
           block_stop(0) + ended();
}
// Thinks, says something, calls two tools, one of them without arguments.
inline std::string tools_trace() {
    return started() + block(0, R"({"type":"thinking","thinking":"","signature":""})") +
           delta(0, R"("type":"thinking_delta","thinking":"Two cities.")") +
           delta(0, R"("type":"thinking_delta","thinking":"\nAsk \"both\".")") +
           delta(0, R"("type":"signature_delta","signature":"EqQBCgIYAhIM+/=")") + block_stop(0) +
           block(1, kTextBlock) + text_delta(1, "I'll look.") + block_stop(1) +
           block(2, R"({"type":"tool_use","id":"toolu_01","name":"weather","input":{}})") + json_delta(2, "") +
           json_delta(2, "{\\\"city\\\": \\\"S") + json_delta(2, "\\u00e3o Paulo\\\"") +
           json_delta(2, ", \\\"n\\\":1.50}") + block_stop(2) +
           block(3, R"({"type":"tool_use","id":"toolu_02","name":"now","input":{}})") + block_stop(3) +
           ended(R"("tool_use")", R"({"output_tokens":89,"output_tokens_details":{"thinking_tokens":40}})");
}
inline std::string cached_trace() {
    return started(R"({"input_tokens":3,"cache_creation_input_tokens":2300,"cache_read_input_tokens":11000,)"
                   R"("cache_creation":{"ephemeral_5m_input_tokens":300,"ephemeral_1h_input_tokens":2000},)"
                   R"("output_tokens":2,"service_tier":"standard"})") +
           block(0, kTextBlock) + text_delta(0, "ok") + block_stop(0) +
           ended(
               R"("max_tokens")",
               R"({"input_tokens":3,"cache_creation_input_tokens":2300,"cache_read_input_tokens":11000,"output_tokens":9})");
}
// Searches twice; what it says cites what it found. Its input grows with what it read.
inline std::string search_trace() {
    const std::string result =
        R"({"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[{"type":"web_search_result",)"
        R"("title":"T","url":"https://e.org/a","encrypted_content":"Eq=","page_age":null}]})";
    return started(R"({"input_tokens":2679,"output_tokens":3,"server_tool_use":{"web_search_requests":0}})") +
           block(0, kTextBlock) + text_delta(0, "Let me s\\u00e9e. ") + block_stop(0) +
           block(1, R"({"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}})") +
           json_delta(1, "{\\\"query\\\":") + json_delta(1, "\\\"weir\\\"}") + block_stop(1) + block(2, result) +
           block_stop(2) + block(3, R"({"citations":[],"type":"text","text":""})") +
           delta(3, R"("type":"citations_delta","citation":{"type":"web_search_result_location","cited_text":"c",)"
                    R"("url":"https://e.org/a","title":"T","encrypted_index":"Eo="})") +
           text_delta(3, "A weir holds water") + block_stop(3) + block(4, kTextBlock) + text_delta(4, ".") +
           block_stop(4) +
           ended(R"("end_turn")",
                 R"({"input_tokens":10682,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,)"
                 R"("output_tokens":510,"server_tool_use":{"web_search_requests":2}})");
}
inline std::string redacted_trace() {
    return started() + block(0, R"({"type":"redacted_thinking","data":"EmwKAhgB"})") + block_stop(0) +
           block(1, R"({"type":"thinking","thinking":"","signature":""})") +
           delta(1, R"("type":"signature_delta","signature":"only=")") + block_stop(1) + block(2, kTextBlock) +
           text_delta(2, "Yes") + block_stop(2) + ended(R"("stop_sequence")", R"({})", R"(,"stop_sequence":"END")");
}

}  // namespace weir::wire::anthropic
