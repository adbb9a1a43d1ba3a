// What a LiteLLM configuration says beside its model_list: router_settings, litellm_settings, general_settings, ...
// Thread rule: pure. Limits: those of the values in Weir; what is outside is told as not carried over.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/litellm_deployment.h"

namespace weir::cli {

struct LitellmFallbacks {
    std::string of;  // model_name; "*": all that have none of their own
    std::vector<std::string> names;
    std::string path;
    int line = 0;
};

struct LitellmAlias {
    std::string name, target, path;
    int line = 0;
};

struct LitellmSettings {
    // As they are written; empty: Weir's own defaults.
    std::string retries, backoff;
    std::string failures, ejection_time;
    std::string first_byte;
    std::string master_key;  // "${NAME}"
    std::string parallel;    // requests at a time, of all callers
    std::vector<LitellmFallbacks> fallbacks;
    std::vector<LitellmAlias> aliases;
    bool cache = false;      // answers were cached
    bool cache_ask = false;  // ... for callers that asked for it alone
    bool semantic = false;
    std::string ttl;
};

// Also fills what the entries of the model_list depend on (context.drop_params, weighted, credentials).
LitellmSettings read_litellm_settings(const ConfigNode& root, LitellmContext& context);

}  // namespace weir::cli
