#include "cli/check.h"

#include <ostream>

#include "store/ledger_row.h"

namespace weir::cli {
namespace {

using cascade::CascadeOptions;
using cascade::TierKind;
using cascade::TierOptions;

std::string threshold_text(double value) {
    std::string text = std::to_string(value);  // six digits after the point, as fine as a threshold is set
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
}

std::string tier_text(const TierOptions& tier) {
    if (tier.kind != TierKind::model) return std::string(store::to_string(tier.kind));
    const tiers::Gathering& gathers = tier.gathers;
    std::string asked = gathers.shows.any() ? std::to_string(gathers.shows.examples) + " examples" : "";
    const auto also = [&asked](const std::string& what) { asked += (asked.empty() ? "" : ", ") + what; };
    if (gathers.samples > 1) also(std::to_string(gathers.samples) + " samples");
    if (gathers.verify) also("verified");
    if (!asked.empty()) return tier.model + " (" + asked + ")";
    if (!tier.min_mean_logprob) return tier.model + " (no gate)";
    return tier.model + " (>= " + threshold_text(*tier.min_mean_logprob) + ")";
}

// The tiers in order, the reference last.
std::vector<std::string> tier_texts(const CascadeOptions& cascade) {
    std::vector<std::string> texts;
    for (const TierOptions& tier : cascade.tiers) texts.push_back(tier_text(tier));
    texts.push_back(cascade.reference_provider.empty() ? "reference"
                                                       : "reference (" + cascade.reference_provider + ")");
    return texts;
}

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
    std::string out;
    for (const std::string& text : texts) {
        if (!out.empty()) out += between;
        out += text;
    }
    return out;
}

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

std::string tiers_json(const CascadeOptions& cascade) {
    std::string out = "[";
    for (const TierOptions& tier : cascade.tiers) {
        out += "{\"tier\": " + json_string(store::to_string(tier.kind));
        if (tier.kind == TierKind::model) {
            out += ", \"model\": " + json_string(tier.model) + ", \"min_mean_logprob\": " +
                   (tier.min_mean_logprob ? threshold_text(*tier.min_mean_logprob) : "null");
            if (tier.gathers.verify) out += ", \"verify\": true";
            if (const tiers::Showing& shows = tier.gathers.shows; shows.any()) {
                out += ", \"examples\": " + std::to_string(shows.examples) +
                       ", \"most_tokens\": " + std::to_string(shows.most_tokens) +
                       ", \"least_similarity\": " + threshold_text(shows.least_similarity);
            }
            if (tier.gathers.samples > 1) out += ", \"samples\": " + std::to_string(tier.gathers.samples);
        }
        out += "}, ";
    }
    out += "{\"tier\": \"reference\"";
    if (!cascade.reference_provider.empty()) out += ", \"provider\": " + json_string(cascade.reference_provider);
    return out + "}]";
}

std::string cascades_json(const std::vector<CascadeOptions>& cascades) {
    std::string out = "[";
    for (const CascadeOptions& each : cascades) {
        out += out.size() > 1 ? ",\n    " : "\n    ";
        out += "{\"name\": " + json_string(each.name) + ", \"mode\": " + json_string(store::to_string(each.mode)) +
               ", \"match\": " + json_strings(each.match_models) + ", \"tiers\": " + tiers_json(each);
        if (const auto keeping = each.examples.keeping; keeping != store::ExampleKeeping::none) {
            out += std::string(", \"store\": \"") + (keeping == store::ExampleKeeping::content ? "content" : "hashes") +
                   "\"";
        }
        out += "}";
    }
    return out + (out.size() > 1 ? "\n  ]" : "]");
}

std::string result_json(const std::string& file, const std::vector<Diagnostic>& errors,
                        const std::vector<Diagnostic>& warnings, const std::vector<CascadeOptions>& cascades) {
    return "{\n  \"file\": " + json_string(file) + ",\n  \"ok\": " + (errors.empty() ? "true" : "false") +
           ",\n  \"errors\": " + diagnostics_json(errors) + ",\n  \"warnings\": " + diagnostics_json(warnings) +
           ",\n  \"cascades\": " + cascades_json(cascades) + "\n}\n";
}

void print_cascades(const gateway::Options& options, std::ostream& out) {
    if (options.cascades.empty()) return;
    Table table({{"CASCADE"}, {"MODE"}, {"MATCHES"}, {"TIERS, IN ORDER"}});
    for (const CascadeOptions& each : options.cascades) {
        table.add({each.name, std::string(store::to_string(each.mode)), joined(each.match_models, ", "),
                   joined(tier_texts(each), " > ")});
    }
    out << "\n" << table.render();
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
    if (arguments.format == OutputFormat::json) {
        out << result_json(arguments.config_file, {}, loaded->warnings, loaded->options.cascades);
        return 0;
    }
    for (const Diagnostic& each : loaded->warnings) {
        err << to_string({each.file, each.line, "warning: " + each.message}) << "\n";
    }
    const gateway::Options& options = loaded->options;
    out << arguments.config_file << ": fine, with " << count(loaded->warnings.size(), "warning") << "; "
        << count(options.providers.size(), "provider") << ", " << count(options.models.size(), "model") << ", "
        << count(options.cascades.size(), "cascade") << ", " << count(options.keys.size(), "caller key") << "\n";
    print_cascades(options, out);
    return 0;
}

}  // namespace weir::cli
