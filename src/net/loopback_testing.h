// For tests of this room: a reactor on a thread of its own, and the other side of a connection as plain blocking
// sockets on loopback, independent of what is tested.
// Thread rule: the test's thread, but for what is handed to Loop. Limits: nothing waits longer than kPatience.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/task.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/reactor.h"

namespace weir::net::testing {

constexpr auto kPatience = std::chrono::seconds(30);

// What was not ready in time may still use what the test is about to destroy: no way but to end here.
template <class Future>
auto get(Future& future) {
    if (future.wait_for(kPatience) != std::future_status::ready) {
        std::fputs("a coroutine or the reactor is stuck\n", stderr);
        std::abort();
    }
    return future.get();
}

template <class T>
struct Running {
    explicit Running(Task<T> started) : task(std::move(started)) {}
    Task<T> task;
    std::promise<T> promise;
};

template <class T>
Task<void> complete(std::shared_ptr<Running<T>> running) {
    if constexpr (std::is_void_v<T>) {
        co_await running->task;
        running->promise.set_value();
    } else {
        running->promise.set_value(co_await running->task);
    }
}

// A reactor that runs, with a clock that stands still.
class Loop {
  public:
    Loop() : reactor(clock, 0), thread_([this] { reactor.run(); }) {}
    ~Loop() {
        reactor.stop();
        thread_.join();
    }

    // Runs `work` on the reactor's thread and waits for it.
    template <class Work>
    auto call(Work work) {
        using T = decltype(work());
        std::promise<T> promise;
        std::future<T> future = promise.get_future();
        reactor.call([&] {
            if constexpr (std::is_void_v<T>) {
                work();
                promise.set_value();
            } else {
                promise.set_value(work());
            }
        });
        return get(future);
    }

    // Starts a task on the reactor's thread; what it refers to must live until the future is ready.
    template <class T>
    std::future<T> start(Task<T> task) {
        auto running = std::make_shared<Running<T>>(std::move(task));
        std::future<T> future = running->promise.get_future();
        reactor.call([running] { spawn(complete(running)); });
        return future;
    }
    template <class T>
    T run(Task<T> task) {
        std::future<T> future = start(std::move(task));
        return get(future);
    }

    // Lets the reactor see what has arrived. A help for coverage, not a guarantee.
    void settle() {
        for (int i = 0; i < 3; ++i) call([] {});
    }

    // Until `condition`, looked at on the reactor's thread at once and at every sweep, holds; returns after how many
    // sweeps.
    template <class Condition>
    int eventually(Condition condition) {
        std::promise<int> promise;
        std::future<int> future = promise.get_future();
        int sweeps = 0;
        call([&] {
            if (condition()) return promise.set_value(0);
            reactor.every_sweep([&] {
                ++sweeps;
                if (!condition()) return true;
                promise.set_value(sweeps);
                return false;
            });
        });
        return get(future);
    }
    void sweep(int times) {
        eventually([&] { return times-- == 0; });
    }

    FakeClock clock;
    Reactor reactor;

  private:
    std::thread thread_;
};

// Something a coroutine waits for and the test brings about.
class Gate {
  public:
    explicit Gate(Loop& loop) : loop_(loop) {}
    bool await_ready() const { return open_; }
    void await_suspend(std::coroutine_handle<> waiter) { waiter_ = waiter; }
    void await_resume() const {}
    bool awaited() const { return waiter_ != nullptr; }  // the reactor's thread

    void open() {
        loop_.call([this] { open_here(); });
    }
    void open_here() {
        open_ = true;
        if (waiter_) std::exchange(waiter_, nullptr).resume();
    }

  private:
    Loop& loop_;
    bool open_ = false;
    std::coroutine_handle<> waiter_;
};

struct Answer {
    unsigned status = 0;
    std::string head;  // with status line and blank line
    std::string body;
    bool has(std::string_view line) const { return head.find(line) != std::string::npos; }
};

// One end of a connection.
class Peer {
  public:
    explicit Peer(int fd) : fd_(fd) {
        REQUIRE(fd_ >= 0);
        const timeval patience{std::chrono::seconds(kPatience).count(), 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        const int on = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)), in_(std::move(other.in_)), end_(other.end_) {}
    Peer(const Peer&) = delete;
    Peer& operator=(Peer&&) = delete;
    ~Peer() { close(); }

    static Peer connect(std::uint16_t port, int receive_buffer = 0) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (receive_buffer > 0) ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        return Peer(fd);
    }

    int fd() const { return fd_; }

    // False: the other side has gone.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    enum class End : std::uint8_t { open, orderly, reset, silence };
    End end() const { return end_; }

    std::string read_until(std::string_view mark) {
        std::size_t at;
        while ((at = in_.find(mark)) == std::string::npos) {
            if (!receive()) return take(in_.size());
        }
        return take(at + mark.size());
    }
    std::string read_bytes(std::size_t count) {
        while (in_.size() < count && receive()) {
        }
        return take(std::min(count, in_.size()));
    }
    std::string read_to_end() {
        while (receive()) {
        }
        return take(in_.size());
    }
    // The end of the connection, with nothing before it.
    End read_end() {
        const std::string rest = read_to_end();
        CHECK(rest == "");
        return end_;
    }
    bool nothing_yet() {
        char byte;
        return in_.empty() && ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
    }

    // By Content-Length or chunked, else to the end of the connection; `to_head`: it answers HEAD.
    Answer read_answer(bool to_head = false) {
        Answer answer;
        answer.head = read_until("\r\n\r\n");
        if (answer.head.size() < 12) return answer;
        answer.status = static_cast<unsigned>(std::atoi(answer.head.c_str() + 9));
        if (to_head || answer.status < 200 || answer.status == 204 || answer.status == 304) return answer;
        const std::size_t length = answer.head.find("content-length: ");
        if (length != std::string::npos) {
            answer.body = read_bytes(static_cast<std::size_t>(std::atoll(answer.head.c_str() + length + 16)));
        } else if (answer.has("transfer-encoding: chunked\r\n")) {
            while (const std::size_t size = std::strtoull(read_until("\r\n").c_str(), nullptr, 16)) {
                answer.body += read_bytes(size);
                CHECK(read_bytes(2) == "\r\n");
            }
            CHECK(read_bytes(2) == "\r\n");
        } else {
            answer.body = read_to_end();
        }
        return answer;
    }

    void finish_sending() { ::shutdown(fd_, SHUT_WR); }
    void reset() {
        const linger at_once{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

  private:
    bool receive() {
        char buffer[16384];
        const ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
        if (got > 0) {
            in_.append(buffer, static_cast<std::size_t>(got));
            return true;
        }
        end_ = got == 0 ? End::orderly : errno == EAGAIN ? End::silence : End::reset;
        return false;
    }
    std::string take(std::size_t count) {
        std::string taken = in_.substr(0, count);
        in_.erase(0, count);
        return taken;
    }

    int fd_;
    std::string in_;
    End end_ = End::open;
};

// A listening socket whose connections the test accepts and serves by hand.
class Listener {
  public:
    explicit Listener(int backlog = 64) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        socklen_t size = sizeof address;
        REQUIRE(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port_ = ntohs(address.sin_port);
        listen(backlog);
    }
    explicit Listener(const std::string& unix_path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        REQUIRE(unix_path.size() < sizeof address.sun_path);
        std::memcpy(address.sun_path, unix_path.data(), unix_path.size());
        REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        listen(64);
    }
    ~Listener() { close(); }
    Listener(const Listener&) = delete;

    std::uint16_t port() const { return port_; }
    Endpoint endpoint() const { return {"127.0.0.1", port_, "", false}; }
    Peer accept() { return Peer(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)); }
    bool somebody_waits() const {
        int descriptor = -1;
        timeval none{};
        fd_set set;
        FD_ZERO(&set);
        FD_SET(fd_, &set);
        descriptor = ::select(fd_ + 1, &set, nullptr, nullptr, &none);
        return descriptor > 0;
    }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

  private:
    void listen(int backlog) {
        const timeval patience{std::chrono::seconds(kPatience).count(), 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        REQUIRE(::listen(fd_, backlog) == 0);
    }
    int fd_;
    std::uint16_t port_ = 0;
};

// A handler whose protocol errors are told by their status alone.
class TestHandler : public Handler {
  public:
    std::string protocol_error(unsigned status, std::string_view) override {
        return "{\"status\":" + std::to_string(status) + "}";
    }
};

// A server on the loop; gone without a trace at its end.
class Server {
  public:
    Server(Loop& loop, Handler& handler, const ServerLimits& limits = {}, std::shared_ptr<TlsContext> tls = nullptr)
        : loop_(loop) {
        loop_.call([&] {
            auto made = HttpServer::listen(loop_.reactor, {"127.0.0.1", 0, "", false}, limits, std::move(tls), handler);
            REQUIRE(made.has_value());
            server_ = std::move(*made);
            port_ = server_->port();
        });
    }
    ~Server() {
        loop_.call([&] { server_->close(); });
        loop_.eventually([&] { return server_->connections() == 0; });
        loop_.call([&] { server_.reset(); });
    }
    Server(const Server&) = delete;
    HttpServer* operator->() const { return server_.get(); }
    std::uint16_t port() const { return port_; }
    Peer connect(int receive_buffer = 0) const { return Peer::connect(port_, receive_buffer); }

  private:
    Loop& loop_;
    std::unique_ptr<HttpServer> server_;
    std::uint16_t port_ = 0;
};

// A client on the loop.
class Client {
  public:
    Client(Loop& loop, const Endpoint& endpoint, const ClientLimits& limits = {},
           std::shared_ptr<TlsContext> tls = nullptr)
        : loop_(loop) {
        loop_.call([&] { client_ = std::make_unique<HttpClient>(loop_.reactor, endpoint, limits, std::move(tls)); });
    }
    ~Client() {
        loop_.call([&] { client_.reset(); });
    }
    Client(const Client&) = delete;
    HttpClient& operator*() const { return *client_; }
    std::size_t pooled() const {
        return loop_.call([&] { return client_->pooled(); });
    }

  private:
    Loop& loop_;
    std::unique_ptr<HttpClient> client_;
};

}  // namespace weir::net::testing
