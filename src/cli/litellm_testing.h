// What the importer's test and fuzzer share: whatever comes out has to load, and every key has to be spoken of.
#pragma once

#include <string>

#include "cli/litellm_import.h"
#include "cli/yaml_tree.h"

namespace weir::cli::testing {

// The first path that nothing is said of; empty: none. What a section's own keys are told by themselves: a note about
// the section alone does not speak for them.
inline std::string not_spoken_of(const ConfigNode& root, const LitellmTale& tale) {
    const auto is_noted = [&tale](const std::string& path) {
        for (const auto* const notes : {&tale.carried, &tale.changed, &tale.not_carried, &tale.idle}) {
            for (const LitellmNote& note : *notes) {
                if (note.path == path) return true;
            }
        }
        return false;
    };
    for (const ConfigNode::Entry& top : root.entries) {
        if (!is_noted(top.key)) return top.key;
        if (top.key == "model_list") {
            for (std::size_t i = 0; i < top.value.items.size(); ++i) {
                const std::string path = "model_list[" + std::to_string(i) + "]";
                if (is_noted(path)) continue;  // as a whole
                for (const ConfigNode::Entry& each : top.value.items[i].entries) {
                    if (!is_noted(path + "." + each.key)) return path + "." + each.key;
                    if (each.key != "litellm_params" && each.key != "model_info") continue;
                    for (const ConfigNode::Entry& one : each.value.entries) {
                        std::string key = path + "." + each.key + "." + one.key;
                        if (!is_noted(key)) return key;
                    }
                }
            }
        }
        const bool section = top.key == "router_settings" || top.key == "litellm_settings" ||
                             top.key == "general_settings" || top.key == "environment_variables";
        for (const ConfigNode::Entry& each : top.value.entries) {
            if (section && !is_noted(top.key + "." + each.key)) return top.key + "." + each.key;
        }
    }
    return {};
}

}  // namespace weir::cli::testing
