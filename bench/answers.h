// The fixed answers that the fake provider gives and the load generator expects, byte for byte.
// Thread rule: pure functions; called at start-up.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

constexpr int kContentEvents = 64;

// The text of the answer: 64 words of 10 bytes, so that the body is about 1 KiB and a stream's event about 200 bytes.
inline std::string answer_word(int index) {
    std::string word = "token-";
    word += static_cast<char>('0' + index / 10);
    word += static_cast<char>('0' + index % 10);
    return word + ". ";
}

inline std::string answer_text() {
    std::string text;
    for (int i = 0; i < kContentEvents; ++i) text += answer_word(i);
    return text;
}

inline std::string usage_object() {
    return R"({"prompt_tokens":211,"completion_tokens":64,"total_tokens":275,"prompt_tokens_details":{"cached_tokens":0,)"
           R"("audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}})";
}

inline std::string answer_body() {
    return R"({"id":"chatcmpl-bench0000000000000000001","object":"chat.completion","created":1720000000,"model":"bench-1",)"
           R"("choices":[{"index":0,"message":{"role":"assistant","content":")" +
           answer_text() + R"(","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":)" + usage_object() +
           R"(,"service_tier":"default","system_fingerprint":"fp_bench"})";
}

// A narrow task: which of these words stands in the question tells the label, which is the whole answer.
struct Label {
    std::string_view word, name;
};
inline constexpr std::array<Label, 4> kLabels = {
    {{"invoices", "billing"}, {"password", "account"}, {"delivery", "parcel"}, {"thankful", "praise"}}};

inline std::string label_content(const Label& label) {
    return std::string(R"("content":")").append(label.name).append("\"");
}

inline std::string label_body(const Label& label) {
    return R"({"id":"chatcmpl-bench0000000000000000001","object":"chat.completion","created":1720000000,"model":"bench-1",)"
           R"("choices":[{"index":0,"message":{"role":"assistant",)" +
           label_content(label) + R"(,"refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":)" +
           usage_object() + "}";
}

// One event, with its blank line. A provider that was asked for usage says "usage":null in every event but the last.
inline std::string answer_event(const std::string& choices_and_more) {
    return R"(data: {"id":"chatcmpl-bench0000000000000000001","object":"chat.completion.chunk","created":1720000000,)"
           R"("model":"bench-1","system_fingerprint":"fp_bench",)" +
           choices_and_more + "}\n\n";
}

// A role event, 64 content events, a finish event; without the usage event and [DONE].
inline std::vector<std::string> answer_events(bool usage_was_asked_for) {
    std::vector<std::string> events;
    const std::string head = R"("choices":[{"index":0,"delta":)", tail = R"(,"logprobs":null,"finish_reason":)";
    const std::string end = usage_was_asked_for ? R"(}],"usage":null)" : "}]";
    events.push_back(answer_event(head + R"({"role":"assistant","content":""})" + tail + "null" + end));
    for (int i = 0; i < kContentEvents; ++i) {
        events.push_back(answer_event(head + R"({"content":")" + answer_word(i) + "\"}" + tail + "null" + end));
    }
    events.push_back(answer_event(head + "{}" + tail + "\"stop\"" + end));
    return events;
}

inline std::string usage_event() {
    return answer_event(R"("choices":[],"usage":)" + usage_object());
}

// The payload of a whole stream.
inline std::string answer_stream(bool usage_was_asked_for) {
    std::string all;
    for (const std::string& event : answer_events(usage_was_asked_for)) all += event;
    if (usage_was_asked_for) all += usage_event();
    return all + "data: [DONE]\n\n";
}

// The same text as Anthropic's Messages API streams it: what it takes to tell it in chat's events is measured.
inline std::string messages_event(const std::string& name, const std::string& members) {
    return "event: " + name + "\ndata: {\"type\":\"" + name + "\"" + members + "}\n\n";
}

inline std::vector<std::string> messages_events() {
    std::vector<std::string> all;
    all.push_back(messages_event(
        "message_start",
        R"(,"message":{"id":"msg_bench0001","type":"message","role":"assistant","model":"bench-1","content":[],)"
        R"("stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":211,"cache_creation_input_tokens":0,)"
        R"("cache_read_input_tokens":0,"output_tokens":1,"service_tier":"standard"}})"));
    all.push_back(messages_event("content_block_start", R"(,"index":0,"content_block":{"type":"text","text":""})"));
    all.push_back(messages_event("ping", ""));
    for (int i = 0; i < kContentEvents; ++i) {
        all.push_back(messages_event("content_block_delta",
                                     R"(,"index":0,"delta":{"type":"text_delta","text":")" + answer_word(i) + "\"}"));
    }
    all.push_back(messages_event("content_block_stop", R"(,"index":0)"));
    all.push_back(messages_event(
        "message_delta", R"(,"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":64})"));
    all.push_back(messages_event("message_stop", ""));
    return all;
}

// And as Gemini does, counts in each.
inline std::vector<std::string> gemini_events() {
    std::vector<std::string> all;
    for (int i = 0; i < kContentEvents; ++i) {
        all.push_back(R"(data: {"candidates": [{"content": {"parts": [{"text": ")" + answer_word(i) +
                      R"("}],"role": "model"},)" + (i + 1 == kContentEvents ? R"("finishReason": "STOP",)" : "") +
                      R"("index": 0}],"usageMetadata": {"promptTokenCount": 211,"candidatesTokenCount": )" +
                      std::to_string(i + 1) + R"(,"totalTokenCount": )" + std::to_string(212 + i) +
                      R"(,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 211}]},"modelVersion": "bench-1",)"
                      R"("responseId": "bench000000000000000001"})"
                      "\r\n\r\n");
    }
    return all;
}

}  // namespace bench
