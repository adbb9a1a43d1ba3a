#include "cli/import_lines.h"

#include <algorithm>

#include "cli/config_values.h"
#include "cli/table.h"

namespace weir::cli {
namespace {

using cascade::CascadeOptions;
using cascade::TierKind;
using cascade::TierOptions;

// A text as YAML, in quotes where it could be read as something else.
std::string yaml(const std::string& text) {
    const bool plain = !text.empty() && text.front() != '-' && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '.' ||
               c == '_' || c == '-';
    });
    return plain ? text : json_string(text);
}

// USD per million tokens.
std::string price_text(PicoUsdPerToken price) {
    constexpr std::int64_t kScale = 1'000'000;
    std::string digits = std::to_string(price.picos % kScale + kScale).substr(1);
    digits.erase(digits.find_last_not_of('0') + 1);
    return std::to_string(price.picos / kScale) + (digits.empty() ? "" : "." + digits);
}

std::string provider_entry(const local::LlamaServerOptions& base, const std::string& name, const std::string& file,
                           bool lora) {
    const local::LlamaServerOptions usual;
    std::string out = yaml(name) + ": { api: llama-server, model_file: " + yaml(lora ? base.model_file : file);
    const auto add = [&out](const std::string& key, const std::string& value) { out += ", " + key + ": " + value; };
    const auto number = [&add](const std::string& key, std::uint64_t value, std::uint64_t otherwise) {
        if (value != otherwise) add(key, std::to_string(value));
    };
    if (lora) add("adapter_file", yaml(file));
    if (base.program != usual.program) add("program", yaml(base.program));
    number("threads", base.threads, usual.threads);
    number("context", base.context_tokens, usual.context_tokens);
    number("parallel", base.parallel, usual.parallel);
    number("memory", base.memory_bytes, usual.memory_bytes);
    if (base.cache_ram_mib != usual.cache_ram_mib) add("cache_ram", std::to_string(base.cache_ram_mib) + "MiB");
    if (!base.extra_arguments.empty()) add("arguments", json_strings(base.extra_arguments));
    if (base.start_timeout_micros != usual.start_timeout_micros) {
        add("start_timeout", format_duration(base.start_timeout_micros));
    }
    return out + " }";
}

std::string price_entry(const prices::Price& price) {
    std::string out = "{ input: " + price_text(price.input) + ", output: " + price_text(price.output);
    if (price.input_cached) out += ", cached_input: " + price_text(*price.input_cached);
    if (price.input_cache_write) out += ", cache_write: " + price_text(*price.input_cache_write);
    if (price.more && price.more->rare.input_cache_write_1h) {
        out += ", cache_write_1h: " + price_text(*price.more->rare.input_cache_write_1h);
    }
    return out + " }";
}

std::string tier_entry(const TierOptions& tier) {
    if (tier.kind != TierKind::model) return std::string(store::to_string(tier.kind));
    std::string more;
    if (tier.min_mean_logprob) more += ", min_mean_logprob: " + std::to_string(*tier.min_mean_logprob);
    if (tier.gathers.samples > 1) more += ", samples: " + std::to_string(tier.gathers.samples);
    if (tier.gathers.verify) more += ", verify: true";
    return more.empty() ? yaml(tier.model) : "{ model: " + yaml(tier.model) + more + " }";
}

// The tiers with the new one before the first model: it costs least of them.
std::string tiers_entry(const CascadeOptions& cascade, const std::string& model) {
    const auto at = std::find_if(cascade.tiers.begin(), cascade.tiers.end(),
                                 [](const TierOptions& tier) { return tier.kind == TierKind::model; });
    std::string out = "[";
    const auto add = [&out](const std::string& text) { out += (out.size() > 1 ? ", " : "") + text; };
    for (auto tier = cascade.tiers.begin(); tier != at; ++tier) add(tier_entry(*tier));
    add(yaml(model));
    for (auto tier = at; tier != cascade.tiers.end(); ++tier) add(tier_entry(*tier));
    return out + "]";
}

}  // namespace

ImportLines import_lines(const gateway::Options& options, const gateway::ProviderOptions& base, const std::string& name,
                         const std::string& file, bool lora, const std::vector<std::string>& cascades) {
    ImportLines lines;
    lines.provider = provider_entry(*base.child, name, file, lora);
    const auto like = std::find_if(options.models.begin(), options.models.end(),
                                   [&](const gateway::ModelOptions& model) { return model.provider == base.name; });
    lines.model_name = name + "/" + (like == options.models.end() ? "model" : like->name);
    if (like != options.models.end() && like->price) {
        lines.model = yaml(lines.model_name) + ": { price: " + price_entry(*like->price) + " }";
    } else {
        lines.notes.push_back("give " + lines.model_name + " a price under models:, or what it saves is unknown");
    }
    for (const CascadeOptions& cascade : options.cascades) {
        if (std::find(cascades.begin(), cascades.end(), cascade.name) == cascades.end()) continue;
        lines.tiers[cascade.name] = tiers_entry(cascade, lines.model_name);
        const std::string where = "cascade " + cascade.name + " (line " + std::to_string(cascade.line) + ")";
        if (!cascade.promise) {
            lines.notes.push_back(where +
                                  " has no promise, without which the tier is never asked: "
                                  "promise: { disagreement: 2%, confidence: 95% }");
        }
        if (cascade.mode == cascade::Mode::off || cascade.mode == cascade::Mode::observe) {
            lines.notes.push_back(where + " is in mode " + std::string(store::to_string(cascade.mode)) +
                                  ", in which the tier is not tried: mode: shadow, later serve");
        }
        if (cascade.canary >= 1) {
            lines.notes.push_back(where + " serves all that is proved at once; canary: 10% begins with a part");
        }
    }
    return lines;
}

}  // namespace weir::cli
