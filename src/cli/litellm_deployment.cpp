#include "cli/litellm_deployment.h"

#include <algorithm>
#include <array>

#include "base/decimal.h"
#include "cli/config_values.h"
#include "cli/litellm_address.h"
#include "cli/litellm_prices.h"
#include "cli/litellm_providers.h"

namespace weir::cli {
namespace {

constexpr std::size_t kMaxNameBytes = 256;
constexpr std::size_t kMaxHeaders = 32;
constexpr std::size_t kMaxHeaderBytes = 64;

constexpr std::string_view kNotAdded =
    "Weir adds no parameters to requests; callers have to send it (what they send goes up as it is)";

bool is_model_part(std::string_view name) {
    return !name.empty() && name.size() <= kMaxNameBytes &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7F; }) &&
           name.find("${") == std::string_view::npos;
}

std::string upper(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool word = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : word ? c : '_';
    }
    return out;
}

// Reads one entry. `refuse` is set once the whole entry can't be carried over.
class Entry {
  public:
    Entry(const ConfigNode& params, std::string path, LitellmContext& context, LitellmTale& tale)
        : context_(context), tale_(tale), params_(tale, params, std::move(path)) {}

    std::string refuse;
    LitellmDeployment to;
    LitellmPrices prices;

    void read() {
        if (!read_provider()) return;
        refuse = read_litellm_address(params_, *provider_, context_, tale_, to);
        if (!refuse.empty()) return;
        read_key();
        if (!refuse.empty()) return;
        read_headers();
        read_calls();
        prices.read(params_);
    }

    void finish();

  private:
    bool read_provider();
    void read_key();
    std::string reference_to(const std::string& name);
    void read_headers();
    void add_header(const std::string& name, const ConfigNode& value, const std::string& path, int line);
    void read_calls();
    void read_weights();

    LitellmContext& context_;
    LitellmTale& tale_;
    LitellmSource params_;
    const LitellmProvider* provider_ = nullptr;
};

bool Entry::read_provider() {
    const std::optional<std::string> model = params_.scalar("model");
    if (!model) {
        refuse = "litellm_params.model is missing";
        return false;
    }
    std::string word, name = *model;
    const std::size_t slash = name.find('/');
    const std::string before = slash == std::string::npos ? "" : name.substr(0, slash);
    if (const std::optional<std::string> given = params_.scalar("custom_llm_provider")) {
        word = *given;
        params_.carried("custom_llm_provider", "the provider's api");
        if (before == word) name.erase(0, slash + 1);
    } else if (!before.empty()) {
        word = before;
        name.erase(0, slash + 1);
    } else {
        word = litellm_provider_of_model(name);
        if (word.empty()) {
            refuse = name == "*"
                         ? "it stands for every provider that LiteLLM has a key for; give each its own entry "
                           "(openai/*, anthropic/*)"
                         : "which provider has the model " + quote(name) + " is not known; write PROVIDER/MODEL";
            return false;
        }
    }
    provider_ = litellm_provider(word);
    if (provider_ == nullptr) {
        const std::string_view why = no_litellm_provider(word);
        refuse = "provider " + quote(word) + ": " +
                 (why.empty() ? "not known to this importer; where it speaks OpenAI's API, write openai/... with its "
                                "api_base"
                              : std::string(why));
        return false;
    }
    if (word == "azure_ai" && name.starts_with("claude")) {
        refuse = "Claude at Azure: give a provider api: anthropic and its base_url by hand";
        return false;
    }
    for (const std::string_view series : {"o_series/", "gpt5_series/"}) {
        if (word == "azure" && name.starts_with(series)) name.erase(0, series.size());
    }
    if (word == "fireworks_ai" && name.find_first_of("/#*") == std::string::npos) {
        name.insert(0, "accounts/fireworks/models/");
    }
    if (!is_model_part(name)) {
        refuse = "the model's name is not 1 to 256 visible ASCII characters without ${: " + quote(name);
        return false;
    }
    to.api = provider_->api;
    to.upstream_name = std::move(name);
    to.kind = word == "ollama_chat" ? "ollama" : word == "text-completion-openai" ? "openai" : word;
    to.provider = to.kind;
    params_.carried("model", "upstream_name and provider");
    return true;
}

std::string Entry::reference_to(const std::string& name) {
    context_.variables.insert(name);
    return "${" + name + "}";
}

void Entry::read_key() {
    const std::string fallback(provider_->key);
    const std::optional<std::string> given = params_.scalar("api_key");
    if (!given || given->empty()) {
        if (params_.has("azure_ad_token") || params_.has("client_secret") || params_.has("tenant_id")) {
            refuse = "Weir does not log in to Entra ID: give the resource a key (api_key)";
            return;
        }
        // A server of one's own may well be asked without; a variable that is not set would stop the start.
        if (given) params_.idle("api_key");
        if (!fallback.empty() && !provider_->may_lack_key) to.key = reference_to(fallback);
        return;
    }
    if (given->starts_with("os.environ/")) {
        const std::optional<std::string> name = environment_name(*given);
        if (!name) {
            refuse = "its api_key names no variable that ${NAME} could";
            return;
        }
        to.key = reference_to(*name);
        params_.carried("api_key", "key " + to.key);
        return;
    }
    std::string low = *given;
    std::transform(low.begin(), low.end(), low.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
    if (to.own_address && is_litellm_word(low, {"none", "null", "empty", "dummy", "not-needed", "no-key-required"})) {
        params_.changed("api_key", "stands for no key: none is sent");
        return;
    }
    const std::string name =
        context_.variable_for(*given, fallback.empty() ? upper(to.provider) + "_API_KEY" : fallback);
    to.key = "${" + name + "}";
    params_.changed("api_key", "a key in the file: set " + name + " in Weir's environment to it");
}

void Entry::add_header(const std::string& name, const ConfigNode& value, const std::string& path, int line) {
    const bool token =
        !name.empty() && name.size() <= kMaxHeaderBytes && std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        });
    const std::optional<std::string> text =
        value.kind == ConfigNode::Kind::scalar ? portable_text(value.text, true) : std::nullopt;
    if (!token || !text || to.headers.size() >= kMaxHeaders) {
        tale_.not_carried.push_back({path, line, "not a header that Weir could send"});
        return;
    }
    if (const std::optional<std::string> variable = environment_name(value.text)) {
        context_.text_variables.insert(*variable);
    }
    if (!text->starts_with("${") && is_secret_name(name)) {
        const std::string variable = context_.variable_for(value.text, upper(to.provider) + "_" + upper(name));
        context_.text_variables.insert(variable);
        to.headers.emplace_back(name, "${" + variable + "}");
        tale_.changed.push_back({path, line, "looks like a secret: set " + variable + " in Weir's environment to it"});
        return;
    }
    to.headers.emplace_back(name, *text);
    tale_.carried.push_back({path, line, "headers"});
}

void Entry::read_headers() {
    if (const ConfigNode* const organization = params_.find("organization")) {
        if (organization->kind == ConfigNode::Kind::scalar) {
            add_header("OpenAI-Organization", *organization, params_.path_to("organization"),
                       params_.line_of("organization"));
            params_.told("organization");
        } else {
            params_.left("organization", "several organizations: give each its own entry");
        }
    }
    for (const std::string_view key : {"extra_headers", "headers"}) {
        const ConfigNode* const node = params_.find(key);
        if (node == nullptr) continue;
        if (node->kind != ConfigNode::Kind::map) {
            params_.left(key, "a map (key: value) belongs here");
            continue;
        }
        for (const ConfigNode::Entry& each : node->entries) {
            add_header(each.key, each.value, params_.path_to(key) + "." + each.key, each.line);
        }
        params_.carried(key, "headers");
    }
}

void Entry::read_weights() {
    constexpr std::array<std::string_view, 3> kShares{"weight", "rpm", "tpm"};
    const bool alone = context_.deployments_of[to.name] < 2;
    for (std::size_t i = 0; i < kShares.size(); ++i) {
        const std::optional<std::string> text = params_.scalar(kShares[i]);
        if (!text) continue;
        constexpr int kMillionths = 6;
        const Result<std::int64_t> value = parse_decimal_scaled(*text, kMillionths, ExtraDigits::round);
        const bool share = value && *value >= 0 && !alone && context_.weighted;
        if (share) to.weight[i] = *value;
        if (i == 0) {
            if (share) {
                params_.carried("weight", "weight");
            } else {
                params_.left("weight", alone ? "there is one deployment of this model_name" : "not a share");
            }
        } else if (share) {
            params_.changed(kShares[i], "a share of the calls among the deployments of this name, but no limit");
        } else {
            params_.left(kShares[i],
                         "Weir does not limit a deployment by the minute: a provider's in_flight limits its calls at a "
                         "time, callers' keys have limits of their own");
        }
    }
}

void Entry::read_calls() {
    read_weights();
    if (const std::optional<std::string> order = params_.scalar("order")) {
        const Result<std::int64_t> value = parse_decimal_scaled(*order, 0, ExtraDigits::round);
        if (value) {
            to.order = *value;
            params_.carried("order", "the order of fallbacks");
        } else {
            params_.left("order", "not a number");
        }
    }
    for (const std::string_view key : {"num_retries", "max_retries"}) {
        const std::optional<std::string> text = params_.scalar(key);
        if (!text) continue;
        const std::optional<std::uint64_t> value = parse_whole(*text);
        constexpr std::uint64_t kMostRetries = 10;
        if (!value || *value > kMostRetries || (to.retries && *to.retries != *value)) {
            params_.left(key, to.retries ? "num_retries counts" : "not a number from 0 to 10");
            continue;
        }
        to.retries = *value;
        params_.changed(key, "retries.most of the whole provider");
    }
    if (const std::optional<std::string> text = params_.scalar("max_parallel_requests")) {
        const std::optional<std::uint64_t> value = parse_whole(*text);
        if (value && *value > 0 && *value <= 10'000) {
            to.parallel = *value;
            params_.changed("max_parallel_requests",
                            "in_flight of the whole provider, where all of its deployments say it");
        } else {
            params_.left("max_parallel_requests", "not a number from 1 to 10,000");
        }
    }
    to.drop_unsupported = context_.drop_params;
    if (const std::optional<bool> drop = params_.flag("drop_params")) {
        to.drop_unsupported = *drop;
        params_.carried("drop_params", "drop_unsupported");
    }
    if (const std::optional<std::string> most = params_.scalar("max_tokens")) {
        const std::optional<std::uint64_t> value = parse_whole(*most);
        if (to.api == gateway::ProviderApi::anthropic && value && *value > 0 && *value <= 10'000'000) {
            to.max_output = std::to_string(*value);
            params_.carried("max_tokens", "max_output");
        } else {
            params_.left("max_tokens", std::string(kNotAdded));
        }
    }
    if (params_.has("litellm_credential_name")) params_.carried("litellm_credential_name", "what the credential says");
    for (const std::string_view key : {"timeout", "stream_timeout"}) {
        params_.left(key, "limits are for all providers: limits.first_byte, limits.idle");
    }
    params_.left("cooldown_time", "ejection is for all endpoints alike");
    params_.idle("use_in_pass_through");
    params_.idle("merge_reasoning_content_in_choices");
}

void Entry::finish() {
    prices.finish(tale_, to);
    for (const std::string_view key : {"temperature",
                                       "top_p",
                                       "top_k",
                                       "seed",
                                       "n",
                                       "stop",
                                       "presence_penalty",
                                       "frequency_penalty",
                                       "logit_bias",
                                       "user",
                                       "response_format",
                                       "tools",
                                       "tool_choice",
                                       "thinking",
                                       "reasoning_effort",
                                       "extra_body",
                                       "safety_settings",
                                       "max_completion_tokens",
                                       "stream",
                                       "service_tier",
                                       "metadata",
                                       "verbosity",
                                       "modalities",
                                       "web_search_options",
                                       "parallel_tool_calls",
                                       "num_ctx",
                                       "keep_alive",
                                       "repetition_penalty",
                                       "min_p"}) {
        params_.left(key, std::string(kNotAdded));
    }
    for (const std::string_view key : {"azure_ad_token", "client_id", "client_secret", "tenant_id"}) {
        params_.left(key, "Weir does not log in to Entra ID; the key counts");
    }
    for (const std::string_view key : {"tags", "region_name", "max_budget", "budget_duration"}) {
        params_.left(key, "Weir routes by neither tags, regions nor budgets");
    }
    params_.left("mock_response", "Weir makes up no answers");
    if (provider_->word != "azure" && provider_->word != "azure_ai") params_.idle("api_version");
    params_.finish(std::string(kLitellmUnknown));
}

// litellm_params with what its credential says put in.
ConfigNode with_credential(const ConfigNode& params, const LitellmContext& context) {
    ConfigNode merged = params;
    const auto named = std::find_if(params.entries.begin(), params.entries.end(), [](const ConfigNode::Entry& each) {
        return each.key == "litellm_credential_name" && each.value.kind == ConfigNode::Kind::scalar;
    });
    if (named == params.entries.end()) return merged;
    const auto found = context.credentials.find(named->value.text);
    if (found == context.credentials.end()) return merged;
    for (const ConfigNode::Entry& each : found->second->entries) {
        const bool own = std::any_of(params.entries.begin(), params.entries.end(),
                                     [&each](const ConfigNode::Entry& one) { return one.key == each.key; });
        if (!own) merged.entries.push_back(each);
    }
    return merged;
}

}  // namespace

bool is_secret_name(std::string_view name) {
    std::string low;
    for (const char c : name) low += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    for (const std::string_view part : {"key", "token", "secret", "auth", "cookie", "password", "credential"}) {
        if (low.find(part) != std::string::npos) return true;
    }
    return false;
}

std::string LitellmContext::variable_for(const std::string& secret, const std::string& wanted) {
    const auto known = named_secrets_.find(secret);
    if (known != named_secrets_.end()) return known->second;
    // Always with a number: the plain name may be set already, to another key.
    for (std::size_t number = 1;; ++number) {
        std::string name =
            (wanted.front() >= '0' && wanted.front() <= '9' ? "KEY_" : "") + wanted + "_" + std::to_string(number);
        if (!variables.insert(name).second) continue;
        named_secrets_.emplace(secret, name);
        return name;
    }
}

std::optional<LitellmDeployment> read_litellm_deployment(const ConfigNode& node, const std::string& path,
                                                         LitellmContext& context) {
    LitellmTale tale;
    LitellmSource source(tale, node, path);
    const auto give_up = [&](const std::string& why) {
        context.tale.not_carried.push_back({path, source.line(), why});
        return std::nullopt;
    };
    const std::optional<std::string> name = source.scalar("model_name");
    if (!name || !is_model_part(*name))
        return give_up("model_name is not 1 to 256 visible ASCII characters without ${");
    const ConfigNode* const params = source.find("litellm_params");
    if (params == nullptr || params->kind != ConfigNode::Kind::map) return give_up("litellm_params is no map");
    const ConfigNode merged = with_credential(*params, context);
    Entry entry(merged, path + ".litellm_params", context, tale);
    entry.to.path = path;
    entry.to.line = source.line();
    entry.to.name = *name;
    entry.read();
    if (!entry.refuse.empty()) return give_up(quote(*name) + ": " + entry.refuse);
    source.carried("model_name", "the model's name");
    source.carried("litellm_params", "a provider and a model");
    if (const ConfigNode* const info = source.find("model_info")) {
        read_litellm_info(*info, source.path_to("model_info"), tale, entry.prices, entry.to);
        source.carried("model_info", "price and limit of the model");
    }
    entry.finish();
    source.finish(std::string(kLitellmUnknown));
    const auto append = [](std::vector<LitellmNote>& to, std::vector<LitellmNote>& from) {
        to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
    };
    append(context.tale.carried, tale.carried);
    append(context.tale.changed, tale.changed);
    append(context.tale.not_carried, tale.not_carried);
    append(context.tale.idle, tale.idle);
    return std::move(entry.to);
}

}  // namespace weir::cli
