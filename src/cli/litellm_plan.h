// Deployments -> providers with endpoints, models with fallbacks, and cascades, named so that what callers ask for is
// found (gateway/model_directory.h): a bare name by the model's name at any provider, provider/model in full.
// Thread rule: pure. Limits: the configuration's (256 providers, 32 endpoints, 8 fallbacks); what is over them is told.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/litellm_settings.h"

namespace weir::cli {

struct LitellmPlan {
    struct Endpoint {
        std::string base_url, key;
        std::uint64_t weight = 1;
        friend bool operator==(const Endpoint&, const Endpoint&) = default;
    };
    struct Provider {
        std::string name;
        LitellmDeployment form;  // API, headers, query: of its first deployment
        std::vector<Endpoint> endpoints;
        bool weighted = false;
        std::uint64_t in_flight = 0;  // 0: no limit
        std::uint64_t retries = 0;
        bool has_retries = false;
    };
    struct Model {
        std::size_t provider = 0;
        std::string name;       // behind the provider's
        std::string asked_for;  // the model_name that it is for
        int line = 0;
        std::string upstream_name;
        std::optional<LitellmPrice> price;
        std::string price_note, max_output;
        std::vector<std::string> fallbacks;
        std::string full_name;
    };
    struct Wildcard {
        std::string glob;
        std::size_t provider = 0;
        bool prefixed = false;  // "openai/*": the provider of that name takes what is behind the slash
        int line = 0;
    };
    std::vector<Provider> providers;
    std::vector<Model> models;
    std::vector<Wildcard> wildcards;
};

constexpr std::size_t kMaxLitellmProviders = 256;

// With more than kMaxLitellmProviders providers it ends before anything is named.
LitellmPlan plan_litellm(const std::vector<LitellmDeployment>& deployments, const LitellmSettings& settings,
                         LitellmContext& context);

}  // namespace weir::cli
