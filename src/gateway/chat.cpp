#include "gateway/chat.h"

#include <algorithm>

#include "cascade/cacheable.h"
#include "gateway/chat_life.h"
#include "wire/chat_answer.h"

namespace weir::gateway {
namespace {

constexpr std::string_view kApi = "openai.chat";
constexpr std::size_t kMaxTaskName = 128;

wire::ApiError bad_request(std::string message, std::string param, std::string code = {}) {
    return {400, std::move(message), "invalid_request_error", std::move(code), std::move(param)};
}

// Weir's own request headers.
std::optional<wire::ApiError> read_weir_headers(ChatLife& life, std::optional<cascade::Mode>& wished_mode,
                                                std::string_view& task_name) {
    const http::Headers& headers = life.exchange.head().headers;
    for (const http::Header& header : headers.list) {
        if (header.name.size() < 7 || !http::equals_ignoring_case(header.name.substr(0, 7), "x-weir-")) continue;
        const std::string_view name = header.name.substr(7);
        if (http::equals_ignoring_case(name, "mode")) {
            wished_mode = store::parse_mode(header.value);
            if (!wished_mode) return bad_request("x-weir-mode is one of off, observe, shadow, serve", "x-weir-mode");
        } else if (http::equals_ignoring_case(name, "cache")) {
            if (header.value == "no-store")
                life.cache_wish = CacheWish::no_store;
            else if (header.value == "refresh")
                life.cache_wish = CacheWish::refresh;
            else if (header.value == "only")
                life.cache_wish = CacheWish::only;
            else
                return bad_request("x-weir-cache is one of no-store, refresh, only", "x-weir-cache");
        } else if (http::equals_ignoring_case(name, "debug")) {
            life.debug = !header.value.empty() && header.value != "0" && header.value != "false";
        } else if (http::equals_ignoring_case(name, "task")) {
            if (header.value.empty() || header.value.size() > kMaxTaskName) {
                return bad_request("x-weir-task has 1 to 128 bytes", "x-weir-task");
            }
            task_name = header.value;
        }
    }
    return std::nullopt;
}

// Who calls, what for, and where it goes. An error: what the caller is told instead.
Task<std::optional<wire::ApiError>> admit(ChatLife& life, std::string_view& task_name) {
    const http::Headers& headers = life.exchange.head().headers;
    life.tenant = life.routes->routes().tenant_of(limits::bearer_key(headers.value("authorization")));
    if (life.tenant == nullptr) {
        co_return wire::ApiError{
            401, "Incorrect API key provided: the key in 'Authorization: Bearer ...' is not known here.",
            "invalid_request_error", "invalid_api_key", ""};
    }
    life.row.tenant = life.tenant->id;
    std::optional<cascade::Mode> wished_mode;
    std::optional<wire::ApiError> problem = read_weir_headers(life, wished_mode, task_name);
    if (problem) co_return problem;

    std::string param;
    Result<wire::ChatRequest> parsed = wire::parse_chat_request(life.exchange.body(), param);
    if (!parsed) co_return bad_request(parsed.error().message, param);
    life.chat = std::move(*parsed);
    life.row.streamed = life.chat.stream;

    life.plan = life.routes->find(life.chat.model);
    if (!life.plan) {
        Result<std::shared_ptr<const Plan>> made = co_await life.routes->make(life.chat.model, life.lane.shared);
        if (!made) {
            co_return wire::ApiError{404, made.error().message, "invalid_request_error", "model_not_found", "model"};
        }
        life.plan = std::move(*made);
    }
    life.mode = life.plan->cascade->options.mode;
    if (wished_mode) life.mode = std::min(life.mode, *wished_mode);  // a caller may lower it only
    life.row.mode = life.mode;
    life.row.cascade = life.plan->cascade->name_id;
    life.row.reference = life.plan->reference->name_id;
    co_return std::nullopt;
}

// The task: tenant, reference and prompt digest, or the caller's own name for it.
void identify_task(ChatLife& life, std::string_view task_name) {
    thread_local Sha256 hasher;
    hasher.reset();
    hasher.update_part(life.tenant->name);
    hasher.update_part(life.plan->reference->full_name);
    std::uint64_t prompt = 0;
    if (task_name.empty()) {
        prompt = wire::prompt_digest(life.chat);
        hasher.update_part({reinterpret_cast<const char*>(&prompt), sizeof prompt});
    } else {
        hasher.update_part("named");
        hasher.update_part(task_name);
    }
    life.row.task = short_digest(hasher.finish());
    auto& named = life.lane.named_tasks;
    if (named.size() >= kMaxNamedTasks || !named.insert(life.row.task).second) return;
    std::string name(task_name);
    if (name.empty()) name = life.plan->reference->full_name + " #" + to_hex(prompt).substr(0, 8);
    life.lane.shared.ledger.name_task(life.lane.reactor.index(), life.row.task, name);
}

// What the exact cache may do for this request.
void plan_cache(ChatLife& life) {
    const CascadeRoute& cascade = *life.plan->cascade;
    if (!cascade.has_exact || life.mode == cascade::Mode::off || life.cache_wish == CacheWish::no_store) return;
    const cascade::CacheDecision decision = cascade::cacheable_request(life.chat, cascade.options.cache);
    if (!decision.allowed) {
        if (life.debug) life.why = "exact: not cacheable (" + std::string(decision.reason) + ")";
        return;
    }
    const tiers::ModelUpstream& reference = *life.plan->reference;
    const std::string upstream = reference.provider->identity + " " + reference.upstream_name;
    life.cache_key = tiers::cache_key({life.tenant->name, kApi, upstream}, wire::canonical_digest(life.chat));
    life.may_store = true;
    life.may_look_up = life.cache_wish != CacheWish::refresh;
    life.cache_state = life.may_look_up ? "miss" : "refresh";
}

// What the reference would have cost for an answer that another tier gave.
void set_counterfactual(ChatLife& life, const tiers::CacheEntry& answer, cascade::TierKind tier) {
    const tiers::ModelUpstream& reference = *life.plan->reference;
    const bool from_cache = tier == cascade::TierKind::exact;
    if (from_cache && answer.model == reference.full_name && answer.priced) {
        life.row.counterfactual = answer.cost;
        life.row.counterfactual_how = store::Counterfactual::replayed;
    } else if (reference.price) {
        life.row.counterfactual = prices::cost_of(answer.usage, *reference.price);
        life.row.counterfactual_how = store::Counterfactual::repriced;
    }
}

Task<void> deliver_offer(ChatLife& life, const cascade::Ascent& ascent) {
    const tiers::CacheEntry& answer = *ascent.served->answer;
    const bool from_cache = *ascent.tier == cascade::TierKind::exact;
    life.row.tier = ascent.tier;
    const tiers::ModelUpstream& reference = *life.plan->reference;
    life.row.served_model =
        answer.model == reference.full_name ? reference.name_id : life.routes->routes().model_id(answer.model);
    set_counterfactual(life, answer, *ascent.tier);
    if (from_cache) {
        life.cache_state = "hit";
        const Micros age = std::max<Micros>(0, life.lane.shared.clock.unix_micros() - answer.created_unix_micros);
        co_await deliver_body(life, answer.body, answer.model, age);
        co_return;
    }
    // A cheaper model's answer: without the log-probabilities that only its gate wanted.
    auto kept = std::make_shared<tiers::CacheEntry>(answer);
    kept->created_unix_micros = life.lane.shared.clock.unix_micros();
    if (ascent.served->asked_logprobs) {
        kept->body = wire::without_logprobs(answer.body);
    }
    if (life.may_store) life.lane.shared.cache.store(life.cache_key, kept);
    co_await deliver_body(life, kept->body, kept->model, -1);
}

// Closes the books on the request: the row goes to the ledger, the counters are brought up to date.
Task<void> settle(ChatLife& life) {
    LaneCounters& counters = life.lane.counters;
    life.exchange.watch_caller(nullptr);
    life.sum_costs();
    const Micros taken = life.lane.reactor.now() - life.exchange.started_micros();
    life.row.latency_micros = static_cast<std::int32_t>(std::min<Micros>(taken, INT32_MAX));
    life.row.overhead_micros =
        static_cast<std::int32_t>(std::max<Micros>(0, std::min<Micros>(taken - life.upstream_micros, INT32_MAX)));
    while (!life.lane.shared.ledger.append(life.lane.reactor.index(), life.row)) {
        counters.ledger_waits.fetch_add(1, std::memory_order_relaxed);
        co_await life.lane.reactor.sleep(1000);
    }
    constexpr auto relaxed = std::memory_order_relaxed;
    counters.requests.fetch_add(1, relaxed);
    counters.by_status[std::min<std::size_t>(life.row.status / 100, 5)].fetch_add(1, relaxed);
    if (life.row.tier) counters.by_tier[static_cast<std::size_t>(*life.row.tier)].fetch_add(1, relaxed);
    if (life.cancellation.canceled() && !life.row.complete) counters.caller_gone.fetch_add(1, relaxed);
    counters.cost_nanos.fetch_add(life.row.cost.nanos, relaxed);
    counters.saved_nanos.fetch_add(life.row.saved().nanos, relaxed);
    counters.overhead_micros.fetch_add(static_cast<std::uint64_t>(life.row.overhead_micros), relaxed);
}

Task<void> answer(ChatLife& life) {
    std::string_view task_name;
    const std::optional<wire::ApiError> refused = co_await admit(life, task_name);
    if (refused) {
        co_await deliver_error(life, *refused);
        co_return;
    }
    identify_task(life, task_name);
    plan_cache(life);

    const tiers::Question question{life.chat,
                                   life.tenant->name,
                                   life.cache_key,
                                   life.may_look_up,
                                   life.may_store && life.mode == cascade::Mode::serve,
                                   life.cache_wish == CacheWish::only,
                                   0};
    const cascade::Ascent ascent =
        co_await cascade::climb(*life.plan->rungs, life.mode, question, life.cancellation, life.debug);
    for (const store::Attempt& attempt : ascent.attempts) {
        life.add_attempt(attempt);
        if (attempt.tier == store::TierKind::model) life.upstream_micros += attempt.latency_micros;
    }
    life.row.would_have = ascent.would_have;
    if (life.debug && !ascent.why.empty()) life.why += (life.why.empty() ? "" : " -> ") + ascent.why;

    if (life.cancellation.canceled()) {
        life.caller_left();
    } else if (ascent.served) {
        co_await deliver_offer(life, ascent);
    } else if (life.cache_wish == CacheWish::only) {
        const wire::ApiError error{504, "x-weir-cache: only was asked for, and no cached answer may be served.",
                                   "invalid_request_error", "cache_miss", ""};
        co_await deliver_error(life, error);
    } else {
        co_await relay_reference(life);
    }
}

}  // namespace

void ChatLife::add_attempt(const store::Attempt& attempt) {
    if (row.attempt_count < store::kMaxAttempts) {
        row.attempts[row.attempt_count++] = attempt;
        return;
    }
    row.attempts.back().cost += attempt.cost;
    row.attempts.back().priced = row.attempts.back().priced && attempt.priced;
}

void ChatLife::caller_left() {
    row.status = 499;
    exchange.abandon();
}

void ChatLife::sum_costs() {
    row.cost = {};
    row.cost_complete = true;
    for (std::size_t i = 0; i < row.attempt_count; ++i) {
        row.cost += row.attempts[i].cost;
        row.cost_complete = row.cost_complete && row.attempts[i].priced;
    }
}

Task<void> handle_chat(Lane& lane, net::Exchange& exchange) {
    ChatLife life(lane, exchange);
    life.row.id = lane.ids.next();
    life.row.started_unix_micros = lane.shared.clock.unix_micros() - (lane.reactor.now() - exchange.started_micros());
    exchange.watch_caller(&life);
    co_await answer(life);
    co_await settle(life);
}

}  // namespace weir::gateway
