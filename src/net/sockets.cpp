#include "net/sockets.h"

#include <cerrno>

namespace weir::net {
namespace {

constexpr std::size_t kOutgoingKept = 64 * 1024;  // bytes of a TLS stream's write buffer that are kept between writes

IoResult result_of(const SystemError& error, std::size_t bytes) {
    if (!error) return {bytes, true, ErrorCode::internal};
    return {bytes, false, error_code_of(error)};
}

void drop_written(iovec* parts, std::size_t& count, std::size_t written) {
    std::size_t first = 0;
    while (first < count && written >= parts[first].iov_len) written -= parts[first++].iov_len;
    for (std::size_t i = first; i < count; ++i) parts[i - first] = parts[i];
    count -= first;
    if (count > 0) {
        parts[0].iov_base = static_cast<char*>(parts[0].iov_base) + written;
        parts[0].iov_len -= written;
    }
}

}  // namespace

PlainStream::PlainStream(Reactor& reactor, GenericSocket socket) : Stream(reactor), socket_(std::move(socket)) {
    SystemError ignored;
    socket_.non_blocking(true, ignored);
}

PlainStream::~PlainStream() {
    close_socket();
}

int PlainStream::descriptor() const {
    // native_handle() is not const; the descriptor is only looked at.
    auto& socket = const_cast<GenericSocket&>(socket_);
    return socket.is_open() ? socket.native_handle() : -1;
}

void PlainStream::close_socket() {
    SystemError ignored;
    socket_.close(ignored);
}

void PlainStream::cancel_write() {
    SystemError ignored;
    socket_.cancel(ignored);
}

void PlainStream::start_read(std::span<char> into, Operation& operation) {
    socket_.async_read_some(asio::buffer(into.data(), into.size()),
                            [this, &operation](const SystemError& error, std::size_t bytes) {
                                operation.result = result_of(error, bytes);
                                if (error) refused(operation);  // an abort's reason comes before the system's word
                                operation.waiter.resume();
                            });
}

bool PlainStream::write_now(iovec* parts, std::size_t& count, Operation& operation) {
    while (count > 0) {
        msghdr message{};
        message.msg_iov = parts;
        message.msg_iovlen = count;
        const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
            operation.result = {0, false, ErrorCode::reset};
            return true;
        }
        operation.result.bytes += static_cast<std::size_t>(sent);
        drop_written(parts, count, static_cast<std::size_t>(sent));
    }
    return true;
}

void PlainStream::start_write(std::span<const iovec> parts, Operation& operation) {
    std::array<asio::const_buffer, kMaxParts> buffers;
    for (std::size_t i = 0; i < parts.size(); ++i) buffers[i] = {parts[i].iov_base, parts[i].iov_len};
    asio::async_write(socket_, buffers, [this, &operation](const SystemError& error, std::size_t bytes) {
        operation.result = result_of(error, operation.result.bytes + bytes);
        if (error) refused(operation);
        operation.waiter.resume();
    });
}

TlsStream::TlsStream(Reactor& reactor, asio::ip::tcp::socket socket, asio::ssl::context& context)
    : Stream(reactor), tls_(std::move(socket), context) {}

TlsStream::~TlsStream() {
    // Otherwise OpenSSL takes the end for a failure and never lets the session be used again.
    SSL* const ssl = tls_.native_handle();
    SSL_set_shutdown(ssl, SSL_get_shutdown(ssl) | SSL_SENT_SHUTDOWN);
    close_socket();
}

int TlsStream::descriptor() const {
    auto& socket = const_cast<asio::ssl::stream<asio::ip::tcp::socket>&>(tls_).next_layer();
    return socket.is_open() ? socket.native_handle() : -1;
}

void TlsStream::close_socket() {
    SystemError ignored;
    tls_.next_layer().close(ignored);
}

void TlsStream::cancel_write() {
    SystemError ignored;
    tls_.next_layer().cancel(ignored);
}

void TlsStream::start_finish(Operation& operation) {
    tls_.async_shutdown([this, &operation](const SystemError& error) {
        operation.result = result_of(error, 0);
        if (error) refused(operation);
        operation.waiter.resume();
    });
}

void TlsStream::HandshakeAwaiter::await_suspend(std::coroutine_handle<> waiter) {
    operation.waiter = waiter;
    stream.tls_.async_handshake(type, [this](const SystemError& error) {
        if (error) {
            const long verdict = SSL_get_verify_result(stream.tls_.native_handle());
            stream.problem_ = verdict == X509_V_OK ? error.message() : X509_verify_cert_error_string(verdict);
        }
        operation.result = result_of(error, 0);
        if (error) stream.refused(operation);
        operation.waiter.resume();
    });
}

void TlsStream::start_read(std::span<char> into, Operation& operation) {
    tls_.async_read_some(asio::buffer(into.data(), into.size()),
                         [this, &operation](const SystemError& error, std::size_t bytes) {
                             operation.result = result_of(error, bytes);
                             if (error) refused(operation);
                             operation.waiter.resume();
                         });
}

bool TlsStream::write_now(iovec* parts, std::size_t& count, Operation&) {
    outgoing_.clear();
    for (std::size_t i = 0; i < count; ++i) {
        outgoing_.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
    }
    return outgoing_.empty();
}

void TlsStream::start_write(std::span<const iovec>, Operation& operation) {
    asio::async_write(tls_, asio::buffer(outgoing_), [this, &operation](const SystemError& error, std::size_t bytes) {
        if (outgoing_.capacity() > kOutgoingKept) outgoing_ = std::string();
        operation.result = result_of(error, bytes);
        if (error) refused(operation);
        operation.waiter.resume();
    });
}

}  // namespace weir::net
