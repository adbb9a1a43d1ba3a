#include "gateway/pass_through.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "gateway/native_stream.h"
#include "gateway/spending.h"
#include "gateway/upstream_call.h"
#include "wire/messages.h"
#include "wire/named_model.h"
#include "wire/stream_ending.h"
#include "wire/usage_watch.h"

namespace weir::gateway {
namespace {

constexpr Micros kFinishMicros = 1'000'000;
constexpr std::string_view kRoot = "/v1";

// One request on its way through.
struct Passage : UpstreamCall {
    Passage(RequestLife& owner, net::HttpCall& on, const tiers::ModelUpstream& whom, const PassedRequest& what)
        : UpstreamCall(owner, on, whom), request(what) {
        native = true;
    }

    const PassedRequest& request;
    std::string content_type;  // of the answer
    wire::UsageWatch watch;
    bool usage_added = false;  // a stream's usage was asked for on Weir's behalf
    std::size_t asked_bytes = 0;
};

bool is_json(std::string_view content_type) {
    return content_type.substr(0, 16) == "application/json";
}

// What a stream that breaks off behind `events` events has used: what was counted until then, and a token an event;
// where usage comes at the end alone, and both prompt and answer are text, what their bytes and events come to. Nothing
// where nothing tells.
std::optional<wire::Usage> used_until(const Passage& passage, std::uint64_t events) {
    const wire::Usage& usage = passage.watch.usage();
    if (usage.reported) return tiers::cut_short(usage, static_cast<Tokens>(events));
    if (passage.request.api == nullptr || !passage.request.api->asks_usage_as_chat()) return std::nullopt;
    return tiers::or_estimate(usage, passage.asked_bytes, static_cast<Tokens>(events));
}

// Nothing is guessed: what is not counted has no price, unless whatever it was is free. `events`: of a stream that
// broke off.
void account(Passage& passage, std::optional<std::uint64_t> events = std::nullopt) {
    wire::Usage usage = passage.watch.usage();
    bool counted = usage.reported;
    if (const auto until = events ? used_until(passage, *events) : std::nullopt) {
        usage = *until;
        counted = true;
    }
    const std::optional<prices::Price>& price = passage.model.price;
    tiers::account(passage.attempt, usage, price);
    const bool listed_free = price && price->input.picos == 0 && price->output.picos == 0;
    if (passage.request.costs_nothing || (listed_free && passage.request.path == "/moderations")) {
        passage.attempt.cost = {};
        passage.attempt.priced = true;
        passage.attempt.usage_estimated = false;
    } else if (!counted) {
        passage.attempt.priced = false;
    }
    set_measured(passage, usage);
}

std::string headers_of(const Passage& passage, bool costs) {
    std::string headers = weir_headers(passage.life, passage.model.full_name, costs);
    headers += passage.headers;
    if (!passage.content_type.empty()) headers += "content-type: " + passage.content_type + "\r\n";
    return headers;
}

Task<std::optional<Failure>> deliver_whole(Passage& passage) {
    std::string body;
    const Result<void> got = co_await passage.call.read_all(body, passage.model.provider->answer_bytes);
    if (!got) co_return call_failed(passage, got.error());
    passage.watch.body(body);
    note_served(passage);
    account(passage);
    finish_attempt(passage);
    RequestLife& life = passage.life;
    if (life.cancellation.canceled()) {
        life.caller_left();
        co_return std::nullopt;
    }
    life.sum_costs();
    life.row.status = static_cast<std::uint16_t>(passage.status);
    life.admission.free();
    life.row.complete = co_await life.exchange.respond(passage.status, headers_of(passage, true), body);
    co_return std::nullopt;
}

// The rest of a stream could not be had: told in the caller's own API where that has events for it, else by the
// connection's end.
Task<void> break_off(Passage& passage, const NativeStream& stream, const Error& error) {
    RequestLife& life = passage.life;
    passage.attempt.outcome = tiers::outcome_of(error.code);
    account(passage, stream.events());
    finish_attempt(passage);
    if (life.cancellation.canceled() || !passage.is_stream) {
        life.exchange.abandon();
        co_return;
    }
    const wire::ApiError told{502, "The upstream broke off: " + error.message, "server_error", "upstream_broke_off",
                              ""};
    std::string event;
    if (life.dialect == nullptr) {
        event = wire::render_error_event(told);
    } else {
        wire::Echo echo;
        echo.request_id = to_hex(static_cast<std::uint64_t>(life.row.id));
        const auto translator = life.dialect->stream_from_chat(echo, std::nullopt);
        stream.break_off(*translator, told, event);
    }
    life.admission.free();
    co_await life.exchange.end_stream(event);
}

// What the caller gets of a piece of the answer; an empty one: its end. Error closed: the stream was cut.
Result<void> take_piece(Passage& passage, NativeStream& stream, std::string_view piece, std::string& out) {
    out.clear();
    if (!passage.is_stream) {
        out = piece;
        return {};
    }
    if (piece.empty()) {
        if (stream.end(out)) return {};
        return fail(ErrorCode::closed, "the upstream's stream ended before its last event");
    }
    Result<void> read = passage.watch.feed(piece);
    Result<void> passed = stream.feed(piece, out);
    return read ? passed : read;
}

// What is kept of a stream that its budgets may have to cut; nullptr: none of them does.
std::unique_ptr<wire::StreamEnding> ending_of(const Passage& passage) {
    if (!passage.is_stream || passage.request.api == nullptr || !may_be_cut(passage.life)) return nullptr;
    const wire::ProviderForm& api = *passage.request.api;
    const bool asks_usage =
        api.asks_usage_as_chat() && passage.model.provider->usage_in_streams && !passage.usage_added;
    return wire::ending_of(api.name(), asks_usage);
}

// True: the stream has come to what its budgets have for it, and `out` ends it as its API ends one by its length.
bool is_cut(Passage& passage, const NativeStream& stream, wire::StreamEnding* ending, std::string& out) {
    RequestLife& life = passage.life;
    if (!life.spending) return false;
    if (ending != nullptr) ending->feed(out);
    // What is not told before the end is guessed here, though not for the ledger.
    const wire::Usage guess = tiers::or_estimate({}, passage.asked_bytes, static_cast<Tokens>(stream.events()));
    const wire::Usage used = used_until(passage, stream.events()).value_or(guess);
    if (may_go_on(life, passage.model, used)) return false;
    if (ending == nullptr || !ending->end(used, out)) return false;
    note_cut(life);
    return true;
}

Task<std::optional<Failure>> deliver_pieces(Passage& passage) {
    RequestLife& life = passage.life;
    life.row.streamed = true;
    life.row.tier = store::TierKind::reference;
    life.row.status = static_cast<std::uint16_t>(passage.status);
    NativeStream stream(passage.request.api, passage.usage_added);
    const std::unique_ptr<wire::StreamEnding> ending = ending_of(passage);
    bool cut = false;
    std::string out;
    while (true) {
        const Result<std::string_view> piece = co_await passage.call.read_piece();
        const bool ends = piece && piece->empty();
        Result<void> taken = tl::unexpected(piece ? Error{} : piece.error());
        if (piece) taken = take_piece(passage, stream, *piece, out);
        if (!taken && !life.exchange.began() && (!piece || ends)) co_return call_failed(passage, taken.error());
        if (!taken) {
            co_await break_off(passage, stream, taken.error());
            co_return std::nullopt;
        }
        if (!life.exchange.began()) life.begin_stream(passage.status, headers_of(passage, false));
        cut = !ends && is_cut(passage, stream, ending.get(), out);
        if (ends || cut) break;
        if (!out.empty()) {
            const bool written = co_await life.exchange.write_piece(out);
            if (!written) life.on_peer_gone();
        }
        if (life.cancellation.canceled()) {
            co_await break_off(passage, stream, Error{ErrorCode::canceled, "the caller has left"});
            co_return std::nullopt;
        }
    }
    note_served(passage);
    account(passage, cut ? std::optional<std::uint64_t>(stream.events()) : std::nullopt);
    finish_attempt(passage);
    life.admission.free();
    const bool ended = co_await life.exchange.end_stream(out);
    life.row.complete = ended && !cut;
    if (!cut) co_await passage.call.finish(kFinishMicros);
    co_return std::nullopt;
}

// "?..." of what the caller asked for, or nothing.
std::string_view query_of(const http::RequestHead& head) {
    const std::size_t mark = head.target.find('?');
    return mark == std::string_view::npos ? std::string_view() : head.target.substr(mark);
}

bool is_plain_path(std::string_view path) {
    if (path.size() > kMaxPassedPath || path.find("//") != std::string_view::npos) return false;
    if (path.find("..") != std::string_view::npos || path.find('%') != std::string_view::npos) return false;
    return std::all_of(path.begin(), path.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
}

Task<std::optional<Failure>> pass_once(RequestLife& life, const PassedRequest& request,
                                       const tiers::ModelUpstream& model, tiers::Endpoint& endpoint) {
    const http::RequestHead& caller = life.exchange.head();
    std::string changed;
    std::string_view body = life.exchange.body();
    bool usage_added = false;
    if (request.stream && request.api->asks_usage_as_chat() && model.provider->usage_in_streams) {
        usage_added = wire::with_usage_asked(body, model.upstream_name, changed);
        body = changed;
    } else if (!request.model.empty() && request.model != model.upstream_name) {
        wire::with_model(body, model.upstream_name, changed);
        body = changed;
    }
    std::string path(request.path);
    path += query_of(caller);
    std::string_view type = caller.headers.value("content-type");
    if (type.empty()) type = "application/json";
    const std::string head = tiers::request_head(*model.provider, endpoint, path, body.size(), &caller, request.form,
                                                 type, life.trace_line());

    net::HttpCall call(*endpoint.client);
    const Cancellation::Scope scope(life.cancellation, call);
    Passage passage(life, call, model, request);
    passage.usage_added = usage_added;
    passage.asked_bytes = body.size();
    const Result<void> sent = co_await call.send(head, body, life.upstream_deadline);
    if (!sent) co_return call_failed(passage, sent.error());
    passage.content_type = call.response().headers.value("content-type");
    take_head(passage);
    std::optional<Failure> failure;
    if (passage.status >= 300 || passage.status < 200) {
        failure = co_await read_failure(passage);
    } else if (is_json(passage.content_type) || passage.content_type.empty()) {
        failure = co_await deliver_whole(passage);
    } else {
        failure = co_await deliver_pieces(passage);
    }
    co_return failure;
}

// Which model, or at least which provider, is asked: "provider/model", or "provider/path" where there is no model.
struct Named {
    std::string full;   // for find_plan()
    std::string model;  // as the body has it
};

Result<Named> name_of(const RequestLife& life, std::string_view path) {
    Named named;
    const std::string_view type = life.exchange.head().headers.value("content-type");
    const bool reads = type.empty() || is_json(type);
    if (reads) {
        Result<wire::NamedModel> read = wire::read_named_model(life.exchange.body());
        if (!read) return tl::unexpected(read.error());
        named.model = read->model;
    }
    if (!life.provider.empty()) {
        named.full = std::string(life.provider) + "/" + (named.model.empty() ? std::string(path) : named.model);
        return named;
    }
    if (!named.model.empty()) {
        named.full = named.model;
        return named;
    }
    const std::optional<std::string> only = life.routes->routes().only_remote_provider();
    if (!only) {
        return fail(ErrorCode::invalid,
                    "The request names no 'model', so it does not say which provider it is for; name one in the header "
                    "x-weir-provider.");
    }
    named.full = *only + "/" + std::string(path);
    return named;
}

Task<void> pass(RequestLife& life) {
    const http::RequestHead& head = life.exchange.head();
    std::optional<wire::ApiError> refused = admit_caller(life);
    if (!refused && !is_plain_path(head.path())) refused = bad_request("This is no path that is passed through.", "");
    if (refused) {
        co_await deliver_error(life, *refused);
        co_return;
    }
    const std::string_view path = head.path().substr(kRoot.size());
    const Result<Named> named = name_of(life, path.substr(1));
    if (!named) refused = bad_request(named.error().message, "model");
    if (named) refused = co_await find_plan(life, named->full);
    // Below an API's own path it is for who speaks that API.
    const tiers::ProviderLink* const link = refused ? nullptr : life.plan->reference->provider.get();
    const bool spoken =
        life.dialect == nullptr || (link != nullptr && link->native_form(life.dialect->name()) != nullptr);
    if (link != nullptr && (!link->passes_through || !spoken)) {
        refused = wire::ApiError{404,
                                 "The provider '" + link->name +
                                     (spoken ? "' is not passed paths that Weir does not know."
                                             : "' does not speak the API of " + std::string(head.path()) + "."),
                                 "invalid_request_error", "not_found", ""};
    }
    if (refused) {
        co_await deliver_error(life, *refused);
        co_return;
    }
    identify_task(life, short_digest(sha256(path)));
    PassedRequest request;
    request.path = path;
    request.model = named->model;
    request.form = life.plan->reference->provider->form;
    co_await pass_on(life, request);
}

// Only who makes the tokens can count them. A guess would be taken for the truth.
Task<void> count(RequestLife& life) {
    life.dialect = &wire::anthropic_messages();
    std::optional<wire::ApiError> refused = admit_caller(life);
    Result<wire::NamedModel> named = wire::NamedModel{};
    if (!refused) named = wire::read_named_model(life.exchange.body());
    if (!refused && (!named || named->model.empty())) {
        refused = bad_request(named ? "model: Field required" : named.error().message, "model");
    }
    if (!refused) refused = co_await find_plan(life, named->model);
    if (refused) {
        co_await deliver_error(life, *refused);
        co_return;
    }
    const wire::ProviderForm* const form = life.plan->reference->provider->native_form(life.dialect->name());
    if (form == nullptr) {
        const wire::ApiError error{404,
                                   "Tokens can't be counted here before the request is answered: the provider of '" +
                                       life.plan->reference->full_name +
                                       "' does not offer it. The answer's usage has the exact counts.",
                                   "invalid_request_error", "not_found", ""};
        co_await deliver_error(life, error);
        co_return;
    }
    static const std::uint64_t kTask = short_digest(sha256("anthropic.count_tokens"));
    identify_task(life, kTask);
    PassedRequest request;
    request.path = "/messages/count_tokens";
    request.model = named->model;
    request.form = form;
    request.costs_nothing = true;
    co_await pass_on(life, request);
}

}  // namespace

Task<void> pass_on(RequestLife& life, PassedRequest request) {
    if (life.cache_wish == CacheWish::only) {
        const wire::ApiError error = cache_miss_error();
        co_await deliver_error(life, error);
        co_return;
    }
    if (life.lane.budgets && !request.costs_nothing) {
        Wish wish = wish_of(request.api != nullptr ? request.api->name() : "", life.exchange.body());
        wish.is_stream = request.stream;
        const bool may = co_await may_spend(life, wish);
        if (!may) {
            co_await refuse_spending(life);
            co_return;
        }
    }
    const std::vector<std::shared_ptr<const tiers::ModelUpstream>> models(1, life.plan->reference);
    const AskOnce ask = [&life, &request](const tiers::ModelUpstream& model, tiers::Endpoints::Lease& endpoint) {
        return pass_once(life, request, model, *endpoint);
    };
    co_await ask_in_turn(life, models, ask);
}

Task<void> handle_pass_through(Lane& lane, net::Exchange& exchange, const wire::Dialect* dialect) {
    RequestLife life(lane, exchange);
    life.about.operation = telemetry::Operation::other;
    life.dialect = dialect;
    life.begin();
    co_await pass(life);
    co_await settle(life);
}

Task<void> handle_count_tokens(Lane& lane, net::Exchange& exchange) {
    RequestLife life(lane, exchange);
    life.about.operation = telemetry::Operation::other;
    life.begin();
    co_await count(life);
    co_await settle(life);
}

}  // namespace weir::gateway
