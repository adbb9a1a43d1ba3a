// A request that another one's call answers: the stream comes from the flight, as if it came from the upstream.
#include "gateway/caller_stream.h"
#include "gateway/upstream_call.h"

namespace weir::gateway {
namespace {

// One request's way through the flight's stream.
struct Following {
    ChatLife& life;
    tiers::Follower& follower;
    CallerStream stream;
    std::string raw;  // as the upstream sent it
    std::string out;  // as the caller is to see it
};

enum class Came : std::uint8_t { done, broke_off, caller_left };

void begin_followed(Following& following) {
    ChatLife& life = following.life;
    life.row.tier = store::TierKind::exact;
    life.cache_state = "hit";
    std::string headers = weir_headers(life, life.plan->reference->full_name, false);
    headers += life.caller->has_rates() ? without_rate_limits(following.follower.flight().header_lines())
                                        : following.follower.flight().header_lines();
    headers += "content-type: text/event-stream; charset=utf-8\r\n";
    life.begin_stream(200, headers);
}

// Up to the last events, which stay in following.out.
Task<Came> pump(Following& following) {
    ChatLife& life = following.life;
    while (true) {
        // The state first: what came before the end is then seen.
        const tiers::Flight::State state = following.follower.flight().state();
        following.raw.clear();
        const bool kept_up = following.follower.read(following.raw);
        if (!kept_up) co_return Came::broke_off;
        if (following.raw.empty()) {
            if (state.ending != tiers::Flight::Ending::none) co_return Came::broke_off;
            const Cancellation::Scope scope(life.cancellation, following.follower);
            co_await following.follower.wait(tiers::Follower::Until::more_or_ended);
        } else {
            following.out.clear();
            const Result<void> fed = following.stream.feed(following.raw, following.out);
            if (!fed) co_return Came::broke_off;
            if (following.stream.chat().done()) co_return Came::done;
            if (!following.out.empty()) {
                if (!life.exchange.began()) begin_followed(following);
                const bool written = co_await life.exchange.write_piece(following.out);
                if (!written) life.cancellation.cancel();
            }
        }
        if (life.cancellation.canceled()) co_return Came::caller_left;
    }
}

void set_saved(Following& following) {
    ChatLife& life = following.life;
    const tiers::ModelUpstream& reference = *life.plan->reference;
    life.row.served_model = reference.name_id;
    if (const auto entry = life.lane.shared.cache.peek(life.cache_key); entry && entry->priced) {
        life.row.counterfactual = entry->cost;
        life.row.counterfactual_how = store::Counterfactual::replayed;
    } else if (const wire::Usage& usage = following.stream.chat().usage(); reference.price && usage.reported) {
        const std::optional<Usd> cost = prices::cost_of(usage, *reference.price);
        if (!cost) return;
        life.row.counterfactual = *cost;
        life.row.counterfactual_how = store::Counterfactual::repriced;
    }
}

}  // namespace

Task<void> follow_flight(ChatLife& life, tiers::Follower& follower) {
    life.lane.counters.followers.fetch_add(1, std::memory_order_relaxed);
    wire::ChatStream::Options options;
    options.hide_usage = !life.chat.include_usage && life.dialect == nullptr && follower.flight().state().has_usage;
    Following following{life, follower, CallerStream(life, options), {}, {}};
    const Came came = co_await pump(following);
    if (came == Came::caller_left) {
        if (life.exchange.began()) {
            life.row.status = 200;
            life.exchange.abandon();
        } else {
            life.caller_left();
        }
        co_return;
    }
    if (came == Came::broke_off && !life.exchange.began()) {
        // Nothing went out yet: this request's own call, its own errors. Or none, if it wanted no call.
        life.cache_state = "miss";
        life.row.tier.reset();
        if (life.cache_wish == CacheWish::only) {
            const wire::ApiError error = cache_miss_error();
            co_await deliver_error(life, error);
        } else {
            co_await relay_reference(life);
        }
        co_return;
    }
    life.row.status = 200;
    if (came == Came::broke_off) {
        const wire::ApiError error{502, "The upstream broke off, or the answer came faster than it was taken.",
                                   "server_error", "upstream_broke_off", ""};
        std::string event;
        following.stream.break_off(error, event);
        life.admission.free();
        co_await life.exchange.end_stream(event);
        co_return;
    }
    if (!life.exchange.began()) begin_followed(following);
    set_saved(following);
    if (life.row.attempt_count > 0) life.row.attempts[0].outcome = store::Outcome::served;
    life.lane.served->note({life.row.id, life.cache_key, nullptr, nullptr});
    life.admission.free();
    const bool ended = co_await life.exchange.end_stream(following.out);
    life.row.complete = ended && !following.stream.chat().failed();
}

}  // namespace weir::gateway
