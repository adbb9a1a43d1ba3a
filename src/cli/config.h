// The configuration: YAML -> gateway::Options, strict. Whatever is wrong is reported with its line, all of it at once:
// unknown, duplicate and missing keys, wrong types and units, values out of range, references to what is not there.
// docs/formats.md lists every key. Secrets stand in the environment: a key is written as ${NAME} and nothing else.
// Relative paths are relative to the current working directory.
// Thread rule: start-up and reload only; reads files. Messages never hold what a variable expands to.
// Limits: file 1 MiB, 100,000 nodes (aliases counted as often as they are used), depth 32, 100 diagnostics.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/options.h"

namespace weir::cli {

struct Diagnostic {
    std::string file;
    int line = 0;  // from 1; 0: the file as a whole
    std::string message;
    friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};
std::string to_string(const Diagnostic& diagnostic);  // "file:line: message"

struct LoadedConfig {
    gateway::Options options;
    std::vector<Diagnostic> warnings;  // by line
};
using LoadResult = tl::expected<LoadedConfig, std::vector<Diagnostic>>;  // errors by line, at least one

// What loading asks the outside: seams for tests.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
using PriceLookup = std::function<bool(std::string_view provider, std::string_view model)>;  // is a price known?
struct LoadSettings {
    Environment environment;                                             // null: no variable is set
    std::function<bool(const std::string& path)> readable;               // null: every file is
    std::function<Result<PriceLookup>(const std::string& file)> prices;  // of the table with `file` (or "") laid over
                                                                         // it; null: unknown prices are not looked for
    // false: for commands that call and serve nobody; secrets need not be in the environment, certificates are not read
    bool secrets = true;
    // Whether an adapter file fits its model file; null: not looked at.
    std::function<Result<void>(const std::string& model_file, const std::string& adapter_file)> adapter_fits;
    // Whether `tls:` can be served with, and whether a provider's `tls_ca_file` can be read; null: not looked at.
    std::function<Result<void>(const std::string& certificate_file, const std::string& key_file)> certificate_fits;
    std::function<Result<void>(const std::string& file)> authorities_fit;
};
std::optional<std::string> process_environment(const std::string& name);
LoadSettings process_settings();  // the process's environment, the disk, the built-in price table

LoadResult load_config(const std::string& path, const LoadSettings& settings);
LoadResult load_config(const std::string& path);  // process_settings()
LoadResult load_config_text(std::string_view text, const std::string& file, const LoadSettings& settings);

// The `data:` folder alone, for commands that only read the ledger: the rest of the file is not looked at, so that its
// secrets need not be in the environment.
tl::expected<std::string, std::vector<Diagnostic>> load_data_folder(const std::string& path,
                                                                    const Environment& environment);
// Likewise the `budgets:`.
tl::expected<std::vector<limits::BudgetRules>, std::vector<Diagnostic>> load_budget_rules(
    const std::string& path, const Environment& environment);

}  // namespace weir::cli
