#include "gateway/embeddings.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "gateway/request_life.h"
#include "gateway/spending.h"
#include "gateway/upstream_call.h"
#include "wire/embeddings.h"

namespace weir::gateway {
namespace {

using EntryPtr = tiers::ExactCache::EntryPtr;

constexpr std::string_view kApi = "openai.embeddings";

// One of the request's different inputs.
struct Item {
    std::uint32_t place = 0;  // where it stands first
    Digest256 key{};
    EntryPtr entry;                // what the cache had, later what the upstream answered
    wire::StoredEmbedding stored;  // views of the entry's body
};

class EmbeddingsLife final : public RequestLife {
  public:
    using RequestLife::RequestLife;

    bool serving() const { return mode == cascade::Mode::serve; }

    wire::EmbeddingsRequest request;
    std::vector<Item> items;             // empty: nothing may be looked up or stored, the request is forwarded
    std::vector<std::uint32_t> item_at;  // for each place of the request's input
    std::size_t known = 0;               // items that the cache had
    bool again = false;                  // what came does not go with them: all of it is to be asked for
};

Task<std::optional<wire::ApiError>> admit(EmbeddingsLife& life) {
    std::optional<wire::ApiError> problem = admit_caller(life);
    if (problem) co_return problem;
    std::string param;
    Result<wire::EmbeddingsRequest> parsed = wire::parse_embeddings_request(life.exchange.body(), param);
    if (!parsed) co_return bad_request(parsed.error().message, param);
    life.request = std::move(*parsed);
    problem = co_await find_plan(life, life.request.model);
    co_return problem;
}

// What the exact cache may do for this request; then its different items, with their keys.
void plan_cache(EmbeddingsLife& life) {
    if (!life.plan->cascade->has_exact || life.mode == cascade::Mode::off || life.cache_wish == CacheWish::no_store) {
        return;
    }
    life.may_store = true;
    life.may_look_up = life.cache_wish != CacheWish::refresh;
    life.cache_state = life.may_look_up ? "miss" : "refresh";

    const tiers::CacheScope scope{life.tenant->name, kApi, life.plan->upstream_identity};
    const Digest256 rest = wire::canonical_digest(life.request);
    std::unordered_map<std::string_view, std::uint32_t> seen;
    for (std::uint32_t place = 0; place < life.request.items.size(); ++place) {
        const auto [found, is_new] =
            seen.try_emplace(life.request.item(place), static_cast<std::uint32_t>(life.items.size()));
        life.item_at.push_back(found->second);
        if (!is_new) continue;
        Item& item = life.items.emplace_back();
        item.place = place;
        item.key = tiers::cache_key(scope, wire::item_digest(life.request, rest, place));
    }
}

void forget_known(EmbeddingsLife& life) {
    for (Item& item : life.items) item.entry = nullptr;
    life.known = 0;
}

// Vectors that can go into one answer: of one shape (a model that was changed behind its name may have left others),
// and not too large together.
bool known_fit_together(const EmbeddingsLife& life) {
    const Item* first = nullptr;
    std::size_t bytes = 0;
    for (const std::uint32_t at : life.item_at) {
        const Item& item = life.items[at];
        if (!item.entry) continue;
        if (first == nullptr) first = &item;
        if (!(item.stored.shape == first->stored.shape)) return false;
        bytes += item.stored.vector.size();
    }
    return bytes <= life.plan->reference->provider->answer_bytes;
}

void take_entry(EmbeddingsLife& life, Item& item, EntryPtr entry) {
    if (!entry) return;
    const tiers::EntryJudge& judge = life.routes->judge_of(*life.plan->cascade);
    if (judge.judge(item.key, *entry, life.max_age) != tiers::EntryState::fresh) return;
    const Result<wire::StoredEmbedding> stored = wire::load_embedding(entry->body);
    if (!stored) return;
    item.entry = std::move(entry);
    item.stored = *stored;
    ++life.known;
}

store::Reason known_reason(const EmbeddingsLife& life) {
    if (life.known == 0) return store::Reason::of(store::Said::miss);
    if (life.known == life.items.size()) return store::Reason::of(store::Said::same_request);
    const auto count = [](std::size_t items) {
        return static_cast<std::uint16_t>(std::min<std::size_t>(items, UINT16_MAX));
    };
    return store::Reason::of(store::Said::known_of).counting(count(life.known), count(life.items.size()));
}

// Memory, then disk, item by item.
Task<void> look_up(EmbeddingsLife& life) {
    tiers::ExactCache& cache = life.lane.shared.cache;
    const Micros begun = life.lane.reactor.now();
    for (Item& item : life.items) {
        bool maybe_on_disk = false;
        EntryPtr entry = cache.lookup_memory(item.key, maybe_on_disk);
        if (!entry && maybe_on_disk) entry = co_await cache.lookup(item.key, life.lane.reactor);
        if (life.cancellation.canceled()) break;
        take_entry(life, item, std::move(entry));
    }
    store::Reason reason = known_reason(life);
    std::string words;
    if (life.debug) words = std::to_string(life.known) + " of " + std::to_string(life.items.size()) + " known";
    if (!known_fit_together(life)) {
        forget_known(life);
        reason = store::Reason::of(store::Said::not_together);
        if (life.debug) words += ", but they do not go together";
    }
    store::Attempt attempt;
    attempt.tier = store::TierKind::exact;
    attempt.outcome = store::Outcome::declined;  // until something of it is served
    attempt.priced = true;                       // a look-up costs nothing
    attempt.latency_micros = static_cast<std::int32_t>(std::min<Micros>(life.lane.reactor.now() - begun, INT32_MAX));
    if (!life.serving() && life.known == life.items.size()) {
        attempt.outcome = store::Outcome::observed;
        life.row.would_have = store::TierKind::exact;
    }
    life.steps().tried(life.steps().next(), attempt, "exact", cascade::told_by(attempt).verdict, reason, words);
    life.add_attempt(attempt);
}

// The look-up's attempt is the first one.
void note_cache_served(EmbeddingsLife& life) {
    life.row.attempts[0].outcome = store::Outcome::served;
}

// What the whole request takes at the provider, every place of its input counted.
struct Whole {
    Tokens tokens = 0;
    bool reported = false;  // the provider has told it for some item at least
    Usd cost;
    store::Counterfactual how = store::Counterfactual::replayed;
    Micros oldest_unix_micros = INT64_MAX;
    std::size_t bytes = 0;  // of the vectors
};

Whole sum_up(const EmbeddingsLife& life) {
    const tiers::ModelUpstream& reference = *life.plan->reference;
    Whole whole;
    for (const std::uint32_t at : life.item_at) {
        const tiers::CacheEntry& entry = *life.items[at].entry;
        whole.tokens += entry.usage.input();
        whole.reported = whole.reported || entry.usage.reported;
        whole.oldest_unix_micros = std::min(whole.oldest_unix_micros, entry.created_unix_micros);
        whole.bytes += life.items[at].stored.vector.size();
        if (whole.how == store::Counterfactual::unknown) continue;
        if (entry.priced && entry.model == reference.full_name) {
            whole.cost += entry.cost;
        } else if (const std::optional<Usd> cost =
                       reference.price ? prices::reprice(entry.usage, *reference.price) : std::nullopt) {
            whole.cost += *cost;
            whole.how = store::Counterfactual::repriced;
        } else {
            whole.how = store::Counterfactual::unknown;
            whole.cost = {};
        }
    }
    return whole;
}

void set_counterfactual(EmbeddingsLife& life, const Whole& whole) {
    life.row.counterfactual = whole.cost;
    life.row.counterfactual_how = whole.how;
}

std::vector<std::string_view> vectors_in_order(const EmbeddingsLife& life) {
    std::vector<std::string_view> vectors;
    vectors.reserve(life.item_at.size());
    for (const std::uint32_t at : life.item_at) vectors.push_back(life.items[at].stored.vector);
    return vectors;
}

Task<void> deliver(EmbeddingsLife& life, std::string_view body, std::string_view more_headers) {
    life.sum_costs();
    life.row.status = 200;
    std::string headers = weir_headers(life, life.plan->reference->full_name, true);
    headers += more_headers;
    headers += "content-type: application/json\r\n";
    life.admission.free();
    life.row.complete = co_await life.exchange.respond(200, headers, body);
}

Task<void> deliver_known(EmbeddingsLife& life) {
    const Whole whole = sum_up(life);
    set_counterfactual(life, whole);
    note_cache_served(life);
    life.row.tier = store::TierKind::exact;
    life.row.served_model = life.plan->reference->name_id;
    life.cache_state = "hit";
    std::string body;
    const std::vector<std::string_view> vectors = vectors_in_order(life);
    wire::render_embeddings(vectors, life.items[0].stored.model, whole.reported ? whole.tokens : -1, body);
    const Micros age = std::max<Micros>(0, life.lane.shared.clock.unix_micros() - whole.oldest_unix_micros);
    const std::string age_line = "age: " + std::to_string(age / 1'000'000) + "\r\n";
    co_await deliver(life, body, age_line);
}

// The places of the items to be asked for; empty: the request goes on as the caller spelled it.
std::vector<std::uint32_t> places_to_ask(const EmbeddingsLife& life) {
    std::vector<std::uint32_t> places;
    if (!life.serving()) return places;  // nothing is served, so nothing may be missing
    if (life.known == 0 && life.items.size() == life.item_at.size()) return places;
    for (const Item& item : life.items) {
        if (!item.entry) places.push_back(item.place);
    }
    return places;
}

// Whose an entry is, and by what marks it can be purged.
// Makes entries of an answer's vectors and stores them. What was spent is shared out: tokens by the items' bytes, money
// by their tokens; each adds up exactly.
void keep(EmbeddingsLife& life, const std::vector<std::uint32_t>& asked, const wire::EmbeddingsAnswer& answer,
          const wire::Usage& usage, const store::Attempt& attempt) {
    const auto place_of = [&](std::size_t index) { return asked.empty() ? index : asked[index]; };
    std::vector<std::int64_t> weights;
    for (std::size_t i = 0; i < answer.vectors.size(); ++i) {
        weights.push_back(static_cast<std::int64_t>(life.request.items[place_of(i)].size()));
    }
    const std::vector<std::int64_t> tokens = wire::split_in_proportion(usage.input(), weights);
    const std::vector<std::int64_t> nanos = wire::split_in_proportion(attempt.cost.nanos, tokens);
    std::string model;
    if (answer.model.empty()) {
        json::write_string(life.request.model, model);
    } else {
        model = answer.model.of(answer.body);
    }
    const tiers::Provenance provenance = provenance_of(life);
    const Micros now = life.row.started_unix_micros;
    for (std::size_t i = 0; i < answer.vectors.size(); ++i) {
        Item& item = life.items[life.item_at[place_of(i)]];
        if (item.place != place_of(i)) continue;  // the same input once more
        const auto entry = std::make_shared<tiers::CacheEntry>();
        entry->body = wire::store_embedding({model, answer.shape, answer.vectors[i].of(answer.body)});
        entry->model = life.plan->reference->full_name;
        entry->usage.input_uncached = tokens[i];
        entry->usage.reported = usage.reported;
        entry->cost.nanos = nanos[i];
        entry->priced = attempt.priced;
        entry->created_unix_micros = now;
        entry->provenance = provenance;
        life.lane.shared.cache.store(item.key, entry);
        item.entry = entry;
        item.stored = wire::load_embedding(entry->body).value_or(wire::StoredEmbedding{});
    }
}

// The answer to the caller's own bytes goes on as it is.
Task<void> deliver_relayed(EmbeddingsLife& life, UpstreamCall& upstream, std::string_view body) {
    if (upstream.attempt.priced) {
        life.row.counterfactual = upstream.attempt.cost;
        life.row.counterfactual_how = store::Counterfactual::measured;
    }
    co_await deliver(life, body, upstream.headers);
}

// Known and fresh items in one answer.
Task<void> deliver_completed(EmbeddingsLife& life, UpstreamCall& upstream, const wire::EmbeddingsAnswer& answer) {
    const Whole whole = sum_up(life);
    set_counterfactual(life, whole);
    if (whole.bytes > upstream.model.provider->answer_bytes) {
        const wire::ApiError error{502, "The answer to the whole request is larger than limits.answer allows.",
                                   "server_error", "answer_too_large", ""};
        co_await deliver_error(life, error);
        co_return;
    }
    if (life.known > 0) {
        note_cache_served(life);
        life.cache_state = "partial";
    }
    std::string body;
    const std::vector<std::string_view> vectors = vectors_in_order(life);
    wire::render_with_vectors(answer, vectors, whole.tokens, body);
    co_await deliver(life, body, upstream.headers);
}

// Where what is known does not go with what came, nothing is delivered: the whole has to be asked for (life.again).
Task<std::optional<Failure>> use_answer(EmbeddingsLife& life, UpstreamCall& upstream,
                                        const std::vector<std::uint32_t>& asked, std::size_t sent_bytes) {
    std::string body;
    const Result<void> got = co_await upstream.call.read_all(body, upstream.model.provider->answer_bytes);
    if (!got) {
        co_return call_failed(upstream, got.error());
    }
    const std::size_t count = asked.empty() ? life.request.items.size() : asked.size();
    const Result<wire::EmbeddingsAnswer> answer = wire::read_embeddings_answer(body, count);
    if (!answer) {
        const Error error{ErrorCode::protocol, "its answer does not hold the embeddings: " + answer.error().message};
        co_return call_failed(upstream, error);
    }
    const wire::Usage usage = tiers::or_estimate(answer->usage, sent_bytes, 0);
    tiers::account(upstream.attempt, usage, upstream.model.price);
    if (!asked.empty() && life.known > 0) {
        const auto known =
            std::find_if(life.items.begin(), life.items.end(), [](const Item& item) { return item.entry != nullptr; });
        if (!(known->stored.shape == answer->shape)) {
            upstream.attempt.outcome = store::Outcome::declined;
            life.steps().tried(life.steps().next(), upstream.attempt, upstream.model.full_name,
                               store::StepVerdict::refused, store::Reason::of(store::Said::length_changed));
            finish_attempt(upstream);
            life.again = true;
            co_return std::nullopt;
        }
    }
    note_served(upstream);
    finish_attempt(upstream);
    if (life.may_store) keep(life, asked, *answer, usage, upstream.attempt);
    if (asked.empty()) {
        co_await deliver_relayed(life, upstream, body);
    } else {
        co_await deliver_completed(life, upstream, *answer);
    }
    co_return std::nullopt;
}

Task<std::optional<Failure>> ask_once(EmbeddingsLife& life, const tiers::ModelUpstream& reference,
                                      tiers::Endpoint& endpoint) {
    const std::vector<std::uint32_t> asked = places_to_ask(life);
    std::string changed;
    std::string_view body = life.request.body;
    if (!asked.empty() || reference.upstream_name != life.request.model) {
        wire::render_upstream_body(life.request, reference.upstream_name, asked, changed);
        body = changed;
    }
    const std::string head = tiers::request_head(*reference.provider, endpoint, "/embeddings", body.size(),
                                                 &life.exchange.head(), nullptr, "application/json", life.trace_line());

    net::HttpCall call(*endpoint.client);
    const Cancellation::Scope scope(life.cancellation, call);
    UpstreamCall upstream(life, call, reference);
    const Result<void> sent = co_await call.send(head, body, life.upstream_deadline);
    if (!sent) {
        co_return call_failed(upstream, sent.error());
    }
    take_head(upstream);
    if (upstream.status >= 300 || upstream.status < 200) {
        Failure failure = co_await read_failure(upstream);
        co_return failure;
    }
    co_return co_await use_answer(life, upstream, asked, body.size());
}

Task<void> ask_reference(EmbeddingsLife& life) {
    if (life.plan->reference->provider->form != nullptr) {
        const wire::ApiError error{
            404, "The provider of '" + life.plan->reference->full_name + "' offers no embeddings in OpenAI's form.",
            "invalid_request_error", "not_found", "model"};
        co_await deliver_error(life, error);
        co_return;
    }
    if (life.lane.budgets) {
        Wish wish;
        wish.prompt_bytes = life.exchange.body().size();
        const bool may = co_await may_spend(life, wish);
        if (!may) {
            co_await refuse_spending(life);
            co_return;
        }
    }
    // Other models' vectors are no replacement.
    const std::vector<std::shared_ptr<const tiers::ModelUpstream>> models(1, life.plan->reference);
    const AskOnce ask = [&life](const tiers::ModelUpstream& model, tiers::Endpoints::Lease& endpoint) {
        return ask_once(life, model, *endpoint);
    };
    co_await ask_in_turn(life, models, ask);
    if (!std::exchange(life.again, false)) co_return;
    forget_known(life);
    co_await ask_in_turn(life, models, ask);
}

Task<void> answer(EmbeddingsLife& life) {
    const std::optional<wire::ApiError> refused = co_await admit(life);
    if (refused) {
        co_await deliver_error(life, *refused);
        co_return;
    }
    static const std::uint64_t kTask = short_digest(sha256(kApi));
    identify_task(life, kTask);
    plan_cache(life);
    if (life.may_look_up) co_await look_up(life);
    if (life.cancellation.canceled()) {
        life.caller_left();
    } else if (life.serving() && life.may_store && life.known == life.items.size()) {
        co_await deliver_known(life);
    } else if (life.cache_wish == CacheWish::only) {
        const wire::ApiError error = cache_miss_error();
        co_await deliver_error(life, error);
    } else {
        co_await ask_reference(life);
    }
}

}  // namespace

Task<void> handle_embeddings(Lane& lane, net::Exchange& exchange) {
    EmbeddingsLife life(lane, exchange);
    life.about.operation = telemetry::Operation::embeddings;
    life.begin();
    co_await answer(life);
    co_await settle(life);
}

}  // namespace weir::gateway
