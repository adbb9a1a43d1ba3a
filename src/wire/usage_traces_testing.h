// Answers as providers send them, written by hand after their public documentation, each with what is to be read of it
// and what it costs at a stated price. wire/usage_traces_test.cpp reads them, prices/usage_cost_test.cpp prices them.
// Thread rule: tests.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/usage.h"

namespace weir::wire::testing {

enum class TraceForm : std::uint8_t {
    chat_body,    // of OpenAI's chat: read_chat_answer() and UsageWatch::body()
    chat_stream,  // likewise: ChatStream and UsageWatch::feed()
    body,         // of any other API: UsageWatch alone
    stream,
};

struct UsageTrace {
    std::string_view name;
    TraceForm form;
    std::string text;
    Usage usage;
    std::string_view price;            // a row of a price file
    std::optional<std::int64_t> cost;  // nano-dollars by that price; nullopt: unpriced
};

// In nano-dollars a token: 2,000 in, 10,000 out, 200 cached; twice for priority, half for flex and batches.
inline constexpr std::string_view kOpenAiPrice = R"({"litellm_provider":"openai",
 "input_cost_per_token":2e-06,"output_cost_per_token":1e-05,"cache_read_input_token_cost":2e-07,
 "input_cost_per_token_priority":4e-06,"output_cost_per_token_priority":2e-05,"cache_read_input_token_cost_priority":4e-07,
 "input_cost_per_token_flex":1e-06,"output_cost_per_token_flex":5e-06,"cache_read_input_token_cost_flex":1e-07,
 "input_cost_per_token_batches":1e-06,"output_cost_per_token_batches":5e-06,
 "input_cost_per_token_above_200k_tokens":4e-06,"output_cost_per_token_above_200k_tokens":1.5e-05,
 "cache_read_input_token_cost_above_200k_tokens":4e-07,
 "input_cost_per_token_above_200k_tokens_flex":2e-06,"output_cost_per_token_above_200k_tokens_flex":7.5e-06,
 "cache_read_input_token_cost_above_200k_tokens_flex":2e-07,
 "input_cost_per_audio_token":4e-05,"output_cost_per_audio_token":8e-05,
 "search_context_cost_per_query":{"search_context_size_low":0.01,"search_context_size_medium":0.01,
  "search_context_size_high":0.01},
 "file_search_cost_per_1k_calls":2.5,"code_interpreter_cost_per_session":0.03})";
// 3,000 in, 15,000 out; by Anthropic's rule 300 read, 3,750 and 6,000 written; half in batches, twice beyond 200,000.
inline constexpr std::string_view kAnthropicPrice = R"({"litellm_provider":"anthropic",
 "input_cost_per_token":3e-06,"output_cost_per_token":1.5e-05,
 "input_cost_per_token_batches":1.5e-06,"output_cost_per_token_batches":7.5e-06,
 "input_cost_per_token_above_200k_tokens":6e-06,"output_cost_per_token_above_200k_tokens":2.25e-05,
 "search_context_cost_per_query":{"search_context_size_low":0.01,"search_context_size_medium":0.01,
  "search_context_size_high":0.01}})";
// 1,000 in, 4,000 out, 100 cached, sound 3,000; twice beyond 128,000.
inline constexpr std::string_view kGeminiPrice = R"({"litellm_provider":"gemini",
 "input_cost_per_token":1e-06,"output_cost_per_token":4e-06,"cache_read_input_token_cost":1e-07,
 "input_cost_per_audio_token":3e-06,
 "input_cost_per_token_above_128k_tokens":2e-06,"output_cost_per_token_above_128k_tokens":8e-06,
 "cache_read_input_token_cost_above_128k_tokens":2e-07,
 "search_context_cost_per_query":{"search_context_size_low":0.014,"search_context_size_medium":0.014,
  "search_context_size_high":0.014}})";
// 1,000 in, 1,000 out, and a search by its context.
inline constexpr std::string_view kPerplexityPrice = R"({"litellm_provider":"perplexity",
 "input_cost_per_token":1e-06,"output_cost_per_token":1e-06,
 "search_context_cost_per_query":{"search_context_size_low":0.005,"search_context_size_medium":0.008,
  "search_context_size_high":0.012}})";
inline constexpr std::string_view kImagePrice = R"({"mode":"image_generation","input_cost_per_token":5e-06,
 "output_cost_per_token":0,"input_cost_per_image_token":1e-05,"output_cost_per_image_token":4e-05})";
inline constexpr std::string_view kPicturePrice = R"({"mode":"image_generation","output_cost_per_image":0.04})";
inline constexpr std::string_view kSpeechPrice = R"({"mode":"audio_transcription","input_cost_per_second":0.0001,
 "input_cost_per_token":2.5e-06,"input_cost_per_audio_token":6e-06,"output_cost_per_token":1e-05})";
inline constexpr std::string_view kRerankPrice = R"({"mode":"rerank","input_cost_per_query":0.002,
 "input_cost_per_token":0.0,"output_cost_per_token":0.0})";
inline constexpr std::string_view kEmbeddingPrice = R"({"mode":"embedding","input_cost_per_token":2e-08})";

inline std::string chat_body(std::string_view usage, std::string_view more = "") {
    return R"({"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant",)"
           R"("content":"\"usage\":{\"prompt_tokens\":7}"},"finish_reason":"stop"}])" +
           std::string(more) + R"(,"usage":)" + std::string(usage) + "}";
}

inline std::string event(std::string_view data) {
    return "data: " + std::string(data) + "\n\n";
}
inline std::string chunk(std::string_view usage = "", std::string_view more = "") {
    const std::string end = usage.empty() ? "" : R"(,"usage":)" + std::string(usage);
    return event(R"({"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"\u0075sage"},)"
                 R"("finish_reason":null}])" +
                 std::string(more) + end + "}");
}
inline std::string last_chunk(std::string_view usage) {
    return event(R"({"id":"c","object":"chat.completion.chunk","choices":[],"usage":)" + std::string(usage) + "}") +
           event("[DONE]");
}
// The same usage as a body and as a stream that ends with it.
inline void add_chat(std::vector<UsageTrace>& to, std::string_view name, std::string_view object, const Usage& usage,
                     std::string_view price, std::optional<std::int64_t> cost, std::string_view more = "") {
    to.push_back({name, TraceForm::chat_body, chat_body(object, more), usage, price, cost});
    to.push_back(
        {name, TraceForm::chat_stream, chunk("null", more) + chunk() + last_chunk(object), usage, price, cost});
}

inline std::string message(std::string_view usage) {
    return R"({"id":"msg","type":"message","role":"assistant","content":[{"type":"text","text":"Hi"}],)"
           R"("stop_reason":"end_turn","usage":)" +
           std::string(usage) + "}";
}
inline std::string message_stream(std::string_view start, std::string_view delta) {
    const auto named = [](std::string_view name, const std::string& data) {
        return "event: " + std::string(name) + "\ndata: " + data + "\n\n";
    };
    return named("message_start", R"({"type":"message_start","message":{"id":"msg","type":"message","content":[],)"
                                  R"("stop_reason":null,"usage":)" +
                                      std::string(start) + "}}") +
           named("ping", R"({"type": "ping"})") +
           named("content_block_delta", R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta",)"
                                        R"("text":"{\"usage\":{\"output_tokens\":9}}"}})") +
           named("message_delta",
                 R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":)" + std::string(delta) + "}") +
           named("message_stop", R"({"type":"message_stop"})");
}

}  // namespace weir::wire::testing
