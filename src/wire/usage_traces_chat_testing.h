// The traces of OpenAI's chat and of those that speak it. Thread rule: tests.
#pragma once

#include "wire/usage_traces_testing.h"

namespace weir::wire::testing {

inline void add_odd_streams(std::vector<UsageTrace>& to) {
    const auto stream = [&](std::string_view name, std::string text, const Usage& usage, std::int64_t cost,
                            std::string_view price = kOpenAiPrice) {
        to.push_back({name, TraceForm::chat_stream, std::move(text), usage, price, cost});
    };
    const std::string done = event("[DONE]");
    stream("usage in the last chunk with choices",
           chunk() +
               chunk(R"({"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,"prompt_tokens_details":)"
                     R"({"cached_tokens":1920,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}})") +
               done,
           {.input_uncached = 86, .input_cached = 1920, .output = 300, .reported = true},
           86 * 2'000 + 1920 * 200 + 300 * 10'000);
    stream("usage in every chunk, cumulative",
           chunk(R"({"prompt_tokens":11,"total_tokens":12,"completion_tokens":1})") +
               chunk(R"({"prompt_tokens":11,"total_tokens":13,"completion_tokens":2})") +
               last_chunk(R"({"prompt_tokens":11,"total_tokens":14,"completion_tokens":3})"),
           {.input_uncached = 11, .output = 3, .reported = true}, 11 * 2'000 + 3 * 10'000);
    stream("usage in two chunks, the details in the first alone",
           chunk(R"({"prompt_tokens":100,"completion_tokens":9,"prompt_tokens_details":{"cached_tokens":64}})") +
               last_chunk(R"({"prompt_tokens":100,"completion_tokens":9,"total_tokens":109})"),
           {.input_uncached = 36, .input_cached = 64, .output = 9, .reported = true}, 36 * 2'000 + 64 * 200 + 90'000);
    stream("usage in two chunks, input and output apart, and zeros behind",
           chunk(R"({"prompt_tokens":100,"completion_tokens":0})") + chunk(R"({"completion_tokens":9})") +
               last_chunk(R"({"prompt_tokens":0,"completion_tokens":0,"total_tokens":0})"),
           {.input_uncached = 100, .output = 9, .reported = true}, 100 * 2'000 + 90'000);
    stream("the last usage is null, and one in an object that is none of its places",
           chunk(R"({"prompt_tokens":5,"completion_tokens":1})") +
               event(R"({"choices":[],"x":{"usage":{"prompt_tokens":99}},"usage":null})") + done,
           {.input_uncached = 5, .output = 1, .reported = true}, 20'000);
    stream("an escaped name",
           chunk() +
               event(R"({"choices":[],"us\u0061ge":{"prompt_tok\u0065ns":5,)"
                     R"("completion_tokens":1}})") +
               done,
           {.input_uncached = 5, .output = 1, .reported = true}, 20'000);
    stream("the answer names another tier than the first chunk",
           chunk("null", R"(,"service_tier":"flex")") +
               event(R"({"choices":[],"service_tier":"default","usage":{"prompt_tokens":5,"completion_tokens":1}})") +
               done,
           {.input_uncached = 5, .output = 1, .reported = true}, 20'000);
    stream("Groq: in x_groq of the last chunk",
           chunk() +
               event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"r","usage":)"
                     R"({"queue_time":0.1,"prompt_tokens":18,"prompt_time":0.001,"completion_tokens":7,)"
                     R"("total_tokens":25,"total_time":0.02}}})") +
               done,
           {.input_uncached = 18, .output = 7, .reported = true}, 18 * 2'000 + 70'000);
    stream("Moonshot: in the last chunk's choice, cached tokens at the top",
           chunk() +
               event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":19,)"
                     R"("completion_tokens":13,"total_tokens":32,"cached_tokens":12}}]})") +
               done,
           {.input_uncached = 7, .input_cached = 12, .output = 13, .reported = true}, 7 * 2'000 + 12 * 200 + 130'000);
    to.push_back({"none at all", TraceForm::chat_stream, chunk("null") + chunk() + done, {}, kOpenAiPrice, 0});
}

inline void add_classes(std::vector<UsageTrace>& to) {
    add_chat(
        to, "cached tokens are among the prompt's",
        R"({"prompt_tokens":5000,"completion_tokens":10,"total_tokens":5010,"prompt_tokens_details":{"cached_tokens":4000}})",
        {.input_uncached = 1000, .input_cached = 4000, .output = 10, .reported = true}, kOpenAiPrice,
        1000 * 2'000 + 4000 * 200 + 100'000);
    add_chat(
        to, "xAI: reasoning beside the completion",
        R"({"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"prompt_tokens_details":{"text_tokens":32,"cached_tokens":6},"completion_tokens_details":{"reasoning_tokens":94}})",
        {.input_uncached = 26, .input_cached = 6, .output = 103, .reasoning = 94, .reported = true}, kOpenAiPrice,
        26 * 2'000 + 6 * 200 + 103 * 10'000);
    add_chat(to, "Gemini's OpenAI endpoint: thoughts in the total alone",
             R"({"completion_tokens":10,"prompt_tokens":8,"total_tokens":306})",
             {.input_uncached = 8, .output = 298, .reasoning = 288, .reported = true}, kOpenAiPrice,
             8 * 2'000 + 298 * 10'000);
    add_chat(to, "floats and nulls", R"({"prompt_tokens":12.0,"completion_tokens":3e0,"prompt_tokens_details":null})",
             {.input_uncached = 12, .output = 3, .reported = true}, kOpenAiPrice, 12 * 2'000 + 30'000);
    add_chat(
        to, "DeepSeek",
        R"({"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36})",
        {.input_uncached = 36, .input_cached = 64, .output = 5, .reported = true}, kOpenAiPrice,
        36 * 2'000 + 64 * 200 + 50'000);
    add_chat(
        to, "sound in and out",
        R"({"prompt_tokens":120,"completion_tokens":60,"total_tokens":180,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":100,"text_tokens":20},"completion_tokens_details":{"audio_tokens":50,"text_tokens":10}})",
        {.input_uncached = 120, .output = 60, .reported = true, .audio_input = 100, .audio_output = 50}, kOpenAiPrice,
        20 * 2'000 + 100 * 40'000 + 10 * 10'000 + 50 * 80'000);
    add_chat(to, "sound without a price for it",
             R"({"prompt_tokens":120,"completion_tokens":60,"prompt_tokens_details":{"audio_tokens":100}})",
             {.input_uncached = 120, .output = 60, .reported = true, .audio_input = 100}, kAnthropicPrice,
             std::nullopt);
    add_chat(
        to, "LiteLLM's proxy: Anthropic's names beside OpenAI's, the prompt with them",
        R"({"prompt_tokens":1000,"completion_tokens":10,"total_tokens":1010,"prompt_tokens_details":{"cached_tokens":600,"cache_creation_tokens":300},"cache_creation_input_tokens":300,"cache_read_input_tokens":600})",
        {.input_uncached = 100, .input_cached = 600, .input_cache_write = 300, .output = 10, .reported = true},
        kAnthropicPrice, 100 * 3'000 + 600 * 300 + 300 * 3'750 + 150'000);
    add_chat(
        to, "another proxy: the prompt without them",
        R"({"prompt_tokens":100,"completion_tokens":10,"total_tokens":1010,"cache_creation_input_tokens":300,"cache_read_input_tokens":600})",
        {.input_uncached = 100, .input_cached = 600, .input_cache_write = 300, .output = 10, .reported = true},
        kAnthropicPrice, 100 * 3'000 + 600 * 300 + 300 * 3'750 + 150'000);
}

inline void add_rates(std::vector<UsageTrace>& to) {
    constexpr std::string_view kLong =
        R"({"prompt_tokens":250000,"completion_tokens":1000,"prompt_tokens_details":{"cached_tokens":200000}})";
    Usage usage{.input_uncached = 50'000, .input_cached = 200'000, .output = 1000, .reported = true};
    add_chat(to, "beyond 200,000, most of it cached: all at the higher rates", kLong, usage, kOpenAiPrice,
             50'000ll * 4'000 + 200'000ll * 400 + 1000 * 15'000);
    usage.tier = ServiceTier::flex;
    add_chat(to, "... and flex", kLong, usage, kOpenAiPrice, 50'000ll * 2'000 + 200'000ll * 200 + 1000 * 7'500,
             R"(,"service_tier":"flex")");
    usage.tier = ServiceTier::priority;
    add_chat(to, "... and priority, for which no such rate is known", kLong, usage, kOpenAiPrice, std::nullopt,
             R"(,"service_tier":"priority")");
    constexpr std::string_view kExact = R"({"prompt_tokens":200000,"completion_tokens":1})";
    add_chat(to, "200,000 are not beyond it", kExact, {.input_uncached = 200'000, .output = 1, .reported = true},
             kOpenAiPrice, 200'000ll * 2'000 + 10'000);
    constexpr std::string_view kSmall = R"({"prompt_tokens":10,"completion_tokens":1})";
    usage = {.input_uncached = 10, .output = 1, .tier = ServiceTier::priority, .reported = true};
    add_chat(to, "priority", kSmall, usage, kOpenAiPrice, 10 * 4'000 + 20'000, R"(,"service_tier":"priority")");
    usage.tier = ServiceTier::other;
    add_chat(to, "a tier nobody knows", kSmall, usage, kOpenAiPrice, std::nullopt, R"(,"service_tier":"scale")");
    usage = {.input_uncached = 6, .input_cached = 4, .output = 1, .tier = ServiceTier::batch, .reported = true};
    add_chat(
        to, "cached in a batch, which has no rate for it",
        R"({"prompt_tokens":10,"completion_tokens":1,"service_tier":"batch","prompt_tokens_details":{"cached_tokens":4}})",
        usage, kOpenAiPrice, std::nullopt);
}

inline void add_stated(std::vector<UsageTrace>& to) {
    const auto stated = [](Tokens input, Tokens output, std::int64_t nanos) {
        return Usage{.input_uncached = input, .output = output, .stated = Usd{nanos}, .reported = true};
    };
    add_chat(
        to, "OpenRouter: its cost",
        R"({"prompt_tokens":194,"completion_tokens":2,"total_tokens":196,"cost":0.00014,"is_byok":false,"cost_details":{"upstream_inference_cost":0.00014,"upstream_inference_prompt_cost":0.0001}})",
        stated(194, 2, 140'000), kOpenAiPrice, 194 * 2'000 + 20'000);
    add_chat(
        to, "OpenRouter, own key: its fee and the upstream's bill",
        R"({"prompt_tokens":194,"completion_tokens":2,"total_tokens":196,"cost":9.5e-06,"is_byok":true,"cost_details":{"upstream_inference_cost":0.00019}})",
        stated(194, 2, 199'500), kOpenAiPrice, 194 * 2'000 + 20'000);
    add_chat(
        to, "xAI: ticks, ten thousand million a dollar",
        R"({"prompt_tokens":199,"completion_tokens":1,"total_tokens":200,"num_sources_used":0,"cost_in_usd_ticks":37756000})",
        stated(199, 1, 3'775'600), kOpenAiPrice, 199 * 2'000 + 10'000);
    Usage usage = stated(14, 100, 6'000'000);
    usage.web_searches = 1;
    usage.search_context = SearchContext::low;
    add_chat(
        to, "Perplexity: its total",
        R"({"prompt_tokens":14,"completion_tokens":100,"total_tokens":114,"search_context_size":"low","cost":{"input_tokens_cost":0.0,"output_tokens_cost":0.001,"request_cost":0.005,"total_cost":0.006}})",
        usage, kPerplexityPrice, 14 * 1'000 + 100 * 1'000 + 5'000'000);
    usage.stated.reset();
    usage.search_context = SearchContext::high;
    add_chat(to, "Perplexity of before: a search by its context",
             R"({"prompt_tokens":14,"completion_tokens":100,"total_tokens":114,"search_context_size":"high"})", usage,
             kPerplexityPrice, 114 * 1'000 + 12'000'000);
    usage = {.input_uncached = 33, .output = 7163 + 73997, .reasoning = 73997, .web_searches = 18, .reported = true};
    usage.other_pieces = 1;
    add_chat(
        to, "Perplexity's research: reasoning beside all, citations at no known rate",
        R"({"prompt_tokens":33,"completion_tokens":7163,"total_tokens":7196,"citation_tokens":20016,"num_search_queries":18,"reasoning_tokens":73997})",
        usage, kPerplexityPrice, std::nullopt);
}

inline std::vector<UsageTrace> chat_traces() {
    std::vector<UsageTrace> traces;
    add_odd_streams(traces);
    add_classes(traces);
    add_rates(traces);
    add_stated(traces);
    traces.push_back({"null", TraceForm::chat_body, chat_body("null"), {}, kOpenAiPrice, 0});
    return traces;
}

}  // namespace weir::wire::testing
