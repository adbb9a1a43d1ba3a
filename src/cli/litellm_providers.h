// The providers of LiteLLM that Weir can call: by which API, at which address, with which variable's key.
// Thread rule: pure; the table is constant. The addresses are the providers' own documented ones.
#pragma once

#include <span>
#include <string_view>

#include "gateway/options.h"

namespace weir::cli {

struct LitellmProvider {
    std::string_view word;      // before the slash in litellm_params.model
    std::string_view base_url;  // empty: api_base says
    std::string_view key;       // the variable that LiteLLM takes the key from; empty: none
    gateway::ProviderApi api = gateway::ProviderApi::openai;
    bool may_lack_key = false;     // servers of one's own
    std::string_view behind = {};  // what an api_base lacks that Weir's base_url has, unless it is there
};

// nullptr: none that Weir can call.
const LitellmProvider* litellm_provider(std::string_view word);
// Why not, for words of LiteLLM's that Weir can't call.
std::string_view no_litellm_provider(std::string_view word);
// "openai", "anthropic" for a model without a provider before it; empty: not known.
std::string_view litellm_provider_of_model(std::string_view model);

}  // namespace weir::cli
