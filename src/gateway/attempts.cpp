#include "gateway/attempts.h"

#include <algorithm>
#include <ctime>

#include "gateway/coin.h"
#include "json/scan.h"

namespace weir::gateway {
namespace {

// Of failures before anything was sent.
constexpr std::string_view kNotReady = "model_not_ready", kBusy = "upstream_busy";
constexpr Micros kStep = 50'000;  // a caller that leaves during a back-off is noticed within it

using Turn = tiers::InFlight::Turn;

// Where a request stands: which model, how often it was asked.
struct Progress {
    std::size_t model = 0;
    unsigned asked = 0;                           // of this model
    std::vector<const tiers::Endpoint*> been_to;  // of this model's provider, where it has more than one

    bool has_been_everywhere(const tiers::ProviderLink& provider) const {
        return provider.endpoints.size() == 1 ? asked > 0 : been_to.size() == provider.endpoints.size();
    }
};

enum class Next : std::uint8_t { give_up, again, fallback };

bool may_ask_again(const Failure& failure, const tiers::ProviderLink& provider, const Progress& progress) {
    if (failure.should_retry == false || progress.asked > provider.retries.most) return false;
    switch (failure.kind) {
        case Failure::Kind::caller_left:
        case Failure::Kind::refused:
            return false;
        case Failure::Kind::elsewhere:
            return !progress.has_been_everywhere(provider);
        case Failure::Kind::not_executed:
            return true;
        case Failure::Kind::executed:
            return provider.retries.executed_too || failure.should_retry == true;
    }
    return false;
}

// A random part of a wait that doubles (full jitter: M. Brooker, Exponential Backoff And Jitter, 2015), but no less
// than the provider asks for; none where another endpoint can be asked at once.
Micros wait_before(const Failure& failure, const tiers::ProviderLink& provider, const Progress& progress,
                   RequestId id) {
    if (!progress.has_been_everywhere(provider)) return 0;
    const tiers::RetryRules& rules = provider.retries;
    const unsigned doublings = std::min(progress.asked - 1, 16U);
    const Micros most = std::min(rules.longest_micros, rules.first_micros << doublings);
    const auto drawn = static_cast<Micros>(static_cast<double>(most) * uniform(id, kBackOff + progress.asked));
    return std::max(drawn, failure.retry_after.value_or(0));
}

Task<void> pause(RequestLife& life, Micros wait) {
    const Micros until = life.lane.reactor.now() + wait;
    while (!life.cancellation.canceled()) {
        const Micros left = until - life.lane.reactor.now();
        if (left <= 0) break;
        co_await life.lane.reactor.sleep(std::min(left, kStep));
    }
}

Failure caller_left() {
    Failure failure;
    failure.kind = Failure::Kind::caller_left;
    return failure;
}

Failure no_place(const tiers::ModelUpstream& model, bool waited) {
    Failure failure;
    failure.kind = Failure::Kind::not_executed;
    failure.should_retry = false;
    failure.error = {
        503,
        "The provider of '" + model.full_name +
            (waited ? "' had no place for the request in time." : "' has as many requests waiting as it may have."),
        "server_error", std::string(kBusy), ""};
    failure.headers = "retry-after: 1\r\n";
    return failure;
}

// Waits for one of the provider's places. Nothing: `turn` holds it.
Task<std::optional<Failure>> take_place(RequestLife& life, const tiers::ModelUpstream& model, Turn& turn,
                                        Micros deadline) {
    if (turn.take_at_once()) co_return std::nullopt;
    net::Reactor& reactor = life.lane.reactor;
    const Micros until = std::min(deadline, reactor.now() + model.provider->queue_micros);
    const auto waits = std::make_shared<bool>(true);
    reactor.every_sweep([&turn, &reactor, waits, until] {
        if (!*waits) return false;
        if (reactor.now() < until) return true;
        turn.cancel();
        return false;
    });
    life.lane.counters.queued.fetch_add(1, std::memory_order_relaxed);
    Turn::State state = Turn::State::waiting;
    {
        const Cancellation::Scope scope(life.cancellation, turn);
        state = co_await turn.wait();
    }
    *waits = false;
    if (life.cancellation.canceled()) co_return caller_left();
    if (state == Turn::State::held) co_return std::nullopt;
    co_return no_place(model, state != Turn::State::full);
}

Task<std::optional<Failure>> ask_at_one(RequestLife& life, const tiers::ModelUpstream& model, Progress& progress,
                                        const AskOnce& ask, Micros deadline) {
    tiers::ProviderLink& provider = *model.provider;
    if (!provider.is_ready()) {
        Failure failure;
        failure.kind = Failure::Kind::not_executed;
        failure.should_retry = false;
        failure.error = {503, "The model '" + model.full_name + "' is starting; try again in a moment.", "server_error",
                         std::string(kNotReady), ""};
        failure.headers = "retry-after: 1\r\n";
        co_return failure;
    }
    std::optional<Turn> turn;
    if (provider.in_flight) {
        turn.emplace(*provider.in_flight, life.lane.reactor);
        std::optional<Failure> none = co_await take_place(life, model, *turn, deadline);
        if (none) co_return none;
    }
    tiers::Endpoints::Lease endpoint = provider.endpoints.take(life.lane.reactor.now(), progress.been_to);
    ++progress.asked;
    if (provider.endpoints.size() > 1) {
        const bool been =
            std::find(progress.been_to.begin(), progress.been_to.end(), &*endpoint) != progress.been_to.end();
        if (!been) progress.been_to.push_back(&*endpoint);
    }
    std::optional<Failure> failure = co_await ask(model, endpoint);
    if (!failure || failure->kind == Failure::Kind::refused) {
        endpoint.answered();
    } else if (failure->of_endpoint && failure->kind != Failure::Kind::caller_left &&
               endpoint.failed(life.lane.reactor.now())) {
        life.lane.counters.ejections.fetch_add(1, std::memory_order_relaxed);
    }
    co_return failure;
}

// What came of a call, where its attempt does not tell; `before`: the row's attempts before it.
void note_failure(RequestLife& life, const tiers::ModelUpstream& model, const Failure& failure, Next next,
                  std::size_t before) {
    using store::Said;
    if (failure.kind == Failure::Kind::caller_left) return;
    Said said = next == Next::again ? Said::asked_again : next == Next::fallback ? Said::next_asked : Said::nothing;
    std::string words;
    if (life.debug && next != Next::give_up) {
        words = std::to_string(failure.error.status) + " " + failure.error.code +
                (next == Next::again ? ", asked again" : ", the next model is asked");
    }
    const std::size_t attempts = life.row.attempt_count;
    if (attempts > before) {
        if (said == Said::nothing) return;
        life.steps().tried(attempts - 1, life.row.attempts[attempts - 1], model.full_name, store::StepVerdict::failed,
                           store::Reason::of(said), words);
        return;
    }
    if (attempts == store::kMaxAttempts && said == Said::nothing) return;  // or it is among the last one's
    if (failure.error.code == kNotReady) said = Said::not_ready;
    if (failure.error.code == kBusy) said = Said::no_place;
    if (said == Said::nothing) said = Said::cant_be_said;
    life.steps().not_asked(attempts, store::TierKind::reference, model.name_id, model.full_name,
                           store::StepVerdict::failed, store::Reason::of(said), words);
}

// What there is to tell, in the caller's API; `model` was asked last.
Task<void> deliver_failure(RequestLife& life, const tiers::ModelUpstream& model, const Failure& failure) {
    if (failure.kind == Failure::Kind::caller_left || life.cancellation.canceled()) {
        life.caller_left();
        co_return;
    }
    if (!failure.body) {
        co_await deliver_error(life, failure.error, failure.headers);
        co_return;
    }
    life.row.status = static_cast<std::uint16_t>(failure.error.status);
    life.admission.free();
    std::string headers = weir_headers(life, model.full_name, false);
    headers += failure.headers;
    headers += "content-type: application/json\r\n";
    co_await life.exchange.respond(failure.error.status, headers, *failure.body);
}

}  // namespace

Task<void> ask_in_turn(RequestLife& life, const std::vector<std::shared_ptr<const tiers::ModelUpstream>>& models,
                       const AskOnce& ask) {
    const Micros deadline = life.exchange.started_micros() + life.routes->routes().options().limits.first_byte_micros;
    Progress progress;
    models.front()->provider->retry_budget.request();
    while (true) {
        const tiers::ModelUpstream& model = *models[progress.model];
        tiers::ProviderLink& provider = *model.provider;
        const std::size_t before = life.row.attempt_count;
        const std::optional<Failure> failure = co_await ask_at_one(life, model, progress, ask, deadline);
        if (!failure) co_return;
        Next next = Next::give_up;
        Micros wait = 0;
        if (may_ask_again(*failure, provider, progress)) {
            wait = wait_before(*failure, provider, progress, life.row.id);
            const bool in_time = life.lane.reactor.now() + wait < deadline && wait <= provider.retries.longest_micros;
            if (in_time && provider.retry_budget.take()) next = Next::again;
        }
        const bool others = failure->kind != Failure::Kind::caller_left && failure->kind != Failure::Kind::refused;
        if (next == Next::give_up && others && progress.model + 1 < models.size()) next = Next::fallback;
        note_failure(life, model, *failure, next, before);
        if (next == Next::give_up) {
            co_await deliver_failure(life, model, *failure);
            co_return;
        }
        if (next == Next::again) {
            life.lane.counters.retries.fetch_add(1, std::memory_order_relaxed);
            co_await pause(life, wait);
        } else {
            life.lane.counters.fallbacks.fetch_add(1, std::memory_order_relaxed);
            progress = Progress{progress.model + 1, 0, {}};
            models[progress.model]->provider->retry_budget.request();
        }
        if (life.cancellation.canceled()) {
            life.caller_left();
            co_return;
        }
        life.upstream_deadline = deadline;
    }
}

std::optional<Micros> retry_after_of(const http::Headers& headers, Micros now_unix_micros) {
    constexpr double kMost = 86'400e6;
    const std::string_view millis = headers.value("retry-after-ms");
    if (const std::optional<double> value = json::as_double(millis); value && *value >= 0) {
        return static_cast<Micros>(std::min(*value * 1e3, kMost));
    }
    const std::string_view text = headers.value("retry-after");
    if (text.empty()) return std::nullopt;
    if (const std::optional<double> value = json::as_double(text); value && *value >= 0) {
        return static_cast<Micros>(std::min(*value * 1e6, kMost));
    }
    std::tm when{};
    const std::string date(text.substr(0, 64));
    if (::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &when) == nullptr) return std::nullopt;
    const Micros at = static_cast<Micros>(::timegm(&when)) * 1'000'000;
    return std::clamp<Micros>(at - now_unix_micros, 0, static_cast<Micros>(kMost));
}

}  // namespace weir::gateway
