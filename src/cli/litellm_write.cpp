#include "cli/litellm_write.h"

#include <algorithm>
#include <utility>

#include "cli/config_values.h"
#include "cli/yaml_tree.h"

namespace weir::cli {
namespace {

using Provider = LitellmPlan::Provider;
using Model = LitellmPlan::Model;

constexpr std::size_t kMaxGlobs = 1'000;  // a cascade's

// Plain where YAML reads it as the same text, also as a key and inside [ ].
std::string scalar(std::string_view text) {
    const auto word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
               c == '/' || c == '-' || c == '+' || c == '$' || c == '{' || c == '}' || c == '=' || c == ':';
    };
    const bool begins = !text.empty() && ((text.front() >= 'a' && text.front() <= 'z') ||
                                          (text.front() >= 'A' && text.front() <= 'Z') || text.starts_with("${"));
    bool plain = begins && !text.ends_with(':') && std::all_of(text.begin(), text.end(), word);
    for (const std::string_view other : {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}) {
        std::string low(text);
        std::transform(low.begin(), low.end(), low.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        plain = plain && low != other;
    }
    // Braces mean something unless they belong to a reference.
    for (std::size_t i = 0; plain && i < text.size();) {
        if (text[i] == '$') {
            const auto end = reference_end(text, i);
            plain = end.has_value();
            i = end.value_or(i);
        } else {
            plain = text[i] != '{' && text[i] != '}';
            ++i;
        }
    }
    if (plain) return std::string(text);
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

void variables_of(const std::string& text, std::set<std::string>& variables) {
    for (std::size_t at = text.find("${"); at != std::string::npos; at = text.find("${", at + 1)) {
        const std::size_t end = text.find_first_of(":}", at);
        variables.insert(text.substr(at + 2, end - at - 2));
    }
}

std::string variable_lines(const std::set<std::string>& variables) {
    constexpr std::size_t kWidth = 110;
    std::string out, line = "# Set in the environment:";
    for (const std::string& name : variables) {
        if (line.size() + name.size() > kWidth) out += std::exchange(line, "#  ") + "\n";
        line += " " + name;
    }
    return variables.empty() ? "" : out + line + "\n";
}

class Writer {
  public:
    Writer(const LitellmPlan& plan, const LitellmSettings& settings) : plan_(plan), settings_(settings) {}

    std::string write(const std::string& file, std::set<std::string>& variables) {
        out_ +=
            "# From " + quote(file) + " by `weir import litellm`, which also lists what could not be carried over.\n";
        out_ +=
            "# Then: weir check, weir serve. LiteLLM's proxy listens on port 4000 of all addresses; this does not:\n";
        out_ += "listen: 127.0.0.1:8080\nadmin: 127.0.0.1:8081\n";
        if (!settings_.first_byte.empty()) out_ += "limits: { first_byte: " + settings_.first_byte + " }\n";
        const std::size_t begin = out_.size();
        out_ += "\nproviders:\n";
        for (const Provider& provider : plan_.providers) write_provider(provider);
        if (!plan_.models.empty()) {
            out_ += "\n# A model is found by its full name and by what stands behind the provider's.\nmodels:\n";
            for (const Model& model : plan_.models) write_model(model);
        }
        write_cascades();
        if (!settings_.master_key.empty()) {
            out_ +=
                "\n# LiteLLM's master key. Other callers' keys are made anew: weir keys create.\nkeys:\n  - { key: " +
                settings_.master_key + ", tenant: default }\n";
        }
        if (!settings_.parallel.empty()) {
            out_ += "tenants:\n  default: { parallel: " + settings_.parallel + " }\n";
        }
        variables_of(out_, variables);
        out_.insert(begin, variable_lines(variables));
        return std::move(out_);
    }

  private:
    void write_provider(const Provider& provider);
    void write_model(const Model& model);
    void write_cascades();
    void write_cascade(const std::string& name, const std::vector<std::string>& globs, const std::string& provider);
    void line(const std::string& text) { out_ += "    " + text + "\n"; }

    const LitellmPlan& plan_;
    const LitellmSettings& settings_;
    std::string out_;
};

std::string_view api_word(gateway::ProviderApi api) {
    switch (api) {
        case gateway::ProviderApi::anthropic:
            return "anthropic";
        case gateway::ProviderApi::gemini:
            return "gemini";
        case gateway::ProviderApi::openai:
        case gateway::ProviderApi::llama_server:
            return "openai";
    }
    return "openai";
}

void Writer::write_provider(const Provider& provider) {
    const LitellmDeployment& form = provider.form;
    const LitellmPlan::Endpoint& first = provider.endpoints.front();
    out_ += "  " + scalar(provider.name) + ":\n";
    line("api: " + std::string(api_word(form.api)));
    line("base_url: " + scalar(first.base_url));
    if (provider.endpoints.size() == 1) {
        if (!first.key.empty()) line("key: " + first.key);
    } else {
        line("endpoints:");
        for (const LitellmPlan::Endpoint& each : provider.endpoints) {
            std::vector<std::string> parts;
            if (each.base_url != first.base_url) parts.push_back("base_url: " + scalar(each.base_url));
            if (!each.key.empty()) parts.push_back("key: " + each.key);
            if (provider.weighted) parts.push_back("weight: " + std::to_string(each.weight));
            std::string text;
            for (const std::string& part : parts) text += (text.empty() ? " " : ", ") + part;
            line("  - {" + text + (text.empty() ? "}" : " }"));
        }
        if (provider.weighted) line("balance: weighted");
    }
    // OpenAI's own server: what callers ask in Responses goes up as it is.
    const bool at_openai = std::all_of(provider.endpoints.begin(), provider.endpoints.end(),
                                       [](const auto& each) { return each.base_url == "https://api.openai.com/v1"; });
    if (at_openai) line("offers: [responses]");
    if (!form.key_header.empty()) line("key_header: " + form.key_header);
    if (!form.query.empty()) line("query: " + scalar(form.query));
    if (!form.headers.empty()) {
        line("headers:");
        for (const auto& [name, value] : form.headers) line("  " + scalar(name) + ": " + scalar(value));
    }
    if (form.drop_unsupported) line("drop_unsupported: true");
    if (provider.in_flight > 0) line("in_flight: " + std::to_string(provider.in_flight));
    const std::string most = provider.has_retries ? std::to_string(provider.retries) : settings_.retries;
    if (!most.empty() || !settings_.backoff.empty()) {
        std::string text = "retries: { ";
        if (!most.empty()) text += "most: " + most;
        if (!settings_.backoff.empty()) text += (most.empty() ? "" : ", ") + ("backoff: " + settings_.backoff);
        line(text + " }");
    }
    if (!settings_.failures.empty() || !settings_.ejection_time.empty()) {
        std::string text = "ejection: { ";
        if (!settings_.failures.empty()) text += "failures: " + settings_.failures;
        if (!settings_.ejection_time.empty()) {
            text += (settings_.failures.empty() ? "" : ", ") + ("first: " + settings_.ejection_time) +
                    ", longest: " + settings_.ejection_time;
        }
        line(text + " }");
    }
}

std::string rates(const LitellmRates& rates) {
    std::string out = "input: " + rates.input + ", output: " + rates.output;
    if (!rates.cached_input.empty()) out += ", cached_input: " + rates.cached_input;
    if (!rates.cache_write.empty()) out += ", cache_write: " + rates.cache_write;
    if (!rates.cache_write_1h.empty()) out += ", cache_write_1h: " + rates.cache_write_1h;
    return out;
}

void Writer::write_model(const Model& model) {
    std::vector<std::string> parts;
    if (model.upstream_name != model.name) parts.push_back("upstream_name: " + scalar(model.upstream_name));
    if (model.price) {
        std::string price = "price: { " + rates(model.price->base);
        if (model.price->above_tokens > 0) {
            price += ", above: { tokens: " + std::to_string(model.price->above_tokens) + ", " +
                     rates(model.price->above) + " }";
        }
        parts.push_back(price + " }");
    }
    if (!model.max_output.empty()) parts.push_back("max_output: " + model.max_output);
    if (!model.fallbacks.empty()) {
        std::string list = "fallbacks: [";
        for (const std::string& each : model.fallbacks) list += (list.ends_with('[') ? "" : ", ") + scalar(each);
        parts.push_back(list + "]");
    }
    out_ += "  " + scalar(model.full_name) + ":" + (parts.empty() ? " {}" : "") + "  # line " +
            std::to_string(model.line) + (model.price_note.empty() ? "" : "; price " + model.price_note) + "\n";
    for (const std::string& part : parts) line(part);
}

void Writer::write_cascade(const std::string& name, const std::vector<std::string>& globs,
                           const std::string& provider) {
    out_ += "  " + name + ":\n";
    std::string list;
    for (const std::string& glob : globs) list += (list.empty() ? "" : ", ") + scalar(glob);
    line("match: { model: [" + list + "] }");
    if (!provider.empty()) line("reference_provider: " + scalar(provider));
    const bool serve = settings_.cache && !settings_.cache_ask;
    line(settings_.cache && settings_.semantic ? "tiers: [exact, semantic]" : "tiers: [exact]");
    line(serve ? "mode: serve" : "mode: observe");
    if (!settings_.cache) return;
    // LiteLLM caches whatever the temperature.
    line("cache: { " + (settings_.ttl.empty() ? "" : "ttl: " + settings_.ttl + ", ") +
         "temperature_above_zero: true }");
}

void Writer::write_cascades() {
    out_ += settings_.cache ? "\n# What LiteLLM's cache did.\ncascades:\n"
                            : "\n# Nothing is answered from a cache until mode says serve: this tells what it would "
                              "save.\ncascades:\n";
    const bool by_provider = std::any_of(plan_.wildcards.begin(), plan_.wildcards.end(),
                                         [](const LitellmPlan::Wildcard& each) { return !each.prefixed; });
    if (!by_provider) {
        write_cascade("default", {"*"}, {});
        return;
    }
    // The names that stand for one model each come first: in the cascade of a wildcard they would go to its provider.
    std::vector<std::string> names;
    for (const Model& model : plan_.models) {
        for (const std::string& name : {model.name, model.full_name}) {
            if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
        }
    }
    for (const LitellmPlan::Wildcard& each : plan_.wildcards) {
        if (each.prefixed) names.push_back(each.glob);
    }
    for (std::size_t begin = 0; begin < names.size(); begin += kMaxGlobs) {
        const std::size_t end = std::min(begin + kMaxGlobs, names.size());
        const std::string number = begin == 0 ? "" : "-" + std::to_string(begin / kMaxGlobs + 1);
        write_cascade(
            "models" + number,
            {names.begin() + static_cast<std::ptrdiff_t>(begin), names.begin() + static_cast<std::ptrdiff_t>(end)}, {});
    }
    // "*" takes what the others leave.
    std::vector<LitellmPlan::Wildcard> wild;
    for (const LitellmPlan::Wildcard& each : plan_.wildcards) {
        if (!each.prefixed) wild.push_back(each);
    }
    std::stable_sort(wild.begin(), wild.end(),
                     [](const auto& a, const auto& b) { return a.glob.size() > b.glob.size(); });
    for (std::size_t i = 0; i < wild.size(); ++i) {
        write_cascade("rest" + (i == 0 ? "" : "-" + std::to_string(i + 1)), {wild[i].glob},
                      plan_.providers[wild[i].provider].name);
    }
}

}  // namespace

std::string write_litellm_plan(const LitellmPlan& plan, const LitellmSettings& settings, const std::string& file,
                               std::set<std::string>& variables) {
    return Writer(plan, settings).write(file, variables);
}

}  // namespace weir::cli
