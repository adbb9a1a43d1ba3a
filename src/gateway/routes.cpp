#include "gateway/routes.h"

#include <algorithm>

#include "base/hash.h"
#include "cascade/trial.h"
#include "cascade/trial_log.h"
#include "embed/endpoint_embedder.h"
#include "tiers/student/student_tier.h"

namespace weir::gateway {
namespace {

bool same_child(const local::LlamaServerOptions& a, const local::LlamaServerOptions& b) {
    return a.name == b.name && a.model_file == b.model_file && a.adapter_file == b.adapter_file &&
           a.program == b.program && a.embedding == b.embedding && a.threads == b.threads &&
           a.context_tokens == b.context_tokens && a.parallel == b.parallel && a.memory_bytes == b.memory_bytes &&
           a.cache_ram_mib == b.cache_ram_mib && a.extra_arguments == b.extra_arguments && a.log_file == b.log_file;
}

bool is_glob(std::string_view text) {
    return text.find_first_of("*?") != std::string_view::npos;
}

}  // namespace

Result<std::shared_ptr<const Routes>> Routes::build(const Options& options, const Routes* previous,
                                                    store::LedgerSink& ledger) {
    auto routes = std::make_shared<Routes>();
    routes->options_ = options;
    auto models = ModelDirectory::build(options);
    if (!models) return tl::unexpected(models.error());
    routes->models_ = std::move(*models);
    for (const ModelOptions& model : options.models) {
        routes->model_ids_[model.full_name()] = ledger.intern(model.full_name());
    }
    for (const limits::BudgetRules& budget : options.budgets) {
        routes->budget_ids_[budget.name] = ledger.intern(budget.name);
    }
    const std::string student(tiers::student::kStudentName);
    routes->model_ids_[student] = ledger.intern(student);
    if (auto added = routes->add_keys(); !added) return tl::unexpected(added.error());
    for (const auto& [name, provider] : options.providers) {
        if (auto added = routes->add_provider(provider, previous); !added) return tl::unexpected(added.error());
    }
    if (auto identified = routes->identify_embedding(previous); !identified) {
        return tl::unexpected(identified.error());
    }
    for (const cascade::CascadeOptions& cascade : options.cascades) {
        if (auto added = routes->add_cascade(cascade, ledger); !added) return tl::unexpected(added.error());
    }
    for (const InferenceOptions& inference : options.inference) {
        if (auto added = routes->add_inference(inference, previous, ledger); !added)
            return tl::unexpected(added.error());
    }
    routes->forward_only_.options.name = "none";
    routes->forward_only_.options.mode = cascade::Mode::off;
    routes->forward_only_.name_id = ledger.intern("none");
    return routes;
}

Result<void> Routes::add_provider(const ProviderOptions& options, const Routes* previous) {
    ProviderRoute route;
    route.options = options;
    if (options.api == ProviderApi::llama_server) {
        if (!options.child) return fail(ErrorCode::invalid, "provider '" + options.name + "' has no model_file");
        const auto* before = previous == nullptr ? nullptr : [&]() -> const ProviderRoute* {
            const auto found = previous->providers_.find(options.name);
            return found == previous->providers_.end() ? nullptr : &found->second;
        }();
        if (before != nullptr && before->child && before->options.child &&
            same_child(*before->options.child, *options.child)) {
            route.child = before->child;
        } else {
            auto child = local::LlamaServer::start(*options.child);
            if (!child) return fail(child.error().code, "provider '" + options.name + "': " + child.error().message);
            route.child = std::move(*child);
        }
        EndpointRoute endpoint;
        endpoint.endpoint.unix_path = route.child->socket_path();
        endpoint.path_prefix = "/v1";
        route.endpoints.push_back(std::move(endpoint));
        route.identity = options.name + " llama-server " + options.child->model_file;
        if (!options.child->adapter_file.empty()) route.identity += " with " + options.child->adapter_file;
    } else {
        if (Result<void> added = add_endpoints(route); !added) return added;
    }
    const auto found = previous == nullptr ? providers_.end() : previous->providers_.find(options.name);
    const bool had = previous != nullptr && found != previous->providers_.end();
    take_places(route, had ? &found->second : nullptr);
    providers_.emplace(options.name, std::move(route));
    return {};
}

Result<void> Routes::add_endpoints(ProviderRoute& route) {
    route.identity = route.options.name + " " + route.options.base_url;
    for (const EndpointOptions& endpoint : route.options.endpoints) {
        if (Result<void> added = add_endpoint(route, endpoint); !added) return added;
    }
    if (!route.endpoints.empty()) return {};
    return add_endpoint(route, {});
}

// What is under way goes on counting over a reload.
void Routes::take_places(ProviderRoute& route, const ProviderRoute* before) {
    const ProviderOptions& options = route.options;
    if (options.in_flight == 0) return;
    const bool same = before != nullptr && before->in_flight && before->options.in_flight == options.in_flight &&
                      before->options.queue == options.queue;
    route.in_flight = same ? before->in_flight : std::make_shared<tiers::InFlight>(options.in_flight, options.queue);
}

Result<void> Routes::add_endpoint(ProviderRoute& route, const EndpointOptions& options) {
    const ProviderOptions& provider = route.options;
    const std::string& url = options.base_url.empty() ? provider.base_url : options.base_url;
    const std::string name = "provider '" + provider.name + "': ";
    EndpointRoute endpoint;
    auto parsed = net::parse_url(url, endpoint.path_prefix);
    if (!parsed) return fail(ErrorCode::invalid, name + "base_url: " + parsed.error().message);
    endpoint.endpoint = *parsed;
    endpoint.key = options.key.empty() ? provider.key : options.key;
    endpoint.weight = options.weight;
    if (parsed->tls) {
        auto tls = net::make_client_tls(provider.tls_ca_file);
        if (!tls) return fail(tls.error().code, name + tls.error().message);
        endpoint.tls = std::move(*tls);
    }
    route.endpoints.push_back(std::move(endpoint));
    return {};
}

// A model's vectors are its own: another content, or other options of the server that pools them, is another model. A
// child that goes on running is what it was when it was identified, whatever has become of its file.
Result<void> Routes::identify_embedding(const Routes* previous) {
    if (!options_.embedding) return {};
    const EmbeddingOptions& embedding = *options_.embedding;
    const auto found = providers_.find(embedding.provider);
    if (found == providers_.end() || !found->second.child) {
        return fail(ErrorCode::invalid,
                    "embedding: provider '" + embedding.provider + "' is not one of api: llama-server");
    }
    if (previous != nullptr && previous->options_.embedding) {
        const EmbeddingOptions& before = *previous->options_.embedding;
        const auto same = previous->providers_.find(before.provider);
        if (same != previous->providers_.end() && same->second.child == found->second.child &&
            before.model == embedding.model && before.dimensions == embedding.dimensions) {
            embedding_identity_ = previous->embedding_identity_;
            return {};
        }
    }
    const local::LlamaServerOptions& child = *found->second.options.child;
    std::string name = embedding.model;
    if (!child.extra_arguments.empty()) {
        Sha256 hash;
        for (const std::string& argument : child.extra_arguments) hash.update_part(argument);
        name += "+" + to_hex(hash.finish()).substr(0, 12);
    }
    auto identity = embed::identity_of_model_file(name, child.model_file, embedding.dimensions);
    if (!identity) return tl::unexpected(identity.error());
    embedding_identity_ = std::move(*identity);
    return {};
}

// `what`: for the error.
Result<ModelRoute> Routes::model_of_cascade(const cascade::CascadeOptions& cascade, const std::string& what,
                                            const std::string& model, store::LedgerSink& ledger) const {
    auto found = resolve(model, forward_only_);
    if (!found) {
        return fail(ErrorCode::invalid,
                    "cascade '" + cascade.name + "', " + what + " '" + model + "': " + found.error().message);
    }
    if (found->name_id == store::kNoName) found->name_id = ledger.intern(found->full_name);
    return found;
}

// Who grades answers besides a judge: a service, a file.
Result<void> Routes::add_graders(CascadeRoute& to) {
    const std::string name = "cascade '" + to.options.name + "', agreement.";
    const cascade::AgreementOptions& agreement = to.options.agreement;
    if (!agreement.webhook.empty()) {
        ProviderRoute route;
        route.options.name = "webhook";
        route.options.key = agreement.webhook_key;
        route.options.base_url = agreement.webhook;
        if (Result<void> added = add_endpoint(route, {}); !added)
            return fail(added.error().code, name + "webhook: " + added.error().message);
        to.webhook = std::move(route);
    }
    if (!agreement.gold_file.empty()) {
        auto gold = cascade::read_gold(agreement.gold_file);
        if (!gold) return fail(gold.error().code, name + "gold: " + gold.error().message);
        to.gold = std::move(*gold);
    }
    return {};
}

Result<void> Routes::add_cascade(const cascade::CascadeOptions& options, store::LedgerSink& ledger) {
    CascadeRoute route;
    route.options = options;
    route.name_id = ledger.intern(options.name);
    for (const cascade::TierOptions& tier : options.tiers) {
        RungRoute rung{tier.kind, std::nullopt, cascade::make_gate(tier)};
        if (tier.kind == cascade::TierKind::exact) {
            route.has_exact = true;
        } else if (tier.kind == cascade::TierKind::semantic) {
            route.has_semantic = true;
        } else if (tier.kind == cascade::TierKind::model) {
            auto model = model_of_cascade(options, "tier", tier.model, ledger);
            if (!model) return tl::unexpected(model.error());
            if (!tier.min_mean_logprob && options.promise) {
                if (route.ladder.size() < cascade::kMostModelTiers) {
                    const std::string name = cascade::ledger_name(model->full_name, tier.gathers);
                    if (tier.gathers.shows.any()) model_ids_[name] = ledger.intern(name);
                    route.ladder.push_back({std::move(*model), tier.gathers});
                }
                continue;
            }
            rung.model = std::move(*model);
        } else {
            if (options.promise && route.ladder.size() < cascade::kMostModelTiers) route.ladder.push_back({});
            continue;  // without a promise nothing tells when it may be served
        }
        route.rungs.push_back(std::move(rung));
    }
    if (!options.agreement.judge.empty()) {
        auto judge = model_of_cascade(options, "judge", options.agreement.judge, ledger);
        if (!judge) return tl::unexpected(judge.error());
        route.judge = std::move(*judge);
    }
    if (Result<void> added = add_graders(route); !added) return added;
    cascades_.push_back(std::move(route));
    return {};
}

std::string full_name_of(const InferenceOptions& route, const InferenceTarget& target) {
    return route.name + "/" + target.name;
}

Result<void> Routes::add_target(const InferenceOptions& options, const InferenceTarget& target,
                                const InferenceRoute* previous, ProviderRoute& to) {
    to.options = target.server;
    to.options.name = full_name_of(options, target);
    const auto at_model = [&](std::string& url) {
        if (!options.open_inference() || url.empty()) return;
        while (url.ends_with('/')) url.pop_back();
        url += "/v2/models/" + target.model;
    };
    at_model(to.options.base_url);
    for (EndpointOptions& endpoint : to.options.endpoints) at_model(endpoint.base_url);
    if (Result<void> added = add_endpoints(to); !added) return added;
    for (std::size_t i = 0; i < to.endpoints.size() && !options.open_inference(); ++i) {
        // Nothing follows: such a URL is the whole path, which may end in a slash, or be one.
        const std::string own = to.options.endpoints.empty() ? "" : to.options.endpoints[i].base_url;
        const std::string& url = own.empty() ? to.options.base_url : own;
        std::string& path = to.endpoints[i].path_prefix;
        if (path.empty() || url.ends_with('/')) path += '/';
    }
    const ProviderRoute* before = nullptr;
    if (previous != nullptr) {
        if (previous->reference.options.name == to.options.name) before = &previous->reference;
        for (const ProviderRoute& tier : previous->tiers) {
            if (tier.options.name == to.options.name) before = &tier;
        }
    }
    take_places(to, before);
    return {};
}

Result<void> Routes::add_inference(const InferenceOptions& options, const Routes* previous, store::LedgerSink& ledger) {
    InferenceRoute route;
    route.options = options;
    cascade::CascadeOptions& cascade = route.cascade.options;
    cascade.name = options.name;
    cascade.mode = options.mode;
    cascade.promise = options.promise;
    cascade.cache.ttl_micros = options.ttl_micros;
    cascade.cache.stale_share = 0;
    cascade.tier_timeout_micros = options.tier_timeout_micros;
    cascade.agreement.repeat = 0;
    cascade.agreement.rules.form = options.agreement.by;
    cascade.agreement.rules.number_tolerance = options.agreement.tolerance;
    route.cascade.name_id = ledger.intern(options.name);
    route.cascade.has_exact = options.caches;
    if (options.caches) {
        cascade::TierOptions exact;
        exact.kind = cascade::TierKind::exact;
        route.cascade.rungs.push_back({exact.kind, std::nullopt, cascade::make_gate(exact)});
    }
    const InferenceRoute* before = nullptr;
    if (previous != nullptr) {
        for (const InferenceRoute& other : previous->inference_) {
            if (other.options.name == options.name) before = &other;
        }
    }
    if (Result<void> added = add_target(options, options.reference, before, route.reference); !added) return added;
    route.reference_id = ledger.intern(full_name_of(options, options.reference));
    for (const InferenceTarget& tier : options.tiers) {
        if (Result<void> added = add_target(options, tier, before, route.tiers.emplace_back()); !added) return added;
        route.tier_ids.push_back(ledger.intern(full_name_of(options, tier)));
    }
    inference_.push_back(std::move(route));
    return {};
}

// Only their hashes stay.
Result<void> Routes::add_keys() {
    key_settings_.tenants = options_.tenants;
    key_settings_.require_key = options_.require_key;
    for (KeyOptions& key : options_.keys) {
        if (auto checked = limits::check_key(key.key); !checked) return checked;
        key_settings_.keys.push_back({sha256(key.key), key.tenant, key.models, key.rates});
        key.key.clear();
    }
    return {};
}

std::set<std::string> Routes::cascades_with_students() const {
    std::set<std::string> names;
    for (const CascadeRoute& cascade : cascades_) {
        for (const LearnedRoute& tier : cascade.ladder) {
            if (!tier.model) names.insert(cascade.options.name);
        }
    }
    return names;
}

std::set<std::string> Routes::cascades_with_examples() const {
    std::set<std::string> names;
    for (const CascadeRoute& cascade : cascades_) {
        for (const LearnedRoute& tier : cascade.ladder) {
            if (tier.gathers.shows.any()) names.insert(cascade.options.name);
        }
    }
    return names;
}

std::optional<std::string> Routes::only_remote_provider() const {
    std::optional<std::string> only;
    for (const auto& [name, provider] : providers_) {
        if (provider.child) continue;
        if (only) return std::nullopt;
        only = name;
    }
    return only;
}

store::NameId Routes::model_id(std::string_view full_name) const {
    const auto found = model_ids_.find(full_name);
    return found == model_ids_.end() ? store::kNoName : found->second;
}

store::NameId Routes::budget_id(std::string_view name) const {
    const auto found = budget_ids_.find(name);
    return found == budget_ids_.end() ? store::kNoName : found->second;
}

const CascadeRoute& Routes::cascade_for(std::string_view model) const {
    const cascade::CascadeOptions* const found = gateway::cascade_for(options_.cascades, model);
    return found == nullptr ? forward_only_ : cascades_[static_cast<std::size_t>(found - options_.cascades.data())];
}

Result<ModelRoute> Routes::resolve(std::string_view model, const CascadeRoute& cascade) const {
    Result<ModelRoute> route = models_.resolve(model, cascade.options.reference_provider);
    if (!route) return route;
    route->name_id = model_id(route->full_name);
    for (ModelRoute& fallback : route->fallbacks) fallback.name_id = model_id(fallback.full_name);
    return route;
}

std::vector<std::pair<std::string, std::string>> Routes::listed_models() const {
    std::vector<std::pair<std::string, std::string>> listed;
    const auto add = [&](std::string id, std::string owner) {
        const auto known =
            std::any_of(listed.begin(), listed.end(), [&](const auto& entry) { return entry.first == id; });
        if (!known) listed.emplace_back(std::move(id), std::move(owner));
    };
    for (const CascadeRoute& route : cascades_) {
        for (const std::string& pattern : route.options.match_models) {
            if (is_glob(pattern)) continue;
            if (const auto resolved = resolve(pattern, route)) add(pattern, resolved->provider);
        }
    }
    for (const ModelOptions& model : options_.models) add(model.full_name(), model.provider);
    return listed;
}

}  // namespace weir::gateway
