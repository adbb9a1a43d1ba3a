// Providers and models of the configuration.
#include <algorithm>

#include "base/decimal.h"
#include "cli/config_draft.h"
#include "cli/config_values.h"
#include "tiers/model/endpoints.h"

namespace weir::cli {
namespace {

constexpr Micros kSecond = 1'000'000;
constexpr std::uint64_t kMiB = 1ull << 20;
constexpr std::uint64_t kTiB = 1ull << 40;
constexpr std::size_t kMaxProviders = 256;
constexpr std::size_t kMaxModels = 10'000;
constexpr std::size_t kMaxArguments = 64;
constexpr std::size_t kMaxFallbacks = 8;
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxModelBytes = 256;
// 1,000,000 USD per million tokens, which no model costs.
constexpr std::int64_t kMaxPicosPerToken = 1'000'000'000'000;

constexpr std::size_t kMaxHeaders = 32;
constexpr std::size_t kMaxHeaderBytes = 4096;

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

}  // namespace

void read_headers(Section& section, Reader& reader, std::vector<std::pair<std::string, std::string>>& to) {
    const ConfigNode* const node = section.find("headers");
    if (node == nullptr) return;
    Section headers(reader, *node, section.path_to("headers"));
    for (const ConfigNode::Entry& entry : node->entries) {
        std::string value;
        if (!is_token(entry.key) || entry.key.size() > kMaxNameBytes) {
            reader.error(entry.line, headers.path_to(entry.key) + ": a header's name has letters, digits, - and _");
        } else if (to.size() >= kMaxHeaders) {
            reader.error(entry.line, section.path_to("headers") + ": at most 32 headers");
            break;
        }
        if (!headers.text(entry.key, value)) continue;
        const bool plain = std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
        if (!plain || value.size() > kMaxHeaderBytes) {
            reader.error(entry.line,
                         headers.path_to(entry.key) + " is not a header's value: printable ASCII, at most 4 KiB");
        }
        to.emplace_back(entry.key, std::move(value));
    }
    headers.finish();
}

namespace {

void read_offers(Section& section, Reader& reader, gateway::ProviderOptions& to) {
    const ConfigNode* const node = section.find("offers");
    if (node == nullptr) return;
    for (const std::string& name : reader.texts(*node, section.path_to("offers"), 8)) {
        if (name == "responses") {
            to.offers.push_back(gateway::OfferedApi::responses);
        } else if (name == "messages") {
            to.offers.push_back(gateway::OfferedApi::messages);
        } else if (name == "completions") {
            to.offers.push_back(gateway::OfferedApi::completions);
        } else {
            reader.error(node->line, section.path_to("offers") + ": " + quote(name) +
                                         " is not one of responses, messages, completions");
        }
    }
}

// base_url, where it is given; `name`: what it is called.
void read_base_url(Section& section, Reader& reader, std::string& to, std::string_view name = "base_url") {
    std::string url;
    if (!section.text(name, url)) return;
    Result<BaseUrl> base = parse_base_url(url);
    if (!base) {
        reader.error(
            section.line_of(name),
            section.path_to(name) + " is not a base URL such as https://api.openai.com/v1: " + base.error().message);
    } else {
        to = std::move(base->text);
        if (name == "url" && url.ends_with('/')) to += '/';  // the whole address
    }
}

void read_endpoints(Section& section, Reader& reader, gateway::ProviderOptions& to, std::string_view url) {
    const ConfigNode* const node = section.find("endpoints");
    if (node == nullptr) return;
    const std::string path = section.path_to("endpoints");
    if (node->kind != ConfigNode::Kind::list || node->items.empty()) {
        reader.error(node->line, path + " is a list of { " + std::string(url) + ": ..., key: ..., weight: ... }");
        return;
    }
    if (node->items.size() > tiers::kMaxEndpoints) reader.error(node->line, path + ": at most 32 endpoints");
    for (const ConfigNode& item : node->items) {
        Section one(reader, item, path);
        gateway::EndpointOptions endpoint;
        read_base_url(one, reader, endpoint.base_url, url);
        one.secret("key", endpoint.key);
        one.whole<unsigned>("weight", endpoint.weight, 1, 1000);
        one.finish();
        to.endpoints.push_back(std::move(endpoint));
    }
}

}  // namespace

void read_calls(Section& section, Reader& reader, gateway::ProviderOptions& to, std::string_view url) {
    read_endpoints(section, reader, to, url);
    section.choice<tiers::Balance>(
        "balance", to.balance, {{"least_busy", tiers::Balance::least_busy}, {"weighted", tiers::Balance::weighted}});
    section.whole<std::size_t>("in_flight", to.in_flight, 0, 1'000'000);
    section.whole<std::size_t>("queue", to.queue, 0, 1'000'000);
    section.duration("queue_time", to.queue_micros, 0, 3600 * kSecond);
    if (const ConfigNode* const node = section.find("retries")) {
        Section retries(reader, *node, section.path_to("retries"));
        retries.whole<unsigned>("most", to.retries.most, 0, 10);
        retries.duration("backoff", to.retries.first_micros, 0, 60 * kSecond);
        retries.duration("longest", to.retries.longest_micros, 0, 600 * kSecond);
        retries.share("budget", to.retries.budget, 0, 1);
        retries.flag("executed_too", to.retries.executed_too);
        retries.finish();
    }
    if (const ConfigNode* const node = section.find("ejection")) {
        Section ejection(reader, *node, section.path_to("ejection"));
        ejection.whole<std::uint32_t>("failures", to.ejection.failures, 0, 1000);
        ejection.duration("first", to.ejection.first_micros, kSecond / 10, 3600 * kSecond);
        ejection.duration("longest", to.ejection.longest_micros, kSecond / 10, 24 * 3600 * kSecond);
        ejection.finish();
    }
}

namespace {

std::string default_base_url(gateway::ProviderApi api) {
    switch (api) {
        case gateway::ProviderApi::anthropic:
            return "https://api.anthropic.com/v1";
        case gateway::ProviderApi::gemini:
            return "https://generativelanguage.googleapis.com/v1beta";
        case gateway::ProviderApi::openai:
        case gateway::ProviderApi::llama_server:
            return {};
    }
    return {};
}

// A provider at an address, whatever its API.
void read_remote(Section& section, Reader& reader, Draft& draft, gateway::ProviderOptions& to) {
    constexpr std::string_view kOnlyChild = "is for api: llama-server only";
    for (const std::string_view key : {"model_file", "adapter_file", "program", "embedding", "threads", "context",
                                       "parallel", "memory", "cache_ram", "arguments", "log_file", "start_timeout"}) {
        section.refuse(key, kOnlyChild);
    }
    to.base_url = default_base_url(to.api);
    if (to.base_url.empty()) section.require("base_url");
    read_base_url(section, reader, to.base_url);
    section.secret("key", to.key);
    if (section.text("key_header", to.key_header) && !is_token(to.key_header)) {
        section.wrong("key_header", "is not a header's name");
    }
    if (section.text("query", to.query) &&
        to.query.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%=&+") !=
            std::string::npos) {
        section.wrong("query", "is not the query of a URL (without its '?')");
    }
    section.flag("drop_unsupported", to.drop_unsupported);
    section.flag("pass_through", to.pass_through);
    if (to.api == gateway::ProviderApi::openai) {
        read_offers(section, reader, to);
    } else {
        section.refuse("offers", "is for api: openai only");
    }
    read_headers(section, reader, to.headers);
    read_calls(section, reader, to, "base_url");
    read_authorities(section, draft, to.tls_ca_file);
}

void read_llama_server(Section& section, Reader& reader, Draft& draft, gateway::ProviderOptions& to) {
    for (const std::string_view key : {"base_url", "key", "key_header", "query", "headers", "offers",
                                       "drop_unsupported", "pass_through", "endpoints", "tls_ca_file"}) {
        section.refuse(key, "is for providers at an address; Weir talks to the child that it starts by itself");
    }
    local::LlamaServerOptions child;
    child.name = to.name;
    section.require("model_file");
    read_file_path(section, "model_file", draft, child.model_file);
    read_file_path(section, "adapter_file", draft, child.adapter_file);
    section.text("program", child.program);
    section.flag("embedding", child.embedding);
    if (!child.adapter_file.empty()) {
        if (child.embedding) section.wrong("adapter_file", "is for a model that answers, not for one that embeds");
        draft.adapters.push_back(
            {section.line_of("adapter_file"), section.path_to("adapter_file"), child.model_file, child.adapter_file});
    }
    section.whole<unsigned>("threads", child.threads, 0, 1024);
    section.whole<unsigned>("context", child.context_tokens, 256, 1u << 20);
    section.whole<unsigned>("parallel", child.parallel, 1, 64);
    section.size("memory", child.memory_bytes, 0, kTiB);
    if (child.memory_bytes != 0 && child.memory_bytes < 64 * kMiB) {
        reader.error(section.line_of("memory"), section.path_to("memory") +
                                                    ": less than 64MiB holds no model; 0 is no "
                                                    "limit");
    }
    std::uint64_t cache_ram = child.cache_ram_mib * kMiB;
    section.size("cache_ram", cache_ram, 0, kTiB);
    if (cache_ram % kMiB != 0) {
        reader.error(section.line_of("cache_ram"), section.path_to("cache_ram") + " is not a whole number of MiB");
    }
    child.cache_ram_mib = static_cast<unsigned>(cache_ram / kMiB);
    if (const ConfigNode* const arguments = section.find("arguments")) {
        child.extra_arguments = reader.texts(*arguments, section.path_to("arguments"), kMaxArguments);
    }
    section.text("log_file", child.log_file);
    section.duration("start_timeout", child.start_timeout_micros, kSecond, 3600 * kSecond);
    to.child = std::move(child);
}

void read_provider(const ConfigNode::Entry& entry, Reader& reader, Draft& draft) {
    if (!is_plain_name(entry.key)) {
        reader.error(entry.line,
                     "a provider's name has 1 to 64 of the characters a-z 0-9 - _ . , unlike " + quote(entry.key));
        return;
    }
    gateway::ProviderOptions to;
    to.name = entry.key;
    to.line = entry.line;
    Section section(reader, entry.value, "providers." + entry.key);
    section.require("api");
    const bool known_api = section.choice<gateway::ProviderApi>("api", to.api,
                                                                {{"openai", gateway::ProviderApi::openai},
                                                                 {"anthropic", gateway::ProviderApi::anthropic},
                                                                 {"gemini", gateway::ProviderApi::gemini},
                                                                 {"llama-server", gateway::ProviderApi::llama_server}});
    if (known_api) {
        section.flag("usage_in_streams", to.usage_in_streams);
        section.flag("may_distil", to.may_distil);
        if (to.api == gateway::ProviderApi::llama_server) {
            read_llama_server(section, reader, draft, to);
        } else {
            read_remote(section, reader, draft, to);
        }
        section.finish();  // which keys are allowed depends on the api
    }
    draft.options.providers.emplace(to.name, std::move(to));
}

// USD per million tokens, as decimal text, is pico-dollars a token with six more digits; per thousand pieces,
// pico-dollars a piece with nine.
constexpr int kPerMillion = 6;
constexpr int kPerThousand = 9;

void read_price_part(Section& section, Reader& reader, std::string_view key, std::optional<PicoUsdPerToken>& to,
                     int scale = kPerMillion) {
    const ConfigNode* const node = section.find(key);
    if (node == nullptr) return;
    const std::optional<std::string> text = reader.text(*node, section.path_to(key));
    if (!text) return;
    const Result<std::int64_t> picos = parse_decimal_scaled(*text, scale);
    if (!picos) {
        reader.error(node->line, section.path_to(key) + ": " + quote(node->text) + " is not a price in USD per " +
                                     (scale == kPerMillion ? "million tokens: " : "thousand: ") +
                                     picos.error().message);
    } else if (*picos < 0 || *picos > kMaxPicosPerToken) {
        reader.error(node->line,
                     section.path_to(key) + (scale == kPerMillion ? ": a price is 0 to 1000000 USD per million tokens"
                                                                  : ": a price is 0 to 1000 USD per thousand"));
    } else {
        to = PicoUsdPerToken{*picos};
    }
}

void read_rates(Section& section, Reader& reader, prices::TokenRates& rates) {
    section.require("input");
    read_price_part(section, reader, "input", rates.input);
    section.require("output");
    read_price_part(section, reader, "output", rates.output);
    read_price_part(section, reader, "cached_input", rates.input_cached);
    read_price_part(section, reader, "cache_write", rates.input_cache_write);
    read_price_part(section, reader, "cache_write_1h", rates.input_cache_write_1h);
}

// What a prompt costs that is longer than so many tokens.
void read_above(const ConfigNode& node, Reader& reader, const std::string& path, prices::PriceMore& more) {
    constexpr std::uint64_t kMostTokens = 100'000'000;
    Section section(reader, node, path);
    std::uint64_t tokens = 0;
    section.require("tokens");
    section.whole<std::uint64_t>("tokens", tokens, 1, kMostTokens);
    prices::RateVariant variant;
    read_rates(section, reader, variant.rates);
    section.finish();
    variant.least_prompt = static_cast<Tokens>(tokens) + 1;
    if (tokens > 0 && variant.rates.input && variant.rates.output) more.variants.push_back(variant);
}

void read_price(const ConfigNode& node, Reader& reader, const std::string& path, gateway::ModelOptions& to) {
    Section section(reader, node, path);
    prices::TokenRates rates;
    prices::PriceMore more;
    read_rates(section, reader, rates);
    if (const ConfigNode* const above = section.find("above")) read_above(*above, reader, path + ".above", more);
    std::optional<PicoUsdPerToken> search;
    read_price_part(section, reader, "web_search", search, kPerThousand);
    section.finish();
    if (!rates.input || !rates.output) return;
    prices::Price price;
    price.input = *rates.input;
    price.output = *rates.output;
    price.input_cached = rates.input_cached;
    price.input_cache_write = rates.input_cache_write;
    more.rare.input_cache_write_1h = rates.input_cache_write_1h;
    more.web_search.fill(search);
    more.every_tier = true;  // who names a price means it, whatever tier the provider calls it
    price.more = std::make_shared<const prices::PriceMore>(std::move(more));
    price.source = "configuration";
    to.price = std::move(price);
}

void read_model(const ConfigNode::Entry& entry, Reader& reader, Draft& draft) {
    const std::optional<ModelName> name = parse_model_name(entry.key);
    if (!name) {
        reader.error(entry.line,
                     "a model is named provider/model, such as openai/gpt-4o-mini, unlike " + quote(entry.key));
        return;
    }
    gateway::ModelOptions to;
    to.provider = name->provider;
    to.name = name->model;
    to.upstream_name = name->model;
    to.line = entry.line;
    if (entry.value.kind != ConfigNode::Kind::null) {  // `openai/gpt-4o:` with nothing behind it is {}
        const std::string path = "models." + entry.key;
        Section section(reader, entry.value, path);
        if (const ConfigNode* const price = section.find("price")) read_price(*price, reader, path + ".price", to);
        Micros latency = -1;
        section.duration("latency", latency, 0, 3600 * kSecond);
        if (latency >= 0) to.latency_micros = latency;
        std::uint64_t max_output = 0;
        section.whole<std::uint64_t>("max_output", max_output, 1, 10'000'000);
        if (max_output > 0) to.max_output = static_cast<Tokens>(max_output);
        section.text("upstream_name", to.upstream_name);
        if (const ConfigNode* const fallbacks = section.find("fallbacks")) {
            to.fallbacks = reader.texts(*fallbacks, path + ".fallbacks", kMaxFallbacks);
        }
        section.finish();
    }
    draft.options.models.push_back(std::move(to));
}

}  // namespace

bool is_plain_name(std::string_view name) {
    return !name.empty() && name.size() <= kMaxNameBytes && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    });
}

std::optional<ModelName> parse_model_name(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const std::string_view model = text.substr(slash + 1);
    if (!is_plain_name(text.substr(0, slash)) || model.empty() || model.size() > kMaxModelBytes) return std::nullopt;
    if (!std::all_of(model.begin(), model.end(), [](char c) { return c > 0x20 && c < 0x7F; })) return std::nullopt;
    return ModelName{std::string(text.substr(0, slash)), std::string(model)};
}

void read_providers(Section& top, Reader& reader, Draft& draft) {
    // Who only asks models that are no chat needs none.
    const ConfigNode* const node = top.has("inference") ? top.find("providers") : top.require("providers");
    if (node == nullptr) return;
    if (node->kind != ConfigNode::Kind::map || node->entries.empty()) {
        reader.error(node->line,
                     "providers is a map with at least one NAME: { api: openai, base_url: ... } or "
                     "NAME: { api: llama-server, model_file: ... }");
        return;
    }
    if (node->entries.size() > kMaxProviders) {
        reader.error(node->line, "more than 256 providers");
        return;
    }
    for (const ConfigNode::Entry& entry : node->entries) read_provider(entry, reader, draft);
}

void read_models(Section& top, Reader& reader, Draft& draft) {
    const ConfigNode* const node = top.find("models");
    if (node == nullptr) return;
    if (node->kind != ConfigNode::Kind::map) {
        reader.error(node->line, "models is a map of provider/model: { price: ..., latency: ..., upstream_name: ... }");
        return;
    }
    if (node->entries.size() > kMaxModels) {
        reader.error(node->line, "more than 10,000 models");
        return;
    }
    for (const ConfigNode::Entry& entry : node->entries) read_model(entry, reader, draft);
}

}  // namespace weir::cli
