// What an operator adds to weir.yaml to make an imported file a tier: the file is theirs, so it is told, not changed.
// Thread rule: pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gateway/options.h"

namespace weir::cli {

struct ImportLines {
    std::string provider;                      // an entry of providers:
    std::string model_name;                    // NAME/model, as tiers name it
    std::string model;                         // an entry of models:, with the price of the base; empty: it has none
    std::map<std::string, std::string> tiers;  // by cascade: the list that `tiers:` becomes
    std::vector<std::string> notes;            // what will keep it from being asked
};

// `base`: the provider (api: llama-server) whose model the file is for. `lora`: it goes over that model, else it takes
// its place. `file`: where it is kept now. `cascades`: their names.
ImportLines import_lines(const gateway::Options& options, const gateway::ProviderOptions& base, const std::string& name,
                         const std::string& file, bool lora, const std::vector<std::string>& cascades);

}  // namespace weir::cli
