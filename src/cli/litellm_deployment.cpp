#include "cli/litellm_deployment.h"

#include <algorithm>
#include <array>

#include "base/decimal.h"
#include "cli/config_draft.h"
#include "cli/config_values.h"
#include "cli/litellm_providers.h"
#include "prices/price_table.h"

namespace weir::cli {
namespace {

constexpr std::size_t kMaxNameBytes = 256;
constexpr std::size_t kMaxHeaders = 32;
constexpr std::size_t kMaxHeaderBytes = 64;

constexpr std::string_view kNotAdded =
    "Weir adds no parameters to requests; callers have to send it (what they send goes up as it is)";
constexpr std::string_view kUnknown = "not known to this importer";

bool is_model_part(std::string_view name) {
    return !name.empty() && name.size() <= kMaxNameBytes &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7F; }) &&
           name.find("${") == std::string_view::npos;
}

bool is_url_part(std::string_view text) {
    return !text.empty() &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~") ==
               std::string_view::npos;
}

std::string upper(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool word = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : word ? c : '_';
    }
    return out;
}

std::string without_slashes(std::string text) {
    while (text.ends_with('/')) text.pop_back();
    return text;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// Reads one entry. `refuse` is set once the whole entry can't be carried over.
class Entry {
  public:
    Entry(const ConfigNode& params, std::string path, LitellmContext& context, LitellmTale& tale)
        : context_(context), tale_(tale), params_(tale, params, std::move(path)) {}

    std::string refuse;
    LitellmDeployment to;

    void read() {
        if (!read_provider()) return;
        read_address();
        if (!refuse.empty()) return;
        read_key();
        if (!refuse.empty()) return;
        read_headers();
        read_calls();
        read_prices(params_);
    }

    void read_info(const ConfigNode& node, const std::string& path);
    void finish();

  private:
    bool read_provider();
    void read_address();
    void read_azure_address(std::string base, bool from_environment);
    void read_key();
    std::string reference_to(const std::string& name);
    void read_headers();
    void add_header(const std::string& name, const ConfigNode& value, const std::string& path, int line);
    void read_calls();
    void read_weights();
    void read_prices(LitellmSource& source);
    void take_base_model(const std::string& base_model);

    LitellmContext& context_;
    LitellmTale& tale_;
    LitellmSource params_;
    const LitellmProvider* provider_ = nullptr;
    bool own_address_ = false;  // api_base is given
    LitellmPrice price_;
    bool embeds_ = false;
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

void Entry::read_address() {
    const std::string_view key = params_.find("api_base") != nullptr ? "api_base" : "base_url";
    const std::optional<std::string> given = params_.scalar(key);
    own_address_ = given.has_value();
    if (key == "api_base" && params_.has("base_url")) params_.left("base_url", "api_base counts");
    if (!given) {
        const bool azure = provider_->word == "azure" || provider_->word == "azure_ai";
        if (provider_->base_url.empty() && !azure) {
            refuse = "it has no api_base";
            return;
        }
        to.base_url = provider_->base_url;
        if (azure) {
            const std::string variable = provider_->word == "azure" ? "AZURE_API_BASE" : "AZURE_AI_API_BASE";
            context_.url_variables.insert(variable);
            read_azure_address("${" + variable + "}", true);
        }
        return;
    }
    const std::optional<std::string> variable = environment_name(*given);
    std::string base = variable ? "${" + *variable + "}" : without_slashes(*given);
    for (const std::string_view behind : {"/chat/completions", "/v1/messages"}) {
        if (base.ends_with(behind)) base = base.substr(0, base.size() - behind.size());
    }
    if (!variable && (!portable_text(base, false) || !parse_base_url(base))) {
        refuse = "its api_base is no plain http:// or https:// address (no user, query or fragment)";
        return;
    }
    if (variable) context_.url_variables.insert(*variable);
    if (provider_->word == "azure" || provider_->word == "azure_ai") {
        read_azure_address(base, variable.has_value());
    } else if (!provider_->behind.empty() && !base.ends_with(provider_->behind)) {
        to.base_url = base + std::string(provider_->behind);
    } else {
        to.base_url = base;
    }
    if (variable && to.base_url != base) {
        params_.changed(key, "base_url " + to.base_url + ": " + *variable + " must not end in a slash or in " +
                                 to.base_url.substr(base.size()));
    } else {
        params_.carried(key, "base_url");
    }
    if (to.provider == "openai" || is_one_of(provider_->word, {"openai_like", "custom_openai", "litellm_proxy"})) {
        if (to.base_url == "https://api.openai.com/v1") return;
        const Result<BaseUrl> url = variable ? fail(ErrorCode::invalid, "") : parse_base_url(base);
        std::string name = url ? url->host : "openai-compatible";
        for (char& c : name) {
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
            if (c == ':') c = '-';
        }
        constexpr std::size_t kMaxProviderBytes = 56;  // leaves place for a number behind it
        to.provider = is_plain_name(name) ? name.substr(0, kMaxProviderBytes) : "openai-compatible";
    }
    if (to.provider == "ollama") {
        tale_.changed.push_back({params_.path_to(key), params_.line_of(key),
                                 "Weir asks Ollama by its OpenAI-compatible API, LiteLLM by its own"});
    }
}

void Entry::read_azure_address(std::string base, bool from_environment) {
    const std::optional<std::string> version = params_.scalar("api_version");
    const std::optional<std::string> variable = version ? environment_name(*version) : std::nullopt;
    std::string query;
    if (version && !variable && !is_url_part(*version)) {
        refuse = "its api_version is none: " + quote(*version);
        return;
    }
    if (variable) context_.text_variables.insert(*variable);
    if (provider_->word == "azure_ai") {
        if (base.find("services.ai.azure.com") == std::string::npos) {
            to.base_url = base.ends_with("/v1") ? base : base + "/v1";
            if (version) params_.idle("api_version");
            return;
        }
        to.base_url = base.ends_with("/models") ? base : base + "/models";
        to.query = "api-version=" + (variable ? "${" + *variable + "}" : version.value_or("2024-05-01-preview"));
        to.key_header = "api-key";
        if (version) params_.carried("api_version", "query");
        return;
    }
    to.key_header = "api-key";
    const bool newest = version && is_one_of(*version, {"v1", "latest", "preview"});
    if (newest || base.ends_with("/openai/v1")) {
        to.base_url = base.ends_with("/openai/v1") ? base : base + "/openai/v1";
        if (version && *version == "preview") to.query = "api-version=preview";
        if (version) params_.carried("api_version", "base_url");
        return;
    }
    if (base.ends_with("/openai")) base = base.substr(0, base.size() - 7);
    to.query = "api-version=";
    if (!version) {
        // LiteLLM's own default.
        to.query += "${AZURE_API_VERSION:-2025-02-01-preview}";
        context_.text_variables.insert("AZURE_API_VERSION");
    } else {
        to.query += variable ? "${" + *variable + "}" : *version;
        params_.carried("api_version", "query");
    }
    to.name_in_url = true;
    if (!from_environment && base.find("/openai/deployments/") != std::string::npos) {
        to.base_url = base;
    } else if (!is_url_part(to.upstream_name)) {
        refuse = "the name of Azure's deployment can't stand in an address: " + quote(to.upstream_name);
    } else {
        to.base_url = base + "/openai/deployments/" + to.upstream_name;
    }
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
    if (own_address_ && is_one_of(low, {"none", "null", "empty", "dummy", "not-needed", "no-key-required"})) {
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

void Entry::read_prices(LitellmSource& source) {
    const std::array<std::pair<std::string_view, std::string*>, 4> parts{{
        {"input_cost_per_token", &price_.input},
        {"output_cost_per_token", &price_.output},
        {"cache_read_input_token_cost", &price_.cached_input},
        {"cache_creation_input_token_cost", &price_.cache_write},
    }};
    for (const auto& [key, part] : parts) {
        const std::optional<std::string> text = source.scalar(key);
        if (!text) continue;
        const std::optional<std::string> price = price_text(*text);
        if (!part->empty()) {
            source.idle(key);  // litellm_params' counts
        } else if (price) {
            *part = *price;
            source.carried(key, "price");
        } else {
            source.left(key, "not a price of at most 1 USD per token with at most 12 decimal places");
        }
    }
}

void Entry::take_base_model(const std::string& base_model) {
    static const prices::PriceTable table = prices::PriceTable::built_in();
    if (table.find(to.provider, to.upstream_name) != nullptr) return;
    const std::size_t slash = base_model.find('/');
    const prices::Price* price = table.find(to.provider, base_model);
    if (price == nullptr && slash != std::string::npos) {
        price = table.find(base_model.substr(0, slash), base_model.substr(slash + 1));
    }
    if (price == nullptr) return;
    LitellmPrice found{price_text(price->input.picos), price_text(price->output.picos), {}, {}};
    if (price->input_cached) found.cached_input = price_text(price->input_cached->picos);
    if (price->input_cache_write) found.cache_write = price_text(price->input_cache_write->picos);
    to.price = std::move(found);
    to.price_note = portable_text(base_model, false) ? "as of " + base_model : "as of its base_model";
}

void Entry::read_info(const ConfigNode& node, const std::string& path) {
    LitellmSource info(tale_, node, path);
    if (const std::optional<std::string> mode = info.scalar("mode")) {
        embeds_ = *mode == "embedding";
        if (is_one_of(*mode, {"chat", "completion", "embedding", "responses"})) {
            info.idle("mode");
        } else {
            info.left("mode",
                      "Weir serves chat, completions, responses and embeddings; other paths go to the provider as they "
                      "are, with the model's name as the caller has it");
        }
    }
    read_prices(info);
    if (const std::optional<std::string> base = info.scalar("base_model")) {
        take_base_model(*base);
        if (to.price) {
            info.changed("base_model", "its price as it is known today is written down");
        } else {
            info.idle("base_model");
        }
    }
    for (const std::string_view key : {"max_output_tokens", "max_tokens"}) {
        const std::optional<std::string> most = info.scalar(key);
        if (!most) continue;
        const std::optional<std::uint64_t> value = parse_whole(*most);
        if (to.api == gateway::ProviderApi::anthropic && to.max_output.empty() && value && *value > 0 &&
            *value <= 10'000'000) {
            to.max_output = std::to_string(*value);
            info.carried(key, "max_output");
        } else {
            info.idle(key);
        }
    }
    info.left("access_groups", "callers' keys name the models they may use");
    info.left("team_id", "Weir's models belong to no team");
    for (const ConfigNode::Entry& each : node.entries) {
        if (each.key.find("cost_per_") != std::string::npos || each.key.ends_with("_cost")) continue;
        const bool told =
            is_one_of(each.key, {"mode", "base_model", "max_output_tokens", "max_tokens", "access_groups", "team_id"});
        if (!told) info.idle(each.key);  // free words about the model
    }
    info.finish("Weir has one price for each class of tokens: input, output, cached_input, cache_write");
}

void Entry::finish() {
    if (!price_.input.empty() && price_.output.empty() && embeds_) price_.output = "0";
    if (!price_.input.empty() && !price_.output.empty()) {
        to.price = price_;
        to.price_note.clear();
    } else if (!price_.input.empty() || !price_.output.empty()) {
        const auto is_price = [](const LitellmNote& note) { return note.why == "price"; };
        for (const LitellmNote& note : tale_.carried) {
            if (!is_price(note)) continue;
            tale_.not_carried.push_back(
                {note.path, note.line, "a price takes both input_cost_per_token and output_cost_per_token"});
        }
        std::erase_if(tale_.carried, is_price);
    }
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
    params_.finish(std::string(kUnknown));
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
        entry.read_info(*info, source.path_to("model_info"));
        source.carried("model_info", "price and limit of the model");
    }
    entry.finish();
    source.finish(std::string(kUnknown));
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
