// The two kinds of stream, for this room alone: plain sockets (TCP, Unix) and TLS over TCP.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <string>

#include "net/asio.h"
#include "net/reactor_impl.h"
#include "net/stream.h"

namespace weir::net {

using GenericSocket = asio::generic::stream_protocol::socket;

class PlainStream final : public Stream {
  public:
    PlainStream(Reactor& reactor, GenericSocket socket);
    ~PlainStream() override;
    GenericSocket& socket() { return socket_; }
    void cancel_write() override;

  protected:
    int descriptor() const override;
    void close_socket() override;
    void start_read(std::span<char> into, Operation& operation) override;
    bool write_now(iovec* parts, std::size_t& count, Operation& operation) override;
    void start_write(std::span<const iovec> parts, Operation& operation) override;

  private:
    GenericSocket socket_;
};

class TlsStream final : public Stream {
  public:
    TlsStream(Reactor& reactor, asio::ip::tcp::socket socket, asio::ssl::context& context);
    ~TlsStream() override;
    asio::ssl::stream<asio::ip::tcp::socket>& tls() { return tls_; }
    void cancel_write() override;

    struct HandshakeAwaiter {
        TlsStream& stream;
        asio::ssl::stream_base::handshake_type type;
        Operation operation{};
        bool await_ready() { return stream.refused(operation); }
        void await_suspend(std::coroutine_handle<> waiter);
        IoResult await_resume() const { return operation.result; }
    };
    HandshakeAwaiter handshake(asio::ssl::stream_base::handshake_type type) { return {*this, type}; }
    const std::string& problem() const { return problem_; }  // why the handshake failed

  protected:
    int descriptor() const override;
    void close_socket() override;
    void start_read(std::span<char> into, Operation& operation) override;
    bool write_now(iovec* parts, std::size_t& count, Operation& operation) override;
    void start_write(std::span<const iovec> parts, Operation& operation) override;
    bool finish_now() override { return false; }
    void start_finish(Operation& operation) override;

  private:
    asio::ssl::stream<asio::ip::tcp::socket> tls_;
    std::string outgoing_;  // parts joined, so that they share records
    std::string problem_;
};

}  // namespace weir::net
