#include "gateway/lane.h"

#include "tiers/exact_cache/exact_tier.h"
#include "tiers/model/model_tier.h"

namespace weir::gateway {
namespace {

std::shared_ptr<tiers::ProviderLink> link_to(const ProviderRoute& route, const Limits& limits, net::Reactor& reactor) {
    net::ClientLimits client;
    client.head_bytes = limits.head_bytes;
    client.connect_micros = limits.connect_micros;
    client.first_byte_micros = limits.first_byte_micros;
    client.idle_micros = limits.idle_micros;
    client.pooled_micros = limits.upstream_idle_micros;
    client.pooled_connections = limits.upstream_idle_connections;

    auto link = std::make_shared<tiers::ProviderLink>();
    link->name = route.options.name;
    link->identity = route.identity;
    link->path_prefix = route.path_prefix;
    link->answer_bytes = limits.answer_bytes;
    link->usage_in_streams = route.options.usage_in_streams;
    const net::Endpoint& endpoint = route.endpoint;
    const bool default_port = endpoint.port == (endpoint.tls ? 443 : 80);
    link->host_header = !endpoint.unix_path.empty() ? "localhost" : default_port ? endpoint.host : endpoint.to_string();
    if (!route.options.key.empty()) link->authorization_line = "authorization: Bearer " + route.options.key + "\r\n";
    link->client = std::make_unique<net::HttpClient>(reactor, endpoint, client, route.tls);
    if (route.child) {
        link->ready_of = route.child;
        link->ready = [](const void* of) {
            return static_cast<const local::LlamaServer*>(of)->state() == local::ChildState::ready;
        };
    }
    return link;
}

}  // namespace

LaneRoutes::LaneRoutes(std::shared_ptr<const Routes> routes, net::Reactor& reactor, Shared& shared)
    : routes_(std::move(routes)), reactor_(reactor) {
    for (const auto& [name, provider] : routes_->providers()) {
        links_.emplace(name, link_to(provider, routes_->options().limits, reactor));
    }
    const auto add_rungs = [&](const CascadeRoute& cascade) {
        std::vector<cascade::Rung>& rungs = rungs_[&cascade];
        for (const RungRoute& rung : cascade.rungs) {
            std::shared_ptr<tiers::Tier> tier;
            if (rung.model) {
                tier = std::make_shared<tiers::ModelTier>(upstream_of(*rung.model));
            } else {
                tier = std::make_shared<tiers::ExactTier>(shared.cache, shared.in_flight, reactor, reactor.clock(),
                                                          cascade.options.cache.ttl_micros);
            }
            rungs.push_back({std::move(tier), rung.gate});
        }
    };
    for (const CascadeRoute& cascade : routes_->cascades()) add_rungs(cascade);
    add_rungs(routes_->forward_only());
}

std::shared_ptr<const tiers::ModelUpstream> LaneRoutes::upstream_of(const ModelRoute& model) const {
    auto upstream = std::make_shared<tiers::ModelUpstream>();
    upstream->provider = links_.at(model.provider);
    upstream->full_name = model.full_name;
    upstream->upstream_name = model.upstream_name;
    upstream->name_id = model.name_id;
    upstream->price = model.price;
    return upstream;
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
    plan->reference = upstream_of(*route);
    if (plans_.size() >= kMaxPlans) plans_.clear();  // somebody sends ever new names: begin anew rather than grow
    std::shared_ptr<const Plan> made = std::move(plan);
    plans_.insert_or_assign(std::string(model), made);
    co_return made;
}

}  // namespace weir::gateway
