#include "gateway/chat.h"

#include <algorithm>
#include <span>

#include "cascade/cacheable.h"
#include "gateway/chat_life.h"
#include "gateway/examples.h"
#include "gateway/pass_through.h"
#include "gateway/spending.h"
#include "gateway/switch_loss.h"
#include "tiers/semantic_cache/semantic_tier.h"
#include "wire/chat_answer.h"
#include "wire/named_model.h"

namespace weir::gateway {
namespace {

constexpr std::string_view kApi = "openai.chat";

// The request of another API as a chat request, into life.foreign.
std::optional<wire::ApiError> translate(ChatLife& life) {
    life.foreign = std::make_unique<Foreign>();
    wire::Echo& echo = life.foreign->echo;
    echo.request_id = to_hex(static_cast<std::uint64_t>(life.row.id));
    echo.created_unix_s = life.row.started_unix_micros / 1'000'000;
    std::string param;
    const Result<void> translated =
        life.dialect->request_to_chat(life.exchange.body(), param, life.foreign->chat_body, echo);
    if (!translated) return bad_request(translated.error().message, param);
    return std::nullopt;
}

// The form of the caller's own API, where the reference's provider speaks it; else nullptr.
const wire::ProviderForm* native_form(const ChatLife& life) {
    return life.dialect == nullptr ? nullptr : life.plan->reference->provider->native_form(life.dialect->name());
}

// Whether the reference's answer is another than it would give in chat.
bool is_apart(const ChatLife& life) {
    const wire::ProviderForm* const form = native_form(life);
    return form != nullptr && !form->answers_as_chat();
}

// To a provider that speaks the caller's API, past all tiers.
Task<void> pass_as_it_is(ChatLife& life, const wire::ProviderForm& form, const wire::NamedModel& named) {
    wire::ProviderExchange exchange;
    exchange.model = life.plan->reference->upstream_name;
    exchange.stream = named.stream;
    std::string path;
    form.append_path(exchange, path);
    static const std::uint64_t kTask = short_digest(sha256("passed through"));
    identify_task(life, kTask);
    life.skip_tiers(store::Said::passed_on);
    PassedRequest request;
    request.path = path;
    request.model = named.model;
    request.form = request.api = &form;
    request.stream = named.stream;
    co_await pass_on(life, request);
}

// A request that chat has no words for, where its provider speaks the caller's API: it goes there as it is. False: it
// does not.
Task<bool> pass_natively(ChatLife& life) {
    const Result<wire::NamedModel> named = wire::read_named_model(life.exchange.body());
    if (!named || named->model.empty()) co_return false;
    const std::optional<wire::ApiError> unknown = co_await find_plan(life, named->model);
    if (unknown) co_return false;
    const wire::ProviderForm* const form = native_form(life);
    if (form == nullptr) co_return false;
    co_await pass_as_it_is(life, *form, *named);
    co_return true;
}

// Who calls and what for. An error: what the caller is told instead.
std::optional<wire::ApiError> admit(ChatLife& life) {
    std::optional<wire::ApiError> problem = admit_caller(life);
    if (problem) return problem;
    if (life.dialect != nullptr) problem = translate(life);
    life.untranslatable = problem.has_value();
    if (problem) return problem;
    const std::string_view body = life.foreign ? life.foreign->chat_body : life.exchange.body();
    life.place = life.lane.requests.find(body);
    if (life.place.known) {
        life.chat = life.place.known->chat;
        life.chat.body = body;
    } else {
        std::string param;
        Result<void> parsed = wire::parse_chat_request(body, param, life.chat);
        if (!parsed) return bad_request(parsed.error().message, param);
    }
    life.row.streamed = life.chat.stream;
    return std::nullopt;
}

// The key of the exact cache.
Digest256 key_of(ChatLife& life, const wire::PromptMemo::Prompt& prompt) {
    thread_local std::string scope;
    scope.clear();
    tiers::append_scope({life.tenant->name, life.apart ? life.dialect->name() : kApi, life.plan->upstream_identity},
                        scope);
    const wire::Spelling spelling = prompt.about_spelling ? wire::Spelling::as_is : wire::Spelling::neutral;
    const std::shared_ptr<const wire::RequestMemo::Known>& known = life.place.known;
    if (known && known->scope == scope && known->spelling == spelling) return known->key;
    const Digest256 key = wire::canonical_digest(life.chat, scope, spelling);
    if (!known) life.lane.requests.remember(life.place, life.chat, prompt, scope, spelling, key);
    return key;
}

// What the exact cache may do for this request.
void plan_cache(ChatLife& life, const wire::PromptMemo::Prompt& prompt, tiers::Question& question) {
    const CascadeRoute& cascade = *life.plan->cascade;
    if (!cascade.has_exact && !cascade.has_semantic) return;
    if (life.mode == cascade::Mode::off || life.cache_wish == CacheWish::no_store) return;
    const std::vector<std::string>& opted_out = cascade.options.cache.never_for;
    if (!opted_out.empty() && std::find(opted_out.begin(), opted_out.end(), life.tenant->name) != opted_out.end()) {
        question.not_looked_up = store::Said::opted_out;
        return;
    }
    const cascade::CacheDecision decision = cascade::cacheable_request(life.chat, cascade.options.cache);
    if (!decision.allowed) {
        question.not_looked_up = store::Said::not_cacheable;
        question.not_looked_up_detail = static_cast<std::uint8_t>(decision.reason);
        return;
    }
    life.cache_key = key_of(life, prompt);
    life.may_store = true;
    life.may_look_up = life.cache_wish != CacheWish::refresh;
    life.cache_state = life.may_look_up ? "miss" : "refresh";
}

// What the semantic tier compares and what must be equal for it.
void plan_meaning(ChatLife& life, tiers::Question& question) {
    if (!life.may_store || !life.plan->semantic || life.apart) return;
    life.asked = wire::question_text(life.chat);
    if (!life.asked || life.asked->size() > tiers::semantic::kQuestionBytesMost) {
        life.asked.reset();
        return;
    }
    std::string scope;
    tiers::append_scope({life.tenant->name, kApi, life.plan->upstream_identity}, scope);
    life.partition = wire::partition_digest(life.chat, scope);
    question.text = *life.asked;
    question.partition = life.partition;
}

// What the semantic tier has made of the question, for a student.
void show_embedding(const ChatLife& life, tiers::Question& question) {
    const embed::Embedder* const embedder = life.routes->embedder();
    if (!life.look || embedder == nullptr) return;
    question.embedding = &life.look->vectors[tiers::semantic::kDenseSpace];
    question.embedding_model = embed::identity_digest(embedder->identity());
}

// How long cheaper models may be tried: so that the reference can still answer within the limit on latency. 0: no
// limit.
Micros climb_until(const ChatLife& life) {
    const Micros limit = life.max_latency > 0 ? life.max_latency : life.plan->cascade->options.max_latency_micros;
    if (limit == 0) return 0;
    return std::max<Micros>(1, life.exchange.started_micros() + limit - life.plan->reference_times.usual());
}

// What the reference would have cost for an answer that another tier gave.
void set_counterfactual(ChatLife& life, const tiers::CacheEntry& answer, cascade::TierKind tier) {
    const tiers::ModelUpstream& reference = *life.plan->reference;
    if (cascade::is_cache(tier) && answer.model == reference.full_name && answer.priced) {
        life.row.counterfactual = answer.cost;
        life.row.counterfactual_how = store::Counterfactual::replayed;
    } else if (tier == cascade::TierKind::student && life.grading) {
        // Nobody counted tokens: what the reference's answers to the task cost as a rule.
        life.row.counterfactual = from_dollars(life.grading->climb.plan.reference_usd);
        life.row.counterfactual_how = store::Counterfactual::repriced;
    } else if (reference.price) {
        const std::optional<Usd> cost = prices::reprice(answer.usage, *reference.price);
        if (!cost) return;
        life.row.counterfactual = *cost;
        life.row.counterfactual_how = store::Counterfactual::repriced;
    }
}

// `life` and `ascent` outlive the task.
Task<void> deliver_offer(ChatLife& life, const cascade::Ascent& ascent) {
    const tiers::CacheEntry& answer = *ascent.served->answer;
    life.row.tier = ascent.tier;
    const tiers::ModelUpstream& reference = *life.plan->reference;
    life.row.served_model =
        answer.model == reference.full_name ? reference.name_id : life.routes->routes().model_id(answer.model);
    set_counterfactual(life, answer, *ascent.tier);
    if (cascade::is_cache(*ascent.tier)) {
        life.cache_state = *ascent.tier == cascade::TierKind::exact ? "hit" : "semantic-hit";
        const Micros age = std::max<Micros>(0, life.row.started_unix_micros - answer.created_unix_micros);
        return deliver_body(life, answer.body, answer.model, age);
    }
    // A cheaper model's answer: without the log-probabilities that only its gate wanted.
    auto kept = std::make_shared<tiers::CacheEntry>(answer);
    kept->created_unix_micros = life.row.started_unix_micros;
    if (ascent.served->asked_logprobs) {
        kept->body = wire::without_logprobs(answer.body);
    }
    if (*ascent.tier == cascade::TierKind::student) {
        // In no cache: it costs nothing to ask again, and a student that is taken back must not live on there.
        if (life.lease) {
            life.lease->conclude(tiers::Flight::Ending::not_stored);
            life.lease.reset();
        }
    } else {
        keep_answer(life, kept);
    }
    life.kept = std::move(kept);
    return deliver_body(life, life.kept->body, life.kept->model, -1);
}

// From the climb into the row.
void book_attempts(ChatLife& life, cascade::Ascent& ascent) {
    for (const store::Attempt& attempt : ascent.attempts) {
        life.add_attempt(attempt);
        if (attempt.tier == store::TierKind::model) life.upstream_micros += attempt.latency_micros;
    }
    ascent.attempts.clear();
}

// The cascade's tiers with gates of their own. Caches cost nothing; before anybody is asked who does, the request needs
// room in its budgets.
Task<void> climb_rungs(ChatLife& life, tiers::Question& question, cascade::Ascent& ascent) {
    std::span<const cascade::Rung> rungs = *life.plan->rungs;
    if (life.lane.budgets && life.cache_wish != CacheWish::only) {
        const auto first_model = std::find_if_not(
            rungs.begin(), rungs.end(), [](const cascade::Rung& rung) { return cascade::is_cache(rung.tier->kind()); });
        const auto caches = rungs.first(static_cast<std::size_t>(first_model - rungs.begin()));
        co_await cascade::climb(caches, life.mode, question, life.cancellation, life.steps(), ascent);
        if (ascent.served || ascent.follower || life.cancellation.canceled()) co_return;
        book_attempts(life, ascent);
        life.lease = std::move(ascent.lease);  // for waits_for_room()
        co_await ask_budgets(life);
        question.caches_only = question.caches_only || !may_ask_models(life);
        rungs = rungs.subspan(caches.size());
    }
    co_await cascade::climb(rungs, life.mode, question, life.cancellation, life.steps(), ascent);
}

Task<void> answer(ChatLife& life) {
    std::optional<wire::ApiError> refused = admit(life);
    if (!refused && !find_plan_at_once(life, life.chat.model)) refused = co_await find_plan(life, life.chat.model);
    if (refused && life.untranslatable) {
        const bool passed = co_await pass_natively(life);
        if (passed) co_return;
    }
    if (refused) {
        co_await deliver_error(life, *refused);
        co_return;
    }
    life.apart = is_apart(life);
    if (life.apart && !native_form(life)->has_answer_in_chat(life.exchange.body())) {
        const wire::NamedModel named{life.chat.model, life.chat.stream};
        co_await pass_as_it_is(life, *native_form(life), named);
        co_return;
    }
    const wire::PromptMemo::Prompt prompt =
        life.place.known ? life.place.known->prompt : life.lane.prompts.look_up(wire::prompt_parts(life.chat));
    life.prompt_digest = prompt.digest;
    const std::uint64_t task = life.apart ? ~prompt.digest : prompt.digest;
    identify_task(life, life.task_name.empty() ? task : 0);
    tiers::Question question{life.chat, life.tenant->name};
    plan_cache(life, prompt, question);
    life.keeps_example = !life.apart && keeps_example(life);
    question.cache_key = life.cache_key;
    question.may_look_up = life.may_look_up;
    question.may_store = life.may_store && life.mode == cascade::Mode::serve;
    question.caches_only = life.apart || life.cache_wish == CacheWish::only;
    question.max_age = life.max_age;
    question.task = life.row.task;
    question.task_is_named = !life.task_name.empty();
    question.least_score = life.least_score;
    question.deadline = climb_until(life);
    question.debug = life.debug;
    if (life.about.trace.recorded) question.traces = &life;
    cascade::Ascent ascent;
    if (!cascade::served_at_once(*life.plan->rungs, life.mode, question, life.steps(), ascent)) {
        plan_meaning(life, question);
        co_await climb_rungs(life, question, ascent);
    }
    book_attempts(life, ascent);
    life.look = std::move(ascent.look);
    show_embedding(life, question);
    // Whoever may not spend still gets what students have.
    const bool open = !ascent.served && !ascent.follower && life.cache_wish != CacheWish::only;
    const bool climbs = open && !life.apart && !life.cancellation.canceled() && plan_trial(life, question);
    if (life.grading) explain_loss(life);
    if (climbs) {
        const cascade::Likeness likeness{life.grading->question, life.grading->rules};
        life.grading->climb.students_only = !may_climb_models(life);
        co_await cascade::climb_ladder(life.plan->ladder, question, life.cancellation, life.steps(), likeness,
                                       life.grading->climb, ascent);
        book_attempts(life, ascent);
    }
    life.row.would_have = ascent.would_have;
    if (ascent.lease) life.lease = std::move(ascent.lease);

    if (life.cancellation.canceled()) {
        life.caller_left();
    } else if (ascent.served) {
        co_await deliver_offer(life, ascent);
        if (life.spending) settle_spending(life);
        if (cascade::is_cache(*ascent.tier)) learn_from_hit(life, *ascent.served, *ascent.tier);
    } else if (ascent.follower) {
        co_await follow_flight(life, *ascent.follower);
    } else if (life.cache_wish == CacheWish::only) {
        const wire::ApiError error = cache_miss_error();
        co_await deliver_error(life, error);
    } else {
        co_await relay_reference(life);
    }
    note_turn(life);
    if (life.spending) settle_spending(life);  // what Weir asks now needs room beside it
    conclude_trial(life);
}

}  // namespace

void ChatLife::on_peer_gone() {
    if (!lease || !lease->flight().followed()) {
        cancellation.cancel();
        return;
    }
    if (std::exchange(caller_gone, true)) return;
    lane.counters.handed_over.fetch_add(1, std::memory_order_relaxed);
    // Whoever leaves last may be on another reactor.
    alive = std::make_shared<ChatLife*>(this);
    const std::weak_ptr<ChatLife*> self = alive;
    net::Reactor& reactor = lane.reactor;
    lease->flight().when_deserted([self, &reactor] {
        reactor.call([self] {
            if (const auto life = self.lock()) (*life)->cancellation.cancel();
        });
    });
}

void ChatLife::waits_for_room() {
    store_nothing(*this);
}

Task<void> handle_chat(Lane& lane, net::Exchange& exchange, const wire::Dialect* dialect) {
    ChatLife life(lane, exchange, dialect);
    life.begin();
    co_await answer(life);
    if (!settle_at_once(life)) co_await settle(life);
}

}  // namespace weir::gateway
