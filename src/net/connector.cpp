#include "net/connector.h"

#include <sys/un.h>
#include <unistd.h>

#include "net/reactor_impl.h"

namespace weir::net {

// One look-up. The resolver's thread can't be interrupted, so whoever waits is resumed by the first of: answer,
// time-out, cancellation; what comes later finds `waiter` empty. Resumed from the event loop: whoever cancels may be in
// a sweep.
struct Resolution : std::enable_shared_from_this<Resolution> {
    explicit Resolution(asio::io_context& io) : resolver(io), timer(io) {}

    void finish(const SystemError& outcome) {
        if (!waiter) return;
        error = outcome;
        timer.cancel();
        resolver.cancel();  // a look-up that still queues is not made
        asio::post(timer.get_executor(), [resume = std::exchange(waiter, nullptr)] { resume.resume(); });
    }

    asio::ip::tcp::resolver resolver;
    asio::steady_timer timer;
    std::coroutine_handle<> waiter;
    SystemError error;
    std::vector<asio::ip::tcp::endpoint> found;
};

namespace {

struct ResolveAwaiter {
    Resolution& resolution;
    const Endpoint& endpoint;
    Micros at_most;

    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiter) {
        resolution.waiter = waiter;
        auto self = resolution.shared_from_this();
        resolution.resolver.async_resolve(
            endpoint.host, std::to_string(endpoint.port),
            [self](const SystemError& error, const asio::ip::tcp::resolver::results_type& results) {
                if (!self->waiter) return;
                for (const auto& entry : results) self->found.push_back(entry.endpoint());
                self->finish(error);
            });
        resolution.timer.expires_after(std::chrono::microseconds(at_most));
        resolution.timer.async_wait([self](const SystemError& error) {
            if (!error) self->finish(asio::error::timed_out);
        });
    }
    SystemError await_resume() const { return resolution.error; }
};

// Connects a socket that belongs to a stream, so that the stream's deadline and abort reach it.
template <class Socket>
struct ConnectAwaiter {
    Socket& socket;
    typename Socket::endpoint_type to;
    SystemError error{};

    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiter) {
        socket.async_connect(to, [this, waiter](const SystemError& outcome) {
            error = outcome;
            waiter.resume();
        });
    }
    SystemError await_resume() const { return error; }
};

}  // namespace

void PendingConnect::cancel() {
    canceled = true;
    if (stream != nullptr) stream->abort(ErrorCode::canceled);
    if (resolution) {
        const auto kept = resolution;
        kept->finish(asio::error::operation_aborted);
    }
}

tl::unexpected<Error> Connector::failure(ErrorCode code, const std::string& why) const {
    return fail(code, "can't connect to " + endpoint_.to_string() + ": " + why);
}

Task<Result<void>> Connector::resolve(Micros at_most, PendingConnect& pending) {
    if (!addresses_.empty() && reactor_.now() < resolved_until_) co_return Result<void>();
    SystemError error;
    const auto literal = asio::ip::make_address(endpoint_.host, error);
    if (!error) {
        addresses_ = {asio::ip::tcp::endpoint(literal, endpoint_.port)};
        resolved_until_ = INT64_MAX;
        co_return Result<void>();
    }
    auto resolution = std::make_shared<Resolution>(reactor_.impl().io);
    pending.resolution = resolution;
    ResolveAwaiter awaiter{*resolution, endpoint_, at_most};
    error = co_await awaiter;
    pending.resolution = nullptr;
    if (pending.canceled) co_return failure(ErrorCode::canceled, "given up");
    if (error == asio::error::timed_out) co_return failure(ErrorCode::timeout, "the name's look-up took too long");
    if (error) co_return failure(ErrorCode::unavailable, error.message());
    addresses_ = resolution->found;
    resolved_until_ = reactor_.now() + kResolveKeepMicros;
    co_return Result<void>();
}

Task<Result<std::unique_ptr<Stream>>> Connector::connect(Micros at_most, PendingConnect& pending) {
    if (!endpoint_.unix_path.empty()) co_return co_await connect_unix(at_most, pending);
    const Micros deadline = reactor_.now() + at_most;
    const Result<void> resolved = co_await resolve(at_most, pending);
    if (!resolved) co_return tl::unexpected(resolved.error());
    const Addresses addresses = addresses_;
    Error last{ErrorCode::unavailable, "can't connect to " + endpoint_.to_string() + ": the name has no address"};
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        // What is left of the time is shared by the addresses that are left.
        const Micros share = (deadline - reactor_.now()) / static_cast<Micros>(addresses.size() - i);
        Result<std::unique_ptr<Stream>> made = co_await connect_tcp(addresses[i], share, pending);
        if (made || pending.canceled) co_return made;
        last = made.error();
    }
    resolved_until_ = 0;
    co_return tl::unexpected(last);
}

Task<Result<std::unique_ptr<Stream>>> Connector::connect_unix(Micros at_most, PendingConnect& pending) {
    if (endpoint_.unix_path.size() >= sizeof(sockaddr_un::sun_path)) {
        co_return failure(ErrorCode::unavailable, "the path is too long");
    }
    GenericSocket socket(reactor_.impl().io);
    SystemError error;
    socket.open(asio::generic::stream_protocol(AF_UNIX, 0), error);
    if (error) co_return failure(ErrorCode::unavailable, error.message());
    auto stream = std::make_unique<PlainStream>(reactor_, std::move(socket));
    stream->expire_after(at_most);
    pending.stream = stream.get();
    ConnectAwaiter<GenericSocket> awaiter{stream->socket(),
                                          asio::local::stream_protocol::endpoint(endpoint_.unix_path)};
    error = co_await awaiter;
    pending.stream = nullptr;
    if (pending.canceled) co_return failure(ErrorCode::canceled, "given up");
    if (stream->aborted()) co_return failure(ErrorCode::timeout, "no connection in time");
    if (error) co_return failure(ErrorCode::unavailable, error.message());
    co_return std::unique_ptr<Stream>(std::move(stream));
}

Task<Result<std::unique_ptr<Stream>>> Connector::connect_tcp(const asio::ip::tcp::endpoint& address, Micros at_most,
                                                             PendingConnect& pending) {
    const Micros deadline = reactor_.now() + at_most;
    GenericSocket socket(reactor_.impl().io);
    SystemError error;
    socket.open(asio::generic::stream_protocol(address.protocol()), error);
    if (error) co_return failure(ErrorCode::unavailable, error.message());
    socket.set_option(asio::ip::tcp::no_delay(true), error);
    auto stream = std::make_unique<PlainStream>(reactor_, std::move(socket));
    stream->set_deadline(deadline);
    pending.stream = stream.get();
    ConnectAwaiter<GenericSocket> awaiter{stream->socket(), address};
    error = co_await awaiter;
    pending.stream = nullptr;
    if (pending.canceled) co_return failure(ErrorCode::canceled, "given up");
    if (stream->aborted()) co_return failure(ErrorCode::timeout, "no connection in time");
    if (error) co_return failure(ErrorCode::unavailable, error.message());
    if (!endpoint_.tls) co_return std::unique_ptr<Stream>(std::move(stream));
    asio::ip::tcp::socket connected(reactor_.impl().io);
    const int descriptor = stream->socket().release(error);
    if (error) co_return failure(ErrorCode::unavailable, error.message());
    stream.reset();
    connected.assign(address.protocol(), descriptor, error);
    if (error) {
        ::close(descriptor);
        co_return failure(ErrorCode::unavailable, error.message());
    }
    co_return co_await secure(std::move(connected), deadline, pending);
}

Task<Result<std::unique_ptr<Stream>>> Connector::secure(asio::ip::tcp::socket socket, Micros deadline,
                                                        PendingConnect& pending) {
    if (!tls_) co_return failure(ErrorCode::unavailable, "no TLS settings were given");
    auto stream = std::make_unique<TlsStream>(reactor_, std::move(socket), tls_->context);
    SSL* const ssl = stream->tls().native_handle();
    SystemError not_an_address;
    asio::ip::make_address(endpoint_.host, not_an_address);
    if (not_an_address) {
        SSL_set_tlsext_host_name(ssl, endpoint_.host.c_str());  // RFC 6066 section 3: names only
        SSL_set1_host(ssl, endpoint_.host.c_str());
    } else {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), endpoint_.host.c_str());
    }
    session_.attach(ssl);
    stream->set_deadline(deadline);
    pending.stream = stream.get();
    const IoResult shaken = co_await stream->handshake(asio::ssl::stream_base::client);
    pending.stream = nullptr;
    if (pending.canceled) co_return failure(ErrorCode::canceled, "given up");
    if (!shaken.ok) {
        if (stream->aborted()) co_return failure(ErrorCode::timeout, "no TLS handshake in time");
        co_return failure(ErrorCode::unavailable, "TLS: " + stream->problem());
    }
    co_return std::unique_ptr<Stream>(std::move(stream));
}

}  // namespace weir::net
