#include "cli/check.h"

#include <ostream>

#include "cli/check_parts.h"

namespace weir::cli {
namespace {

std::string count(std::size_t number, std::string_view noun) {
    return std::to_string(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

std::string diagnostics_json(const std::vector<Diagnostic>& diagnostics) {
    std::string out = "[";
    for (const Diagnostic& each : diagnostics) {
        out += out.size() > 1 ? ",\n    " : "\n    ";
        out += "{\"file\": " + json_string(each.file) + ", \"line\": " + std::to_string(each.line) +
               ", \"message\": " + json_string(each.message) + "}";
    }
    return out + (out.size() > 1 ? "\n  ]" : "]");
}

std::string result_json(const std::string& file, const std::vector<Diagnostic>& errors,
                        const std::vector<Diagnostic>& warnings, const gateway::Options& options) {
    return "{\n  \"file\": " + json_string(file) + ",\n  \"ok\": " + (errors.empty() ? "true" : "false") +
           ",\n  \"errors\": " + diagnostics_json(errors) + ",\n  \"warnings\": " + diagnostics_json(warnings) +
           ",\n  \"cascades\": " + cascades_json(options.cascades) +
           ",\n  \"inference\": " + inference_json(options.inference) +
           ",\n  \"budgets\": " + budgets_json(options.budgets) + "\n}\n";
}

// "1 provider, 2 models, ...": the last two only where there are any.
std::string counts(const gateway::Options& options) {
    std::string out = count(options.providers.size(), "provider") + ", " + count(options.models.size(), "model") +
                      ", " + count(options.cascades.size(), "cascade") + ", " +
                      count(options.keys.size(), "caller key");
    if (!options.inference.empty()) out += ", " + count(options.inference.size(), "inference route");
    if (!options.budgets.empty()) out += ", " + count(options.budgets.size(), "budget");
    return out;
}

}  // namespace

int check_command(const CheckArguments& arguments, const LoadSettings& settings, std::ostream& out, std::ostream& err) {
    const LoadResult loaded = load_config(arguments.config_file, settings);
    if (!loaded) {
        if (arguments.format == OutputFormat::json) {
            out << result_json(arguments.config_file, loaded.error(), {}, {});
        } else {
            for (const Diagnostic& each : loaded.error()) err << to_string(each) << "\n";
            err << arguments.config_file << ": " << count(loaded.error().size(), "error") << "\n";
        }
        return 2;
    }
    const gateway::Options& options = loaded->options;
    if (arguments.format == OutputFormat::json) {
        out << result_json(arguments.config_file, {}, loaded->warnings, options);
        return 0;
    }
    for (const Diagnostic& each : loaded->warnings) {
        err << to_string({each.file, each.line, "warning: " + each.message}) << "\n";
    }
    out << arguments.config_file << ": fine, with " << count(loaded->warnings.size(), "warning") << "; "
        << counts(options) << "\n"
        << check_tables(options);
    return 0;
}

}  // namespace weir::cli
