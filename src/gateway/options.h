// Everything `weir serve` is told by its configuration, as plain values. cli/config.h reads it from YAML.
// Thread rule: immutable after loading.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/units.h"
#include "cascade/answer_at.h"
#include "cascade/options.h"
#include "limits/budget_rules.h"
#include "limits/rates.h"
#include "local/llama_server.h"
#include "prices/call_price.h"
#include "prices/price_table.h"
#include "telemetry/alert_options.h"
#include "telemetry/options.h"
#include "tiers/model/call_rules.h"
#include "wire/field_key.h"

namespace weir::gateway {

// host:port; the host may be a name, an IPv4 or a bracketed IPv6 address. Port 0: any free one.
struct Address {
    std::string host;
    std::uint16_t port = 0;
};

enum class ProviderApi : std::uint8_t { openai, anthropic, gemini, llama_server };

// APIs besides chat that a provider offers: requests in them then go on as they are.
enum class OfferedApi : std::uint8_t { responses, messages, completions };

// One of several places (or keys) of a provider.
struct EndpointOptions {
    std::string base_url;  // empty: the provider's
    std::string key;       // empty: the provider's
    unsigned weight = 1;
};

struct ProviderOptions {
    std::string name;
    ProviderApi api = ProviderApi::openai;
    std::string base_url;    // "https://api.openai.com/v1"
    std::string key;         // sent as the API wants it; empty: none. The caller's key never goes upstream.
    std::string key_header;  // another name for the key's header (Azure: "api-key"); empty: the API's
    std::string query;       // behind every path (Azure: "api-version=2024-10-21"), without '?'
    std::vector<std::pair<std::string, std::string>> headers;  // sent with every request
    std::vector<OfferedApi> offers;
    std::vector<EndpointOptions> endpoints;  // empty: base_url and key are the only one
    tiers::Balance balance = tiers::Balance::least_busy;
    tiers::RetryRules retries;
    tiers::EjectionRules ejection;
    std::size_t in_flight = 0;  // calls under way at most, of all reactors; 0: no limit
    std::size_t queue = 100;    // requests that may wait for one of these places, and how long
    Micros queue_micros = 10'000'000;
    bool pass_through = true;                        // other paths below /v1 are passed on to it
    bool drop_unsupported = false;                   // what its API has no word for is left out and told, not refused
    bool usage_in_streams = true;                    // ask for usage in streams on Weir's behalf (stream_options)
    bool may_distil = false;                         // its terms allow that models are trained on its answers
    std::string tls_ca_file;                         // PEM, instead of the system's; empty: the system's
    std::optional<local::LlamaServerOptions> child;  // llama_server
    int line = 0;
};

struct ModelOptions {
    std::string provider;                  // "local"
    std::string name;                      // "smollm2"
    std::string upstream_name;             // as sent upstream; default: name
    std::optional<prices::Price> price;    // over the price table
    std::vector<std::string> fallbacks;    // "provider/model": who answers where it does not, in order
    std::optional<Tokens> max_output;      // tokens; for APIs that want a limit, where the request has none
    std::optional<Micros> latency_micros;  // what an answer takes as a rule: for "time saved" until it is measured
    int line = 0;
    std::string full_name() const { return provider + "/" + name; }
};

struct KeyOptions {
    std::string key;  // from ${ENV}; dropped once hashed
    std::string tenant;
    std::vector<std::string> models;  // globs; empty: all
    limits::Rates rates;
    int line = 0;
};

// What may be asked for at the admin address with a token. `operate` may everything; `feedback` only say what an answer
// was worth, for programs that do.
enum class AdminRole : std::uint8_t { view, feedback, operate };
constexpr std::string_view to_string(AdminRole role) {
    return role == AdminRole::view ? "view" : role == AdminRole::feedback ? "feedback" : "operate";
}

struct AdminToken {
    std::string token;  // from ${ENV}; as the CLI presents it to a gateway
    Digest256 digest{};
    std::string who;
    AdminRole role = AdminRole::view;
    int line = 0;
};

struct AdminAccess {
    std::vector<AdminToken> tokens;  // empty: everybody who reaches the address, which is loopback then
    Micros session_micros = 12LL * 3600 * 1'000'000;
    bool open_metrics = false;  // GET /metrics without a token
};

struct Limits {
    std::size_t head_bytes = 32 * 1024;
    std::size_t body_bytes = 32u << 20;    // of a caller's request
    std::size_t answer_bytes = 64u << 20;  // of an upstream's body
    Micros connect_micros = 5'000'000;
    Micros first_byte_micros = 600'000'000;       // from the request's last byte to the answer's first
    Micros idle_micros = 60'000'000;              // between bytes of an answer, either side
    Micros slow_head_micros = 10'000'000;         // a caller's request head, and then between pieces of its body
    Micros keep_alive_micros = 75'000'000;        // an idle connection of a caller
    Micros upstream_idle_micros = 30'000'000;     // an idle pooled connection to an upstream
    Micros drain_micros = 30'000'000;             // at SIGTERM: how long running requests may take
    std::size_t connections = 10'000;             // callers, in all
    std::size_t upstream_idle_connections = 256;  // pooled, a provider a reactor
};

struct LedgerOptions {
    bool drop_when_full = false;  // when_full: wait | drop
    std::size_t ring_rows = 4096;
    Micros commit_interval_micros = 50'000;
};

struct CacheOptions {
    std::uint64_t memory_bytes = 16ull << 20;
    std::uint64_t semantic_memory_bytes = 64ull << 20;  // of the semantic tier's index
    std::uint64_t disk_bytes = 1ull << 30;
    std::size_t max_entry_bytes = 1u << 20;
};

// The model that turns questions into vectors for the semantic cache; without one it goes by words alone.
struct EmbeddingOptions {
    std::string provider;
    std::string model;  // as the provider calls it
    std::size_t dimensions = 384;
    int line = 0;
};

// Who answers the requests of an inference route.
struct InferenceTarget {
    std::string name;        // "reference" for the reference
    std::string model;       // with the Open Inference Protocol: as the server calls it
    ProviderOptions server;  // base_url: of the endpoint, or of that protocol's server; keys, retries, places
    std::optional<prices::CallPrice> price;
    std::optional<json::Path> confidence;  // of a tier: where its answer says how sure it is, 0 to 1
    int line = 0;
};

// Requests that are no chat: a JSON POST endpoint, or a model of the Open Inference Protocol (docs/other-inference.md).
struct InferenceOptions {
    std::string name;
    std::string path;   // "/search"; empty with a model
    std::string model;  // of /v2/models/MODEL/infer; empty with a path
    InferenceTarget reference;
    std::vector<InferenceTarget> tiers;  // cheapest first, at most cascade::kMostModelTiers
    bool caches = false;
    wire::FieldRules fields;
    Micros ttl_micros = 24ll * 3600 * 1'000'000;
    cascade::AnswerRules agreement;
    std::optional<cascade::Promise> promise;  // with tiers
    double audit = 0.05;                      // of answers that tiers gave, at the usual risk
    double hold_out = 0.015;
    Micros tier_timeout_micros = 20'000'000;
    cascade::Mode mode = cascade::Mode::observe;
    int line = 0;
    bool open_inference() const { return !model.empty(); }
};
constexpr std::size_t kMaxInferenceRoutes = 1'000;

struct Options {
    std::string file;  // where it was read from
    Address listen{"127.0.0.1", 8080};
    Address admin{"127.0.0.1", 8081};
    std::string tls_certificate_file, tls_key_file;  // both or neither: TLS on `listen`
    std::string data_folder = "./weir-data";
    std::string prices_file;
    unsigned reactors = 0;  // 0: one a core, at most 64
    std::map<std::string, ProviderOptions> providers;
    std::vector<ModelOptions> models;
    std::vector<cascade::CascadeOptions> cascades;  // in the file's order: the first match wins
    std::vector<InferenceOptions> inference;
    std::vector<KeyOptions> keys;
    std::map<std::string, limits::Rates> tenants;  // over all keys of a tenant
    bool require_key = false;                      // though there is none yet
    AdminAccess admin_access;
    std::vector<limits::BudgetRules> budgets;
    std::optional<EmbeddingOptions> embedding;
    Limits limits;
    LedgerOptions ledger;
    CacheOptions cache;
    telemetry::Options telemetry;
    telemetry::AlertOptions alerts;
};

}  // namespace weir::gateway
