// The configuration made ready to run on: endpoints, TLS, children, prices, keys and cascades, resolved once at
// start-up or reload and then immutable. One Routes is shared by all reactors; a request keeps the one it began with.
// Thread rule: build() may block (files, child processes, the ledger's name table); everything else from any thread.
// Limits: those of the parts.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cascade/gate.h"
#include "cascade/gold.h"
#include "gateway/model_directory.h"
#include "gateway/options.h"
#include "limits/key_book.h"
#include "local/llama_server.h"
#include "net/endpoint.h"
#include "net/tls.h"
#include "store/ledger.h"
#include "tiers/model/in_flight.h"

namespace weir::gateway {

struct EndpointRoute {
    net::Endpoint endpoint;
    std::string path_prefix;
    std::string key;
    unsigned weight = 1;
    std::shared_ptr<net::TlsContext> tls;
};

struct ProviderRoute {
    ProviderOptions options;
    std::vector<EndpointRoute> endpoints;        // at least one
    std::string identity;                        // part of cache keys: who answers, not how it is reached
    std::shared_ptr<tiers::InFlight> in_flight;  // null: no limit
    std::shared_ptr<local::LlamaServer> child;
};

struct RungRoute {
    cascade::TierKind kind;
    std::optional<ModelRoute> model;
    std::shared_ptr<const cascade::Gate> gate;
};

struct LearnedRoute {
    std::optional<ModelRoute> model;  // nothing: a student
    tiers::Gathering gathers;
};

struct CascadeRoute {
    cascade::CascadeOptions options;
    store::NameId name_id = store::kNoName;
    std::vector<RungRoute> rungs;
    std::vector<LearnedRoute> ladder;      // model tiers with gates that are learned (cascade/policy.h), in order
    std::optional<ModelRoute> judge;       // of answers that don't tell themselves whether they agree
    std::optional<ProviderRoute> webhook;  // instead of a judge
    std::shared_ptr<const cascade::GoldAnswers> gold;  // null: none
    bool has_exact = false;
    bool has_semantic = false;
};

struct InferenceRoute {
    InferenceOptions options;
    CascadeRoute cascade;     // its name, mode and promise; the exact cache is its only rung
    ProviderRoute reference;  // its URL is the whole path, or that of the model (/v2/models/NAME)
    std::vector<ProviderRoute> tiers;
    store::NameId reference_id = store::kNoName;
    std::vector<store::NameId> tier_ids;
};
// "ranking/small": whose answers they are, in the ledger.
std::string full_name_of(const InferenceOptions& route, const InferenceTarget& target);

class Routes {
  public:
    // `previous` lends its children where their options are unchanged.
    static Result<std::shared_ptr<const Routes>> build(const Options& options, const Routes* previous,
                                                       store::LedgerSink& ledger);

    const Options& options() const { return options_; }
    // The one provider that is no child of Weir's; nothing where there is none, or more than one.
    std::optional<std::string> only_remote_provider() const;
    const std::map<std::string, ProviderRoute>& providers() const { return providers_; }

    // Which embedding model there is, by its content (embed::identity_of_model_file); empty: none.
    const std::string& embedding_identity() const { return embedding_identity_; }

    const std::vector<CascadeRoute>& cascades() const { return cascades_; }
    const CascadeRoute& forward_only() const { return forward_only_; }

    const std::vector<InferenceRoute>& inference() const { return inference_; }

    // The first cascade that takes the model, else one that only forwards.
    const CascadeRoute& cascade_for(std::string_view model) const;

    // Who answers a request for `model` as the cascade's reference: ModelDirectory::resolve().
    Result<ModelRoute> resolve(std::string_view model, const CascadeRoute& cascade) const;

    // The interned name of a configured model; kNoName for others.
    store::NameId model_id(std::string_view full_name) const;
    // The same of a configured budget.
    store::NameId budget_id(std::string_view name) const;
    // The cascades that have a student among their tiers.
    std::set<std::string> cascades_with_students() const;
    // Those with a tier that is shown examples.
    std::set<std::string> cascades_with_examples() const;

    // What the configuration says of callers' keys; of the keys themselves there are digests only.
    const limits::KeySettings& key_settings() const { return key_settings_; }

    // What GET /v1/models lists: configured models, and names (not globs) that cascades match.
    std::vector<std::pair<std::string, std::string>> listed_models() const;  // id, owner

    // One more of the provider's places; what `options` leaves out is the provider's. Errors: invalid, io (of TLS
    // files).
    static Result<void> add_endpoint(ProviderRoute& route, const EndpointOptions& options);

  private:
    Result<void> add_provider(const ProviderOptions& options, const Routes* previous);
    Result<void> identify_embedding(const Routes* previous);
    Result<ModelRoute> model_of_cascade(const cascade::CascadeOptions& cascade, const std::string& what,
                                        const std::string& model, store::LedgerSink& ledger) const;
    static Result<void> add_graders(CascadeRoute& to);
    Result<void> add_cascade(const cascade::CascadeOptions& options, store::LedgerSink& ledger);
    static Result<void> add_endpoints(ProviderRoute& route);
    static void take_places(ProviderRoute& route, const ProviderRoute* before);
    static Result<void> add_target(const InferenceOptions& options, const InferenceTarget& target,
                                   const InferenceRoute* previous, ProviderRoute& to);
    Result<void> add_inference(const InferenceOptions& options, const Routes* previous, store::LedgerSink& ledger);
    Result<void> add_keys();

    Options options_;
    ModelDirectory models_;
    limits::KeySettings key_settings_;
    std::map<std::string, ProviderRoute> providers_;
    std::string embedding_identity_;
    std::map<std::string, store::NameId, std::less<>> model_ids_, budget_ids_;
    std::vector<CascadeRoute> cascades_;
    std::vector<InferenceRoute> inference_;
    CascadeRoute forward_only_;
};

}  // namespace weir::gateway
