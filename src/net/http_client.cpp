#include "net/http_client.h"

#include <algorithm>
#include <vector>

#include "net/connector.h"

namespace weir::net {
namespace {

constexpr std::size_t kReadBuffer = 32 * 1024;
constexpr std::size_t kWriteFirst =
    64 * 1024;  // larger requests may wait for the upstream to take them: see exchange_large

struct Connection {
    explicit Connection(std::unique_ptr<Stream> made) : stream(std::move(made)), in(kReadBuffer) {}
    std::unique_ptr<Stream> stream;
    Buffer in;
    Micros idle_since = 0;
};

// A write that goes on while the answer is awaited.
struct WriteBeside {
    IoResult result;
    bool done = false;
};

// Goes on once the event loop has done what was due.
struct NextTurn {
    Reactor& reactor;
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiter) { reactor.post(waiter); }
    void await_resume() const {}
};

std::string what_happened(ErrorCode code) {
    switch (code) {
        case ErrorCode::timeout:
            return "no answer in time";
        case ErrorCode::closed:
            return "the connection was closed before the answer was complete";
        case ErrorCode::reset:
            return "the connection was reset";
        case ErrorCode::canceled:
            return "given up";
        default:
            return "the connection failed";
    }
}

}  // namespace

struct HttpClient::Impl {
    Impl(Reactor& reactor, Endpoint endpoint, const ClientLimits& client_limits, std::shared_ptr<TlsContext> tls)
        : connector(reactor, std::move(endpoint), std::move(tls)), limits(client_limits) {}

    // Drops pooled connections that are too old, or that the upstream has closed.
    void drop_stale() {
        const Micros now = connector.reactor().now();
        std::erase_if(pool, [&](const std::unique_ptr<Connection>& connection) {
            return now - connection->idle_since >= limits.pooled_micros || connection->stream->stale();
        });
    }

    Connector connector;
    ClientLimits limits;
    std::vector<std::unique_ptr<Connection>> pool;  // the one used last comes first again
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

HttpClient::HttpClient(Reactor& reactor, Endpoint endpoint, const ClientLimits& limits, std::shared_ptr<TlsContext> tls)
    : impl_(std::make_unique<Impl>(reactor, std::move(endpoint), limits, std::move(tls))) {
    reactor.every_sweep([impl = impl_.get(), alive = impl_->alive] {
        if (*alive) impl->drop_stale();
        return *alive;
    });
}

HttpClient::~HttpClient() {
    *impl_->alive = false;
}

const Endpoint& HttpClient::endpoint() const {
    return impl_->connector.endpoint();
}
Reactor& HttpClient::reactor() const {
    return impl_->connector.reactor();
}
std::size_t HttpClient::pooled() const {
    return impl_->pool.size();
}

struct HttpCall::State {
    explicit State(HttpClient::Impl& owner) : client(owner) {}

    enum class Framing : std::uint8_t { none, length, chunked, until_close };
    struct Sent {
        Result<void> outcome;
        bool may_retry = false;  // nothing came back on a reused connection
    };

    Task<Result<void>> obtain(bool fresh, Micros deadline);
    Task<Sent> exchange(std::string_view head, std::string_view body, Micros deadline);
    Task<Sent> exchange_large(std::string_view head, std::string_view body, Micros deadline);
    Task<void> write_beside(std::string_view head, std::string_view body, Micros deadline, WriteBeside& writing);
    Task<Sent> read_head();
    bool gives_up(const IoResult& written) const;
    bool is_idle_farewell() const;
    Micros within(Micros duration, Micros deadline) const;
    Result<void> choose_framing(std::string_view request_head);
    tl::unexpected<Error> failure(ErrorCode code, const std::string& why = {}) const;
    void drop() { connection.reset(); }

    HttpClient::Impl& client;
    std::unique_ptr<Connection> connection;
    PendingConnect pending;
    http::ResponseHead response;
    http::ChunkedDecoder decoder;
    Framing framing = Framing::none;
    std::uint64_t left = 0;
    bool complete = false;
    bool unwritten = false;  // the request did not go out whole: the connection ends with its answer
    bool canceled = false;
    bool sent = false;
    bool reused = false;
};

HttpCall::HttpCall(HttpClient& client) : state_(std::make_unique<State>(*client.impl_)) {}

HttpCall::~HttpCall() {
    State& state = *state_;
    if (!state.connection || !state.complete || !state.response.keep_alive || state.connection->stream->aborted())
        return;
    if (state.unwritten || !state.connection->in.empty() ||
        state.client.pool.size() >= state.client.limits.pooled_connections)
        return;
    state.connection->stream->set_deadline(0);
    state.connection->idle_since = state.client.connector.reactor().now();
    state.client.pool.push_back(std::move(state.connection));
}

tl::unexpected<Error> HttpCall::State::failure(ErrorCode code, const std::string& why) const {
    return fail(code, client.connector.endpoint().to_string() + ": " + (why.empty() ? what_happened(code) : why));
}

// `duration` from now, or the call's deadline where that comes first.
Micros HttpCall::State::within(Micros duration, Micros deadline) const {
    const Micros latest = client.connector.reactor().now() + duration;
    return deadline != 0 ? std::min(deadline, latest) : latest;
}

Task<Result<void>> HttpCall::State::obtain(bool fresh, Micros deadline) {
    reused = !fresh && !client.pool.empty();
    if (reused) {
        connection = std::move(client.pool.back());
        client.pool.pop_back();
        co_return Result<void>();
    }
    const Micros at_most = within(client.limits.connect_micros, deadline) - client.connector.reactor().now();
    Result<std::unique_ptr<Stream>> made = co_await client.connector.connect(at_most, pending);
    if (!made) co_return tl::unexpected(made.error());
    connection = std::make_unique<Connection>(std::move(*made));
    co_return Result<void>();
}

Task<HttpCall::State::Sent> HttpCall::State::exchange(std::string_view head, std::string_view body, Micros deadline) {
    Stream& stream = *connection->stream;
    stream.set_deadline(within(client.limits.write_micros, deadline));
    sent = true;
    if (head.size() + body.size() > kWriteFirst) co_return co_await exchange_large(head, body, deadline);
    const IoResult written = co_await stream.write(head, body);
    unwritten = !written.ok;
    if (gives_up(written)) {
        co_return Sent{failure(written.error), reused && !canceled && written.error != ErrorCode::timeout};
    }
    stream.set_deadline(within(client.limits.first_byte_micros, deadline));
    co_return co_await read_head();
}

// An upstream that answers early and closes (413, 401) makes the write fail: its answer is still worth reading, so only
// a reused connection gives up here.
bool HttpCall::State::gives_up(const IoResult& written) const {
    return !written.ok && (reused || canceled || written.error == ErrorCode::timeout);
}

// An upstream may answer early and then take no more of the request without closing: reading must not wait for writing.
Task<HttpCall::State::Sent> HttpCall::State::exchange_large(std::string_view head, std::string_view body,
                                                            Micros deadline) {
    WriteBeside writing;
    spawn(write_beside(head, body, deadline, writing));
    if (writing.done && gives_up(writing.result)) {
        co_return Sent{failure(writing.result.error), !canceled && writing.result.error != ErrorCode::timeout};
    }
    Sent outcome = co_await read_head();
    NextTurn next_turn{client.connector.reactor()};
    while (!writing.done) {
        connection->stream->cancel_write();  // misses a write between two of its steps: hence again
        co_await next_turn;
    }
    unwritten = !writing.result.ok;
    co_return outcome;
}

Task<void> HttpCall::State::write_beside(std::string_view head, std::string_view body, Micros deadline,
                                         WriteBeside& writing) {
    Stream& stream = *connection->stream;
    writing.result = co_await stream.write(head, body);
    if (writing.result.ok) stream.set_deadline(within(client.limits.first_byte_micros, deadline));
    writing.done = true;
}

Task<HttpCall::State::Sent> HttpCall::State::read_head() {
    Stream& stream = *connection->stream;
    Buffer& in = connection->in;
    std::size_t resume_from = 0;
    bool any = false;
    while (true) {
        if (!in.empty()) {
            any = true;
            const http::HeadLimits limits{client.limits.head_bytes};
            const auto parsed = http::parse_response_head(in.content(), limits, resume_from, response);
            if (parsed.state == http::Parse::bad) {
                co_return Sent{failure(ErrorCode::protocol, std::string("not an HTTP answer: ") + parsed.problem)};
            }
            if (parsed.state == http::Parse::complete) {
                in.consume(parsed.consumed);
                resume_from = 0;
                if (response.status < 200 && response.status != 101) continue;
                co_return Sent{};
            }
        }
        if (in.room().empty()) in.grow(client.limits.head_bytes + kReadBuffer);
        if (in.room().empty()) co_return Sent{failure(ErrorCode::protocol, "the answer's head is too large")};
        const IoResult got = co_await stream.read_some(in.room());
        if (!got.ok) {
            const bool gone = got.error == ErrorCode::closed || got.error == ErrorCode::reset;
            co_return Sent{failure(got.error), reused && !any && gone && !canceled};
        }
        in.added(got.bytes);
    }
}

// Some servers say 408 before they close a connection that idled: not an answer to what was just sent on it.
bool HttpCall::State::is_idle_farewell() const {
    return reused && response.status == 408 && !response.keep_alive;
}

Result<void> HttpCall::State::choose_framing(std::string_view request_head) {
    if (response.status == 101) return failure(ErrorCode::protocol, "switched protocols unasked");
    const bool no_body = response.status == 204 || response.status == 304 || request_head.starts_with("HEAD ");
    if (no_body) {
        framing = Framing::none;
        complete = true;
    } else if (response.chunked) {
        framing = Framing::chunked;
        decoder.reset();
    } else if (response.content_length) {
        framing = Framing::length;
        left = *response.content_length;
        complete = left == 0;
    } else {
        framing = Framing::until_close;
        response.keep_alive = false;
    }
    return {};
}

Task<Result<void>> HttpCall::send(std::string_view head, std::string_view body, Micros deadline) {
    State& state = *state_;
    for (const bool second : {false, true}) {
        if (state.canceled) co_return state.failure(ErrorCode::canceled);
        const Result<void> obtained = co_await state.obtain(second, deadline);
        if (!obtained) co_return tl::unexpected(obtained.error());
        const State::Sent sent = co_await state.exchange(head, body, deadline);
        if (state.connection) state.connection->stream->set_deadline(0);
        if (sent.outcome && !state.is_idle_farewell()) co_return state.choose_framing(head);
        state.drop();
        if (!sent.outcome && (!sent.may_retry || second)) co_return tl::unexpected(sent.outcome.error());
    }
    co_return state.failure(ErrorCode::internal);
}

const http::ResponseHead& HttpCall::response() const {
    return state_->response;
}

bool HttpCall::buffered_piece(std::string_view& piece) {
    State& state = *state_;
    if (!state.connection || state.complete || state.canceled) return false;
    Buffer& in = state.connection->in;
    if (in.empty()) return false;
    if (state.framing == State::Framing::chunked) {
        const std::span<char> bytes = in.bytes();
        std::size_t used = 0;
        std::size_t payload = 0;
        const auto decoded = state.decoder.decode_in_place(bytes, used, payload);
        piece = {bytes.data(), payload};
        in.consume(used);
        if (decoded == http::ChunkedDecoder::State::done) state.complete = true;
        if (decoded == http::ChunkedDecoder::State::bad) state.connection->stream->abort(ErrorCode::protocol);
        return !piece.empty();
    }
    piece = in.content();
    if (state.framing == State::Framing::length) {
        piece = piece.substr(0, std::min<std::uint64_t>(state.left, piece.size()));
        state.left -= piece.size();
        state.complete = state.left == 0;
    }
    in.consume(piece.size());
    return true;
}

Task<Result<std::string_view>> HttpCall::read_piece() {
    State& state = *state_;
    std::string_view piece;
    while (true) {
        if (buffered_piece(piece)) co_return piece;
        if (state.complete) co_return std::string_view();
        if (state.canceled) co_return state.failure(ErrorCode::canceled);
        if (!state.connection) co_return state.failure(ErrorCode::closed);
        Stream& stream = *state.connection->stream;
        stream.expire_after(state.client.limits.idle_micros);
        const IoResult got = co_await stream.read_some(state.connection->in.room());
        stream.set_deadline(0);  // whoever takes the pieces may take its time
        if (!got.ok) {
            if (got.error == ErrorCode::closed && state.framing == State::Framing::until_close) {
                state.complete = true;
                co_return std::string_view();
            }
            const std::string why = state.decoder.problem();
            co_return state.failure(
                got.error, got.error == ErrorCode::protocol && !why.empty() ? "bad chunking: " + why : std::string());
        }
        state.connection->in.added(got.bytes);
    }
}

Task<Result<void>> HttpCall::read_all(std::string& out, std::size_t limit) {
    State& state = *state_;
    if (state.framing == State::Framing::length) {
        if (state.left > limit) co_return state.failure(ErrorCode::too_large, "the answer is too large");
        out.reserve(out.size() + static_cast<std::size_t>(state.left));
    }
    std::size_t taken = 0;
    std::string_view piece;
    while (true) {
        if (!buffered_piece(piece)) {
            const Result<std::string_view> read = co_await read_piece();
            if (!read) co_return tl::unexpected(read.error());
            if (read->empty()) co_return Result<void>();
            piece = *read;
        }
        taken += piece.size();
        if (taken > limit) co_return state.failure(ErrorCode::too_large, "the answer is too large");
        out.append(piece);
    }
}

Task<void> HttpCall::finish(Micros at_most) {
    State& state = *state_;
    const Micros deadline = state.client.connector.reactor().now() + at_most;
    std::string_view dropped;
    while (state.connection && !state.complete && !state.canceled) {
        if (buffered_piece(dropped)) continue;
        if (state.complete) break;
        Stream& stream = *state.connection->stream;
        stream.set_deadline(deadline);
        const IoResult got = co_await stream.read_some(state.connection->in.room());
        stream.set_deadline(0);
        if (!got.ok) break;
        state.connection->in.added(got.bytes);
    }
}

void HttpCall::cancel() {
    State& state = *state_;
    if (state.complete) return;
    state.canceled = true;
    state.pending.cancel();
    if (state.connection) state.connection->stream->abort(ErrorCode::canceled);
}

bool HttpCall::sent() const {
    return state_->sent;
}
bool HttpCall::reused() const {
    return state_->reused;
}

}  // namespace weir::net
