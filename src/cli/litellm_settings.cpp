#include "cli/litellm_settings.h"

#include <algorithm>
#include <utility>

#include "cli/config_values.h"

namespace weir::cli {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::string_view kDatabase =
    "callers' keys, teams, budgets and models in LiteLLM's database are not read: make keys anew (weir keys create)";
constexpr std::string_view kCallbacks =
    "Weir calls nobody back: the ledger, weir report and /metrics have what was asked";
constexpr std::string_view kOneProcess = "Weir balances and counts within one process";

using Whys = std::initializer_list<std::pair<std::string_view, std::string_view>>;

void left_all(LitellmSource& source, Whys keys) {
    for (const auto& [key, why] : keys) source.left(key, std::string(why));
}

void idle_all(LitellmSource& source, std::initializer_list<std::string_view> keys) {
    for (const std::string_view key : keys) source.idle(key);
}

class SettingsReader {
  public:
    SettingsReader(LitellmContext& context, LitellmSettings& to) : context_(context), tale_(context.tale), to_(to) {}

    void router(const ConfigNode& node);
    void litellm(const ConfigNode& node);
    void general(const ConfigNode& node);
    void environment(const ConfigNode& node);
    void credentials(const ConfigNode& node);

  private:
    void reliability(LitellmSource& source, std::string_view timeout);
    void whole(LitellmSource& source, std::string_view key, std::uint64_t most, std::string& to,
               const std::string& into, std::uint64_t plus = 0);
    void seconds(LitellmSource& source, std::string_view key, std::int64_t least, std::int64_t most, std::string& to,
                 const std::string& into);
    void fallbacks(LitellmSource& source);
    void fallback_list(const ConfigNode& list, std::string of, const std::string& path, int line);
    void aliases(LitellmSource& source);
    void cache(LitellmSource& source);
    void cache_params(const ConfigNode& node, const std::string& path);
    void master_key(LitellmSource& source);

    LitellmContext& context_;
    LitellmTale& tale_;
    LitellmSettings& to_;
    bool has_fallbacks_ = false, has_defaults_ = false;
};

// router_settings are read before litellm_settings, and count where both say something.
void SettingsReader::whole(LitellmSource& source, std::string_view key, std::uint64_t most, std::string& to,
                           const std::string& into, std::uint64_t plus) {
    const std::optional<std::string> text = source.scalar(key);
    if (!text) return;
    const std::optional<std::uint64_t> value = parse_whole(*text);
    if (!to.empty()) {
        source.left(key, "router_settings counts");
    } else if (!value || *value > most) {
        source.left(key, "not a whole number from 0 to " + std::to_string(most));
    } else {
        to = std::to_string(*value + plus);
        source.changed(key, into);
    }
}

void SettingsReader::seconds(LitellmSource& source, std::string_view key, std::int64_t least, std::int64_t most,
                             std::string& to, const std::string& into) {
    const std::optional<std::string> text = source.scalar(key);
    if (!text) return;
    const std::optional<std::string> duration = seconds_text(*text, least, most);
    if (!to.empty()) {
        source.left(key, "what stands before it counts");
    } else if (!duration) {
        source.left(key, "no number of seconds from " + format_duration(least) + " to " + format_duration(most));
    } else {
        to = *duration;
        source.changed(key, into);
    }
}

void SettingsReader::reliability(LitellmSource& source, std::string_view timeout) {
    constexpr std::uint64_t kMostRetries = 10, kMostFails = 999;
    whole(source, "num_retries", kMostRetries, to_.retries,
          "retries.most; what the provider may have executed, and bills, is asked again with executed_too: true alone");
    seconds(source, "retry_after", 0, 60 * kSecond, to_.backoff, "retries.backoff, which grows");
    if (const std::optional<bool> off = source.flag("disable_cooldowns")) {
        if (*off) to_.failures = "0";
        source.carried("disable_cooldowns", "ejection.failures");
    }
    whole(source, "allowed_fails", kMostFails, to_.failures, "ejection.failures: in a row, not within a minute", 1);
    seconds(source, "cooldown_time", kSecond / 10, 3600 * kSecond, to_.ejection_time, "ejection.first and longest");
    seconds(source, timeout, kSecond / 10, 24 * 3600 * kSecond, to_.first_byte,
            "limits.first_byte: until the answer begins; limits.idle between its pieces");
    fallbacks(source);
    left_all(source, {
                         {"stream_timeout", "limits.first_byte is for bodies and streams"},
                         {"context_window_fallbacks",
                          "Weir does not go to another model because a prompt is too long: the caller gets "
                          "the provider's error"},
                         {"content_policy_fallbacks", "Weir does not go to another model because of what is asked"},
                         {"retry_policy", "retries.most is for all errors that are worth another try"},
                         {"model_group_retry_policy", "retries are a provider's"},
                         {"allowed_fails_policy", "ejection.failures counts all failures of an endpoint alike"},
                     });
}

void SettingsReader::fallback_list(const ConfigNode& list, std::string of, const std::string& path, int line) {
    LitellmFallbacks found{std::move(of), {}, path, line};
    std::vector<const ConfigNode*> items;
    if (list.kind == ConfigNode::Kind::scalar) items.push_back(&list);
    for (const ConfigNode& item : list.items) items.push_back(&item);
    if (items.empty()) tale_.not_carried.push_back({path, line, "no list of model names"});
    for (const ConfigNode* const item : items) {
        if (item->kind == ConfigNode::Kind::scalar) {
            found.names.push_back(item->text);
        } else {
            tale_.not_carried.push_back({path, item->line, "a fallback with parameters of its own"});
        }
    }
    if (!found.names.empty()) to_.fallbacks.push_back(std::move(found));
}

void SettingsReader::fallbacks(LitellmSource& source) {
    if (const ConfigNode* const node = source.find("fallbacks")) {
        if (std::exchange(has_fallbacks_, true)) {
            source.left("fallbacks", "router_settings.fallbacks counts");
        } else {
            source.carried("fallbacks", "models.*.fallbacks");
            const std::string path = source.path_to("fallbacks");
            if (node->kind != ConfigNode::Kind::list) {
                tale_.not_carried.push_back({path, node->line, "no list of { model_name: [model_name, ...] }"});
            }
            for (std::size_t i = 0; i < node->items.size(); ++i) {
                const ConfigNode& item = node->items[i];
                const std::string at = path + "[" + std::to_string(i) + "]";
                if (item.entries.empty()) {
                    tale_.not_carried.push_back({at, item.line, "no { model_name: [model_name, ...] }"});
                }
                for (const ConfigNode::Entry& each : item.entries) {
                    fallback_list(each.value, each.key, at + "." + each.key, each.line);
                }
            }
        }
    }
    const ConfigNode* const defaults = source.find("default_fallbacks");
    if (defaults == nullptr) return;
    if (std::exchange(has_defaults_, true)) {
        source.left("default_fallbacks", "router_settings.default_fallbacks counts");
        return;
    }
    source.carried("default_fallbacks", "models.*.fallbacks");
    fallback_list(*defaults, "*", source.path_to("default_fallbacks"), source.line_of("default_fallbacks"));
}

void SettingsReader::aliases(LitellmSource& source) {
    const ConfigNode* const node = source.find("model_group_alias");
    if (node == nullptr) return;
    if (node->kind != ConfigNode::Kind::map) {
        source.left("model_group_alias", "a map of alias: model_name belongs here");
        return;
    }
    source.carried("model_group_alias", "models");
    const std::string path = source.path_to("model_group_alias");
    for (const ConfigNode::Entry& each : node->entries) {
        const ConfigNode* target = &each.value;
        if (target->kind == ConfigNode::Kind::map) {  // { model: NAME, hidden: true }
            const auto model = std::find_if(target->entries.begin(), target->entries.end(),
                                            [](const ConfigNode::Entry& one) { return one.key == "model"; });
            if (model != target->entries.end()) target = &model->value;
        }
        to_.aliases.push_back(
            {each.key, target->kind == ConfigNode::Kind::scalar ? target->text : "", path + "." + each.key, each.line});
    }
}

void SettingsReader::router(const ConfigNode& node) {
    LitellmSource source(tale_, node, "router_settings");
    if (const std::optional<std::string> strategy = source.scalar("routing_strategy")) {
        context_.weighted = *strategy == "simple-shuffle";
        if (context_.weighted || *strategy == "least-busy") {
            source.carried("routing_strategy", "balance");
        } else {
            source.changed("routing_strategy", "balance: least_busy, which goes by calls under way");
        }
    }
    reliability(source, "timeout");
    aliases(source);
    left_all(source, {
                         {"redis_host", kOneProcess},
                         {"redis_port", kOneProcess},
                         {"redis_password", kOneProcess},
                         {"redis_url", kOneProcess},
                         {"redis_db", kOneProcess},
                         {"cache_responses", "litellm_settings.cache makes Weir's cascade cache"},
                         {"cache_kwargs", "litellm_settings.cache_params are read"},
                         {"enable_pre_call_checks", "Weir counts no tokens before it asks"},
                         {"enable_tag_filtering", "Weir routes by neither tags, regions nor budgets"},
                         {"tag_filtering_match_any", "Weir routes by neither tags, regions nor budgets"},
                         {"provider_budget_config", "Weir routes by neither tags, regions nor budgets"},
                         {"default_max_parallel_requests", "in_flight is a provider's"},
                         {"default_litellm_params", "Weir adds no parameters to requests"},
                         {"routing_strategy_args", "balance has no arguments"},
                         {"max_fallbacks", "at most 8 fallbacks a model"},
                     });
    idle_all(source, {"debug_level", "set_verbose", "polling_interval", "client_ttl", "router_general_settings"});
    source.finish(std::string(kLitellmUnknown));
}

void SettingsReader::cache_params(const ConfigNode& node, const std::string& path) {
    LitellmSource source(tale_, node, path);
    const std::string type = source.scalar("type").value_or("");
    if (type.ends_with("-semantic")) {
        to_.semantic = true;
        source.carried("type", "tiers: [exact, semantic]");
    } else if (type == "local" || type == "disk") {
        source.carried("type", "tiers: [exact]");
    } else if (!type.empty()) {
        source.changed("type", "Weir's cache is on its own machine's disk, and each tenant's own");
    }
    seconds(source, "ttl", 0, 3650ll * 24 * 3600 * kSecond, to_.ttl, "cache.ttl");
    if (const std::optional<std::string> mode = source.scalar("mode")) {
        to_.cache_ask = *mode == "default_off";
        if (to_.cache_ask) {
            source.changed("mode",
                           "mode: observe: nothing is served from the cache until you say serve. A caller can "
                           "only lower the mode (x-weir-mode)");
        } else {
            source.carried("mode", "mode: serve");
        }
    }
    if (const ConfigNode* const types = source.find("supported_call_types")) {
        const bool chat = std::any_of(types->items.begin(), types->items.end(), [](const ConfigNode& item) {
            return item.text == "acompletion" || item.text == "completion";
        });
        if (!chat) to_.cache_ask = true;
        source.changed("supported_call_types", chat ? "chat, completions, responses and messages share the cache"
                                                    : "chat was not cached: mode: observe");
    }
    left_all(source, {{"similarity_threshold",
                       "the semantic tier keeps a promise (cache.semantic.promise), not a "
                       "similarity"},
                      {"namespace", "a data folder each"},
                      {"max_size_in_memory", "cache.memory is a size in bytes"}});
    for (const ConfigNode::Entry& each : node.entries) {
        for (const std::string_view word : {"redis", "qdrant", "s3_", "gcs_", "azure_", "disk_"}) {
            if (each.key.starts_with(word)) source.idle(each.key);
        }
    }
    idle_all(source,
             {"host", "port", "password", "username", "url", "max_connections", "service_name", "sentinel_nodes", "ssl",
              "ssl_cert_reqs", "ssl_check_hostname", "default_in_redis_ttl", "default_in_memory_ttl"});
    source.finish(std::string(kLitellmUnknown));
}

void SettingsReader::cache(LitellmSource& source) {
    const std::optional<bool> on = source.flag("cache");
    to_.cache = on.value_or(false);
    if (on) source.carried("cache", "cascades.default");
    const ConfigNode* const params = source.find("cache_params");
    if (params == nullptr) return;
    if (!to_.cache) {
        source.idle("cache_params");
        return;
    }
    source.carried("cache_params", "cascades.default");
    cache_params(*params, source.path_to("cache_params"));
}

void SettingsReader::litellm(const ConfigNode& node) {
    LitellmSource source(tale_, node, "litellm_settings");
    reliability(source, "request_timeout");
    if (const std::optional<bool> drop = source.flag("drop_params")) {
        context_.drop_params = *drop;
        source.carried("drop_params", "drop_unsupported");
    }
    cache(source);
    left_all(source, {
                         {"success_callback", kCallbacks},
                         {"failure_callback", kCallbacks},
                         {"callbacks", kCallbacks},
                         {"service_callbacks", kCallbacks},
                         {"service_callback", kCallbacks},
                         {"langfuse_default_tags", kCallbacks},
                         {"modify_params", "Weir changes no parameters of callers but what a provider's API needs"},
                         {"ssl_verify", "certificates are always checked; tls_ca_file names another authority"},
                         {"force_ipv4", "Weir takes the addresses that the resolver gives"},
                         {"max_budget", "Weir has no budgets"},
                         {"budget_duration", "Weir has no budgets"},
                         {"default_team_settings", kDatabase},
                         {"default_internal_user_params", kDatabase},
                         {"key_generation_settings", kDatabase},
                         {"upperbound_key_generate_params", kDatabase},
                         {"default_key_generate_params", kDatabase},
                         {"model_alias_map", "router_settings.model_group_alias is read"},
                     });
    idle_all(source, {"set_verbose", "json_logs", "telemetry", "turn_off_message_logging", "redact_user_api_key_info",
                      "redact_messages_in_exceptions", "suppress_debug_info", "disable_end_user_cost_tracking",
                      "disable_end_user_cost_tracking_prometheus_only", "disable_hf_tokenizer_download",
                      "enable_preview_features", "store_audit_logs", "disable_copilot_system_to_assistant",
                      "add_function_to_prompt", "require_auth_for_metrics_endpoint", "ui_theme_config"});
    source.finish(std::string(kLitellmUnknown));
}

void SettingsReader::master_key(LitellmSource& source) {
    const std::optional<std::string> key = source.scalar("master_key");
    if (!key) return;
    if (const std::optional<std::string> name = environment_name(*key)) {
        to_.master_key = "${" + *name + "}";
        source.carried("master_key", "keys: " + to_.master_key);
        return;
    }
    const std::string name = context_.variables.insert("LITELLM_MASTER_KEY").second
                                 ? "LITELLM_MASTER_KEY"
                                 : context_.variable_for(*key, "LITELLM_MASTER_KEY");
    to_.master_key = "${" + name + "}";
    source.changed("master_key", "a key in the file: set " + name + " in Weir's environment to it");
}

void SettingsReader::general(const ConfigNode& node) {
    LitellmSource source(tale_, node, "general_settings");
    master_key(source);
    if (const std::optional<std::string> text = source.scalar("global_max_parallel_requests")) {
        const std::optional<std::uint64_t> value = parse_whole(*text);
        constexpr std::uint64_t kMost = 100'000;
        if (value && *value > 0 && *value <= kMost) {
            to_.parallel = std::to_string(*value);
            source.changed("global_max_parallel_requests", "tenants.default.parallel: give other tenants their own");
        } else {
            source.left("global_max_parallel_requests", "not a whole number from 1 to 100,000");
        }
    }
    for (const ConfigNode::Entry& each : node.entries) {
        if (each.key == "database_url" || each.key == "store_model_in_db" || each.key == "database_type" ||
            each.key == "database_args") {
            source.left(each.key, std::string(kDatabase));
        } else if (each.key.starts_with("database_") || each.key.starts_with("maximum_spend_logs") ||
                   each.key.starts_with("ui_") || each.key.starts_with("health_check")) {
            source.idle(each.key);
        }
    }
    left_all(source, {
                         {"alerting", kCallbacks},
                         {"alerting_args", kCallbacks},
                         {"alerting_threshold", kCallbacks},
                         {"alert_types", kCallbacks},
                         {"alert_to_webhook_url", kCallbacks},
                         {"custom_auth", "callers have keys"},
                         {"enable_jwt_auth", "callers have keys"},
                         {"litellm_jwtauth", "callers have keys"},
                         {"enable_oauth2_auth", "callers have keys"},
                         {"max_parallel_requests", "limits are those of callers and providers (in_flight)"},
                         {"pass_through_endpoints", "Weir passes on what is below /v1, to the provider of the model"},
                         {"completion_model", "a request names its model"},
                         {"enforce_user_param", "a request without user is served"},
                         {"forward_client_headers_to_llm_api", "which headers go up is Weir's own rule"},
                         {"key_management_system", "secrets come from the environment"},
                         {"key_management_settings", "secrets come from the environment"},
                         {"allowed_ips", "a proxy or firewall before Weir does that"},
                         {"max_request_size_mb", "limits.body is a size in bytes"},
                         {"max_response_size_mb", "limits.answer is a size in bytes"},
                     });
    idle_all(source, {"background_health_checks", "proxy_batch_write_at", "disable_spend_logs", "disable_spend_updates",
                      "disable_master_key_return", "disable_reset_budget", "disable_adding_master_key_hash_to_db",
                      "allow_requests_on_db_unavailable", "infer_model_from_keys", "store_prompts_in_spend_logs",
                      "disable_retry_on_max_parallel_request_limit_error", "use_redis_transaction_buffer",
                      "enable_health_check_routing", "proxy_budget_rescheduler_min_time",
                      "proxy_budget_rescheduler_max_time", "disable_error_logs"});
    source.finish(std::string(kLitellmUnknown));
}

void SettingsReader::environment(const ConfigNode& node) {
    LitellmSource source(tale_, node, "environment_variables");
    for (const ConfigNode::Entry& each : node.entries) {
        source.changed(each.key, "set it in Weir's environment; its value is not copied");
    }
}

void SettingsReader::credentials(const ConfigNode& node) {
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        const std::string path = "credential_list[" + std::to_string(i) + "]";
        LitellmSource source(tale_, node.items[i], path);
        const std::optional<std::string> name = source.scalar("credential_name");
        const ConfigNode* const values = source.find("credential_values");
        if (!name || values == nullptr || values->kind != ConfigNode::Kind::map) {
            tale_.not_carried.push_back({path, source.line(), "no credential_name with credential_values"});
            continue;
        }
        context_.credentials.emplace(*name, values);
        source.carried("credential_name", "the providers that name it");
        source.carried("credential_values", "the providers that name it");
        source.idle("credential_info");
        source.finish(std::string(kLitellmUnknown));
    }
}

}  // namespace

LitellmSettings read_litellm_settings(const ConfigNode& root, LitellmContext& context) {
    LitellmSettings to;
    SettingsReader reader(context, to);
    LitellmSource source(context.tale, root, "");
    const auto section = [&source](std::string_view key, const std::string& into) {
        const ConfigNode* const node = source.find(key);
        source.carried(key, into);
        return node;
    };
    if (const ConfigNode* const node = section("router_settings", "providers and models")) reader.router(*node);
    if (const ConfigNode* const node = section("litellm_settings", "providers and cascades")) reader.litellm(*node);
    if (const ConfigNode* const node = section("general_settings", "keys")) reader.general(*node);
    if (const ConfigNode* const node = section("environment_variables", "the environment")) reader.environment(*node);
    if (const ConfigNode* const node = section("credential_list", "providers")) reader.credentials(*node);
    source.carried("model_list", "providers and models");
    left_all(source, {
                         {"include", "import these files, too, and put together what comes out"},
                         {"guardrails", "Weir has no guardrails"},
                         {"mcp_servers", "Weir serves no tools"},
                         {"mcp_tools", "Weir serves no tools"},
                         {"search_tools", "Weir serves no tools"},
                         {"vector_store_registry", "Weir keeps no documents"},
                         {"files_settings", "files go to the provider as they are (pass_through)"},
                         {"finetune_settings", "fine-tuning goes to the provider as it is (pass_through)"},
                         {"assistant_settings", "assistants go to the provider as they are (pass_through)"},
                         {"callback_settings", kCallbacks},
                         {"prompts", "Weir adds no prompts"},
                     });
    source.finish(std::string(kLitellmUnknown));
    return to;
}

}  // namespace weir::cli
