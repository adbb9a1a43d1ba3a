// One model's row of a price file, in LiteLLM's field names (USD):
//   input_cost_per_token, output_cost_per_token, cache_read_input_token_cost, cache_creation_input_token_cost (and
//   ..._above_1hr), output_cost_per_reasoning_token, {input,output}_cost_per_audio_token,
//   cache_read_input_audio_token_cost, {input,output}_cost_per_image_token, each also with _above_{N}k_tokens,
//   _batches, _flex, _priority behind it, in any order;
//   search_context_cost_per_query.search_context_size_{low,medium,high}, input_cost_per_query, input_cost_per_request,
//   input_cost_per_second, output_cost_per_image, file_search_cost_per_1k_calls, code_interpreter_cost_per_session;
//   litellm_provider and mode.
// What else the file has is not read. Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/scan.h"
#include "prices/price.h"

namespace weir::prices {

struct PriceRow {
    Price price;  // without source and date
    std::string vendor;
};

// `object` within `text`, the whole file, which is well-formed. nullopt: the row says nothing that can be used. Error
// invalid: begins with the line. `fields` is scratch.
Result<std::optional<PriceRow>> read_price_row(std::string_view text, json::Span object,
                                               std::vector<json::Member>& fields);

// What a vendor documents for all its models, where the row has no field for it:
// anthropic: reads of the cache cost 0.1, writes for five minutes 1.25 and for an hour 2 times the input, in batches
//   and at every length (https://platform.claude.com/docs/en/build-with-claude/prompt-caching, "Pricing");
// gemini, vertex_ai: sound goes in at the same rate as text where no other is listed
//   (https://ai.google.dev/gemini-api/docs/pricing);
// groq: flex costs as much as on demand (https://console.groq.com/docs/flex-processing);
// xai: the higher rates begin with the named length, not beyond it (https://docs.x.ai/docs/models).
void apply_vendor_rules(std::string_view vendor, Price& price);

}  // namespace weir::prices
