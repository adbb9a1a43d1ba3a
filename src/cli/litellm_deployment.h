// An entry of LiteLLM's model_list -> where Weir would call it: API, address, key, name and price of the model.
// Thread rule: pure, one LitellmContext a file. Limits: names of 256 bytes, 32 headers; secrets leave as ${NAME} only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/litellm_source.h"
#include "gateway/options.h"

namespace weir::cli {

struct LitellmRates {
    std::string input, output, cached_input, cache_write, cache_write_1h;  // USD per million tokens; empty: none
    friend bool operator==(const LitellmRates&, const LitellmRates&) = default;
};

struct LitellmPrice {
    LitellmRates base;
    std::uint64_t above_tokens = 0;  // prompts that are longer cost `above`; 0: all cost the same
    LitellmRates above;
    friend bool operator==(const LitellmPrice&, const LitellmPrice&) = default;
};

struct LitellmDeployment {
    std::string path;  // "model_list[0]"
    int line = 0;
    std::string name;      // what callers ask for: model_name
    std::string kind;      // LiteLLM's word for its provider
    std::string provider;  // what its provider would best be called: "openai"
    gateway::ProviderApi api = gateway::ProviderApi::openai;
    bool own_address = false;  // api_base is given
    std::string base_url;      // as it is written to the configuration, like all that follows: may hold ${NAME}
    std::string key;           // "${NAME}" or empty
    std::string key_header, query;
    std::vector<std::pair<std::string, std::string>> headers;
    bool drop_unsupported = false;
    std::string upstream_name;
    bool name_in_url = false;  // Azure's deployments: the name in the body does not count
    std::optional<LitellmPrice> price;
    std::string price_note;  // where a price comes from that does not stand in the source
    std::string max_output;
    std::int64_t order = 0;                 // the lowest are asked first
    std::optional<std::int64_t> weight[3];  // millionths: weight, rpm, tpm: the first that any deployment has counts
    std::optional<std::uint64_t> parallel;  // calls at a time
    std::optional<std::uint64_t> retries;
};

// What the entries of one file share.
struct LitellmContext {
    LitellmTale tale;
    bool drop_params = false;                              // of litellm_settings
    bool weighted = true;                                  // simple-shuffle: weight, rpm and tpm are shares
    std::map<std::string, const ConfigNode*> credentials;  // credential_list, by name
    std::map<std::string, std::size_t> deployments_of;     // entries with this model_name
    std::set<std::string> variables;                       // all that the source or the configuration refers to
    std::set<std::string> url_variables, text_variables;   // those of addresses; of versions and headers
    // A variable for a secret that stands in the source; the same one for the same value.
    std::string variable_for(const std::string& secret, const std::string& wanted);

  private:
    std::map<std::string, std::string> named_secrets_;
};

// Tells of the entry and all that is in it. Nothing: the entry is not carried over as a whole.
std::optional<LitellmDeployment> read_litellm_deployment(const ConfigNode& node, const std::string& path,
                                                         LitellmContext& context);

// Whether a parameter looks like something secret by its name.
bool is_secret_name(std::string_view name);

}  // namespace weir::cli
