// The reference's answer: a body is read whole, checked, priced and passed on unchanged; a stream is relayed event by
// event.
#include <algorithm>

#include "cascade/cacheable.h"
#include "gateway/chat_life.h"
#include "wire/chat_answer.h"

namespace weir::gateway {
namespace {

constexpr std::size_t kMaxErrorBytes = 1u << 20;
constexpr Micros kFinishMicros = 1'000'000;

// One relay under way.
struct Relay {
    Relay(ChatLife& owner, net::HttpCall& on) : life(owner), call(on), reference(*owner.plan->reference) {}

    ChatLife& life;
    net::HttpCall& call;
    const tiers::ModelUpstream& reference;
    store::Attempt attempt;
    Micros begun = 0;
    unsigned status = 0;
    bool is_stream = false;
    std::string headers;  // the upstream's, for the caller
    std::string out;      // events on their way to the caller
};

// Headers of an upstream's answer that do not go on to the caller: its connection's, its cookies, and names that are
// Weir's own.
bool stays_here(std::string_view name) {
    static constexpr std::array<std::string_view, 12> kNames = {
        "connection", "keep-alive",   "proxy-authenticate", "trailer", "transfer-encoding", "upgrade",
        "date",       "content-type", "content-length",     "server",  "set-cookie",        "content-encoding"};
    return http::equals_ignoring_case(name.substr(0, 7), "x-weir-") ||
           std::any_of(kNames.begin(), kNames.end(),
                       [name](std::string_view known) { return http::equals_ignoring_case(name, known); });
}

// The upstream's head is gone once its body is read: what is needed of it is taken here.
void take_head(Relay& relay) {
    const http::ResponseHead& response = relay.call.response();
    relay.status = response.status;
    relay.attempt.status = static_cast<std::uint16_t>(response.status);
    relay.is_stream = response.headers.value("content-type").starts_with("text/event-stream");
    for (const http::Header& header : response.headers.list) {
        if (stays_here(header.name)) continue;
        relay.headers += header.name;
        relay.headers += ": ";
        relay.headers += header.value;
        relay.headers += "\r\n";
    }
}

wire::ApiError upstream_failed(const Error& error) {
    const bool late = error.code == ErrorCode::timeout;
    return {late ? 504u : 502u, "The upstream did not answer: " + error.message, "server_error",
            late ? "upstream_timeout" : "upstream_unavailable", ""};
}

void finish_attempt(Relay& relay) {
    const Micros taken = relay.life.lane.reactor.now() - relay.begun;
    relay.attempt.latency_micros = static_cast<std::int32_t>(std::min<Micros>(taken, INT32_MAX));
    relay.life.upstream_micros += taken;
    relay.life.add_attempt(relay.attempt);
}

void note_served(Relay& relay) {
    ChatLife& life = relay.life;
    relay.attempt.outcome = store::Outcome::served;
    life.row.tier = store::TierKind::reference;
    life.row.served_model = relay.reference.name_id;
    if (life.debug) life.why += (life.why.empty() ? "" : " -> ") + relay.reference.full_name + ": reference";
}

void set_measured(Relay& relay) {
    if (!relay.attempt.priced) return;
    relay.life.row.counterfactual = relay.attempt.cost;
    relay.life.row.counterfactual_how = store::Counterfactual::measured;
}

// Whole answers go to the exact cache.
void store_answer(ChatLife& life, const std::shared_ptr<tiers::CacheEntry>& entry, const wire::ChatAnswer& read,
                  const store::Attempt& attempt) {
    if (!life.may_store || !cascade::storable_answer(read)) return;
    entry->model = life.plan->reference->full_name;
    entry->usage = read.usage;
    entry->cost = attempt.cost;
    entry->priced = attempt.priced;
    entry->created_unix_micros = life.lane.shared.clock.unix_micros();
    life.lane.shared.cache.store(life.cache_key, entry);
}

// Nothing usable came. The caller has left, or is told why.
Task<void> fail_relay(Relay& relay, const Error& error) {
    ChatLife& life = relay.life;
    relay.attempt.outcome = tiers::outcome_of(error.code);
    // What was sent may be billed: its cost is not known. An error status is not billed.
    relay.attempt.priced = !relay.call.sent() || relay.status >= 400;
    finish_attempt(relay);
    if (life.cancellation.canceled()) {
        life.caller_left();
        co_return;
    }
    const wire::ApiError told = upstream_failed(error);
    co_await deliver_error(life, told);
}

// The upstream answered with an error status: its own words go on to the caller.
Task<void> relay_error(Relay& relay) {
    ChatLife& life = relay.life;
    std::string body;
    const Result<void> got = co_await relay.call.read_all(body, kMaxErrorBytes);
    relay.attempt.outcome = store::Outcome::failed;
    relay.attempt.priced = true;
    finish_attempt(relay);
    if (life.cancellation.canceled()) {
        life.caller_left();
        co_return;
    }
    if (!got) body.clear();
    if (relay.status == 401 || relay.status == 403) {
        // The caller's key was right; it is the gateway's own that the provider refuses.
        const wire::ApiError error{502,
                                   "The provider refused the gateway's credentials: " + wire::upstream_message(body),
                                   "server_error", "upstream_auth", ""};
        co_await deliver_error(life, error, relay.headers);
        co_return;
    }
    std::vector<json::Member> members;
    const auto is_error_object = [&](const json::Member& member) {
        return member.key == "error" && json::is_object(member.raw(body));
    };
    const bool own_form = json::members(body, members) && std::any_of(members.begin(), members.end(), is_error_object);
    if (!own_form) {
        const unsigned status = relay.status >= 400 && relay.status < 600 ? relay.status : 502;
        const wire::ApiError error{
            status,
            "The upstream answered with status " + std::to_string(relay.status) + ": " + wire::upstream_message(body),
            status < 500 ? "invalid_request_error" : "server_error", "upstream_error", ""};
        co_await deliver_error(life, error, relay.headers);
        co_return;
    }
    life.row.status = static_cast<std::uint16_t>(relay.status);
    std::string headers = weir_headers(life, relay.reference.full_name, false);
    headers += relay.headers;
    headers += "content-type: application/json\r\n";
    co_await life.exchange.respond(relay.status, headers, body);
}

Task<void> relay_body(Relay& relay) {
    ChatLife& life = relay.life;
    const auto entry = std::make_shared<tiers::CacheEntry>();
    const std::string& body = entry->body;
    const Result<void> got = co_await relay.call.read_all(entry->body, relay.reference.provider->answer_bytes);
    if (!got) {
        co_await fail_relay(relay, got.error());
        co_return;
    }
    Result<wire::ChatAnswer> read = wire::read_chat_answer(body);
    if (!read) {
        const Error error{ErrorCode::protocol, "its answer is no chat completion: " + read.error().message};
        co_await fail_relay(relay, error);
        co_return;
    }
    read->usage = tiers::or_estimate(read->usage, life.chat.body.size(), static_cast<Tokens>(body.size() / 4));
    tiers::account(relay.attempt, read->usage, relay.reference.price);
    note_served(relay);
    set_measured(relay);
    finish_attempt(relay);
    store_answer(life, entry, *read, relay.attempt);  // before the caller has it: whoever asks again finds it
    if (life.chat.stream) {
        // Asked for a stream, got a body: some servers do. The caller gets what it asked for.
        co_await deliver_body(life, body, relay.reference.full_name, -1);
        co_return;
    }
    life.sum_costs();
    life.row.status = 200;
    std::string headers = weir_headers(life, relay.reference.full_name, true);
    headers += relay.headers;
    headers += "content-type: application/json\r\n";
    life.row.complete = co_await life.exchange.respond(200, headers, body);
}

void begin_relayed(Relay& relay) {
    relay.life.row.tier = store::TierKind::reference;
    std::string headers = weir_headers(relay.life, relay.reference.full_name, false);
    headers += relay.headers;
    headers += "content-type: text/event-stream; charset=utf-8\r\n";
    relay.life.exchange.begin_stream(200, headers);
}

// Moves events from the upstream to the caller, up to the last ones, which stay in relay.out. Nothing: the stream is
// done.
Task<std::optional<Error>> pump(Relay& relay, wire::ChatStream& stream) {
    ChatLife& life = relay.life;
    while (true) {
        const Result<std::string_view> piece = co_await relay.call.read_piece();
        if (!piece) co_return piece.error();
        if (piece->empty()) co_return Error{ErrorCode::closed, "the upstream's stream ended before its [DONE]"};
        relay.out.clear();
        Result<void> fed = stream.feed(*piece, relay.out);
        std::string_view more;
        while (fed && relay.call.buffered_piece(more)) fed = stream.feed(more, relay.out);
        if (fed && stream.done()) co_return std::nullopt;
        if (!relay.out.empty()) {
            if (!life.exchange.began()) begin_relayed(relay);
            const bool written = co_await life.exchange.write_piece(relay.out);
            if (!written) life.cancellation.cancel();
        }
        if (!fed) co_return fed.error();
        if (life.cancellation.canceled()) co_return Error{ErrorCode::canceled, "the caller has left"};
    }
}

void account_stream(Relay& relay, const wire::ChatStream& stream) {
    // One token a chunk, where nothing is reported.
    const auto chunks = static_cast<Tokens>(stream.data_events());
    const wire::Usage usage = tiers::or_estimate(stream.usage(), relay.life.chat.body.size(), chunks);
    tiers::account(relay.attempt, usage, relay.reference.price);
}

void store_stream(Relay& relay, const wire::ChatStream& stream) {
    if (!relay.life.may_store || stream.failed()) return;
    Result<std::string> body = stream.body();
    if (!body) return;
    const Result<wire::ChatAnswer> read = wire::read_chat_answer(*body);
    if (!read) return;
    const auto entry = std::make_shared<tiers::CacheEntry>();
    entry->body = std::move(*body);
    store_answer(relay.life, entry, *read, relay.attempt);
}

// The upstream broke off after the caller had got a part: the caller is told, in the stream, and gets no [DONE]. An
// error event of the upstream's own has told it already.
Task<void> break_stream(Relay& relay, const Error& broken, bool told) {
    ChatLife& life = relay.life;
    relay.attempt.outcome = tiers::outcome_of(broken.code);
    finish_attempt(relay);
    if (life.cancellation.canceled()) {
        life.exchange.abandon();
        co_return;
    }
    const wire::ApiError error{502, "The upstream broke off: " + broken.message, "server_error", "upstream_broke_off",
                               ""};
    std::string event;
    if (!told) event = wire::render_error_event(error);
    co_await life.exchange.end_stream(event);
}

Task<void> relay_stream(Relay& relay, bool usage_was_added) {
    ChatLife& life = relay.life;
    wire::ChatStream::Options options;
    options.hide_usage = usage_was_added;
    options.keep = life.may_store;
    wire::ChatStream stream(options);
    const std::optional<Error> broken = co_await pump(relay, stream);
    if (broken && !life.exchange.began()) {
        co_await fail_relay(relay, *broken);
        co_return;
    }
    account_stream(relay, stream);
    life.row.status = 200;
    if (broken) {
        co_await break_stream(relay, *broken, stream.failed());
        co_return;
    }
    note_served(relay);
    set_measured(relay);
    finish_attempt(relay);
    store_stream(relay, stream);  // before the last event: whoever asks again finds it
    if (!life.exchange.began()) begin_relayed(relay);
    const bool ended = co_await life.exchange.end_stream(relay.out);
    life.row.complete = ended && !stream.failed();
    // What is left is the end of the upstream's body, for the sake of its connection.
    co_await relay.call.finish(kFinishMicros);
}

}  // namespace

Task<void> relay_reference(ChatLife& life) {
    const tiers::ModelUpstream& reference = *life.plan->reference;
    if (!reference.provider->is_ready()) {
        const wire::ApiError error{503, "The model '" + reference.full_name + "' is starting; try again in a moment.",
                                   "server_error", "model_not_ready", ""};
        co_await deliver_error(life, error, "retry-after: 1\r\n");
        co_return;
    }
    const bool add_usage = life.chat.stream && !life.chat.include_usage && reference.provider->usage_in_streams;
    std::string changed;
    std::string_view body = life.chat.body;
    if (add_usage || reference.upstream_name != life.chat.model) {
        const wire::UpstreamForm form{reference.upstream_name, wire::UpstreamForm::Stream::as_asked, add_usage, false};
        wire::render_upstream_body(life.chat, form, changed);
        body = changed;
    }
    const std::string head = tiers::request_head(reference, "/chat/completions", body.size(), &life.exchange.head());

    net::HttpCall call(*reference.provider->client);
    const Cancellation::Scope scope(life.cancellation, call);
    Relay relay(life, call);
    relay.attempt.tier = store::TierKind::reference;
    relay.attempt.model = reference.name_id;
    relay.begun = life.lane.reactor.now();
    const Result<void> sent = co_await call.send(head, body);
    if (!sent) {
        co_await fail_relay(relay, sent.error());
        co_return;
    }
    take_head(relay);
    if (relay.status >= 300 || relay.status < 200) {
        co_await relay_error(relay);
    } else if (life.chat.stream && relay.is_stream) {
        co_await relay_stream(relay, add_usage);
    } else {
        co_await relay_body(relay);
    }
}

}  // namespace weir::gateway
