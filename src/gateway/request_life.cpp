#include "gateway/request_life.h"

#include <algorithm>
#include <charconv>

#include "gateway/spending.h"
#include "json/scan.h"

namespace weir::gateway {
namespace {

constexpr std::int64_t kMostLatencyMillis = 600'000;
constexpr std::size_t kMaxTaskName = 128;

std::optional<wire::ApiError> read_cache_wish(RequestLife& life, std::string_view value) {
    if (value == "no-store")
        life.cache_wish = CacheWish::no_store;
    else if (value == "refresh")
        life.cache_wish = CacheWish::refresh;
    else if (value == "only")
        life.cache_wish = CacheWish::only;
    else
        return bad_request("x-weir-cache is one of no-store, refresh, only", "x-weir-cache");
    return std::nullopt;
}

// RFC 9111's request directives, as far as they mean something here; others are passed over.
void read_cache_control(RequestLife& life, std::string_view value) {
    while (!value.empty()) {
        const std::size_t comma = std::min(value.find(','), value.size());
        std::string_view one = value.substr(0, comma);
        value.remove_prefix(std::min(comma + 1, value.size()));
        while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
        while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
        if (http::equals_ignoring_case(one, "no-store")) {
            life.cache_wish = CacheWish::no_store;
        } else if (http::equals_ignoring_case(one, "no-cache") && life.cache_wish == CacheWish::none) {
            life.cache_wish = CacheWish::refresh;
        } else if (http::equals_ignoring_case(one, "only-if-cached") && life.cache_wish == CacheWish::none) {
            life.cache_wish = CacheWish::only;
        } else if (one.size() > 8 && http::equals_ignoring_case(one.substr(0, 8), "max-age=")) {
            std::int64_t seconds = 0;
            const std::string_view digits = one.substr(8);
            const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
            if (error == std::errc() && end == digits.data() + digits.size() && seconds >= 0) {
                life.max_age = std::min<std::int64_t>(seconds, 1'000'000'000) * 1'000'000;
            }
        }
    }
}

std::optional<wire::ApiError> read_similarity(RequestLife& life, std::string_view value) {
    const std::optional<double> score = json::as_double(value);
    if (!score || *score < 0 || *score > 1) {
        return bad_request("x-weir-similarity is a number from 0 to 1; it only raises the threshold",
                           "x-weir-similarity");
    }
    life.least_score = *score;
    return std::nullopt;
}

// Whole milliseconds.
std::optional<wire::ApiError> read_max_latency(RequestLife& life, std::string_view value) {
    std::int64_t milliseconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), milliseconds);
    if (error != std::errc() || end != value.data() + value.size() || milliseconds < 1 ||
        milliseconds > kMostLatencyMillis) {
        return bad_request("x-weir-max-latency is a whole number of milliseconds, 1 to 600000", "x-weir-max-latency");
    }
    life.max_latency = milliseconds * 1'000;
    return std::nullopt;
}

std::optional<wire::ApiError> read_weir_header(RequestLife& life, std::string_view name, std::string_view value) {
    if (http::equals_ignoring_case(name, "mode")) {
        life.wished_mode = store::parse_mode(value);
        if (!life.wished_mode) return bad_request("x-weir-mode is one of off, observe, shadow, serve", "x-weir-mode");
    } else if (http::equals_ignoring_case(name, "cache")) {
        return read_cache_wish(life, value);
    } else if (http::equals_ignoring_case(name, "debug")) {
        life.debug = !value.empty() && value != "0" && value != "false";
    } else if (http::equals_ignoring_case(name, "task")) {
        if (value.empty() || value.size() > kMaxTaskName) {
            return bad_request("x-weir-task has 1 to 128 bytes", "x-weir-task");
        }
        life.task_name = value;
    } else if (http::equals_ignoring_case(name, "similarity")) {
        return read_similarity(life, value);
    } else if (http::equals_ignoring_case(name, "max-latency")) {
        return read_max_latency(life, value);
    } else if (http::equals_ignoring_case(name, "source")) {
        if (const auto parsed = tiers::parse_sources(value); !parsed) {
            return bad_request("x-weir-source: " + parsed.error().message, "x-weir-source");
        }
        life.sources = value;
    } else if (http::equals_ignoring_case(name, "tags")) {
        if (const auto parsed = tiers::parse_tags(value); !parsed) {
            return bad_request("x-weir-tags: " + parsed.error().message, "x-weir-tags");
        }
        life.tags = value;
    } else if (http::equals_ignoring_case(name, "provider")) {
        if (life.routes->routes().providers().count(std::string(value.substr(0, 64))) == 0) {
            return bad_request("x-weir-provider names no provider that is configured here", "x-weir-provider");
        }
        life.provider = value;
    } else if (http::equals_ignoring_case(name, "user")) {
        if (value.size() > tiers::kMaxWriterBytes)
            return bad_request("x-weir-user has at most 128 bytes", "x-weir-user");
        life.user = value;
    }
    return std::nullopt;
}

// Weir's own request headers, and Cache-Control, which x-weir-cache overrules.
std::optional<wire::ApiError> read_weir_headers(RequestLife& life) {
    const http::Headers& headers = life.exchange.head().headers;
    for (const http::Header& header : headers.list) {
        if (header.name.size() == 13 && http::equals_ignoring_case(header.name, "cache-control")) {
            read_cache_control(life, header.value);
        }
    }
    for (const http::Header& header : headers.list) {
        if (header.name.size() < 7 || !http::equals_ignoring_case(header.name.substr(0, 7), "x-weir-")) continue;
        std::optional<wire::ApiError> problem = read_weir_header(life, header.name.substr(7), header.value);
        if (problem) return problem;
    }
    return std::nullopt;
}

void follow(RequestLife& life, std::shared_ptr<const Plan> plan) {
    life.plan = std::move(plan);
    life.mode = life.plan->cascade->options.mode;
    if (life.wished_mode) life.mode = std::min(life.mode, *life.wished_mode);  // a caller may lower it only
    life.row.mode = life.mode;
    life.row.cascade = life.plan->cascade->name_id;
    life.row.reference = life.plan->reference->name_id;
}

std::uint64_t task_number(const RequestLife& life, std::uint64_t digest) {
    thread_local Sha256 hasher;
    hasher.reset();
    hasher.update_part(life.tenant->name);
    hasher.update_part(life.plan->reference->full_name);
    if (life.task_name.empty()) {
        hasher.update_part({reinterpret_cast<const char*>(&digest), sizeof digest});
    } else {
        hasher.update_part("named");
        hasher.update_part(life.task_name);
    }
    return short_digest(hasher.finish());
}

}  // namespace

void RequestLife::begin() {
    row.id = lane.ids.next();
    row.started_unix_micros = lane.shared.clock.unix_micros() - (lane.reactor.now() - exchange.started_micros());
    if (lane.telemetry.wants_trace()) lane.telemetry.begin(row.id, exchange.head().headers, about.trace);
    exchange.watch_caller(this);
}

void RequestLife::add_attempt(const store::Attempt& attempt, Micros begun) {
    if (row.attempt_count < store::kMaxAttempts) {
        if (begun != 0) {
            const Micros after = std::clamp<Micros>(begun - exchange.started_micros(), 0, INT32_MAX);
            about.attempt_begun[row.attempt_count] = static_cast<std::int32_t>(after);
        }
        row.attempts[row.attempt_count++] = attempt;
        return;
    }
    row.attempts.back().cost += attempt.cost;
    row.attempts.back().priced = row.attempts.back().priced && attempt.priced;
}

tiers::TraceLine RequestLife::trace_line() {
    if (!about.trace.recorded) return {};
    trace_lines = traceparent(0);
    return {trace_lines, about.trace.own};
}

std::string RequestLife::traceparent(std::size_t attempt) const {
    // The attempt takes that place of the row, or shares the last one.
    const std::size_t place = std::min<std::size_t>(row.attempt_count + attempt, store::kMaxAttempts - 1);
    return telemetry::traceparent_line(about.trace.trace, telemetry::attempt_span(about.trace, place));
}

void RequestLife::begin_stream(unsigned status, std::string_view header_lines) {
    const Micros after = std::clamp<Micros>(lane.reactor.now() - exchange.started_micros(), 0, INT32_MAX);
    about.first_token_micros = static_cast<std::int32_t>(after);
    exchange.begin_stream(status, header_lines);
}

void RequestLife::caller_left() {
    row.status = 499;
    exchange.abandon();
}

void RequestLife::sum_costs() {
    row.cost = {};
    row.cost_complete = true;
    for (std::size_t i = 0; i < row.attempt_count; ++i) {
        row.cost += row.attempts[i].cost;
        row.cost_complete = row.cost_complete && row.attempts[i].priced;
    }
}

void RequestLife::note(std::string_view what) {
    if (!debug || what.empty()) return;
    if (!why.empty()) why += " -> ";
    why += what;
}

void RequestLife::note_dropped(std::string_view member) {
    if (!dropped.empty()) dropped += ", ";
    for (const char c : member) dropped += c > 0x20 && c < 0x7f && c != ',' ? c : '?';
}

wire::ApiError bad_request(std::string message, std::string param, std::string code) {
    return {400, std::move(message), "invalid_request_error", std::move(code), std::move(param)};
}

tl::expected<const limits::Caller*, wire::ApiError> caller_of(const limits::KeyRing& keys,
                                                              const http::RequestHead& head, const Clock& clock) {
    const limits::Caller* caller = keys.find(limits::bearer_key(head.headers.value("authorization")));
    if (caller == nullptr) {
        const std::string_view key = head.headers.value("x-api-key");
        if (!key.empty()) caller = keys.find(key);
    }
    std::string_view problem;
    if (caller == nullptr) {
        problem =
            "Incorrect API key provided: the key in 'Authorization: Bearer ...' or 'x-api-key' is not known here.";
    } else if (caller->expires_unix_micros != 0 && caller->expires_unix_micros <= clock.unix_micros()) {
        problem = "The API key provided has expired: ask for a new one.";
    } else {
        return caller;
    }
    return tl::unexpected(wire::ApiError{401, std::string(problem), "invalid_request_error", "invalid_api_key", ""});
}

namespace {

std::optional<wire::ApiError> keep_within_limits(RequestLife& life) {
    const std::optional<limits::Refused> refused =
        life.admission.admit(*life.caller, life.exchange.body().size(), life.lane.reactor.now());
    if (!refused) return std::nullopt;
    LaneCounters& counters = life.lane.counters;
    auto& counts = refused->of_tenant ? counters.limited_tenant : counters.limited_key;
    counts[static_cast<std::size_t>(refused->limit)].fetch_add(1, std::memory_order_relaxed);
    const std::string_view type = refused->limit == limits::Limit::tokens ? "tokens" : "requests";  // as OpenAI's
    return wire::ApiError{429, refused->message(*life.caller), std::string(type), "rate_limit_exceeded", ""};
}

// The tokens of what the reference did for the request, well or not, and of the cheaper model whose answer it got. What
// came from a cache used none, and what cheaper tiers tried in vain is not the caller's doing. A call that was sent and
// came to no usage may have used anything (the caller left before the answer): where nothing else is known its guess
// stays.
void settle_limits(RequestLife& life) {
    Tokens used = 0;
    Tokens answer = 0;
    bool unknown = false;
    for (std::size_t i = 0; i < life.row.attempt_count; ++i) {
        const store::Attempt& attempt = life.row.attempts[i];
        const bool served = attempt.outcome == store::Outcome::served;
        if (!served && attempt.tier != store::TierKind::reference) continue;
        const Tokens tokens = Tokens{attempt.input_uncached} + attempt.input_cached + attempt.input_cache_write +
                              attempt.input_cache_write_1h + attempt.output;
        unknown = unknown || (tokens == 0 && !attempt.priced);
        used += tokens;
        if (served) answer = attempt.output;
    }
    life.admission.settle(unknown && used == 0 ? std::nullopt : std::optional<Tokens>(used), answer);
}

std::optional<wire::ApiError> check_model(const RequestLife& life, std::string_view model) {
    if (life.caller->may_use(model, life.plan->reference->full_name)) return std::nullopt;
    return wire::ApiError{403,
                          "This API key does not have access to the model '" + std::string(model.substr(0, 256)) +
                              "'. GET /v1/models lists what it may use.",
                          "invalid_request_error", "model_not_found", "model"};
}

}  // namespace

std::optional<wire::ApiError> admit_caller(RequestLife& life) {
    const auto caller = caller_of(*life.keys->ring, life.exchange.head(), life.lane.shared.clock);
    if (!caller) return caller.error();
    life.caller = *caller;
    life.tenant = life.caller->tenant.get();
    life.row.tenant = life.tenant->id;
    if (std::optional<wire::ApiError> problem = keep_within_limits(life)) return problem;
    return read_weir_headers(life);
}

bool find_plan_at_once(RequestLife& life, std::string_view model) {
    std::shared_ptr<const Plan> plan = life.routes->find(model);
    if (!plan) return false;
    follow(life, std::move(plan));
    return !check_model(life, model);
}

std::optional<wire::ApiError> follow_plan(RequestLife& life, std::shared_ptr<const Plan> plan, std::string_view name) {
    follow(life, std::move(plan));
    return check_model(life, name);
}

Task<std::optional<wire::ApiError>> find_plan(RequestLife& life, std::string_view model) {
    std::shared_ptr<const Plan> plan = life.routes->find(model);
    if (!plan) {
        Result<std::shared_ptr<const Plan>> made = co_await life.routes->make(model, life.lane.shared);
        if (!made) {
            co_return wire::ApiError{404, made.error().message, "invalid_request_error", "model_not_found", "model"};
        }
        plan = std::move(*made);
    }
    follow(life, std::move(plan));
    co_return check_model(life, model);
}

namespace {

void lower_mode(RequestLife& life, cascade::Mode mode) {
    life.mode = std::min(life.mode, mode);
    life.row.mode = life.mode;
}

// What the cascade says of single tasks, by the caller's name for them and by their number.
void follow_task(RequestLife& life) {
    const auto& tasks = life.plan->cascade->options.tasks;
    if (tasks.empty()) return;
    const auto number = tasks.find(to_hex(life.row.task));
    if (number != tasks.end()) lower_mode(life, number->second.mode);
    const auto named = life.task_name.empty() ? tasks.end() : tasks.find(life.task_name);
    if (named != tasks.end()) lower_mode(life, named->second.mode);
}

void number_task(RequestLife& life, std::uint64_t digest) {
    auto& tasks = life.plan->tasks;
    const Plan::TaskKey key{life.tenant->id, digest};
    if (life.task_name.empty()) {
        if (const auto known = tasks.find(key); known != tasks.end()) {
            life.row.task = known->second;
            return;
        }
    }
    life.row.task = task_number(life, digest);
    if (life.task_name.empty() && life.tenant->id != store::kNoName) {
        if (tasks.size() >= kMaxPlanTasks) tasks.clear();
        tasks.emplace(key, life.row.task);
    }
    auto& named = life.lane.named_tasks;
    if (named.size() >= kMaxNamedTasks || !named.insert(life.row.task).second) return;
    std::string name(life.task_name);
    // Names that callers give are no labels of metrics.
    const bool of_route = life.plan->inference != nullptr && life.plan->inference->options.name == name;
    if (of_route && life.tenant->id != store::kNoName) life.lane.shared.telemetry->name_task(life.row.task, name);
    if (name.empty()) name = life.plan->reference->full_name + " #" + to_hex(digest).substr(0, 8);
    life.lane.shared.ledger.name_task(life.lane.reactor.index(), life.row.task, name);
}

}  // namespace

void identify_task(RequestLife& life, std::uint64_t digest) {
    number_task(life, digest);
    follow_task(life);
}

tiers::Provenance provenance_of(const RequestLife& life) {
    tiers::Provenance provenance;
    provenance.tenant = life.tenant->name;
    provenance.task = life.row.task;
    provenance.writer = life.user;
    if (!life.sources.empty()) provenance.sources = tiers::parse_sources(life.sources).value_or(provenance.sources);
    if (!life.tags.empty()) provenance.tags = tiers::parse_tags(life.tags).value_or(provenance.tags);
    return provenance;
}

wire::ApiError cache_miss_error() {
    return {504, "x-weir-cache: only was asked for, and no cached answer may be served.", "invalid_request_error",
            "cache_miss", ""};
}

bool settle_at_once(RequestLife& life) {
    LaneCounters& counters = life.lane.counters;
    life.exchange.watch_caller(nullptr);
    settle_limits(life);
    life.sum_costs();
    if (life.spending) settle_spending(life);
    const Micros taken = life.lane.reactor.now() - life.exchange.started_micros();
    life.row.latency_micros = static_cast<std::int32_t>(std::min<Micros>(taken, INT32_MAX));
    life.row.overhead_micros =
        static_cast<std::int32_t>(std::max<Micros>(0, std::min<Micros>(taken - life.upstream_micros, INT32_MAX)));
    if (!life.lane.shared.ledger.append(life.lane.reactor.index(), life.row)) return false;
    // The reactor's thread alone writes them: no read-modify-write across threads is needed.
    const auto add = [](auto& counter, auto amount) {
        constexpr auto relaxed = std::memory_order_relaxed;
        counter.store(counter.load(relaxed) + amount, relaxed);
    };
    add(counters.by_status[std::min<std::size_t>(life.row.status / 100, 5)], 1U);
    if (life.cancellation.canceled() && !life.row.complete) add(counters.caller_gone, 1U);
    life.lane.telemetry.settled(life.row, life.about);
    return true;
}

Task<void> settle(RequestLife& life) {
    while (!settle_at_once(life)) {
        life.lane.counters.ledger_waits.fetch_add(1, std::memory_order_relaxed);
        co_await life.lane.reactor.sleep(1000);
    }
}

}  // namespace weir::gateway
