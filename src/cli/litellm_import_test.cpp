#include "cli/litellm_import.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "cli/litellm_testing.h"
#include "gateway/model_directory.h"

using namespace weir;
using namespace weir::cli;

namespace {

// Imports, and checks what holds for every file.
LitellmImport imported(const std::string& text) {
    const auto made = import_litellm(text, "config.yaml");
    if (!made) {
        for (const Diagnostic& each : made.error()) MESSAGE(to_string(each));
    }
    REQUIRE(made.has_value());
    std::vector<Diagnostic> errors;
    std::optional<ConfigNode> root = parse_yaml(text, "f", errors);
    REQUIRE(root.has_value());
    REQUIRE(!merge_yaml_keys(*root).has_value());
    CHECK(cli::testing::not_spoken_of(*root, made->tale) == "");
    if (made->yaml.empty()) return *made;
    const LoadResult loaded = load_config_text(made->yaml, "weir.yaml", made->check_settings);
    if (!loaded) {
        for (const Diagnostic& each : loaded.error()) MESSAGE(to_string(each));
        MESSAGE(made->yaml);
    }
    CHECK(loaded.has_value());
    CHECK(import_litellm(text, "config.yaml")->yaml == made->yaml);
    return *made;
}

// What stands from `providers:` on.
std::string body(const LitellmImport& made) {
    const std::size_t at = made.yaml.find("providers:");
    return at == std::string::npos ? made.yaml : made.yaml.substr(at);
}

bool has(const LitellmImport& made, const std::string& text) {
    const bool found = made.yaml.find(text) != std::string::npos;
    if (!found) MESSAGE("no " << text << " in\n" << made.yaml);
    return found;
}

std::vector<std::string> lines(const std::vector<LitellmNote>& notes) {
    std::vector<std::string> out;
    for (const LitellmNote& each : notes) out.push_back(std::to_string(each.line) + " " + each.path);
    return out;
}
std::string why(const std::vector<LitellmNote>& notes, const std::string& path) {
    const auto found =
        std::find_if(notes.begin(), notes.end(), [&path](const LitellmNote& each) { return each.path == path; });
    return found == notes.end() ? "nothing is said" : found->why;
}
using Lines = std::vector<std::string>;

// Where a request for the model would go: "provider upstream_name > fallbacks".
std::string route(const LitellmImport& made, const std::string& model) {
    const LoadResult loaded = load_config_text(made.yaml, "weir.yaml", made.check_settings);
    REQUIRE(loaded.has_value());
    const auto directory = gateway::ModelDirectory::build(loaded->options);
    REQUIRE(directory.has_value());
    const cascade::CascadeOptions* const cascade = gateway::cascade_for(loaded->options.cascades, model);
    const auto found = directory->resolve(model, cascade == nullptr ? "" : cascade->reference_provider);
    if (!found) return "nowhere";
    std::string out = found->provider + " " + found->upstream_name;
    for (const gateway::ModelRoute& each : found->fallbacks) out += " > " + each.provider + " " + each.upstream_name;
    return out;
}

std::string entry(const std::string& name, const std::string& params) {
    return "  - model_name: " + name + "\n    litellm_params: { " + params + " }\n";
}

}  // namespace

TEST_CASE("one model of one provider") {
    const LitellmImport made = imported(R"(model_list:
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      api_key: os.environ/OPENAI_API_KEY
)");
    CHECK(made.yaml ==
          R"(# From "config.yaml" by `weir import litellm`, which also lists what could not be carried over.
# Then: weir check, weir serve. LiteLLM's proxy listens on port 4000 of all addresses; this does not:
listen: 127.0.0.1:8080
admin: 127.0.0.1:8081
# Set in the environment: OPENAI_API_KEY

providers:
  openai:
    api: openai
    base_url: https://api.openai.com/v1
    key: ${OPENAI_API_KEY}
    offers: [responses]

# A model is found by its full name and by what stands behind the provider's.
models:
  openai/gpt-4o: {}  # line 2

# Nothing is answered from a cache until mode says serve: this tells what it would save.
cascades:
  default:
    match: { model: ["*"] }
    tiers: [exact]
    mode: observe
)");
    CHECK(made.tale.changed.empty());
    CHECK(made.tale.not_carried.empty());
    CHECK(route(made, "gpt-4o") == "openai gpt-4o");
}

TEST_CASE("aliases, several providers, names with slashes") {
    const LitellmImport made = imported(R"(model_list:
  - model_name: fast
    litellm_params: { model: groq/llama-3.3-70b-versatile, api_key: os.environ/GROQ_API_KEY }
  - model_name: smart
    litellm_params: { model: anthropic/claude-sonnet-4-5, api_key: os.environ/ANTHROPIC_API_KEY, max_tokens: 8000 }
  - model_name: team/flash
    litellm_params: { model: gemini/gemini-2.5-flash }
  - model_name: openai/gpt-4o
    litellm_params: { model: openai/gpt-4o }
  - model_name: deepseek/chat
    litellm_params: { model: openrouter/deepseek/deepseek-chat, api_key: os.environ/OPENROUTER_API_KEY }
  - model_name: accounts
    litellm_params: { model: fireworks_ai/qwen3-8b }
)");
    CHECK(body(made) == R"(providers:
  groq:
    api: openai
    base_url: https://api.groq.com/openai/v1
    key: ${GROQ_API_KEY}
  anthropic:
    api: anthropic
    base_url: https://api.anthropic.com/v1
    key: ${ANTHROPIC_API_KEY}
  gemini:
    api: gemini
    base_url: https://generativelanguage.googleapis.com/v1beta
    key: ${GEMINI_API_KEY}
  openai:
    api: openai
    base_url: https://api.openai.com/v1
    key: ${OPENAI_API_KEY}
    offers: [responses]
  openrouter:
    api: openai
    base_url: https://openrouter.ai/api/v1
    key: ${OPENROUTER_API_KEY}
  fireworks_ai:
    api: openai
    base_url: https://api.fireworks.ai/inference/v1
    key: ${FIREWORKS_API_KEY}

# A model is found by its full name and by what stands behind the provider's.
models:
  groq/fast:  # line 2
    upstream_name: llama-3.3-70b-versatile
  anthropic/smart:  # line 4
    upstream_name: claude-sonnet-4-5
    max_output: 8000
  gemini/team/flash:  # line 6
    upstream_name: gemini-2.5-flash
  openrouter/deepseek/chat:  # line 10
    upstream_name: deepseek/deepseek-chat
  fireworks_ai/accounts:  # line 12
    upstream_name: accounts/fireworks/models/qwen3-8b
  openai/gpt-4o: {}  # line 8

# Nothing is answered from a cache until mode says serve: this tells what it would save.
cascades:
  default:
    match: { model: ["*"] }
    tiers: [exact]
    mode: observe
)");
    CHECK(route(made, "fast") == "groq llama-3.3-70b-versatile");
    CHECK(route(made, "smart") == "anthropic claude-sonnet-4-5");
    CHECK(route(made, "team/flash") == "gemini gemini-2.5-flash");
    CHECK(route(made, "openai/gpt-4o") == "openai gpt-4o");
    CHECK(route(made, "deepseek/chat") == "openrouter deepseek/deepseek-chat");
    CHECK(made.tale.not_carried.empty());
}

TEST_CASE("balancing: endpoints by weight, rpm or tpm; other providers and orders are fallbacks") {
    const LitellmImport made = imported(R"(model_list:
  - model_name: gpt-4o
    litellm_params:
      model: azure/gpt-4o-eu
      api_base: https://acme-eu.openai.azure.com/
      api_key: os.environ/AZURE_KEY_EU
      api_version: "2024-10-21"
      rpm: 600
    model_info: { base_model: azure/gpt-4o, mode: chat, id: eu }
  - model_name: gpt-4o
    litellm_params:
      model: azure/gpt-4o-us
      api_base: https://acme-us.openai.azure.com
      api_key: os.environ/AZURE_KEY_US
      api_version: "2024-10-21"
      rpm: 1800
    model_info: { base_model: azure/gpt-4o }
  - model_name: gpt-4o
    litellm_params: { model: openai/gpt-4o, api_key: os.environ/OPENAI_API_KEY, organization: org-1 }
  - model_name: small
    litellm_params: { model: openai/gpt-4o-mini, api_key: os.environ/KEY_A, weight: 1 }
  - model_name: small
    litellm_params: { model: openai/gpt-4o-mini, api_key: os.environ/KEY_B, weight: 2.5 }
  - model_name: small
    litellm_params: { model: openai/gpt-4o-mini, api_key: os.environ/KEY_C, order: 2 }
)");
    CHECK(body(made) == R"(providers:
  azure:
    api: openai
    base_url: https://acme-eu.openai.azure.com/openai/deployments/gpt-4o-eu
    endpoints:
      - { key: ${AZURE_KEY_EU}, weight: 1 }
      - { base_url: https://acme-us.openai.azure.com/openai/deployments/gpt-4o-us, key: ${AZURE_KEY_US}, weight: 3 }
    balance: weighted
    key_header: api-key
    query: api-version=2024-10-21
  openai:
    api: openai
    base_url: https://api.openai.com/v1
    key: ${OPENAI_API_KEY}
    offers: [responses]
    headers:
      OpenAI-Organization: org-1
  openai-2:
    api: openai
    base_url: https://api.openai.com/v1
    endpoints:
      - { key: ${KEY_A}, weight: 2 }
      - { key: ${KEY_B}, weight: 5 }
    balance: weighted
    offers: [responses]
  openai-3:
    api: openai
    base_url: https://api.openai.com/v1
    key: ${KEY_C}
    offers: [responses]

# A model is found by its full name and by what stands behind the provider's.
models:
  azure/gpt-4o:  # line 2; price as of azure/gpt-4o
    upstream_name: gpt-4o-eu
    price: { input: 2.5, output: 10, cached_input: 1.25 }
    fallbacks: [openai/gpt-4o]
  openai-2/small:  # line 20
    upstream_name: gpt-4o-mini
    fallbacks: [openai-3/small]
  openai/gpt-4o: {}  # line 18
  openai-3/small:  # line 24
    upstream_name: gpt-4o-mini

# Nothing is answered from a cache until mode says serve: this tells what it would save.
cascades:
  default:
    match: { model: ["*"] }
    tiers: [exact]
    mode: observe
)");
    CHECK(route(made, "gpt-4o") == "azure gpt-4o-eu > openai gpt-4o");
    CHECK(route(made, "small") == "openai-2 gpt-4o-mini > openai-3 gpt-4o-mini");
    CHECK(lines(made.tale.changed) ==
          Lines{"8 model_list[0].litellm_params.rpm", "9 model_list[0].model_info.base_model",
                "16 model_list[1].litellm_params.rpm", "17 model_list[1].model_info.base_model", "18 model_list[2]"});
    CHECK(made.tale.not_carried.empty());
}

TEST_CASE("shares: thousandths at the finest, and those of 0 are not asked") {
    const auto endpoints = [](const std::string& a, const std::string& b, const std::string& c) {
        const LitellmImport made = imported("model_list:\n" + entry("m", "model: openai/x, api_key: os.environ/A" + a) +
                                            entry("m", "model: openai/x, api_key: os.environ/B" + b) +
                                            entry("m", "model: openai/x, api_key: os.environ/C" + c));
        std::string shares;
        for (std::size_t at = made.yaml.find("weight: "); at != std::string::npos;
             at = made.yaml.find("weight: ", at + 1)) {
            shares += made.yaml.substr(at + 8, made.yaml.find(' ', at + 8) - at - 8) + " ";
        }
        return shares + std::to_string(made.tale.not_carried.size());
    };
    CHECK(endpoints("", "", "") == "1 1 1 0");
    CHECK(endpoints(", weight: 0.2", ", weight: 0.3", ", weight: 0.5") == "2 3 5 0");
    CHECK(endpoints(", rpm: 1", ", rpm: 100000", ", rpm: 50000") == "1 1000 500 0");
    CHECK(endpoints(", weight: 3", ", weight: 0", "") == "2");
    CHECK(endpoints(", tpm: 10", ", rpm: 20", ", rpm: 10") == "2 1 1");
    CHECK(endpoints(", weight: 0", ", weight: 0", ", weight: 0") == "1 1 1 0");
}

TEST_CASE("settings: retries, cooldown, timeouts, fallbacks, aliases, cache, master key") {
    const LitellmImport made = imported(R"(model_list:
  - model_name: gpt-4o
    litellm_params: { model: gpt-4o, api_key: sk-literal-one }
  - model_name: claude
    litellm_params: { model: claude-sonnet-4-5, api_key: sk-literal-two }
  - model_name: mini
    litellm_params: { model: gpt-4o-mini, api_key: sk-literal-one, num_retries: 1 }
router_settings:
  routing_strategy: latency-based-routing
  num_retries: 3
  retry_after: 0.5
  model_group_alias: { gpt-4: gpt-4o, hidden: { model: claude, hidden: true }, lost: nobody }
  fallbacks: [{ gpt-4o: [claude, mini] }, { nobody: [claude] }]
  redis_host: cache.internal
litellm_settings:
  drop_params: true
  num_retries: 9
  allowed_fails: 3
  cooldown_time: 30
  request_timeout: 90
  default_fallbacks: [mini]
  context_window_fallbacks: [{ mini: [gpt-4o] }]
  cache: true
  cache_params: { type: redis-semantic, ttl: 3600, similarity_threshold: 0.8, host: cache.internal, password: hush }
  success_callback: [langfuse]
  set_verbose: true
general_settings:
  master_key: sk-master-literal
  global_max_parallel_requests: 50
  database_url: postgresql://user:hush@db/litellm
environment_variables:
  LANGFUSE_SECRET_KEY: sk-lf-literal
)");
    CHECK(made.yaml.substr(made.yaml.find("limits")) == R"(limits: { first_byte: 90s }
# Set in the environment: ANTHROPIC_API_KEY_1 LITELLM_MASTER_KEY OPENAI_API_KEY_1

providers:
  openai:
    api: openai
    base_url: https://api.openai.com/v1
    key: ${OPENAI_API_KEY_1}
    offers: [responses]
    drop_unsupported: true
    retries: { most: 1, backoff: 500ms }
    ejection: { failures: 4, first: 30s, longest: 30s }
  anthropic:
    api: anthropic
    base_url: https://api.anthropic.com/v1
    key: ${ANTHROPIC_API_KEY_1}
    drop_unsupported: true
    retries: { most: 3, backoff: 500ms }
    ejection: { failures: 4, first: 30s, longest: 30s }

# A model is found by its full name and by what stands behind the provider's.
models:
  openai/gpt-4o:  # line 2
    fallbacks: [anthropic/claude, openai/mini]
  anthropic/claude:  # line 4
    upstream_name: claude-sonnet-4-5
    fallbacks: [openai/mini]
  openai/mini:  # line 6
    upstream_name: gpt-4o-mini
  openai/gpt-4:  # line 2; price as of gpt-4o
    upstream_name: gpt-4o
    price: { input: 2.5, output: 10, cached_input: 1.25 }
    fallbacks: [anthropic/claude, openai/mini]
  anthropic/hidden:  # line 4
    upstream_name: claude-sonnet-4-5
    fallbacks: [openai/mini]

# What LiteLLM's cache did.
cascades:
  default:
    match: { model: ["*"] }
    tiers: [exact, semantic]
    mode: serve
    cache: { ttl: 1h, temperature_above_zero: true }

# LiteLLM's master key. Other callers' keys are made anew: weir keys create.
keys:
  - { key: ${LITELLM_MASTER_KEY}, tenant: default }
tenants:
  default: { parallel: 50 }
)");
    CHECK(lines(made.tale.not_carried) ==
          Lines{"12 router_settings.model_group_alias.lost", "13 router_settings.fallbacks[1].nobody",
                "14 router_settings.redis_host", "17 litellm_settings.num_retries",
                "22 litellm_settings.context_window_fallbacks", "24 litellm_settings.cache_params.similarity_threshold",
                "25 litellm_settings.success_callback", "30 general_settings.database_url"});
    CHECK(why(made.tale.changed, "model_list[1].litellm_params.api_key") ==
          "a key in the file: set ANTHROPIC_API_KEY_1 in Weir's environment to it");
    CHECK(why(made.tale.changed, "environment_variables.LANGFUSE_SECRET_KEY") ==
          "set it in Weir's environment; its value is not copied");
    // Nothing secret is told, neither in the file nor in the list.
    std::string all = made.yaml;
    for (const auto* const notes : {&made.tale.carried, &made.tale.changed, &made.tale.not_carried, &made.tale.idle}) {
        for (const LitellmNote& each : *notes) all += each.path + each.why;
    }
    CHECK(all.find("literal") == std::string::npos);
    CHECK(all.find("hush") == std::string::npos);
}

TEST_CASE("wildcards") {
    SUBCASE("of a provider's models") {
        const LitellmImport made = imported("model_list:\n" + entry("\"openai/*\"", "model: \"openai/*\"") +
                                            entry("\"anthropic/*\"", "model: \"anthropic/*\"") +
                                            entry("gpt", "model: openai/gpt-4o, api_key: os.environ/OTHER") +
                                            "router_settings: { fallbacks: [{ gpt: [anthropic/claude-x] }] }\n");
        CHECK(route(made, "openai/gpt-5") == "openai gpt-5");
        CHECK(route(made, "anthropic/claude-x") == "anthropic claude-x");
        CHECK(route(made, "gpt") == "openai-2 gpt-4o > anthropic claude-x");
        CHECK(made.tale.not_carried.empty());
    }
    SUBCASE("of everything: what is named goes its own way") {
        const LitellmImport made =
            imported("model_list:\n" + entry("\"*\"", "model: \"openai/*\"") +
                     entry("\"claude-*\"", "model: \"anthropic/claude-*\"") + entry("fast", "model: groq/llama-3"));
        CHECK(body(made).find(R"(cascades:
  models:
    match: { model: [fast, groq/fast] }
    tiers: [exact]
    mode: observe
  rest:
    match: { model: ["claude-*"] }
    reference_provider: anthropic
    tiers: [exact]
    mode: observe
  rest-2:
    match: { model: ["*"] }
    reference_provider: openai
    tiers: [exact]
    mode: observe
)") != std::string::npos);
        CHECK(route(made, "fast") == "groq llama-3");
        CHECK(route(made, "claude-opus") == "anthropic claude-opus");
        CHECK(route(made, "whatever") == "openai whatever");
    }
    SUBCASE("that would change the name, of Azure, of whoever has a key") {
        const LitellmImport made =
            imported("model_list:\n" + entry("\"my-*\"", "model: \"openai/*\"") +
                     entry("\"azure/*\"", "model: \"azure/*\", api_base: https://a.b") +
                     entry("\"*\"", "model: \"*\"") + entry("\"x/y-*\"", "model: \"openai/y-*\"") +
                     entry("many", "model: \"openai/*\"") + entry("good", "model: gpt-4o"));
        CHECK(lines(made.tale.not_carried) ==
              Lines{"2 model_list[0]", "4 model_list[1]", "6 model_list[2]", "8 model_list[3]", "10 model_list[4]"});
        CHECK(route(made, "good") == "openai gpt-4o");
    }
    SUBCASE("beside a model of the same prefix elsewhere") {
        const LitellmImport made = imported("model_list:\n" + entry("\"openai/*\"", "model: \"openai/*\"") +
                                            entry("openai/local", "model: hosted_vllm/llama, api_base: http://v:1/v1"));
        CHECK(why(made.tale.not_carried, "model_list[1]") ==
              "\"openai/local\": openai/* goes to another provider; give the model a name without openai/");
        CHECK(made.providers == 1);
    }
}

TEST_CASE("a model_name's prefix is no provider's name that it does not go to") {
    const LitellmImport made = imported("model_list:\n" +
                                        entry("openai/gpt-4o",
                                              "model: azure/gpt-4o, api_base: "
                                              "https://a.openai.azure.com") +
                                        entry("plain", "model: openai/gpt-4o"));
    CHECK(route(made, "openai/gpt-4o") == "azure gpt-4o");
    CHECK(route(made, "plain") == "openai-2 gpt-4o");
    CHECK(has(made, "    query: api-version=${AZURE_API_VERSION:-2025-02-01-preview}\n"));
}

TEST_CASE("addresses") {
    const auto base = [](const std::string& params) {
        const LitellmImport made = imported("model_list:\n" + entry("m", params));
        if (made.yaml.empty()) return why(made.tale.not_carried, "model_list[0]");
        const std::size_t at = made.yaml.find("base_url: ") + 10;
        return made.yaml.substr(at, made.yaml.find('\n', at) - at);
    };
    CHECK(base("model: openai/x, api_base: http://vllm:8000/v1/") == "http://vllm:8000/v1");
    CHECK(base("model: openai/x, base_url: http://vllm:8000/v1/chat/completions") == "http://vllm:8000/v1");
    CHECK(base("model: ollama/llama3, api_base: http://localhost:11434") == "http://localhost:11434/v1");
    CHECK(base("model: ollama_chat/llama3") == "http://localhost:11434/v1");
    CHECK(base("model: anthropic/claude, api_base: https://proxy.acme.com") == "https://proxy.acme.com/v1");
    CHECK(base("model: anthropic/claude, api_base: https://proxy.acme.com/v1/messages") == "https://proxy.acme.com/v1");
    CHECK(base("model: azure/d, api_base: https://r.openai.azure.com/openai/v1/") ==
          "https://r.openai.azure.com/openai/v1");
    CHECK(base("model: azure/d, api_base: https://r.openai.azure.com, api_version: preview") ==
          "https://r.openai.azure.com/openai/v1");
    CHECK(base("model: azure/o_series/d, api_base: https://r.openai.azure.com, api_version: 2024-10-21") ==
          "https://r.openai.azure.com/openai/deployments/d");
    CHECK(base("model: azure/d, api_base: os.environ/AZ, api_version: os.environ/AZV") == "${AZ}/openai/deployments/d");
    CHECK(base("model: azure/d") == "${AZURE_API_BASE}/openai/deployments/d");
    CHECK(base("model: azure_ai/mistral, api_base: https://m.services.ai.azure.com") ==
          "https://m.services.ai.azure.com/models");
    CHECK(base("model: azure_ai/mistral, api_base: https://m.eastus.models.ai.azure.com") ==
          "https://m.eastus.models.ai.azure.com/v1");
    CHECK(base("model: llama, custom_llm_provider: openai, api_base: http://127.0.0.1:9/v1") ==
          "http://127.0.0.1:9/v1");
    CHECK(base("model: hosted_vllm/x") == "\"m\": it has no api_base");
    CHECK(base("model: openai/x, api_base: \"https://u:hush@h/v1\"") ==
          "\"m\": its api_base is no plain http:// or https:// address (no user, query or fragment)");
    CHECK(base("model: openai/x, api_base: \"http://h/${X}\"").find("no plain") != std::string::npos);
    CHECK(base("model: \"azure/a b\", api_base: https://r").find("visible ASCII") != std::string::npos);
    CHECK(base("model: azure/a/b, api_base: https://r").find("deployment can't stand") != std::string::npos);
}

TEST_CASE("what is not carried over as a whole says why") {
    const LitellmImport made = imported(
        "model_list:\n" + entry("a", "model: bedrock/anthropic.claude-v2") + entry("b", "model: vertex_ai/gemini-pro") +
        entry("c", "model: nobody/x") + entry("d", "model: who-knows") + entry("\"e f\"", "model: openai/x") +
        "  - model_name: g\n  - just text\n" + entry("h", "model: azure/x, api_base: https://r, azure_ad_token: hush"));
    CHECK(made.yaml.empty());
    CHECK(made.providers == 0);
    CHECK(lines(made.tale.not_carried) == Lines{"2 model_list[0]", "4 model_list[1]", "6 model_list[2]",
                                                "8 model_list[3]", "10 model_list[4]", "12 model_list[5]",
                                                "13 model_list[6]", "14 model_list[7]"});
    CHECK(why(made.tale.not_carried, "model_list[7]") ==
          "\"h\": Weir does not log in to Entra ID: give the resource a key (api_key)");
}

TEST_CASE("prices are exact") {
    const auto price = [](const std::string& in, const std::string& out) {
        const LitellmImport made =
            imported("model_list:\n" +
                     entry("m", "model: openai/x, input_cost_per_token: " + in + ", output_cost_per_token: " + out));
        const std::size_t at = made.yaml.find("price: ");
        if (at == std::string::npos) return std::string("none");
        return made.yaml.substr(at + 7, made.yaml.find('\n', at) - at - 7);
    };
    CHECK(price("1.5e-07", "0.0000006") == "{ input: 0.15, output: 0.6 }");
    CHECK(price("0.00000125", "1E-5") == "{ input: 1.25, output: 10 }");
    CHECK(price(".000001", "1.e-6") == "{ input: 1, output: 1 }");
    CHECK(price("0", "0.0") == "{ input: 0, output: 0 }");
    CHECK(price("0.000000000001", "1") == "{ input: 0.000001, output: 1000000 }");
    CHECK(price("0.0000000000001", "1") == "none");
    CHECK(price("-1", "1") == "none");
    CHECK(price("a", "2") == "none");
    const LitellmImport made = imported(R"(model_list:
  - model_name: e
    litellm_params: { model: openai/text-embedding-x }
    model_info: { mode: embedding, input_cost_per_token: 2e-8, output_cost_per_image: 1, supports_x: true, access_groups: [a] }
  - model_name: c
    litellm_params: { model: anthropic/claude-y, input_cost_per_token: 3e-6, output_cost_per_token: 1.5e-5 }
    model_info: { cache_read_input_token_cost: 3e-7, cache_creation_input_token_cost: 3.75e-6, max_tokens: 64000 }
  - model_name: half
    litellm_params: { model: openai/z, output_cost_per_token: 1.5e-5 }
)");
    CHECK(has(made, "price: { input: 0.02, output: 0 }\n"));
    CHECK(has(made, "price: { input: 3, output: 15, cached_input: 0.3, cache_write: 3.75 }\n    max_output: 64000\n"));
    CHECK(lines(made.tale.not_carried) == Lines{"4 model_list[0].model_info.access_groups",
                                                "4 model_list[0].model_info.output_cost_per_image",
                                                "9 model_list[2].litellm_params.output_cost_per_token"});
}

TEST_CASE("prices of long prompts and of long-lived cache entries") {
    const LitellmImport made = imported(R"(model_list:
  - model_name: long
    litellm_params: { model: gemini/gemini-x }
    model_info: { input_cost_per_token: 1e-6, output_cost_per_token: 1e-5, input_cost_per_token_above_200k_tokens: 2e-6,
      output_cost_per_token_above_200k_tokens: 1.5e-5, cache_creation_input_token_cost_above_1hr: 6e-6 }
  - model_name: half
    litellm_params: { model: gemini/gemini-y, input_cost_per_token: 1e-6, output_cost_per_token: 1e-5 }
    model_info: { input_cost_per_token_above_128k_tokens: 2e-6, output_cost_per_token_above_200k_tokens: 2e-5 }
)");
    CHECK(has(made,
              "price: { input: 1, output: 10, cache_write_1h: 6, above: { tokens: 200000, input: 2, output: 15 } }\n"));
    CHECK(has(made, "price: { input: 1, output: 10 }\n"));
    CHECK(lines(made.tale.not_carried) == Lines{"8 model_list[1].model_info.output_cost_per_token_above_200k_tokens",
                                                "8 model_list[1].model_info.input_cost_per_token_above_128k_tokens"});
}

TEST_CASE("a model that bears another one's name does not get its price") {
    const LitellmImport made = imported("model_list:\n" + entry("gpt-4o", "model: openai/gpt-4o-mini") +
                                        entry("gpt-4o-mini", "model: hosted_vllm/own, api_base: http://h/v1"));
    CHECK(has(made,
              "openai/gpt-4o:  # line 2; price as of gpt-4o-mini\n    upstream_name: gpt-4o-mini\n"
              "    price: { input: 0.15, output: 0.6, cached_input: 0.075 }\n"));
    CHECK(
        why(made.tale.changed, "model_list") ==
        "hosted_vllm/gpt-4o-mini is taken to cost what gpt-4o-mini does, for no price is known of \"own\"; if that is "
        "wrong, give it a price");
}

TEST_CASE("headers, credentials, merge keys") {
    const LitellmImport made = imported(R"(credential_list:
  - credential_name: eu
    credential_values: { api_key: os.environ/EU_KEY, api_base: https://eu.acme.com/v1 }
    credential_info: { description: ours }
shared: &shared
  api_key: os.environ/SHARED
  extra_headers: { X-Team: a, X-Api-Token: hush, X-From-Env: os.environ/TEAM, "bad name": x }
model_list:
  - model_name: a
    litellm_params: { model: openai/a, litellm_credential_name: eu }
  - model_name: b
    litellm_params: { <<: *shared, model: openai/b }
  - model_name: c
    litellm_params: { <<: *shared, model: openai/c, api_key: os.environ/OWN, organization: [o1, o2] }
)");
    CHECK(has(made, "  eu.acme.com:\n    api: openai\n    base_url: https://eu.acme.com/v1\n    key: ${EU_KEY}\n"));
    CHECK(has(made, R"(    key: ${SHARED}
    offers: [responses]
    headers:
      X-Team: a
      X-Api-Token: ${OPENAI_X_API_TOKEN_1}
      X-From-Env: ${TEAM}
)"));
    CHECK(has(made, "key: ${OWN}\n"));
    CHECK(made.yaml.find("hush") == std::string::npos);
    CHECK(why(made.tale.not_carried, "shared") == "not known to this importer");
    CHECK(why(made.tale.not_carried, "model_list[2].litellm_params.organization") ==
          "several organizations: give each its own entry");
    CHECK(why(made.tale.not_carried, "model_list[1].litellm_params.extra_headers.bad name") ==
          "not a header that Weir could send");
}

TEST_CASE("cache") {
    const auto cascade = [](const std::string& params) {
        const LitellmImport made = imported("model_list:\n" + entry("m", "model: openai/x") +
                                            "litellm_settings: { cache: true, cache_params: { " + params + " } }\n");
        return made.yaml.substr(made.yaml.find("    tiers"));
    };
    CHECK(cascade("type: local") ==
          "    tiers: [exact]\n    mode: serve\n    cache: { temperature_above_zero: true }\n");
    CHECK(cascade("type: s3, ttl: 60, s3_bucket_name: b") ==
          "    tiers: [exact]\n    mode: serve\n    cache: { ttl: 1m, temperature_above_zero: true }\n");
    CHECK(cascade("type: qdrant-semantic, mode: default_off, qdrant_collection_name: c") ==
          "    tiers: [exact, semantic]\n    mode: observe\n    cache: { temperature_above_zero: true }\n");
    CHECK(cascade("supported_call_types: [aembedding]") ==
          "    tiers: [exact]\n    mode: observe\n    cache: { temperature_above_zero: true }\n");
}

TEST_CASE("keys that stand in the file are the same variable for the same key, and never one that is used already") {
    const LitellmImport made =
        imported("model_list:\n" + entry("a", "model: openai/a, api_key: one") +
                 entry("b", "model: openai/b, api_key: two") + entry("c", "model: openai/c, api_key: one") +
                 entry("d", "model: openai/d, api_key: os.environ/OPENAI_API_KEY_1") +
                 entry("e", "model: openai/e, api_base: http://h/v1, api_key: none"));
    CHECK(made.providers == 4);
    CHECK(made.variables == std::set<std::string>{"OPENAI_API_KEY_1", "OPENAI_API_KEY_2", "OPENAI_API_KEY_3"});
    CHECK(route(made, "a").substr(0, 6) == route(made, "c").substr(0, 6));
    CHECK(why(made.tale.changed, "model_list[4].litellm_params.api_key") == "stands for no key: none is sent");
}

TEST_CASE("limits and what is no configuration of LiteLLM's") {
    const auto error = [](const std::string& text) {
        const auto made = import_litellm(text, "c.yaml");
        return made ? "imported" : to_string(made.error().front());
    };
    CHECK(error("") == "c.yaml: no model_list: a list of { model_name, litellm_params }");
    CHECK(error("a: [b").starts_with("c.yaml:1: not YAML"));
    CHECK(error("- a") == "c.yaml:1: not a map: no configuration of LiteLLM's");
    CHECK(error("x: 1\nmodel_list: {}") == "c.yaml:2: no model_list: a list of { model_name, litellm_params }");
    CHECK(error("model_list: [1]\nmodel_list: [1]") ==
          "c.yaml:2: duplicate key \"model_list\": it stands in line 1 already");
    CHECK(error(std::string((1u << 20) + 1, ' ')) == "c.yaml: larger than 1 MiB");
    std::string many = "model_list:\n";
    for (int i = 0; i < 10'001; ++i) many += "  - {}\n";
    CHECK(error(many) == "c.yaml:1: more than 10,000 entries in model_list");
    many = "model_list:\n";
    for (int i = 0; i < 257; ++i)
        many += entry("m", "model: openai/x" + std::to_string(i) + ", api_key: k" + std::to_string(i));
    CHECK(error(many) == "c.yaml:1: more than 256 addresses and keys: Weir has at most 256 providers");
    CHECK(error("model_list:\n" + entry("m", "model: azure/x, api_base: os.environ/A, api_version: os.environ/A")) ==
          "c.yaml:1: A stands for an address and for something else");
    // 40 places for 32 endpoints, 12 kinds for 8 fallbacks.
    many = "model_list:\n";
    for (int i = 0; i < 40; ++i) many += entry("m", "model: openai/x, api_key: os.environ/K" + std::to_string(i));
    for (int i = 0; i < 12; ++i) many += entry("m", "model: openai/y" + std::to_string(i));
    const LitellmImport made = imported(many);
    CHECK(std::count_if(made.tale.not_carried.begin(), made.tale.not_carried.end(),
                        [](const LitellmNote& each) { return each.why == "at most 32 endpoints a provider"; }) == 8);
    CHECK(why(made.tale.not_carried, "model_list[0]") == "\"m\": at most 8 fallbacks a model; left out: 4");
}
