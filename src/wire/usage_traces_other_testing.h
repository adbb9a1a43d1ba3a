// The traces of the other APIs. Thread rule: tests.
#pragma once

#include "wire/usage_traces_testing.h"

namespace weir::wire::testing {

inline void add_messages(std::vector<UsageTrace>& to) {
    const auto both = [&](std::string_view name, std::string_view start, std::string_view whole, const Usage& usage,
                          std::optional<std::int64_t> cost) {
        to.push_back({name, TraceForm::stream, message_stream(start, whole), usage, kAnthropicPrice, cost});
        to.push_back({name, TraceForm::body, message(whole), usage, kAnthropicPrice, cost});
    };
    to.push_back(
        {"Anthropic: reads of the cache, the last event without input",
         TraceForm::stream,
         message_stream(
             R"({"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":18400,"output_tokens":1,"service_tier":"standard"})",
             R"({"output_tokens":55})"),
         {.input_uncached = 3, .input_cached = 18'400, .output = 55, .reported = true},
         kAnthropicPrice,
         3 * 3'000 + 18'400 * 300 + 55 * 15'000});
    both("Anthropic: input is without the cached tokens", R"({"input_tokens":1000,"output_tokens":1})",
         R"({"input_tokens":1000,"cache_read_input_tokens":4000,"output_tokens":10})",
         {.input_uncached = 1000, .input_cached = 4000, .output = 10, .reported = true},
         1000 * 3'000 + 4000 * 300 + 150'000);
    both(
        "Anthropic: server tools, several questions",
        R"({"input_tokens":2679,"cache_creation_input_tokens":1500,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":1500,"ephemeral_1h_input_tokens":0},"output_tokens":3})",
        R"({"input_tokens":10682,"cache_creation_input_tokens":4200,"cache_read_input_tokens":1500,"output_tokens":510,"server_tool_use":{"web_search_requests":2,"web_fetch_requests":1},"iterations":[{"type":"message","input_tokens":2679,"output_tokens":200,"cache_read_input_tokens":0,"cache_creation_input_tokens":1500,"cache_creation":{"ephemeral_5m_input_tokens":1500,"ephemeral_1h_input_tokens":0}},{"type":"message","input_tokens":8003,"output_tokens":310,"cache_read_input_tokens":1500,"cache_creation_input_tokens":2700,"cache_creation":{"ephemeral_5m_input_tokens":2000,"ephemeral_1h_input_tokens":700}}]})",
        {.input_uncached = 10'682,
         .input_cached = 1500,
         .input_cache_write = 3500,
         .input_cache_write_1h = 700,
         .output = 510,
         .web_searches = 2,
         .reported = true,
         .longest_prompt = 12'203},
        10'682 * 3'000 + 1500 * 300 + 3500 * 3'750 + 700 * 6'000 + 510 * 15'000 + 2 * 10'000'000);
    to.push_back(
        {"Anthropic: more writes, told as a sum alone, are as long as the first",
         TraceForm::stream,
         message_stream(
             R"({"input_tokens":5,"cache_creation_input_tokens":1500,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":1500},"output_tokens":3})",
             R"({"input_tokens":9,"cache_creation_input_tokens":4200,"cache_read_input_tokens":1500,"output_tokens":50})"),
         {.input_uncached = 9, .input_cached = 1500, .input_cache_write_1h = 4200, .output = 50, .reported = true},
         kAnthropicPrice,
         9 * 3'000 + 1500 * 300 + 4200 * 6'000 + 50 * 15'000});
    both(
        "Anthropic: compaction stands in the iterations alone", R"({"input_tokens":23000,"output_tokens":1})",
        R"({"input_tokens":23000,"output_tokens":1000,"iterations":[{"type":"compaction","input_tokens":180000,"output_tokens":3500},{"type":"message","input_tokens":23000,"output_tokens":1000}]})",
        {.input_uncached = 203'000, .output = 4500, .reported = true, .longest_prompt = 180'000},
        203'000ll * 3'000 + 4500 * 15'000);
    both(
        "Anthropic: an advisor, at another model's rates", R"({"input_tokens":23,"output_tokens":1})",
        R"({"input_tokens":23,"output_tokens":10,"iterations":[{"type":"message","input_tokens":23,"output_tokens":10},{"type":"advisor_message","model":"big","input_tokens":900,"output_tokens":90}]})",
        {.input_uncached = 23, .output = 10, .reported = true, .other_pieces = 1}, std::nullopt);
    both(
        "Anthropic: five minutes and an hour, in a batch", R"({"input_tokens":500,"output_tokens":1})",
        R"({"input_tokens":500,"cache_creation_input_tokens":3000,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":1000,"ephemeral_1h_input_tokens":2000},"output_tokens":100,"service_tier":"batch","output_tokens_details":{"thinking_tokens":40}})",
        {.input_uncached = 500,
         .input_cache_write = 1000,
         .input_cache_write_1h = 2000,
         .output = 100,
         .reasoning = 40,
         .tier = ServiceTier::batch,
         .reported = true},
        500 * 1'500 + 1000 * 1'875 + 2000 * 3'000 + 100 * 7'500);
    both("Anthropic: beyond 200,000, in the US alone", R"({"input_tokens":1,"output_tokens":1})",
         R"({"input_tokens":1000,"cache_read_input_tokens":200000,"output_tokens":100,"inference_geo":"us"})",
         {.input_uncached = 1000, .input_cached = 200'000, .output = 100, .reported = true, .us_only = true},
         (1000ll * 6'000 + 200'000ll * 600 + 100 * 22'500) * 11 / 10);
    to.push_back({"Anthropic: counted tokens are free",
                  TraceForm::body,
                  R"({"input_tokens":2095})",
                  {.reported = true},
                  kAnthropicPrice,
                  0});
}

inline void add_gemini(std::vector<UsageTrace>& to) {
    const auto both = [&](std::string_view name, const std::string& usage, const std::string& more, const Usage& read,
                          std::int64_t cost) {
        const std::string last = R"({"candidates":[{"content":{"parts":[{"text":"usageMetadata"}],"role":"model"},)"
                                 R"("finishReason":"STOP")" +
                                 more + R"(}],"usageMetadata":)" + usage + R"(,"modelVersion":"gemini-3-pro"})";
        const std::string first = R"({"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":)"
                                  R"({"promptTokenCount":5,"totalTokenCount":5},"modelVersion":"gemini-3-pro"})";
        to.push_back({name, TraceForm::body, last, read, kGeminiPrice, cost});
        to.push_back({name, TraceForm::body, "[" + first + ",\n" + last + "]", read, kGeminiPrice, cost});
        to.push_back({name, TraceForm::stream, event(first) + event(last), read, kGeminiPrice, cost});
    };
    both(
        "Gemini: cached tokens are among the prompt's, thoughts beside the candidates'",
        R"({"promptTokenCount":5000,"cachedContentTokenCount":4096,"candidatesTokenCount":200,"thoughtsTokenCount":150,"totalTokenCount":5350,"promptTokensDetails":[{"modality":"TEXT","tokenCount":5000}]})",
        "", {.input_uncached = 904, .input_cached = 4096, .output = 350, .reasoning = 150, .reported = true},
        904 * 1'000 + 4096 * 100 + 350 * 4'000);
    both(
        "Gemini: beyond 128,000",
        R"({"promptTokenCount":130000,"cachedContentTokenCount":100000,"candidatesTokenCount":100,"totalTokenCount":130100})",
        "", {.input_uncached = 30'000, .input_cached = 100'000, .output = 100, .reported = true},
        30'000ll * 2'000 + 100'000ll * 200 + 100 * 8'000);
    both(
        "Gemini: sound, a picture, and two searches",
        R"({"promptTokenCount":600,"candidatesTokenCount":10,"totalTokenCount":610,"promptTokensDetails":[{"modality":"TEXT","tokenCount":42},{"modality":"AUDIO","tokenCount":300},{"modality":"IMAGE","tokenCount":258}]})",
        R"(,"groundingMetadata":{"webSearchQueries":["a","b"]})",
        {.input_uncached = 600,
         .output = 10,
         .web_searches = 2,
         .reported = true,
         .audio_input = 300,
         .image_input = 258},
        300 * 1'000 + 300 * 3'000 + 10 * 4'000 + 2 * 14'000'000);
    to.push_back({"Gemini: counted tokens are free",
                  TraceForm::body,
                  R"({"totalTokens":31})",
                  {.reported = true},
                  kGeminiPrice,
                  0});
}

inline void add_responses(std::vector<UsageTrace>& to) {
    const std::string response =
        R"({"id":"resp","object":"response","status":"completed","service_tier":"default","output":[)"
        R"({"type":"web_search_call","status":"completed","action":{"type":"search","query":"x"}},)"
        R"({"type":"web_search_call","status":"completed","action":{"type":"open_page","url":"u"}},)"
        R"({"type":"file_search_call","status":"completed"},)"
        R"({"type":"code_interpreter_call","container_id":"c1"},{"type":"code_interpreter_call","container_id":"c1"},)"
        R"({"type":"message","content":[{"type":"output_text","text":"\"usage\":{}"}]}],)"
        R"("usage":{"input_tokens":328,"input_tokens_details":{"cached_tokens":128},"output_tokens":52,)"
        R"("output_tokens_details":{"reasoning_tokens":20},"total_tokens":380}})";
    const Usage usage{.input_uncached = 200,
                      .input_cached = 128,
                      .output = 52,
                      .reasoning = 20,
                      .web_searches = 1,
                      .reported = true,
                      .file_searches = 1,
                      .code_sessions = 1};
    const std::int64_t cost = 200 * 2'000 + 128 * 200 + 52 * 10'000 + 10'000'000 + 2'500'000 + 30'000'000;
    to.push_back({"Responses, with tools", TraceForm::body, response, usage, kOpenAiPrice, cost});
    const auto named = [](const std::string& data) { return "event: x\n" + event(data); };
    to.push_back({"Responses, with tools", TraceForm::stream,
                  named(R"({"type":"response.created","response":{"object":"response","output":[],"usage":null}})") +
                      named(R"({"type":"response.output_text.delta","delta":"{\"usage\":{\"input_tokens\":9}}"})") +
                      named(R"({"type":"response.completed","response":)" + response + "}"),
                  usage, kOpenAiPrice, cost});
    to.push_back(
        {"Responses, with a picture at another model's rates",
         TraceForm::body,
         R"({"object":"response","output":[{"type":"image_generation_call"}],"usage":{"input_tokens":5,"output_tokens":1}})",
         {.input_uncached = 5, .output = 1, .reported = true, .other_pieces = 1},
         kOpenAiPrice,
         std::nullopt});
}

inline void add_rest(std::vector<UsageTrace>& to) {
    const auto body = [&](std::string_view name, std::string_view text, const Usage& usage, std::string_view price,
                          std::optional<std::int64_t> cost) {
        to.push_back({name, TraceForm::body, std::string(text), usage, price, cost});
    };
    constexpr std::string_view kImageUsage =
        R"("usage":{"input_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40},"output_tokens":4160,"total_tokens":4210})";
    const Usage images{.input_uncached = 50, .output = 4160, .reported = true, .image_input = 40, .image_output = 4160};
    const std::int64_t image_cost = 10 * 5'000 + 40 * 10'000 + 4160ll * 40'000;
    body("pictures by tokens", R"({"created":1,"data":[{"b64_json":"AA=="}],)" + std::string(kImageUsage) + "}", images,
         kImagePrice, image_cost);
    to.push_back(
        {"pictures by tokens", TraceForm::stream,
         event(R"({"type":"image_generation.partial_image","b64_json":"AA=="})") +
             event(R"({"type":"image_generation.completed","b64_json":"AA==",)" + std::string(kImageUsage) + "}"),
         images, kImagePrice, image_cost});
    body("pictures by the piece", R"({"created":1,"data":[{"url":"u"},{"url":"v"}]})", {.reported = true, .images = 2},
         kPicturePrice, 80'000'000);
    body(
        "speech by tokens",
        R"({"text":"hi","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":4,"audio_tokens":10},"output_tokens":5,"total_tokens":19}})",
        {.input_uncached = 14, .output = 5, .reported = true, .audio_input = 10}, kSpeechPrice,
        4 * 2'500 + 10 * 6'000 + 50'000);
    body("speech by seconds", R"({"text":"hi","usage":{"type":"duration","seconds":9}})",
         {.reported = true, .audio_ms = 9000}, kSpeechPrice, 900'000);
    body("speech whose duration is told beside it", R"({"task":"transcribe","duration":8.47,"text":"hi"})",
         {.reported = true, .audio_ms = 8470}, kSpeechPrice, 847'000);
    to.push_back({"speech, streamed",
                  TraceForm::stream,
                  event(R"({"type":"transcript.text.delta","delta":"hi"})") +
                      event(R"({"type":"transcript.text.done","text":"hi","usage":{"type":"tokens","input_tokens":14,)"
                            R"("input_token_details":{"audio_tokens":10},"output_tokens":5}})"),
                  {.input_uncached = 14, .output = 5, .reported = true, .audio_input = 10},
                  kSpeechPrice,
                  4 * 2'500 + 10 * 6'000 + 50'000});
    body("embeddings", R"({"object":"list","data":[{"embedding":[1]}],"usage":{"prompt_tokens":8,"total_tokens":8}})",
         {.input_uncached = 8, .reported = true}, kEmbeddingPrice, 160);
    body("embeddings, the total alone", R"({"data":[{"embedding":[1]}],"usage":{"total_tokens":8}})",
         {.input_uncached = 8, .reported = true}, kEmbeddingPrice, 160);
    body("Cohere's reranker", R"({"results":[],"meta":{"api_version":{},"billed_units":{"search_units":2}}})",
         {.reported = true, .search_units = 2}, kRerankPrice, 4'000'000);
    body(
        "Cohere's chat",
        R"({"message":{},"usage":{"billed_units":{"input_tokens":5,"output_tokens":418},"tokens":{"input_tokens":71}}})",
        {.input_uncached = 5, .output = 418, .reported = true}, kOpenAiPrice, 10'000 + 4'180'000);
    body("moderation", R"({"id":"m","model":"m","results":[{"flagged":false}]})", {}, kEmbeddingPrice, 0);
    body("Completions",
         R"({"object":"text_completion","choices":[{"text":"x"}],"usage":{"prompt_tokens":5,"completion_tokens":1}})",
         {.input_uncached = 5, .output = 1, .reported = true}, kOpenAiPrice, 20'000);
    body("an error", R"({"error":{"message":"usage","usage":{"prompt_tokens":5}}})", {}, kOpenAiPrice, 0);
    body("no JSON", R"("usage":{"prompt_tokens":5})", {}, kOpenAiPrice, 0);
    body("broken JSON",
         R"({"usage":{"prompt_tokens":5}})"
         "x",
         {}, kOpenAiPrice, 0);
}

inline std::vector<UsageTrace> other_traces() {
    std::vector<UsageTrace> traces;
    add_messages(traces);
    add_gemini(traces);
    add_responses(traces);
    add_rest(traces);
    return traces;
}

}  // namespace weir::wire::testing
