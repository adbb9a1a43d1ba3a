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

}  // namespace bench
