// What the name of one of Anthropic's models tells of it. Where nothing else decides: the default of max_tokens, and
// what may be left out of a request where the configuration allows that. Nothing is refused because of it: what a model
// does not take, the provider says best.
// Source: the provider's overview of models and its notes on effort and sampling, as of November 2026.
// Thread rule: pure functions.
#pragma once

#include <string_view>

#include "base/units.h"

namespace weir::wire::anthropic {

struct ModelTraits {
    Tokens max_output = 8192;  // also of models of other makers behind this API
    bool sampling = true;      // takes temperature, top_p, top_k
    bool effort = true;        // takes output_config.effort
};

// Of "claude-opus-4-6", "claude-sonnet-4-20250514", "claude-3-7-sonnet-latest", "anthropic.claude-haiku-4-5-v1:0". A
// Claude whose version is not told, or new, is taken for one of the newest.
ModelTraits traits_of(std::string_view model);

}  // namespace weir::wire::anthropic
