#include "gateway/inference.h"

#include <algorithm>
#include <vector>

#include "gateway/inference_life.h"
#include "gateway/spending.h"
#include "gateway/upstream_call.h"
#include "json/scan.h"
#include "wire/open_inference.h"

namespace weir::gateway {
namespace {

constexpr std::string_view kApi = "inference";
constexpr std::string_view kJson = "content-type: application/json\r\n";
constexpr std::size_t kMostStatusBytes = 1u << 20;  // of an answer about servers and models

std::string_view query_of(const http::RequestHead& head) {
    const std::size_t mark = head.target.find('?');
    return mark == std::string_view::npos ? std::string_view() : head.target.substr(mark);
}

wire::ApiError no_such_model(std::string_view model) {
    return {404, "There is no model '" + std::string(model.substr(0, 128)) + "' here.", "", "not_found", ""};
}

// Whether Weir may look at the request, and what it is known by in the cache.
void read_request(InferenceLife& life) {
    const std::string_view body = life.exchange.body();
    const bool binary = life.exchange.head().headers.find(wire::kBinaryHeader) != nullptr;
    std::vector<json::Member> members;
    if (life.mode == cascade::Mode::off) return;
    if (binary || !json::members(body, members) || (life.route().open_inference() && wire::asks_for_binary(body))) {
        life.note(binary ? "binary tensors: passed on" : "not for Weir to read: passed on");
        return;
    }
    life.readable = true;
    if (!life.route().caches || life.cache_wish == CacheWish::no_store) return;
    const Result<Digest256> fields = wire::field_digest(body, life.route().fields);
    if (!fields) {
        life.note("exact: no key, " + fields.error().message);
        return;
    }
    Sha256 hash;
    hash.update_part(life.query);
    hash.update_part(std::string_view(reinterpret_cast<const char*>(fields->data()), fields->size()));
    const tiers::CacheScope scope{life.tenant->name, kApi, life.plan->upstream_identity};
    life.key = tiers::cache_key(scope, hash.finish());
    life.may_store = true;
    life.may_look_up = life.cache_wish != CacheWish::refresh;
    life.cache_state = life.may_look_up ? "miss" : "refresh";
}

Task<tiers::ExactCache::EntryPtr> look_up(InferenceLife& life) {
    tiers::ExactCache& cache = life.lane.shared.cache;
    const Micros begun = life.lane.reactor.now();
    bool maybe_on_disk = false;
    tiers::ExactCache::EntryPtr entry = cache.lookup_memory(life.key, maybe_on_disk);
    if (!entry && maybe_on_disk) entry = co_await cache.lookup(life.key, life.lane.reactor);
    const tiers::EntryJudge& judge = life.routes->judge_of(*life.plan->cascade);
    if (entry && judge.judge(life.key, *entry, life.max_age) != tiers::EntryState::fresh) entry = nullptr;
    const bool serves = entry && life.mode == cascade::Mode::serve;
    store::Attempt attempt;
    attempt.tier = store::TierKind::exact;
    attempt.outcome = serves ? store::Outcome::served : entry ? store::Outcome::observed : store::Outcome::declined;
    attempt.priced = true;
    attempt.latency_micros = static_cast<std::int32_t>(std::min<Micros>(life.lane.reactor.now() - begun, INT32_MAX));
    if (entry && !serves) life.row.would_have = store::TierKind::exact;
    life.add_attempt(attempt);
    if (life.debug) life.note(entry ? "exact: known" : "exact: not known");
    if (!serves) entry = nullptr;
    co_return entry;
}

Task<void> deliver_known(InferenceLife& life, const tiers::CacheEntry& entry) {
    life.row.tier = store::TierKind::exact;
    life.row.served_model = life.plan->reference->name_id;
    life.cache_state = "hit";
    if (entry.priced) {
        life.row.counterfactual = entry.cost;
        life.row.counterfactual_how = store::Counterfactual::replayed;
    }
    const Micros age = std::max<Micros>(0, life.lane.shared.clock.unix_micros() - entry.created_unix_micros);
    const std::string age_line = "age: " + std::to_string(age / 1'000'000) + "\r\n";
    std::string named;
    std::string_view body = entry.body;
    if (life.route().open_inference()) {
        named = wire::with_id_of(body, life.exchange.body());
        body = named;
    }
    co_await deliver_inference(life, body, entry.model, age_line);
}

// The reference's answer: kept, and known to whoever grades the tiers.
void take_answer(InferenceLife& life, const UpstreamCall& upstream, std::string_view body, bool is_json) {
    if (!life.readable || !is_json || upstream.status != 200) return;
    auto entry = std::make_shared<tiers::CacheEntry>();
    entry->body = body;
    entry->model = upstream.model.full_name;
    entry->cost = upstream.attempt.cost;
    entry->priced = upstream.attempt.priced;
    entry->created_unix_micros = life.row.started_unix_micros;
    if (life.grading && cascade::has_answer_at(body, life.route().agreement)) life.grading->reference = entry;
    if (!life.may_store) return;
    std::vector<json::Member> members;
    if (!json::members(body, members)) return;  // no answer that anybody else should have
    inference_keeper(life)(entry);
}

Task<std::optional<Failure>> ask_once(InferenceLife& life, const tiers::ModelUpstream& model,
                                      tiers::Endpoint& endpoint) {
    const std::string head = head_for(life, *model.provider, endpoint);
    net::HttpCall call(*endpoint.client);
    const Cancellation::Scope scope(life.cancellation, call);
    UpstreamCall upstream(life, call, model);
    const Result<void> sent = co_await call.send(head, life.exchange.body(), life.upstream_deadline);
    if (!sent) co_return call_failed(upstream, sent.error());
    const std::string type(call.response().headers.value("content-type"));
    const bool is_json = is_json_answer(call.response());
    take_head(upstream);
    if (upstream.status < 200 || upstream.status >= 300) {
        std::optional<Failure> failure = co_await read_failure(upstream);
        co_return failure;
    }
    std::string body;
    const Result<void> got = co_await call.read_all(body, model.provider->answer_bytes);
    if (!got) co_return call_failed(upstream, got.error());
    tiers::account_call(upstream.attempt, model.call_price, life.lane.reactor.now() - upstream.begun);
    set_measured(upstream, {});
    note_served(upstream);
    finish_attempt(upstream);
    take_answer(life, upstream, body, is_json);
    if (life.cancellation.canceled()) {
        life.caller_left();
        co_return std::nullopt;
    }
    life.row.status = static_cast<std::uint16_t>(upstream.status);
    life.sum_costs();
    std::string headers = weir_headers(life, model.full_name, true) + upstream.headers;
    if (!type.empty()) headers += "content-type: " + type + "\r\n";
    life.admission.free();
    life.row.complete = co_await life.exchange.respond(upstream.status, headers, body);
    co_return std::nullopt;
}

Task<void> ask_reference(InferenceLife& life) {
    const std::vector<std::shared_ptr<const tiers::ModelUpstream>> models(1, life.plan->reference);
    const AskOnce ask = [&life](const tiers::ModelUpstream& model, tiers::Endpoints::Lease& endpoint) {
        return ask_once(life, model, *endpoint);
    };
    co_await ask_in_turn(life, models, ask);
}

Task<void> answer(InferenceLife& life, std::shared_ptr<const Plan> plan) {
    std::optional<wire::ApiError> refused = admit_caller(life);
    if (!refused) refused = follow_plan(life, plan, plan->inference->options.name);
    if (refused) {
        co_await deliver_error(life, *refused);
        co_return;
    }
    if (life.task_name.empty()) life.task_name = life.route().name;
    identify_task(life, 0);
    read_request(life);
    tiers::ExactCache::EntryPtr known;
    if (life.may_look_up) known = co_await look_up(life);
    if (life.cancellation.canceled()) {
        life.caller_left();
    } else if (known) {
        co_await deliver_known(life, *known);
    } else if (life.cache_wish == CacheWish::only) {
        const wire::ApiError error = cache_miss_error();
        co_await deliver_error(life, error);
    } else {
        if (life.lane.budgets) {
            Wish wish;
            const bool may = co_await may_spend(life, wish);
            if (!may) {
                co_await refuse_spending(life);
                co_return;
            }
        }
        bool answered = false;
        if (plan_inference_trial(life)) answered = co_await climb_inference(life);
        if (!answered && life.cancellation.canceled()) {
            life.caller_left();
        } else if (!answered) {
            co_await ask_reference(life);
        }
        if (life.spending) settle_spending(life);  // what is graded needs room beside it
        conclude_inference_trial(life);
    }
}

Task<void> refuse(Lane& lane, net::Exchange& exchange, const wire::ApiError& error, std::string_view more_headers) {
    const std::string body = plain_error_body(error);
    std::string headers = "x-weir-request-id: " + to_hex(static_cast<std::uint64_t>(lane.ids.next())) + "\r\n";
    headers += kJson;
    headers += more_headers;
    co_await exchange.respond(error.status, headers, body);
}

// What is asked about a server or its models goes to the reference; it costs nothing, and no row tells of it.
Task<void> pass_status(Lane& lane, net::Exchange& exchange, std::shared_ptr<const Plan> plan, std::string path) {
    const std::shared_ptr<const LaneKeys> keys = lane.keys;
    const std::shared_ptr<LaneRoutes> routes = lane.routes;
    const auto caller = caller_of(*keys->ring, exchange.head(), lane.shared.clock);
    if (!caller) {
        co_await refuse(lane, exchange, caller.error(), {});
        co_return;
    }
    tiers::Endpoints::Lease endpoint = plan->reference->provider->endpoints.take(lane.reactor.now());
    std::string prefix = endpoint->path_prefix;
    prefix.resize(prefix.rfind("/v2/models/"));
    std::string head = "GET " + prefix + path + std::string(query_of(exchange.head())) + " HTTP/1.1\r\nhost: ";
    head += endpoint->host_header + "\r\n" + endpoint->key_line + "accept: application/json\r\n\r\n";
    net::HttpCall call(*endpoint->client);
    const Result<void> sent = co_await call.send(head, {});
    std::string body, headers;
    unsigned status = 0;
    Result<void> got = sent;
    if (sent) {
        status = call.response().status;
        const std::string_view type = call.response().headers.value("content-type");
        if (!type.empty()) headers = "content-type: " + std::string(type) + "\r\n";
        got = co_await call.read_all(body, kMostStatusBytes);
    }
    if (!got) {
        endpoint.failed(lane.reactor.now());
        const wire::ApiError error{503, "The server did not answer: " + got.error().message, "", "", ""};
        co_await refuse(lane, exchange, error, {});
        co_return;
    }
    endpoint.answered();
    co_await exchange.respond(status, headers, body);
}

bool is_server_path(std::string_view path) {
    return path == "/v2" || path == "/v2/" || path == "/v2/health/live" || path == "/v2/health/ready";
}

}  // namespace

bool is_json_answer(const http::ResponseHead& response) {
    return response.headers.find(wire::kBinaryHeader) == nullptr &&
           response.headers.value("content-type").substr(0, 16) == "application/json";
}

std::string head_for(const InferenceLife& life, const tiers::ProviderLink& provider, const tiers::Endpoint& endpoint) {
    const http::RequestHead& caller = life.exchange.head();
    std::string_view type = caller.headers.value("content-type");
    if (type.empty()) type = "application/json";
    return tiers::request_head(provider, endpoint, life.query, life.exchange.body().size(), &caller, nullptr, type);
}

Task<void> deliver_inference(InferenceLife& life, std::string_view body, std::string_view model,
                             std::string_view more_headers) {
    life.sum_costs();
    life.row.status = 200;
    std::string headers = weir_headers(life, model, true);
    headers += more_headers;
    headers += kJson;
    life.admission.free();
    life.row.complete = co_await life.exchange.respond(200, headers, body);
}

void set_expected(InferenceLife& life) {
    const std::optional<prices::CallPrice>& price = life.plan->reference->call_price;
    const Micros usual = life.plan->reference_times.usual();
    if (!price || (price->per_second && usual == 0)) return;
    life.row.counterfactual = prices::cost_of_call(*price, usual);
    life.row.counterfactual_how = store::Counterfactual::repriced;
}

std::function<void(const std::shared_ptr<tiers::CacheEntry>&)> inference_keeper(const InferenceLife& life) {
    return [&lane = life.lane, key = life.key,
            provenance = provenance_of(life)](const std::shared_ptr<tiers::CacheEntry>& entry) {
        entry->provenance = provenance;
        lane.shared.cache.store(key, entry);
    };
}

bool is_inference(const LaneRoutes& routes, std::string_view path) {
    if (routes.inference_at(path) != nullptr) return true;
    return (is_server_path(path) || wire::open_inference_path(path)) && routes.first_open_inference() != nullptr;
}

Task<void> handle_inference(Lane& lane, net::Exchange& exchange) {
    const http::RequestHead& head = exchange.head();
    const bool reads = head.method == "GET" || head.method == "HEAD";
    std::shared_ptr<const Plan> plan = lane.routes->inference_at(head.path());
    bool infers = plan != nullptr;
    std::string path;
    if (plan == nullptr && is_server_path(head.path())) {
        plan = lane.routes->first_open_inference();
        path = head.path();
    } else if (const auto at = wire::open_inference_path(head.path()); plan == nullptr && at) {
        plan = lane.routes->inference_of(at->model);
        infers = at->rest == "/infer";
        const bool known =
            infers || at->rest.empty() || at->rest == "/ready" || at->rest == "/config" || at->rest == "/stats";
        if (plan == nullptr || !known) {
            const wire::ApiError error =
                plan == nullptr ? no_such_model(at->model)
                                : wire::ApiError{404,
                                                 "Of a model Weir knows /infer, /ready, /config, /stats and "
                                                 "nothing behind its name.",
                                                 "", "not_found", ""};
            co_await refuse(lane, exchange, error, {});
            co_return;
        }
        path = "/v2/models/" + plan->inference->options.reference.model + std::string(at->rest);
    }
    if (infers ? head.method != "POST" : !reads) {
        const std::string_view allow = infers ? "allow: POST\r\n" : "allow: GET\r\n";
        const wire::ApiError error{405, "Method " + std::string(head.method.substr(0, 32)) + " is not allowed here.",
                                   "", "", ""};
        co_await refuse(lane, exchange, error, allow);
        co_return;
    }
    if (!infers) {
        co_await pass_status(lane, exchange, std::move(plan), std::move(path));
        co_return;
    }
    InferenceLife life(lane, exchange);
    life.plain_errors = true;
    life.query = query_of(head);
    life.begin();
    co_await answer(life, std::move(plan));
    co_await settle(life);
}

}  // namespace weir::gateway
