// A LiteLLM proxy's configuration -> the text of a weir.yaml, and what became of every key of it
// (docs/import-litellm.md). Thread rule: pure. Limits: those of cli/yaml_tree.h (1 MiB, 100,000 values, depth 32),
// 10,000 deployments, and what the configuration can hold (256 providers, 10,000 models). No secret of the source is in
// what comes out.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/config.h"
#include "cli/litellm_source.h"

namespace weir::cli {

struct LitellmImport {
    std::string yaml;  // empty: nothing of it is anything that Weir could serve
    LitellmTale tale;  // each list by line
    std::size_t providers = 0, models = 0;
    std::set<std::string> variables;  // that the text refers to
    // What loads it where no variable is set: an address or a word in the place of each.
    LoadSettings check_settings;
};

// Errors, at least one: not YAML, over a limit, not a map.
tl::expected<LitellmImport, std::vector<Diagnostic>> import_litellm(std::string_view text, const std::string& file);

}  // namespace weir::cli
