#include "gateway/background.h"

#include <algorithm>

#include "cascade/cacheable.h"
#include "wire/chat_answer.h"
#include "wire/chat_request.h"

namespace weir::gateway {
namespace {

// Asks, and books what it cost in `attempt`. nullptr: no whole answer.
Task<std::shared_ptr<tiers::CacheEntry>> ask(Lane& lane, const BackgroundCall& call, net::HttpCall& http,
                                             store::Attempt& attempt) {
    const tiers::ModelUpstream& reference = *call.plan->reference;
    std::string param;
    Result<wire::ChatRequest> chat = wire::parse_chat_request(call.body, param);
    if (!chat || !reference.provider->is_ready()) co_return nullptr;
    std::string body;
    const wire::UpstreamForm form{reference.upstream_name, wire::UpstreamForm::Stream::force_body, false, false};
    wire::render_upstream_body(*chat, form, body);
    const std::string head = tiers::request_head(reference, "/chat/completions", body.size(), nullptr);
    const Micros asked_unix_micros = lane.shared.clock.unix_micros();
    const Result<void> sent = co_await http.send(head, body);
    if (!sent) {
        attempt.outcome = tiers::outcome_of(sent.error().code);
        attempt.priced = !http.sent();
        co_return nullptr;
    }
    attempt.status = static_cast<std::uint16_t>(http.response().status);
    auto entry = std::make_shared<tiers::CacheEntry>();
    const Result<void> got = co_await http.read_all(entry->body, reference.provider->answer_bytes);
    if (!got || attempt.status != 200) {
        attempt.outcome = got ? store::Outcome::failed : tiers::outcome_of(got.error().code);
        attempt.priced = got.has_value();
        co_return nullptr;
    }
    Result<wire::ChatAnswer> read = wire::read_chat_answer(entry->body);
    if (!read) co_return nullptr;
    read->usage = tiers::or_estimate(read->usage, call.body.size(), static_cast<Tokens>(entry->body.size() / 4));
    tiers::account(attempt, read->usage, reference.price);
    attempt.outcome = store::Outcome::observed;
    if (!cascade::storable_answer(*read)) co_return nullptr;
    entry->model = reference.full_name;
    entry->usage = read->usage;
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
    row.served_model = row.reference;
    row.tier = store::TierKind::reference;
    const Micros begun = lane.reactor.now();
    store::Attempt attempt;
    attempt.tier = store::TierKind::reference;
    attempt.model = row.reference;
    std::shared_ptr<tiers::CacheEntry> fresh;
    bool stopped = false;
    {
        net::HttpCall http(*call->plan->reference->provider->client);
        const auto place = lane.background.insert(lane.background.end(), &http);
        fresh = co_await ask(lane, *call, http, attempt);
        stopped = *place == nullptr;
        lane.background.erase(place);
    }
    const auto taken = static_cast<std::int32_t>(std::min<Micros>(lane.reactor.now() - begun, INT32_MAX));
    attempt.latency_micros = taken;
    row.latency_micros = taken;
    row.status = fresh ? 200 : 502;
    row.complete = fresh != nullptr;
    row.attempts[0] = attempt;
    row.attempt_count = 1;
    row.cost = attempt.cost;
    row.cost_complete = attempt.priced;
    row.counterfactual_how = store::Counterfactual::measured;  // nobody asked for it: pure cost
    lane.counters.cost_nanos.fetch_add(row.cost.nanos, std::memory_order_relaxed);
    lane.counters.saved_nanos.fetch_add(row.saved().nanos, std::memory_order_relaxed);
    // A full ring is the callers' to wait for, not the background's: a short pause, then again.
    while (!stopped && !lane.shared.ledger.append(lane.reactor.index(), row)) co_await lane.reactor.sleep(1000);
    if (!stopped && call->then) call->then(std::move(fresh));
    call.reset();
    lane.background_running.fetch_sub(1);
}

}  // namespace

bool ask_in_background(Lane& lane, BackgroundCall call) {
    if (lane.background_running.load() >= kMostBackgroundCalls) {
        lane.counters.background_dropped.fetch_add(1, std::memory_order_relaxed);
        return false;
    }
    lane.counters.background_calls.fetch_add(1, std::memory_order_relaxed);
    lane.background_running.fetch_add(1);
    auto owned = std::make_unique<BackgroundCall>(std::move(call));
    spawn(run(lane, std::move(owned)));
    return true;
}

void cancel_background(Lane& lane) {
    for (net::HttpCall*& call : lane.background) {
        net::HttpCall* const one = call;
        call = nullptr;  // says why it ended
        if (one != nullptr) one->cancel();
    }
}

}  // namespace weir::gateway
