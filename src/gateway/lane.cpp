#include "gateway/lane.h"

#include <bit>

#include "gateway/examples.h"
#include "net/host_header.h"
#include "tiers/exact_cache/exact_tier.h"
#include "tiers/model/model_tier.h"
#include "tiers/semantic_cache/semantic_tier.h"
#include "tiers/semantic_cache/shipped_verifier.h"
#include "tiers/student/student_tier.h"
#include "wire/anthropic_form.h"
#include "wire/completions_form.h"
#include "wire/gemini_form.h"
#include "wire/responses_form.h"

namespace weir::gateway {
namespace {

const wire::ProviderForm* form_of(ProviderApi api) {
    switch (api) {
        case ProviderApi::anthropic:
            return &wire::anthropic_form();
        case ProviderApi::gemini:
            return &wire::gemini_form();
        case ProviderApi::openai:
        case ProviderApi::llama_server:
            return nullptr;
    }
    return nullptr;
}

// Of an API that a provider of chat offers besides.
const wire::ProviderForm* form_of(OfferedApi api) {
    switch (api) {
        case OfferedApi::messages:
            return &wire::anthropic_form();
        case OfferedApi::completions:
            return &wire::completions_form();
        case OfferedApi::responses:
            break;
    }
    return &wire::responses_form();
}

net::ClientLimits client_limits(const Limits& limits) {
    net::ClientLimits client;
    client.head_bytes = limits.head_bytes;
    client.connect_micros = limits.connect_micros;
    client.first_byte_micros = limits.first_byte_micros;
    client.idle_micros = limits.idle_micros;
    client.pooled_micros = limits.upstream_idle_micros;
    client.pooled_connections = limits.upstream_idle_connections;
    return client;
}

// How the provider's API is spoken.
void speak(const ProviderOptions& options, tiers::ProviderLink& link) {
    link.form = form_of(options.api);
    if (link.form != nullptr) link.native_forms.push_back(link.form);
    for (const OfferedApi api : options.offers) {
        link.native_forms.push_back(form_of(api));
    }
    link.query = options.query;
    link.drop_unsupported = options.drop_unsupported;
    link.passes_through = options.pass_through && options.api != ProviderApi::llama_server;
    link.usage_in_streams = options.usage_in_streams;
    for (const auto& [name, value] : options.headers) link.fixed_lines += name + ": " + value + "\r\n";
}

std::string key_line(const ProviderOptions& options, const wire::ProviderForm* form, const std::string& key) {
    if (key.empty()) return {};
    wire::ProviderForm::KeyHeader header{"authorization", "Bearer "};
    if (form != nullptr) header = form->key_header();
    if (!options.key_header.empty()) header = {options.key_header, ""};
    return std::string(header.name) + ": " + std::string(header.prefix) + key + "\r\n";
}

}  // namespace

std::shared_ptr<tiers::ProviderLink> link_to(const ProviderRoute& route, const Limits& limits, net::Reactor& reactor) {
    const ProviderOptions& options = route.options;
    auto link = std::make_shared<tiers::ProviderLink>(options.balance, options.ejection, options.retries);
    link->name = options.name;
    link->identity = route.identity;
    link->answer_bytes = limits.answer_bytes;
    link->in_flight = route.in_flight;
    link->queue_micros = options.queue_micros;
    speak(options, *link);
    for (const EndpointRoute& one : route.endpoints) {
        const net::Endpoint& place = one.endpoint;
        tiers::Endpoint endpoint;
        endpoint.path_prefix = one.path_prefix;
        endpoint.host_header = net::host_header(place);
        endpoint.key_line = key_line(options, link->form, one.key);
        endpoint.client = std::make_unique<net::HttpClient>(reactor, place, client_limits(limits), one.tls);
        endpoint.weight = one.weight;
        link->endpoints.add(std::move(endpoint));
    }
    if (route.child) {
        link->ready_of = route.child;
        link->ready = [](const void* of) {
            return static_cast<const local::LlamaServer*>(of)->state() == local::ChildState::ready;
        };
    }
    return link;
}

namespace {

std::shared_ptr<tiers::Tier> model_tier(const CascadeRoute& cascade,
                                        const std::shared_ptr<const tiers::ModelUpstream>& upstream,
                                        const tiers::Gathering& gathers = {},
                                        std::shared_ptr<const tiers::ExampleSource> source = nullptr) {
    const cascade::CascadeOptions& options = cascade.options;
    return std::make_shared<tiers::ModelTier>(upstream, gathers, options.tier_timeout_micros, options.tier_rest_micros,
                                              std::move(source));
}

}  // namespace

LaneRoutes::LaneRoutes(std::shared_ptr<const Routes> routes, net::Reactor& reactor, Shared& shared)
    : routes_(std::move(routes)), reactor_(reactor) {
    for (const auto& [name, provider] : routes_->providers()) {
        links_.emplace(name, link_to(provider, routes_->options().limits, reactor));
    }
    SemanticParts* const semantic = shared.caches.semantic();
    if (semantic != nullptr && !semantic->dense_identity.empty()) make_embedder(semantic->dense_identity);
    const auto add_rungs = [&](const CascadeRoute& cascade) {
        auto& judge = judges_[&cascade];
        judge = std::make_unique<cascade::RulesEntryJudge>(cascade.options.cache, shared.caches.freshness(),
                                                           &shared.caches.purges(), shared.clock);
        std::vector<cascade::Rung>& rungs = rungs_[&cascade];
        for (const RungRoute& rung : cascade.rungs) {
            std::shared_ptr<tiers::Tier> tier;
            if (rung.model) {
                tier = model_tier(cascade, upstream_of(*rung.model));
            } else if (rung.kind == cascade::TierKind::semantic) {
                tiers::SemanticTier::Rules rules;
                const auto& configured = cascade.options.cache.semantic.threshold;
                rules.promise = {cascade.options.cache.semantic.false_share, cascade.options.cache.semantic.confidence};
                const double promise = rules.promise.false_share;
                rules.prior_dense = configured.value_or(tiers::semantic::shipped_prior(promise, true));
                rules.prior_plain = configured.value_or(tiers::semantic::shipped_prior(promise, false));
                const tiers::SemanticTier::Parts parts{
                    *semantic->memory, *semantic->judges, semantic->hashing, shared.cache, *judge,
                    reactor,           reactor.clock(),   embedder_.get()};
                tier = std::make_shared<tiers::SemanticTier>(parts, rules);
            } else {
                tier = std::make_shared<tiers::ExactTier>(shared.cache, shared.caches.flights(), *judge, reactor,
                                                          reactor.clock());
            }
            rungs.push_back({std::move(tier), rung.gate});
        }
    };
    for (const CascadeRoute& cascade : routes_->cascades()) {
        add_rungs(cascade);
        if (cascade.webhook) {
            webhooks_.emplace(&cascade, link_to(*cascade.webhook, routes_->options().limits, reactor));
        }
    }
    add_rungs(routes_->forward_only());
    for (const InferenceRoute& route : routes_->inference()) {
        add_rungs(route.cascade);
        add_inference(route, shared);
    }
}

void LaneRoutes::make_embedder(const std::string& identity) {
    const std::optional<EmbeddingOptions>& options = routes_->options().embedding;
    // What runs keeps its embedding model until a restart; a file that names another one has none meanwhile.
    if (!options || routes_->embedding_identity() != identity) return;
    const ProviderRoute& provider = routes_->providers().at(options->provider);
    const std::shared_ptr<tiers::ProviderLink>& link = links_.at(options->provider);
    const net::ClientLimits limits = embed::endpoint_limits(client_limits(routes_->options().limits));
    const EndpointRoute& place = provider.endpoints.front();
    auto client = std::make_shared<net::HttpClient>(reactor_, place.endpoint, limits, place.tls);
    embed::EndpointOptions endpoint;
    endpoint.identity = identity;
    endpoint.dimensions = options->dimensions;
    endpoint.model = options->model;
    endpoint.path = place.path_prefix + "/embeddings";
    endpoint.host_header = link->endpoints.first().host_header;
    endpoint.authorization_line = link->endpoints.first().key_line;
    endpoint.ready = [link] { return link->is_ready(); };
    embedder_ = std::make_unique<embed::EndpointEmbedder>(std::move(client), std::move(endpoint));
}

std::shared_ptr<tiers::ModelUpstream> LaneRoutes::upstream_of(const ModelRoute& model) const {
    auto upstream = std::make_shared<tiers::ModelUpstream>();
    upstream->provider = links_.at(model.provider);
    upstream->full_name = model.full_name;
    upstream->upstream_name = model.upstream_name;
    upstream->name_id = model.name_id;
    upstream->price = model.price;
    upstream->max_output = model.max_output;
    return upstream;
}

// The tiers that learn, and what is learned for them.
void LaneRoutes::add_ladder(Plan& plan, Shared& shared) const {
    const CascadeRoute& cascade = *plan.cascade;
    if (cascade.ladder.empty() || !cascade.options.promise || !plan.reference->price) return;
    const cascade::Promise& promise = *cascade.options.promise;
    const bool keeps = plan.examples && shared.shelf != nullptr && shared.example_shelf != nullptr;
    const cascade::CourseName name{cascade.options.name,
                                   promise.by_harm,
                                   learned_tiers(cascade, plan.reference->full_name, keeps),
                                   plan.reference->full_name,
                                   {}};
    for (const auto& [model, gathers] : cascade.ladder) {
        if (!model) {
            if (!keeps) continue;
            plan.course_options.at_once =
                static_cast<std::uint8_t>(plan.course_options.at_once | 1U << plan.ladder.size());
            plan.ladder_models.push_back(nullptr);
            plan.ladder_gathers.push_back({});
            plan.ladder_sources.push_back(nullptr);
            plan.ladder.push_back(std::make_shared<tiers::student::StudentTier>(
                *shared.shelf, plan.examples, routes_->model_id(tiers::student::kStudentName), shared.clock));
            continue;
        }
        if (model->full_name == plan.reference->full_name || !model->price) continue;
        auto upstream = upstream_of(*model);
        std::shared_ptr<const tiers::ExampleSource> source;
        if (gathers.shows.any()) {
            if (!keeps) continue;
            source = std::make_shared<tiers::ExampleSource>(*shared.example_shelf, plan.examples, gathers.shows);
            upstream->full_name = cascade::ledger_name(model->full_name, gathers);
            upstream->name_id = routes_->model_id(upstream->full_name);
        }
        plan.ladder_models.push_back(std::move(upstream));
        plan.ladder_gathers.push_back(gathers);
        plan.ladder_sources.push_back(source);
        plan.ladder.push_back(model_tier(cascade, plan.ladder_models.back(), gathers, std::move(source)));
    }
    plan.course_name = cascade::to_string(name);
    if (plan.ladder.empty()) return;
    const std::uint8_t at_once = plan.course_options.at_once;
    if (std::has_single_bit(at_once + 1U) && static_cast<std::size_t>(std::bit_width(at_once)) == plan.ladder.size()) {
        plan.course_options = cascade::PolicyLearner::options_of_students();
        plan.course_options.at_once = at_once;
    }
    plan.course_options.tiers = plan.ladder.size();
    plan.course_options.promise = promise.disagreement;
    plan.course_options.confidence = promise.confidence;
    plan.course_options.per_answer = promise.per_answer;
    if (!cascade.judge && !cascade.webhook) plan.course_options.audits.graded = 1;
    plan.proof = shared.cascades.budget(cascade.options.name);
    plan.proof->set_caps(cascade.options.audits);
    if (promise.over_task) return;
    plan.course = shared.cascades.course(plan.course_name, plan.course_options, cascade.options.canary);
}

// A plan as for chat, as far as that goes: who is asked, what is learned, under which promise.
void LaneRoutes::add_inference(const InferenceRoute& route, Shared& shared) {
    const InferenceOptions& options = route.options;
    const Limits& limits = routes_->options().limits;
    const auto upstream = [&](const ProviderRoute& provider, const InferenceTarget& target, store::NameId id) {
        auto to = std::make_shared<tiers::ModelUpstream>();
        to->provider = link_to(provider, limits, reactor_);
        to->full_name = full_name_of(options, target);
        to->name_id = id;
        to->call_price = target.price;
        return to;
    };
    auto plan = std::make_shared<Plan>();
    plan->inference = &route;
    plan->cascade = &route.cascade;
    plan->rungs = &rungs_.at(&route.cascade);
    plan->asked_as = options.name;
    plan->reference = upstream(route.reference, options.reference, route.reference_id);
    plan->asked.push_back(plan->reference);
    plan->upstream_identity = route.reference.identity;
    cascade::CourseName name{options.name, false, {}, plan->reference->full_name, {}};
    for (std::size_t i = 0; i < options.tiers.size() && options.promise; ++i) {
        plan->ladder_models.push_back(upstream(route.tiers[i], options.tiers[i], route.tier_ids[i]));
        plan->ladder_gathers.emplace_back();
        plan->ladder_health.emplace_back(options.tier_timeout_micros, route.cascade.options.tier_rest_micros);
        plan->ladder_sources.push_back(nullptr);
        // Other evidence is another tier to what was learned.
        tiers::Gathering gathers;
        gathers.verify = options.tiers[i].confidence.has_value();
        name.tiers.push_back(cascade::tier_name(plan->ladder_models.back()->full_name, gathers));
    }
    if (!plan->ladder_models.empty()) {
        cascade::PolicyLearner::Options& course = plan->course_options;
        course.tiers = plan->ladder_models.size();
        course.promise = options.promise->disagreement;
        course.confidence = options.promise->confidence;
        course.per_answer = options.promise->per_answer;
        course.hold_out = options.hold_out;
        course.audits.base = options.audit;
        course.audits.least = std::min(course.audits.least, options.audit);
        course.audits.graded = 1;  // comparing costs nothing
        plan->course_name = cascade::to_string(name);
        plan->proof = shared.cascades.budget(options.name);
        plan->course = shared.cascades.course(plan->course_name, course, 1);
    }
    std::shared_ptr<const Plan> made = std::move(plan);
    (options.open_inference() ? by_model_ : by_path_)
        .emplace(options.open_inference() ? options.model : options.path, made);
    inference_.push_back(std::move(made));
}

void LaneRoutes::each_endpoint(const EndpointVisit& visit) const {
    const auto look_at = [&visit](const tiers::ProviderLink& link) {
        const auto& all = link.endpoints.all();
        for (std::size_t i = 0; i < all.size(); ++i) {
            std::string place = all[i]->host_header + all[i]->path_prefix;
            if (all.size() > 1) place += " (" + std::to_string(i + 1) + " of " + std::to_string(all.size()) + ")";
            visit(link.name, place, all[i]->health);
        }
    };
    for (const auto& [name, link] : links_) look_at(*link);
    for (const std::shared_ptr<const Plan>& plan : inference_) {
        look_at(*plan->reference->provider);
        for (const auto& tier : plan->ladder_models) look_at(*tier->provider);
    }
}

std::shared_ptr<const Plan> LaneRoutes::inference_at(std::string_view path) const {
    const auto found = by_path_.find(path);
    return found == by_path_.end() ? nullptr : found->second;
}

std::shared_ptr<const Plan> LaneRoutes::inference_of(std::string_view model) const {
    const auto found = by_model_.find(model);
    return found == by_model_.end() ? nullptr : found->second;
}

std::shared_ptr<const Plan> LaneRoutes::first_open_inference() const {
    for (const std::shared_ptr<const Plan>& plan : inference_) {
        if (plan->inference->options.open_inference()) return plan;
    }
    return nullptr;
}

std::vector<std::string> learned_tiers(const CascadeRoute& cascade, const std::string& reference, bool keeps) {
    std::vector<std::string> names;
    for (const auto& [model, gathers] : cascade.ladder) {
        if (!keeps && (!model || gathers.shows.any())) continue;
        if (!model) names.emplace_back(kStudentTier);
        if (!model || model->full_name == reference || !model->price) continue;
        names.push_back(cascade::tier_name(model->full_name, gathers));
    }
    return names;
}

std::shared_ptr<cascade::Course> Plan::course_of(std::uint64_t task, cascade::CascadeLearner& learner) const {
    if (ladder.empty() || course) return course;
    return learner.course(course_name + " " + to_hex(task), course_options, cascade->options.canary);
}

bool LaneLink::call(std::function<void(Lane&)> work) {
    const std::lock_guard lock(mutex_);
    if (lane_ == nullptr) return false;
    lane_->reactor.call([self = shared_from_this(), work = std::move(work)] {
        Lane* lane = nullptr;
        {
            const std::lock_guard again(self->mutex_);
            lane = self->lane_;
        }
        if (lane != nullptr) work(*lane);  // only this thread takes it away, or it does not run any more
    });
    return true;
}

void LaneLink::cut() {
    const std::lock_guard lock(mutex_);
    lane_ = nullptr;
}

void take_keys(std::shared_ptr<const limits::KeyRing> ring, std::shared_ptr<const LaneKeys>& in) {
    if (in && in->ring->number() > ring->number()) return;
    in = std::make_shared<LaneKeys>(std::move(ring));
}

std::shared_ptr<const Plan> LaneRoutes::find(std::string_view model) const {
    const auto found = plans_.find(model);
    return found == plans_.end() ? nullptr : found->second;
}

Task<Result<std::shared_ptr<const Plan>>> LaneRoutes::make(std::string_view model, Shared& shared) {
    const CascadeRoute& cascade = routes_->cascade_for(model);
    Result<ModelRoute> route = routes_->resolve(model, cascade);
    if (!route) co_return tl::unexpected(route.error());
    if (route->name_id == store::kNoName) {
        std::function<void()> intern = [&] { route->name_id = shared.ledger.intern(route->full_name); };
        co_await shared.worker.run(reactor_, std::move(intern));
    }
    auto plan = std::make_shared<Plan>();
    plan->cascade = &cascade;
    plan->rungs = &rungs_.at(&cascade);
    plan->asked_as = model;
    plan->reference = upstream_of(*route);
    plan->asked.push_back(plan->reference);
    for (const ModelRoute& fallback : route->fallbacks) plan->asked.push_back(upstream_of(fallback));
    if (cascade.judge) {
        plan->judge = upstream_of(*cascade.judge);
        plan->judge_record = shared.judges->record_of(cascade.options.name, cascade.judge->full_name);
    } else if (cascade.webhook) {
        plan->webhook = webhooks_.at(&cascade);
        plan->judge_record = shared.judges->record_of(cascade.options.name, cascade.webhook->options.name);
    }
    const bool may_distil = routes_->providers().at(route->provider).options.may_distil;
    plan->examples = example_rules(cascade.options, plan->reference->full_name, may_distil);
    add_ladder(*plan, shared);
    if (cascade.has_semantic) {
        const cascade::SemanticRules& rules = cascade.options.cache.semantic;
        auto promise = std::make_shared<cascade::SemanticLearner::Promise>();
        promise->false_share = rules.false_share;
        promise->confidence = rules.confidence;
        promise->audit_share = rules.audit_share;
        promise->prior_threshold =
            rules.threshold.value_or(tiers::semantic::shipped_prior(rules.false_share, embedder_ != nullptr));
        plan->semantic = std::move(promise);
    }
    plan->upstream_identity = plan->reference->provider->identity + " " + plan->reference->upstream_name;
    if (plans_.size() >= kMaxPlans) plans_.clear();  // somebody sends ever new names: begin anew rather than grow
    std::shared_ptr<const Plan> made = std::move(plan);
    plans_.insert_or_assign(std::string(model), made);
    co_return made;
}

}  // namespace weir::gateway
