// For tests: streams of generateContent as ai.google.dev documents them, in Google's spelling, and the same answers as
// bodies. Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::wire::testing {

// One event; the line ends are Google's.
inline std::string gemini_event(std::string_view chunk) {
    return "data: " + std::string(chunk) + "\r\n\r\n";
}

// A chunk of candidate 0: `parts` without brackets, `finish` "" or a reason, `usage` without braces.
inline std::string gemini_chunk(std::string_view parts, std::string_view finish, std::string_view usage,
                                std::string_view more = "") {
    std::string out = R"({"candidates": [{"content": {"parts": [)" + std::string(parts) + R"(],"role": "model"})";
    if (!finish.empty()) out += R"(,"finishReason": ")" + std::string(finish) + '"';
    out += R"(,"index": 0)" + std::string(more) + R"(}],"usageMetadata": {)" + std::string(usage) +
           R"(},"modelVersion": "gemini-2.5-flash-002","responseId": "Ab_c-1"})";
    return out;
}

struct GeminiTrace {
    std::string_view name;
    std::vector<std::string> chunks;
    std::string body;  // the same answer as a body
    bool whole = true;

    std::string stream() const {
        std::string out;
        for (const std::string& chunk : chunks) out += gemini_event(chunk);
        return out;
    }
};

inline std::string gemini_usage(int prompt, int candidates, std::string_view more = "") {
    std::string out = R"("promptTokenCount": )" + std::to_string(prompt);
    if (candidates > 0) out += R"(,"candidatesTokenCount": )" + std::to_string(candidates);
    return out + R"(,"totalTokenCount": )" + std::to_string(prompt + candidates) +
           R"(,"promptTokensDetails": [{"modality": "TEXT","tokenCount": )" + std::to_string(prompt) + "}]" +
           std::string(more);
}

inline std::vector<GeminiTrace> gemini_traces() {
    std::vector<GeminiTrace> traces;
    traces.push_back({"text",
                      {gemini_chunk(R"({"text": "The caf\u00e9"})", "", gemini_usage(8, 3)),
                       gemini_chunk(R"({"text": " is\n\u003copen\u003e"})", "", gemini_usage(8, 9)),
                       gemini_chunk("{\"text\": \" \xF0\x9F\x98\x80 until\"}", "", gemini_usage(8, 12)),
                       gemini_chunk(R"({"text": " ten."})", "STOP", gemini_usage(8, 15))},
                      gemini_chunk("{\"text\": \"The caf\\u00e9 is\\n\\u003copen\\u003e \xF0\x9F\x98\x80 until ten.\"}",
                                   "STOP", gemini_usage(8, 15))});
    const std::string_view calls =
        R"({"functionCall": {"name": "weather","args": {"city": "Rome", "days": 2.0}}},)"
        R"({"functionCall": {"name": "weather","args": {"city": "Oslo"},"id": "g-1"}},{"functionCall": {"name": "now"}})";
    traces.push_back(
        {"parallel calls",
         {gemini_chunk(R"({"text": "Let me look."})", "", gemini_usage(60, 4)),
          gemini_chunk(calls, "", gemini_usage(60, 30)), gemini_chunk(R"({"text": ""})", "STOP", gemini_usage(60, 31))},
         gemini_chunk(R"({"text": "Let me look."},)" + std::string(calls), "STOP", gemini_usage(60, 31))});
    const std::string_view thoughts = R"(,"thoughtsTokenCount": 40)";
    const auto thinking = [&](int candidates) {
        return R"("promptTokenCount": 10,"candidatesTokenCount": )" + std::to_string(candidates) +
               R"(,"totalTokenCount": )" + std::to_string(50 + candidates) + std::string(thoughts);
    };
    traces.push_back(
        {"thinking with signatures",
         {gemini_chunk(R"({"text": "**Plan**\n","thought": true})", "",
                       R"("promptTokenCount": 10,"totalTokenCount": 35,"thoughtsTokenCount": 25)"),
          gemini_chunk(R"({"text": "Ask the tool.","thought": true})", "",
                       R"("promptTokenCount": 10,"totalTokenCount": 50,"thoughtsTokenCount": 40)"),
          gemini_chunk(R"({"text": "I will look."})", "", thinking(4)),
          gemini_chunk(R"({"functionCall": {"name": "f","args": {}},"thoughtSignature": "CiQB+/=="})", "", thinking(9)),
          gemini_chunk(R"({"text": "","thoughtSignature": "EjQK"})", "STOP", thinking(10))},
         gemini_chunk(R"({"text": "**Plan**\nAsk the tool.","thought": true},{"text": "I will look."},)"
                      R"({"functionCall": {"name": "f","args": {}},"thoughtSignature": "CiQB+/=="},)"
                      R"({"text": "","thoughtSignature": "EjQK"})",
                      "STOP", thinking(10))});
    const std::string_view cached =
        R"("promptTokenCount": 5000,"candidatesTokenCount": 2,"totalTokenCount": 5002,"cachedContentTokenCount": 4096)";
    traces.push_back(
        {"cached content",
         {gemini_chunk(R"({"text": "Yes"})", "", cached), gemini_chunk(R"({"text": "."})", "MAX_TOKENS", cached)},
         gemini_chunk(R"({"text": "Yes."})", "MAX_TOKENS", cached)});
    const std::string blocked =
        R"({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},"usageMetadata": {"promptTokenCount": 9,)"
        R"("totalTokenCount": 9},"modelVersion": "gemini-2.5-flash-002","responseId": "Ab_c-1"})";
    traces.push_back({"blocked prompt", {blocked}, blocked});
    traces.push_back(
        {"safety stop",
         {gemini_chunk(R"({"text": "Take"})", "", gemini_usage(7, 1)),
          R"({"candidates": [{"finishReason": "SAFETY","index": 0,"safetyRatings": [{"category": )"
          R"("HARM_CATEGORY_DANGEROUS_CONTENT","probability": "HIGH","blocked": true}]}],"usageMetadata": {)" +
              gemini_usage(7, 1) + R"(},"modelVersion": "gemini-2.5-flash-002","responseId": "Ab_c-1"})"},
         gemini_chunk(R"({"text": "Take"})", "SAFETY", gemini_usage(7, 1))});
    traces.push_back(
        {"JSON schema",
         {gemini_chunk(R"({"text": "{\n  \"name\": \""})", "", gemini_usage(20, 5)),
          gemini_chunk(R"({"text": "Ada\",\n  \"age\": 36\n}"})", "STOP", gemini_usage(20, 14))},
         gemini_chunk(R"({"text": "{\n  \"name\": \"Ada\",\n  \"age\": 36\n}"})", "STOP", gemini_usage(20, 14))});
    return traces;
}

}  // namespace weir::wire::testing
