#include "net/http_server.h"

#include <netinet/tcp.h>

#include "base/log.h"
#include "net/http_connection.h"
#include "net/sockets.h"
#include "net/tls_context.h"

namespace weir::net {

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

// Shared with the accept under way, which ends only after the server is closed.
struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
    Impl(Reactor& reactor, const ServerLimits& limits, std::shared_ptr<TlsContext> tls_context, Handler& handler)
        : shared(reactor, limits, handler), tls(std::move(tls_context)), acceptor(reactor.impl().io) {}

    Result<void> open(const Endpoint& endpoint);
    void accept();
    Task<void> serve(asio::ip::tcp::socket socket);
    void add(HttpConnection& connection);
    void remove(HttpConnection& connection);

    ServerShared shared;
    std::shared_ptr<TlsContext> tls;
    asio::ip::tcp::acceptor acceptor;
    asio::ip::tcp::endpoint peer;
    HttpConnection* connections = nullptr;
    std::unique_ptr<asio::steady_timer> accept_pause;
};

namespace {

Result<asio::ip::tcp::endpoint> local_endpoint(asio::io_context& io, const Endpoint& endpoint) {
    SystemError error;
    const auto address = asio::ip::make_address(endpoint.host, error);
    if (!error) return asio::ip::tcp::endpoint(address, endpoint.port);
    // A name: at start-up waiting for the resolver is no harm.
    asio::ip::tcp::resolver resolver(io);
    const auto found = resolver.resolve(endpoint.host, std::to_string(endpoint.port), error);
    if (error || found.empty()) {
        return fail(ErrorCode::unavailable, "can't resolve '" + endpoint.host + "': " + error.message());
    }
    return found.begin()->endpoint();
}

}  // namespace

Result<void> HttpServer::Impl::open(const Endpoint& endpoint) {
    const auto local = local_endpoint(shared.reactor.impl().io, endpoint);
    if (!local) return tl::unexpected(local.error());
    SystemError error;
    acceptor.open(local->protocol(), error);
    if (!error) acceptor.set_option(asio::ip::tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.set_option(ReusePort(true), error);
    if (!error) acceptor.bind(*local, error);
    if (!error) acceptor.listen(4096, error);
    if (error) return fail(ErrorCode::unavailable, "can't listen on " + endpoint.to_string() + ": " + error.message());
    return {};
}

void HttpServer::Impl::accept() {
    acceptor.async_accept(
        peer, [this, self = shared_from_this()](const SystemError& error, asio::ip::tcp::socket socket) {
            if (shared.draining || error == asio::error::operation_aborted) return;
            if (error) {
                // Out of descriptors, as a rule: trying again at once would only burn the processor.
                log_warning("accept: " + error.message());
                accept_pause =
                    std::make_unique<asio::steady_timer>(shared.reactor.impl().io, std::chrono::milliseconds(100));
                accept_pause->async_wait([this, self](const SystemError& stopped) {
                    if (!stopped && !shared.draining) accept();
                });
                return;
            }
            if (shared.connections.load(std::memory_order_relaxed) < shared.limits.connections) {
                spawn(serve(std::move(socket)));
            }
            accept();
        });
}

Task<void> HttpServer::Impl::serve(asio::ip::tcp::socket socket) {
    SystemError ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    std::string peer_address = peer.address().to_string(ignored);
    std::unique_ptr<Stream> stream;
    TlsStream* secure = nullptr;
    if (tls) {
        auto made = std::make_unique<TlsStream>(shared.reactor, std::move(socket), tls->context);
        secure = made.get();
        stream = std::move(made);
    } else {
        stream = std::make_unique<PlainStream>(shared.reactor, GenericSocket(std::move(socket)));
    }
    // Counted and listed from the handshake on: limits and close() hold for it too.
    HttpConnection connection(shared, std::move(stream), std::move(peer_address));
    add(connection);
    bool ready = true;
    if (secure != nullptr) {
        secure->expire_after(shared.limits.slow_head_micros);
        const IoResult shaken = co_await secure->handshake(asio::ssl::stream_base::server);
        ready = shaken.ok;
    }
    if (ready && !shared.draining) co_await connection.run();
    remove(connection);
}

void HttpServer::Impl::add(HttpConnection& connection) {
    connection.next = connections;
    if (connections != nullptr) connections->previous = &connection;
    connections = &connection;
}

void HttpServer::Impl::remove(HttpConnection& connection) {
    if (connection.previous != nullptr) connection.previous->next = connection.next;
    if (connection.next != nullptr) connection.next->previous = connection.previous;
    if (connections == &connection) connections = connection.next;
}

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
    impl_->shared.draining = true;
    SystemError ignored;
    impl_->acceptor.close(ignored);
    impl_->accept_pause.reset();
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Reactor& reactor, const Endpoint& endpoint,
                                                       const ServerLimits& limits, std::shared_ptr<TlsContext> tls,
                                                       Handler& handler) {
    if (!endpoint.unix_path.empty()) return fail(ErrorCode::invalid, "can't listen on a Unix socket");
    auto impl = std::make_shared<Impl>(reactor, limits, std::move(tls), handler);
    if (auto opened = impl->open(endpoint); !opened) return tl::unexpected(opened.error());
    impl->accept();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

Result<void> HttpServer::check_free(const Endpoint& endpoint) {
    if (endpoint.port == 0 || !endpoint.unix_path.empty()) return {};
    asio::io_context io;
    const auto local = local_endpoint(io, endpoint);
    if (!local) return tl::unexpected(local.error());
    // Without SO_REUSEPORT no other listener is suffered; with SO_REUSEADDR what is left of old connections is.
    asio::ip::tcp::acceptor probe(io);
    SystemError error;
    probe.open(local->protocol(), error);
    if (!error) probe.set_option(asio::ip::tcp::acceptor::reuse_address(true), error);
    if (!error) probe.bind(*local, error);
    if (error != asio::error::address_in_use) return {};
    return fail(ErrorCode::unavailable, "something else listens on " + endpoint.to_string());
}

std::uint16_t HttpServer::port() const {
    SystemError ignored;
    return impl_->acceptor.local_endpoint(ignored).port();
}

void HttpServer::set_limits(const ServerLimits& limits) {
    impl_->shared.limits = limits;
}

void HttpServer::drain() {
    if (impl_->shared.draining) return;
    impl_->shared.draining = true;
    SystemError ignored;
    impl_->acceptor.close(ignored);
    for (HttpConnection* connection = impl_->connections; connection != nullptr; connection = connection->next) {
        if (connection->idle()) connection->stream().abort(ErrorCode::canceled);
    }
}

void HttpServer::close() {
    drain();
    for (HttpConnection* connection = impl_->connections; connection != nullptr; connection = connection->next) {
        connection->stream().abort(ErrorCode::canceled);
    }
}

std::size_t HttpServer::connections() const {
    return impl_->shared.connections.load(std::memory_order_relaxed);
}
std::size_t HttpServer::active() const {
    return impl_->shared.active.load(std::memory_order_relaxed);
}

}  // namespace weir::net
