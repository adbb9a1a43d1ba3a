#include "gateway/inference.h"

#include <algorithm>
#include <vector>

#include "cascade/climb.h"
#include "gateway/inference_life.h"
#include "gateway/spending.h"
#include "gateway/upstream_call.h"
#include "json/scan.h"
#include "wire/open_inference.h"

namespace weir::gateway {
namespace {

constexpr std::string_view kApi = "inference";
constexpr std::string_view kJson = "content-type: application/json\r\n";
constexpr std::string_view kBinary = "content-type: application/octet-stream\r\n";

// The one value of a header; nothing where it stands more than once.
std::optional<std::string_view> only_value(const http::Headers& headers, std::string_view name) {
    std::optional<std::string_view> value;
    for (const http::Header& header : headers.list) {
        if (!http::equals_ignoring_case(header.name, name)) continue;
        if (value) return std::nullopt;
        value = header.value;
    }
    return value;
}

// The body as Weir reads it. Nothing: it is not for Weir to read.
std::optional<wire::TensorBody> read_body(const InferenceLife& life) {
    const http::Headers& headers = life.exchange.head().headers;
    const std::string_view coding = headers.value("content-encoding");
    if (!coding.empty() && !http::equals_ignoring_case(coding, "identity")) return std::nullopt;
    const bool binary = headers.find(wire::kBinaryHeader) != nullptr;
    const bool open_inference = life.route().open_inference();
    const std::optional<std::string_view> length = only_value(headers, wire::kBinaryHeader);
    if (binary && (!open_inference || !length)) return std::nullopt;
    const auto body = wire::split_tensors(life.exchange.body(), length);
    std::vector<json::Member> members;
    if (!body || !json::members(body->head, members)) return std::nullopt;
    if (!open_inference) return body;
    const bool sound = wire::says_it_all(body->head) && (!binary || wire::binary_tensors(*body, "inputs"));
    return sound ? body : std::nullopt;
}

// Whether Weir may look at the request, and what it is known by in the cache.
void read_request(InferenceLife& life) {
    if (life.mode == cascade::Mode::off) return;
    const std::optional<wire::TensorBody> body = read_body(life);
    if (!body) {
        const bool binary = life.exchange.head().headers.find(wire::kBinaryHeader) != nullptr;
        life.skip_tiers(binary ? store::Said::binary : store::Said::unreadable);
        return;
    }
    life.readable = true;
    life.asked = *body;
    if (!life.route().caches || life.cache_wish == CacheWish::no_store) return;
    const wire::FieldRules& rules = life.route().fields;
    const Result<Digest256> fields = life.route().open_inference()
                                         ? wire::request_digest(body->head, body->tensors, rules)
                                         : wire::field_digest(body->head, rules);
    if (!fields) {
        life.steps().not_asked(life.steps().next(), store::TierKind::exact, store::kNoName, "exact",
                               store::StepVerdict::skipped, store::Reason::of(store::Said::no_key),
                               "no key, " + fields.error().message);
        return;
    }
    Sha256 hash;
    hash.update_part(life.tail);
    hash.update_part(std::string_view(reinterpret_cast<const char*>(fields->data()), fields->size()));
    const tiers::CacheScope scope{life.tenant->name, kApi, life.plan->upstream_identity};
    life.key = tiers::cache_key(scope, hash.finish());
    life.may_store = true;
    life.may_look_up = life.cache_wish != CacheWish::refresh;
    life.cache_state = life.may_look_up ? "miss" : "refresh";
}

// What the exact cache has; or this request leads a flight, which the same requests wait for meanwhile.
Task<tiers::ExactCache::EntryPtr> look_up(InferenceLife& life) {
    static const wire::ChatRequest kNoChat;
    tiers::Question question{kNoChat, life.tenant->name};
    question.cache_key = life.key;
    question.may_look_up = life.may_look_up;
    question.may_store = life.may_store && life.mode == cascade::Mode::serve;
    question.caches_only = life.cache_wish == CacheWish::only;
    question.max_age = life.max_age;
    question.debug = life.debug;
    question.filter = &life;
    cascade::Ascent ascent;
    co_await cascade::climb(*life.plan->rungs, life.mode, question, life.cancellation, life.steps(), ascent);
    for (const store::Attempt& attempt : ascent.attempts) life.add_attempt(attempt);
    life.row.would_have = ascent.would_have;
    life.lease = std::move(ascent.lease);
    co_return ascent.served ? ascent.served->answer : nullptr;
}

Task<void> deliver_known(InferenceLife& life, const tiers::CacheEntry& entry) {
    life.row.tier = store::TierKind::exact;
    life.row.served_model = life.kept ? life.plan->ladder_models[*life.kept]->name_id : life.plan->reference->name_id;
    life.cache_state = "hit";
    if (life.kept) {
        set_expected(life);
    } else if (entry.priced) {
        life.row.counterfactual = entry.cost;
        life.row.counterfactual_how = store::Counterfactual::replayed;
    }
    const Micros age = std::max<Micros>(0, life.lane.shared.clock.unix_micros() - entry.created_unix_micros);
    const std::string age_line = "age: " + std::to_string(age / 1'000'000) + "\r\n";
    if (!life.route().open_inference()) {
        co_await deliver_inference(life, entry.body, entry.model, age_line);
        co_return;
    }
    const wire::TensorBody kept = wire::read_kept(entry.body);
    std::string named = wire::with_id_of(kept.head, life.asked.head);
    const std::size_t head_bytes = kept.binary ? named.size() : 0;
    named += kept.tensors;
    named = wire::kept_form(std::move(named), head_bytes);
    co_await deliver_inference(life, named, entry.model, age_line);
}

// The reference's answer: kept, and known to whoever grades the tiers.
void take_answer(InferenceLife& life, const UpstreamCall& upstream, const AnswerForm& form, const std::string& body) {
    std::optional<std::string> kept;
    if (life.readable && upstream.status == 200 && (life.may_store || life.grading)) {
        kept = kept_answer(life.route(), form, body);
    }
    if (!kept) return keep_nothing(life);
    auto entry = std::make_shared<tiers::CacheEntry>();
    entry->body = std::move(*kept);
    entry->model = upstream.model.full_name;
    entry->cost = upstream.attempt.cost;
    entry->priced = upstream.attempt.priced;
    entry->created_unix_micros = life.row.started_unix_micros;
    if (life.grading && is_comparable(life.route(), entry->body)) life.grading->reference = entry;
    keep_answer(life, entry);
}

Task<std::optional<Failure>> ask_once(InferenceLife& life, const tiers::ModelUpstream& model,
                                      tiers::Endpoint& endpoint) {
    const std::string head = head_for(life, *model.provider, endpoint);
    net::HttpCall call(*endpoint.client);
    const Cancellation::Scope scope(life.cancellation, call);
    UpstreamCall upstream(life, call, model);
    const Result<void> sent = co_await call.send(head, life.exchange.body(), life.upstream_deadline);
    if (!sent) co_return call_failed(upstream, sent.error());
    const AnswerForm form = answer_form(call.response());
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
    take_answer(life, upstream, form, body);
    if (life.cancellation.canceled()) {
        life.caller_left();
        co_return std::nullopt;
    }
    life.row.status = static_cast<std::uint16_t>(upstream.status);
    life.sum_costs();
    const std::string headers = weir_headers(life, model.full_name, true) + upstream.headers + form.content_lines;
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

}  // namespace

Task<void> answer_inference(InferenceLife& life, std::shared_ptr<const Plan> plan) {
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
        if (life.kept) conclude_inference_trial(life);
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

AnswerForm answer_form(const http::ResponseHead& response) {
    AnswerForm form;
    for (const std::string_view name : {"content-type", "content-encoding"}) {
        const std::string_view value = response.headers.value(name);
        if (!value.empty()) form.content_lines += std::string(name) + ": " + std::string(value) + "\r\n";
    }
    const bool coded = response.headers.find("content-encoding") != nullptr;
    form.binary = response.headers.find(wire::kBinaryHeader) != nullptr;
    const auto length = only_value(response.headers, wire::kBinaryHeader);
    form.head_bytes = length.value_or("");
    std::string_view type = response.headers.value("content-type");
    type = type.substr(0, type.find_first_of("; \t"));
    form.json = !coded && (form.binary || http::equals_ignoring_case(type, "application/json"));
    return form;
}

std::optional<std::string> kept_answer(const InferenceOptions& route, const AnswerForm& form, std::string body) {
    if (!form.json || (form.binary && !route.open_inference())) return std::nullopt;
    const auto split =
        form.binary ? wire::split_tensors(body, form.head_bytes) : wire::split_tensors(body, std::nullopt);
    std::vector<json::Member> members;
    if (!split || !json::members(split->head, members)) return std::nullopt;
    if (split->binary && !wire::binary_tensors(*split, "outputs")) return std::nullopt;
    const std::size_t head_bytes = split->binary ? split->head.size() : 0;
    return wire::kept_form(std::move(body), head_bytes);
}

bool is_comparable(const InferenceOptions& route, std::string_view kept) {
    const auto json = wire::answer_as_json(kept, cascade::kMaxComparedBytes);
    return json && cascade::has_answer_at(*json, route.agreement);
}

cascade::Agreement compare_answers(const InferenceOptions& route, std::string_view a, std::string_view b) {
    const auto first = wire::answer_as_json(a, cascade::kMaxComparedBytes);
    const auto second = wire::answer_as_json(b, cascade::kMaxComparedBytes);
    if (!first || !second) return {cascade::Agreed::undecided, "too long"};
    return cascade::agreement_at(*first, *second, route.agreement);
}

std::string inference_head(const tiers::ProviderLink& provider, const tiers::Endpoint& endpoint, std::string_view tail,
                           std::size_t body_bytes, const http::RequestHead* caller, std::size_t json_bytes,
                           const tiers::TraceLine& trace) {
    if (caller != nullptr) {
        std::string_view type = caller->headers.value("content-type");
        if (type.empty()) type = "application/json";
        return tiers::request_head(provider, endpoint, tail, body_bytes, caller, nullptr, type, trace);
    }
    constexpr std::string_view kType = "application/json";
    if (json_bytes == 0)
        return tiers::request_head(provider, endpoint, tail, body_bytes, nullptr, nullptr, kType, trace);
    const std::string length = std::to_string(json_bytes);
    http::RequestHead own;
    own.headers.list.push_back({wire::kBinaryHeader, length});
    return tiers::request_head(provider, endpoint, tail, body_bytes, &own, nullptr, "application/octet-stream", trace);
}

std::string head_for(InferenceLife& life, const tiers::ProviderLink& provider, const tiers::Endpoint& endpoint) {
    return inference_head(provider, endpoint, life.tail, life.exchange.body().size(), &life.exchange.head(), 0,
                          life.trace_line());
}

void keep_answer(InferenceLife& life, const std::shared_ptr<tiers::CacheEntry>& entry) {
    if (!life.may_store) return;
    inference_keeper(life)(entry);
    if (!life.lease) return;
    life.lease->conclude(tiers::Flight::Ending::stored);
    life.lease.reset();
}

void InferenceLife::waits_for_room() {
    keep_nothing(*this);
}

void keep_nothing(InferenceLife& life) {
    if (life.lease) life.lease->conclude(tiers::Flight::Ending::not_stored);
    life.lease.reset();
}

Task<void> deliver_inference(InferenceLife& life, std::string_view kept, std::string_view model,
                             std::string_view more_headers) {
    const wire::TensorBody read = wire::read_kept(kept);
    life.sum_costs();
    life.row.status = 200;
    std::string headers = weir_headers(life, model, true);
    headers += more_headers;
    headers += read.binary ? kBinary : kJson;
    if (read.binary) {
        headers += std::string(wire::kBinaryHeader) + ": " + std::to_string(read.head.size()) + "\r\n";
        kept.remove_prefix(static_cast<std::size_t>(read.head.data() - kept.data()));
    }
    life.admission.free();
    life.row.complete = co_await life.exchange.respond(200, headers, kept);
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

}  // namespace weir::gateway
