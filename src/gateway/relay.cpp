// The reference's answer: a body is read whole, checked, priced and passed on unchanged; a stream is relayed event by
// event.
#include <algorithm>
#include <utility>

#include "cascade/cacheable.h"
#include "gateway/caller_stream.h"
#include "gateway/examples.h"
#include "gateway/reference_question.h"
#include "gateway/spending.h"
#include "gateway/upstream_call.h"
#include "wire/chat_answer.h"
#include "wire/usage_watch.h"

namespace weir::gateway {
namespace {

constexpr Micros kFinishMicros = 1'000'000;

// One relay under way.
struct Relay : UpstreamCall {
    Relay(ChatLife& owner, net::HttpCall& on, const tiers::ModelUpstream& whom, const ReferenceQuestion& what)
        : UpstreamCall(owner, on, whom), life(owner), question(what) {
        form = question.form;
        native = question.native;
    }

    ChatLife& life;
    const ReferenceQuestion& question;
    std::string out;         // events on their way to the caller
    bool has_usage = false;  // the stream will bring a usage
    bool followed = false;   // some of it is in the flight
    bool cut = false;        // it has outgrown its budget
};

// Whether what came is to be kept: not what a fallback said in the reference's place.
bool is_kept(const Relay& relay) {
    const ChatLife& life = relay.life;
    return relay.is_reference() && (life.may_store || life.grading || life.keeps_example);
}

// Whole answers go to the caches.
void store_answer(const Relay& relay, const std::shared_ptr<tiers::CacheEntry>& entry, const wire::ChatAnswer& read) {
    ChatLife& life = relay.life;
    const store::Attempt& attempt = relay.attempt;
    if (!is_kept(relay)) return;
    if (!cascade::storable_answer(read)) {
        store_nothing(life);
        return;
    }
    if (life.keeps_example) keep_example(life, entry->body, read);
    entry->model = life.plan->reference->full_name;
    entry->usage = read.usage;
    entry->cost = attempt.cost;
    entry->priced = attempt.priced;
    entry->created_unix_micros = life.row.started_unix_micros;  // so that a purge meanwhile reaches it
    if (life.grading) life.grading->reference = entry;
    keep_answer(life, entry);
}

// The caller's own API says more than chat: what came goes to the caller, and nowhere else.
Task<void> deliver_unread(Relay& relay, const std::string& native, const wire::Usage& usage) {
    note_served(relay);
    set_measured(relay, usage);
    finish_attempt(relay);
    store_nothing(relay.life);
    if (relay.life.caller_gone) {
        relay.life.caller_left();
        co_return;
    }
    co_await deliver_body(relay.life, {}, relay.model.full_name, -1, relay.headers, native);
}

Task<std::optional<Failure>> relay_body(Relay& relay) {
    ChatLife& life = relay.life;
    const auto entry = std::make_shared<tiers::CacheEntry>();
    std::string& body = entry->body;
    Result<void> got = co_await relay.call.read_all(body, relay.model.provider->answer_bytes);
    if (!got) co_return call_failed(relay, got.error());
    std::string native;  // the caller's own API: what came is what goes
    if (relay.form != nullptr) {
        native.swap(body);
        got = relay.form->body_to_chat(native, relay.question.exchange, body);
        if (!relay.native) native.clear();
    }
    Result<wire::ChatAnswer> read = tl::unexpected(got ? Error{} : got.error());
    if (got) read = wire::read_chat_answer(body);
    if (!read) {
        // It may be billed all the same, and say for what.
        wire::UsageWatch watch;
        watch.body(native.empty() ? body : native);
        if (watch.usage().reported) tiers::account(relay.attempt, watch.usage(), relay.model.price);
        if (!native.empty()) {
            co_await deliver_unread(relay, native, watch.usage());
            co_return std::nullopt;
        }
        co_return call_failed(relay,
                              {ErrorCode::protocol, "its answer is no chat completion: " + read.error().message});
    }
    read->usage = tiers::or_estimate(read->usage, life.chat.body.size(), static_cast<Tokens>(body.size() / 4));
    tiers::account(relay.attempt, read->usage, relay.model.price);
    note_served(relay);
    set_measured(relay, read->usage);
    finish_attempt(relay);
    store_answer(relay, entry, *read);  // before the caller has it: whoever asks again finds it
    if (life.caller_gone) {
        life.caller_left();
        co_return std::nullopt;
    }
    // Some servers answer with a body where a stream was asked for. The caller gets what it asked for.
    co_await deliver_body(life, body, relay.model.full_name, -1, relay.headers, native);
    co_return std::nullopt;
}

void begin_relayed(Relay& relay) {
    relay.life.row.tier = store::TierKind::reference;
    std::string headers = weir_headers(relay.life, relay.model.full_name, false);
    headers += relay.headers;
    headers += "content-type: text/event-stream; charset=utf-8\r\n";
    relay.life.begin_stream(200, headers);
}

// What the caller is to see of what came, unless it has left.
Task<void> pass_on(Relay& relay) {
    ChatLife& life = relay.life;
    if (relay.out.empty() || life.caller_gone) co_return;
    if (!life.exchange.began()) begin_relayed(relay);
    const bool written = co_await life.exchange.write_piece(relay.out);
    if (!written) life.on_peer_gone();
}

Result<void> stream_cut() {
    return fail(ErrorCode::closed, "the upstream's stream ended before its [DONE]");
}

// One token a chunk, where nothing is reported; of a stream that broke off no less than that.
wire::Usage usage_of(const Relay& relay, const CallerStream& stream, bool broken) {
    const auto chunks = static_cast<Tokens>(stream.chat().data_events());
    const wire::Usage counted = stream.counted();
    if (broken && counted.reported) return tiers::cut_short(counted, chunks);
    return tiers::or_estimate(counted, relay.life.chat.body.size(), chunks);
}

// A stream that costs more than its budgets have ends as one that has come to the limit on its length.
void keep_within_budget(Relay& relay, CallerStream& stream) {
    ChatLife& life = relay.life;
    const wire::Usage usage = usage_of(relay, stream, true);
    if (may_go_on(life, relay.model, usage) || !stream.cut(usage, relay.out)) return;
    relay.cut = true;
    store_nothing(life);
    note_cut(life);
}

// Moves events from the upstream to the caller and the flight, up to the last ones, which stay in relay.out. Nothing:
// the stream is done.
Task<std::optional<Error>> pump(Relay& relay, CallerStream& stream) {
    ChatLife& life = relay.life;
    tiers::Flight* const flight = life.lease ? &life.lease->flight() : nullptr;
    while (true) {
        const Result<std::string_view> piece = co_await relay.call.read_piece();
        if (!piece) co_return piece.error();
        relay.out.clear();
        Result<void> fed = piece->empty() ? stream.end(relay.out) : stream.feed(*piece, relay.out);
        if (flight != nullptr && fed) {
            if (!std::exchange(relay.followed, true)) flight->begin(relay.headers, relay.has_usage);
            flight->append(stream.fed());
        }
        if (piece->empty() && fed && !stream.chat().done()) fed = stream_cut();
        std::string_view more;
        while (fed && !stream.chat().done() && relay.call.buffered_piece(more)) {
            fed = stream.feed(more, relay.out);
            if (flight != nullptr && fed) flight->append(stream.fed());
        }
        if (fed && stream.chat().done()) co_return std::nullopt;
        if (fed && life.spending) keep_within_budget(relay, stream);
        if (relay.cut) co_return std::nullopt;
        co_await pass_on(relay);
        if (!fed) co_return fed.error();
        if (life.cancellation.canceled()) co_return Error{ErrorCode::canceled, "the caller has left"};
    }
}

void store_stream(Relay& relay, const wire::ChatStream& stream) {
    if (!is_kept(relay)) return;
    Result<std::string> body = fail(ErrorCode::protocol, "an error event came");
    if (!stream.failed()) body = stream.body();
    Result<wire::ChatAnswer> read = fail(ErrorCode::protocol, "");
    if (body) read = wire::read_chat_answer(*body);
    if (!read) {
        // Followers have had all of it; who waits for a body asks for itself.
        store_nothing(relay.life);
        return;
    }
    const auto entry = std::make_shared<tiers::CacheEntry>();
    entry->body = std::move(*body);
    store_answer(relay, entry, *read);
}

// The upstream broke off after the caller had got a part: the caller is told, in the stream, and gets no [DONE]. An
// error event of the upstream's own has told it already.
Task<void> break_stream(Relay& relay, const Error& broken, CallerStream& stream) {
    ChatLife& life = relay.life;
    relay.attempt.outcome = tiers::outcome_of(broken.code);
    finish_attempt(relay);
    life.lease.reset();  // followers are told by their own streams
    if (life.cancellation.canceled() || life.caller_gone) {
        life.exchange.abandon();
        co_return;
    }
    const wire::ApiError error{502, "The upstream broke off: " + broken.message, "server_error", "upstream_broke_off",
                               ""};
    std::string event;
    stream.break_off(error, event);
    life.admission.free();
    co_await life.exchange.end_stream(event);
}

Task<std::optional<Failure>> relay_stream(Relay& relay) {
    ChatLife& life = relay.life;
    wire::ChatStream::Options options;
    // A form's stream always has it.
    const bool uninvited = relay.question.usage_added || (relay.form != nullptr && !life.chat.include_usage);
    options.hide_usage = uninvited && life.dialect == nullptr;
    options.keep = life.may_store || life.grading != nullptr || life.keeps_example;
    relay.has_usage = uninvited || life.chat.include_usage;
    std::unique_ptr<wire::ProviderStream> provider;
    if (relay.form != nullptr) provider = relay.form->stream_to_chat(relay.question.exchange);
    CallerStream caller(life, options, std::move(provider));
    if (relay.native) caller.pass_events_of(*relay.form, relay.question.usage_added);
    if (may_be_cut(life)) caller.may_be_cut(life.chat.include_usage);
    const wire::ChatStream& stream = caller.chat();
    const std::optional<Error> broken = co_await pump(relay, caller);
    if (broken && !life.exchange.began()) {
        if (relay.followed) life.lease.reset();  // what comes next is another answer
        if (caller.counted().reported) tiers::account(relay.attempt, usage_of(relay, caller, true), relay.model.price);
        co_return call_failed(relay, *broken);
    }
    const wire::Usage usage = usage_of(relay, caller, broken.has_value() || relay.cut);
    tiers::account(relay.attempt, usage, relay.model.price);
    life.row.status = life.caller_gone && !life.exchange.began() ? 499 : 200;
    if (broken) {
        co_await break_stream(relay, *broken, caller);
        co_return std::nullopt;
    }
    note_served(relay);
    set_measured(relay, usage);
    finish_attempt(relay);
    if (!relay.cut) store_stream(relay, stream);  // before the last event: whoever asks again finds it
    if (life.caller_gone) {
        life.exchange.abandon();
        co_await relay.call.finish(kFinishMicros);
        co_return std::nullopt;
    }
    if (!life.exchange.began()) begin_relayed(relay);
    life.admission.free();
    const bool ended = co_await life.exchange.end_stream(relay.out);
    life.row.complete = ended && !stream.failed() && !relay.cut;
    // What is left is the end of the upstream's body, for the sake of its connection.
    if (!relay.cut) co_await relay.call.finish(kFinishMicros);
    co_return std::nullopt;
}

Task<std::optional<Failure>> relay_once(ChatLife& life, const tiers::ModelUpstream& model, tiers::Endpoint& endpoint) {
    ReferenceQuestion question;
    if (const std::optional<wire::ApiError> problem = question_to_reference(life, model, question)) {
        Failure failure;
        failure.kind = Failure::Kind::elsewhere;
        failure.should_retry = false;
        failure.of_endpoint = false;
        failure.error = *problem;
        co_return failure;
    }
    life.dropped.clear();
    for (const std::string& name : question.exchange.dropped) life.note_dropped(name);
    const std::string head =
        tiers::request_head(*model.provider, endpoint, question.path, question.body.size(), &life.exchange.head(),
                            question.form, "application/json", life.trace_line());
    net::HttpCall call(*endpoint.client);
    const Cancellation::Scope scope(life.cancellation, call);
    Relay relay(life, call, model, question);
    if (!relay.is_reference()) store_nothing(life);  // who waits for the reference asks by itself
    const Result<void> sent = co_await call.send(head, question.body, life.upstream_deadline);
    if (!sent) co_return call_failed(relay, sent.error());
    take_head(relay);
    std::optional<Failure> failure;
    if (relay.status >= 300 || relay.status < 200) {
        failure = co_await read_failure(relay);
    } else if (life.chat.stream && relay.is_stream) {
        failure = co_await relay_stream(relay);
    } else {
        failure = co_await relay_body(relay);
    }
    co_return failure;
}

// What the request says of its cost, in its own API's words.
Wish wish_of_chat(const ChatLife& life) {
    Wish wish = life.dialect == nullptr ? wish_of("openai.chat", life.chat.body, life.chat.members)
                                        : wish_of(life.dialect->name(), life.exchange.body());
    wish.is_stream = life.chat.stream;
    wish.may_downgrade = true;
    return wish;
}

}  // namespace

void store_nothing(ChatLife& life) {
    if (life.lease) life.lease->conclude(tiers::Flight::Ending::not_stored);
    life.lease.reset();
}

Task<void> ask_budgets(ChatLife& life) {
    if (!life.lane.budgets || std::exchange(life.asked_budgets, true)) co_return;
    const Wish wish = wish_of_chat(life);
    co_await may_spend(life, wish);
}

Task<void> relay_reference(ChatLife& life) {
    const AskOnce ask = [&life](const tiers::ModelUpstream& model, tiers::Endpoints::Lease& endpoint) {
        return relay_once(life, model, *endpoint);
    };
    co_await ask_budgets(life);  // who followed another's stream has not done so yet
    if (!life.spending) {
        co_await ask_in_turn(life, life.plan->asked, ask);
        co_return;
    }
    if (life.spending->refused) {
        store_nothing(life);  // who waits for it asks by itself
        co_await refuse_spending(life);
        co_return;
    }
    const std::vector<std::shared_ptr<const tiers::ModelUpstream>> models = models_to_ask(life);
    co_await ask_in_turn(life, models, ask);
}

}  // namespace weir::gateway
