#include "gateway/background.h"

#include <algorithm>
#include <utility>

#include "cascade/cacheable.h"
#include "gateway/inference.h"
#include "gateway/spending.h"
#include "wire/chat_answer.h"
#include "wire/chat_request.h"

namespace weir::gateway {
namespace {

const tiers::ModelUpstream& target_of(const BackgroundCall& call) {
    return call.target ? *call.target : *call.plan->reference;
}

// Asks, and books what it cost in `attempt`, which says `failed`, at no cost, as long as nothing was asked. nullptr: no
// answer that may be kept.
Task<std::shared_ptr<tiers::CacheEntry>> ask(Lane& lane, const BackgroundCall& call, net::HttpCall& http,
                                             tiers::Endpoints::Lease& endpoint, const std::string& traceparent,
                                             store::Attempt& attempt) {
    const tiers::ModelUpstream& target = target_of(call);
    std::string param;
    Result<wire::ChatRequest> chat = wire::parse_chat_request(call.body, param);
    if (!chat || !target.provider->is_ready()) co_return nullptr;
    std::string body;
    const bool asks_logprobs = call.logprobs && target.provider->gives_logprobs();
    const wire::UpstreamForm form{target.upstream_name, wire::UpstreamForm::Stream::force_body, false,
                                  asks_logprobs && !chat->logprobs, call.vary};
    wire::render_upstream_body(*chat, form, body);
    const Result<tiers::ModelQuestion> question = tiers::question_to(target, std::move(body));
    if (!question) co_return nullptr;
    const Micros asked_unix_micros = lane.shared.clock.unix_micros();
    const std::string head = tiers::request_head(*target.provider, *endpoint, question->path, question->body.size(),
                                                 nullptr, question->form, "application/json", {traceparent});
    const Result<void> sent = co_await http.send(head, question->body, lane.reactor.now() + call.timeout_micros);
    attempt.priced = !http.sent();  // what was sent may be billed: its cost is not known before the answer
    if (!sent) {
        attempt.outcome = tiers::outcome_of(sent.error().code);
        if (sent.error().code != ErrorCode::canceled) endpoint.failed(lane.reactor.now());
        co_return nullptr;
    }
    attempt.status = static_cast<std::uint16_t>(http.response().status);
    auto entry = std::make_shared<tiers::CacheEntry>();
    const Result<void> got = co_await http.read_all(entry->body, target.provider->answer_bytes);
    if (!got || attempt.status != 200) {
        attempt.outcome = got ? store::Outcome::failed : tiers::outcome_of(got.error().code);
        attempt.priced = attempt.status >= 400;  // an error status is not billed
        co_return nullptr;
    }
    endpoint.answered();
    Result<std::string> said = tiers::chat_answer_of(*question, std::move(entry->body));
    if (!said) co_return nullptr;
    entry->body = std::move(*said);
    Result<wire::ChatAnswer> read = wire::read_chat_answer(entry->body);
    if (!read) co_return nullptr;
    read->usage = tiers::or_estimate(read->usage, call.body.size(), static_cast<Tokens>(entry->body.size() / 4));
    tiers::account(attempt, read->usage, target.price);
    attempt.outcome = store::Outcome::observed;
    if (call.whole_answers && !cascade::storable_answer(*read)) co_return nullptr;
    entry->model = target.full_name;
    entry->usage = read->usage;
    entry->cost = attempt.cost;
    entry->priced = attempt.priced;
    entry->created_unix_micros = asked_unix_micros;
    co_return entry;
}

// The same of an inference route, where question and answer are whatever JSON they are.
Task<std::shared_ptr<tiers::CacheEntry>> ask_plain(Lane& lane, const BackgroundCall& call, net::HttpCall& http,
                                                   tiers::Endpoints::Lease& endpoint, const std::string& traceparent,
                                                   store::Attempt& attempt) {
    const tiers::ModelUpstream& target = target_of(call);
    const Micros begun = lane.reactor.now();
    const Micros asked_unix_micros = lane.shared.clock.unix_micros();
    const std::string head = inference_head(*target.provider, *endpoint, call.tail, call.body.size(), nullptr,
                                            call.json_bytes, {traceparent});
    const Result<void> sent = co_await http.send(head, call.body, begun + call.timeout_micros);
    attempt.priced = !http.sent();
    if (!sent) {
        attempt.outcome = tiers::outcome_of(sent.error().code);
        if (sent.error().code != ErrorCode::canceled) endpoint.failed(lane.reactor.now());
        co_return nullptr;
    }
    attempt.status = static_cast<std::uint16_t>(http.response().status);
    const AnswerForm form = answer_form(http.response());
    auto entry = std::make_shared<tiers::CacheEntry>();
    const Result<void> got = co_await http.read_all(entry->body, target.provider->answer_bytes);
    if (!got || attempt.status != 200) {
        attempt.outcome = got ? store::Outcome::failed : tiers::outcome_of(got.error().code);
        attempt.priced = attempt.status >= 400;
        if (got && tiers::is_down(attempt.status)) endpoint.failed(lane.reactor.now());
        co_return nullptr;
    }
    endpoint.answered();
    tiers::account_call(attempt, target.call_price, lane.reactor.now() - begun);
    attempt.outcome = store::Outcome::observed;
    const InferenceOptions& route = call.plan->inference->options;
    std::optional<std::string> kept = kept_answer(route, form, std::move(entry->body));
    if (!kept || !is_comparable(route, *kept)) co_return nullptr;
    entry->body = std::move(*kept);
    entry->model = target.full_name;
    entry->cost = attempt.cost;
    entry->priced = attempt.priced;
    entry->created_unix_micros = asked_unix_micros;
    co_return entry;
}

Task<void> run(Lane& lane, std::unique_ptr<BackgroundCall> call) {
    store::LedgerRow row;
    row.id = lane.ids.next();
    row.purpose = call->purpose;
    row.started_unix_micros = lane.shared.clock.unix_micros();
    row.tenant = call->tenant;
    row.task = call->task;
    row.mode = call->mode;
    row.cascade = call->plan->cascade->name_id;
    row.reference = call->plan->reference->name_id;
    telemetry::RequestNote note;
    note.operation = call->plan->inference != nullptr ? telemetry::Operation::other : telemetry::Operation::chat;
    note.origin = call->origin;
    note.trace = lane.telemetry.begin_in_background(row.id, call->origin);
    std::string traceparent;
    if (note.trace.recorded) traceparent = telemetry::traceparent_line(note.trace.trace, note.trace.span);
    const Micros begun = lane.reactor.now();
    store::Attempt attempt;
    attempt.tier = call->target ? store::TierKind::model : store::TierKind::reference;
    attempt.model = target_of(*call).name_id;
    attempt.priced = true;
    std::shared_ptr<tiers::CacheEntry> fresh;
    bool stopped = false;
    {
        tiers::Endpoints::Lease endpoint = target_of(*call).provider->endpoints.take(begun);
        net::HttpCall http(*endpoint->client);
        const auto place = lane.background.insert(lane.background.end(), &http);
        if (call->plan->inference != nullptr) {
            fresh = co_await ask_plain(lane, *call, http, endpoint, traceparent, attempt);
        } else {
            fresh = co_await ask(lane, *call, http, endpoint, traceparent, attempt);
        }
        stopped = *place == nullptr;
        lane.background.erase(place);
    }
    const auto taken = static_cast<std::int32_t>(std::min<Micros>(lane.reactor.now() - begun, INT32_MAX));
    attempt.latency_micros = taken;
    row.latency_micros = taken;
    row.complete = attempt.outcome == store::Outcome::observed;
    row.status = row.complete ? 200 : stopped ? 499 : 502;
    if (row.complete) {
        row.tier = attempt.tier;
        row.served_model = attempt.model;
    }
    row.attempts[0] = attempt;
    row.attempt_count = 1;
    row.cost = attempt.cost;
    row.cost_complete = attempt.priced;
    row.counterfactual_how = store::Counterfactual::measured;  // nobody asked for it: pure cost
    lane.telemetry.settled_in_background(row, note);
    settle_spending(*call, row);
    if (call->proof) call->proof->spent(row.cost, row.cost_complete, lane.shared.clock.unix_micros());
    // A full ring is the callers' to wait for, not the background's: a short pause, then again. At the gateway's end
    // too, which waits for it: what was asked may have cost something.
    while (!lane.shared.ledger.append(lane.reactor.index(), row)) co_await lane.reactor.sleep(1000);
    if (!stopped && call->then) call->then(std::move(fresh));
    call.reset();
    lane.background_running.fetch_sub(1);
}

// Once the disk knows what it may cost.
Task<void> run_later(Lane& lane, std::unique_ptr<BackgroundCall> call) {
    const bool may = co_await wait_for_lease(lane, *call);
    if (may) {
        Task<void> running = run(lane, std::move(call));
        co_await running;
        co_return;
    }
    lane.counters.background_dropped.fetch_add(1, std::memory_order_relaxed);
    if (!lane.background_closed && call->then) call->then(nullptr);
    call.reset();
    lane.background_running.fetch_sub(1);
}

}  // namespace

std::size_t background_room(const Lane& lane) {
    const std::size_t running = lane.background_running.load();
    return running < kMostBackgroundCalls ? kMostBackgroundCalls - running : 0;
}

bool ask_in_background(Lane& lane, BackgroundCall call) {
    using limits::Budget;
    const bool full = call.purpose != store::Purpose::judge && lane.background_running.load() >= kMostBackgroundCalls;
    const bool open = !lane.background_closed && !full;
    const Budget::Answer may = open && lane.budgets ? may_spend(lane, call) : Budget::Answer::in;
    if (!open || may == Budget::Answer::spent || may == Budget::Answer::busy) {
        lane.counters.background_dropped.fetch_add(1, std::memory_order_relaxed);
        return false;
    }
    lane.counters.background_calls.fetch_add(1, std::memory_order_relaxed);
    lane.background_running.fetch_add(1);
    auto owned = std::make_unique<BackgroundCall>(std::move(call));
    spawn(may == Budget::Answer::later ? run_later(lane, std::move(owned)) : run(lane, std::move(owned)));
    return true;
}

void close_background(Lane& lane) {
    lane.background_closed = true;
    lane.judging.reset();  // what waits in it was not asked yet
    lane.grading.reset();
}

void cancel_background(Lane& lane) {
    close_background(lane);
    for (auto next = lane.background.begin(); next != lane.background.end();) {
        // nullptr says why it ended. Its place in the list goes with it.
        net::HttpCall* const call = std::exchange(*next++, nullptr);
        if (call != nullptr) call->cancel();
    }
}

}  // namespace weir::gateway
