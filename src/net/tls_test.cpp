#include "net/tls.h"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include "net/certificates_testing.h"
#include "net/loopback_testing.h"

using namespace weir;
using namespace weir::net;
using namespace weir::net::testing;

namespace {

const std::string kGet = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";

struct Outcome {
    std::string error;
    std::string message;
    unsigned status = 0;
    std::string body;
    bool reused = false;
};

Task<Outcome> fetch(HttpClient& client, const std::string& head, const std::string& body) {
    Outcome outcome;
    HttpCall call(client);
    const Result<void> sent = co_await call.send(head, body);
    outcome.reused = call.reused();
    if (!sent) {
        outcome.error = to_string(sent.error().code);
        outcome.message = sent.error().message;
        co_return outcome;
    }
    outcome.status = call.response().status;
    const Result<void> read = co_await call.read_all(outcome.body, 64u << 20);
    if (!read) {
        outcome.error = to_string(read.error().code);
        outcome.message = read.error().message;
    }
    co_return outcome;
}

// Says how long the body was, and sends it back: whole, or to "/stream" in pieces.
class Echo final : public TestHandler {
  public:
    Task<void> handle(Exchange& exchange) override {
        const std::string body(exchange.body());
        if (exchange.head().target != "/stream") {
            co_await exchange.respond(200, "", body);
            co_return;
        }
        exchange.begin_stream(200, "");
        for (std::size_t at = 0; at < body.size(); at += 10'000) {
            const bool sent = co_await exchange.write_piece(std::string_view(body).substr(at, 10'000));
            if (!sent) co_return;
        }
        co_await exchange.end_stream();
    }
};

std::shared_ptr<TlsContext> client_tls(const Certificates& certificates) {
    auto made = make_client_tls(certificates.authority());
    REQUIRE(made.has_value());
    return *made;
}

std::shared_ptr<TlsContext> server_tls(const Certificates& certificates, const std::string& file) {
    auto made = make_server_tls(certificates.path(file + ".crt"), certificates.path(file + ".key"));
    REQUIRE(made.has_value());
    return *made;
}

// OpenSSL by itself over a blocking socket: the other side of both our ends.
class RawTls {
  public:
    RawTls(SSL_CTX* context, Peer& peer, bool server) : ssl_(SSL_new(context)) {
        SSL_set_fd(ssl_, peer.fd());
        shaken_ = (server ? SSL_accept(ssl_) : SSL_connect(ssl_)) == 1;
    }
    ~RawTls() { SSL_free(ssl_); }
    RawTls(const RawTls&) = delete;
    bool shaken() const { return shaken_; }
    bool session_reused() const { return SSL_session_reused(ssl_) == 1; }
    std::string server_name() const {
        const char* const name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
        return name == nullptr ? "" : name;
    }
    void write(const std::string& bytes) { SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())); }
    std::string read_until(const std::string& mark) {
        std::string got;
        char buffer[4096];
        while (got.find(mark) == std::string::npos) {
            const int count = SSL_read(ssl_, buffer, sizeof buffer);
            if (count <= 0) {
                farewell_ = SSL_get_error(ssl_, count) == SSL_ERROR_ZERO_RETURN;
                break;
            }
            got.append(buffer, static_cast<std::size_t>(count));
        }
        return got;
    }
    bool farewell() const { return farewell_; }
    void say_farewell() { SSL_shutdown(ssl_); }

  private:
    SSL* ssl_;
    bool shaken_ = false;
    bool farewell_ = false;
};

class RawContext {
  public:
    explicit RawContext(const Certificates& certificates, const std::string& file, int version = TLS1_3_VERSION)
        : context_(SSL_CTX_new(TLS_method())) {
        SSL_CTX_use_certificate_chain_file(context_, certificates.path(file + ".crt").c_str());
        SSL_CTX_use_PrivateKey_file(context_, certificates.path(file + ".key").c_str(), SSL_FILETYPE_PEM);
        SSL_CTX_set_max_proto_version(context_, version);
        // Without a word on the name OpenSSL does not tell it for a session used again.
        SSL_CTX_set_tlsext_servername_callback(context_, &accept_name);
        SSL_CTX_set_session_id_context(context_, reinterpret_cast<const unsigned char*>("test"), 4);
    }
    RawContext() : context_(SSL_CTX_new(TLS_client_method())) {}
    ~RawContext() { SSL_CTX_free(context_); }
    RawContext(const RawContext&) = delete;
    SSL_CTX* get() const { return context_; }

  private:
    static int accept_name(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }
    SSL_CTX* context_;
};

const std::string kNothing;

}  // namespace

TEST_CASE("settings that can't be read are told") {
    Certificates certificates;
    certificates.issue("one", "DNS:localhost");
    certificates.issue("two", "DNS:localhost");
    CHECK(make_client_tls("/nonexistent.crt").error().code == ErrorCode::io);
    CHECK(make_client_tls("/nonexistent.crt").error().message.find("/nonexistent.crt") == 0);
    CHECK(make_client_tls("").has_value());
    CHECK(!make_client_tls(certificates.path("one.key")).has_value());
    CHECK(make_server_tls("/nonexistent.crt", certificates.path("one.key")).error().code == ErrorCode::io);
    CHECK(make_server_tls(certificates.path("one.crt"), "/nonexistent.key").error().code == ErrorCode::io);
    CHECK(!make_server_tls(certificates.path("one.crt"), certificates.path("two.key")).has_value());
    certificates.write_rsa_key("rsa.key");
    CHECK(!make_server_tls(certificates.path("one.crt"), certificates.path("rsa.key")).has_value());
    CHECK(make_server_tls(certificates.path("one.crt"), certificates.path("one.key")).has_value());
}

TEST_CASE("our client and our server") {
    Certificates certificates;
    certificates.issue("server", "DNS:localhost,IP:127.0.0.1");
    Loop loop;
    Echo echo;
    const Server server(loop, echo, {}, server_tls(certificates, "server"));
    for (const char* host : {"localhost", "127.0.0.1"}) {
        Client client(loop, {host, server.port(), "", true}, {}, client_tls(certificates));
        std::string large(5u << 20, 'x');
        for (std::size_t i = 0; i < large.size(); i += 41) large[i] = static_cast<char>(i >> 4);
        const std::vector<std::string> bodies{"", "small", std::string(20'000, 'm'), large};
        bool first = true;
        for (const std::string& body : bodies) {
            for (const std::string target : {"/", "/stream"}) {
                const std::string head = "POST " + target +
                                         " HTTP/1.1\r\nhost: h\r\ncontent-length: " + std::to_string(body.size()) +
                                         "\r\n\r\n";
                const Outcome outcome = loop.run(fetch(*client, head, body));
                CHECK(outcome.error == "");
                CHECK(outcome.body == body);
                CHECK(outcome.reused == !first);
                first = false;
            }
        }
        CHECK(server->connections() == 1);
    }
}

TEST_CASE("whom the client does not believe") {
    Certificates certificates;
    Loop loop;
    Echo echo;
    std::string host = "localhost", expected;
    SUBCASE("another name") {
        certificates.issue("server", "DNS:elsewhere.example");
        expected = "hostname mismatch";
    }
    SUBCASE("a wildcard too wide") {
        certificates.issue("server", "DNS:*");
        expected = "hostname mismatch";
    }
    SUBCASE("a name for an address") {
        certificates.issue("server", "DNS:localhost,DNS:127.0.0.1");
        host = "127.0.0.1";
        expected = "IP address mismatch";
    }
    SUBCASE("another address") {
        certificates.issue("server", "IP:127.0.0.2");
        host = "127.0.0.1";
        expected = "IP address mismatch";
    }
    SUBCASE("an unknown authority") {
        certificates.issue_by_stranger("server", "DNS:localhost");
        expected = "unable to get local issuer certificate";
    }
    SUBCASE("expired") {
        certificates.issue("server", "DNS:localhost", -7200, -3600);
        expected = "certificate has expired";
    }
    SUBCASE("not valid yet") {
        certificates.issue("server", "DNS:localhost", 3600, 7200);
        expected = "certificate is not yet valid";
    }
    const Server server(loop, echo, {}, server_tls(certificates, "server"));
    Client client(loop, {host, server.port(), "", true}, {}, client_tls(certificates));
    for (int i = 0; i < 2; ++i) {
        const Outcome outcome = loop.run(fetch(*client, kGet, kNothing));
        CHECK(outcome.error == "unavailable");
        CHECK_MESSAGE(outcome.message.find(expected) != std::string::npos, outcome.message);
    }
    CHECK(client.pooled() == 0);
}

TEST_CASE("the system's authorities do not know the test's") {
    Certificates certificates;
    certificates.issue("server", "DNS:localhost");
    Loop loop;
    Echo echo;
    const Server server(loop, echo, {}, server_tls(certificates, "server"));
    Client client(loop, {"localhost", server.port(), "", true}, {}, *make_client_tls(""));
    CHECK(loop.run(fetch(*client, kGet, kNothing)).error == "unavailable");
}

TEST_CASE("sessions are used again, names are sent") {
    Certificates certificates;
    certificates.issue("server", "DNS:localhost,IP:127.0.0.1");
    int version = TLS1_3_VERSION;
    SUBCASE("TLS 1.3") {}
    SUBCASE("TLS 1.2") {
        version = TLS1_2_VERSION;
    }
    const RawContext context(certificates, "server", version);
    Loop loop;
    Listener listener;
    for (const std::string host : {"localhost", "127.0.0.1"}) {
        Client client(loop, {host, listener.port(), "", true}, {}, client_tls(certificates));
        for (int i = 0; i < 3; ++i) {
            auto asked = loop.start(fetch(*client, kGet, kNothing));
            Peer peer = listener.accept();
            RawTls tls(context.get(), peer, true);
            CHECK(tls.shaken());
            CHECK(tls.session_reused() == (i > 0));
            CHECK(tls.server_name() == (host == "localhost" ? host : ""));
            tls.read_until("\r\n\r\n");
            tls.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
            CHECK(get(asked).body == "ok");
        }
    }
}

TEST_CASE("TLS before 1.2 is refused") {
    Certificates certificates;
    certificates.issue("server", "DNS:localhost");
    const RawContext context(certificates, "server", TLS1_1_VERSION);
    SSL_CTX_set_security_level(context.get(), 0);
    Loop loop;
    SUBCASE("by the client") {
        Listener listener;
        Client client(loop, {"localhost", listener.port(), "", true}, {}, client_tls(certificates));
        auto asked = loop.start(fetch(*client, kGet, kNothing));
        Peer peer = listener.accept();
        const RawTls tls(context.get(), peer, true);
        CHECK(!tls.shaken());
        peer.close();
        CHECK(get(asked).error == "unavailable");
    }
    SUBCASE("by the server") {
        Echo echo;
        const Server server(loop, echo, {}, server_tls(certificates, "server"));
        Peer peer = server.connect();
        const RawTls tls(context.get(), peer, false);
        CHECK(!tls.shaken());
    }
}

TEST_CASE("a body to the connection's end needs the farewell") {
    Certificates certificates;
    certificates.issue("server", "DNS:localhost");
    const RawContext context(certificates, "server");
    Loop loop;
    Listener listener;
    Client client(loop, {"localhost", listener.port(), "", true}, {}, client_tls(certificates));
    for (const bool farewell : {true, false}) {
        auto asked = loop.start(fetch(*client, kGet, kNothing));
        Peer peer = listener.accept();
        RawTls tls(context.get(), peer, true);
        tls.read_until("\r\n\r\n");
        tls.write("HTTP/1.1 200 OK\r\n\r\nall of it");
        if (farewell) tls.say_farewell();
        peer.close();
        const Outcome outcome = get(asked);
        CHECK(outcome.error == (farewell ? "" : "reset"));
        if (farewell) CHECK(outcome.body == "all of it");
    }
}

TEST_CASE("the server says farewell where the connection's end is the answer's") {
    Certificates certificates;
    certificates.issue("server", "DNS:localhost");
    Loop loop;
    Echo echo;
    const Server server(loop, echo, {}, server_tls(certificates, "server"));
    const RawContext context;
    for (const std::string request :
         {"POST /stream HTTP/1.0\r\ncontent-length: 4\r\n\r\nbody",
          "POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 4\r\n\r\nbody"}) {
        Peer peer = server.connect();
        RawTls tls(context.get(), peer, false);
        REQUIRE(tls.shaken());
        tls.write(request);
        CHECK(tls.read_until("never").find("body") != std::string::npos);
        CHECK(tls.farewell());
    }
    // A caller that does not answer the farewell, nor close, is not waited for.
    Peer peer = server.connect();
    RawTls tls(context.get(), peer, false);
    tls.write("POST / HTTP/1.0\r\ncontent-length: 4\r\n\r\nbody");
    CHECK(tls.read_until("never").find("body") != std::string::npos);
    CHECK(tls.farewell());
    loop.settle();
    loop.clock.advance(2'000'000);
    loop.eventually([&] { return server->connections() == 0; });
}

TEST_CASE("a kept TLS connection that the upstream has closed costs a second try") {
    Certificates certificates;
    certificates.issue("server", "DNS:localhost");
    const RawContext context(certificates, "server");
    Loop loop;
    Listener listener;
    Client client(loop, {"localhost", listener.port(), "", true}, {}, client_tls(certificates));
    const std::string ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    auto first = loop.start(fetch(*client, kGet, kNothing));
    Peer old = listener.accept();
    RawTls old_tls(context.get(), old, true);
    old_tls.read_until("\r\n\r\n");
    old_tls.write(ok);
    CHECK(get(first).body == "ok");
    CHECK(client.pooled() == 1);
    auto second = loop.start(fetch(*client, kGet, kNothing));
    old_tls.read_until("\r\n\r\n");
    SUBCASE("with a farewell") {
        old_tls.say_farewell();
        old.close();
    }
    SUBCASE("without") {
        old.close();
    }
    SUBCASE("by a reset") {
        old.reset();
    }
    Peer fresh = listener.accept();
    RawTls tls(context.get(), fresh, true);
    tls.read_until("\r\n\r\n");
    tls.write(ok);
    const Outcome outcome = get(second);
    CHECK(outcome.body == "ok");
    CHECK(!outcome.reused);
}

TEST_CASE("an upstream may answer before it has the whole request, with TLS too") {
    Certificates certificates;
    certificates.issue("server", "DNS:localhost");
    const RawContext context(certificates, "server");
    Loop loop;
    Listener listener;
    Client client(loop, {"localhost", listener.port(), "", true}, {}, client_tls(certificates));
    const std::string body(32u << 20, 'x');
    const std::string head =
        "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n";
    auto asked = loop.start(fetch(*client, head, body));
    Peer peer = listener.accept();
    RawTls tls(context.get(), peer, true);
    tls.read_until("\r\n\r\n");
    tls.write("HTTP/1.1 413 Too Large\r\ncontent-length: 8\r\n\r\ntoo ");
    loop.settle();
    tls.write("much");
    const Outcome outcome = get(asked);
    CHECK(outcome.error == "");
    CHECK(outcome.status == 413);
    CHECK(outcome.body == "too much");
    CHECK(client.pooled() == 0);
}

TEST_CASE("handshakes that come to nothing") {
    Certificates certificates;
    certificates.issue("server", "DNS:localhost");
    Loop loop;
    Echo echo;
    ServerLimits limits;
    limits.connections = 2;
    SUBCASE("the server's side") {
        const Server server(loop, echo, limits, server_tls(certificates, "server"));
        SUBCASE("not TLS") {
            Peer peer = server.connect();
            peer.send(kGet);
            peer.read_to_end();
        }
        SUBCASE("a caller that leaves") {
            Peer peer = server.connect();
            peer.send("\x16\x03\x01");
            loop.settle();
            peer.close();
        }
        SUBCASE("a caller that says nothing: counted, then cut off") {
            Peer peer = server.connect();
            Peer second = server.connect();
            Peer third = server.connect();
            CHECK(third.read_end() == Peer::End::orderly);
            CHECK(server->connections() == 2);
            loop.settle();
            loop.clock.advance(limits.slow_head_micros);
            loop.eventually([&] { return server->connections() == 0; });
            CHECK(peer.read_end() == Peer::End::orderly);
        }
        SUBCASE("a close meanwhile") {
            Peer peer = server.connect();
            loop.eventually([&] { return server->connections() == 1; });
            loop.call([&] { server->close(); });
            CHECK(peer.read_end() == Peer::End::orderly);
        }
        loop.eventually([&] { return server->connections() == 0; });
    }
    SUBCASE("the client's side") {
        Listener listener;
        const ClientLimits client_limits;
        Client client(loop, {"localhost", listener.port(), "", true}, client_limits, client_tls(certificates));
        SUBCASE("not TLS") {
            auto asked = loop.start(fetch(*client, kGet, kNothing));
            Peer peer = listener.accept();
            peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
            const Outcome outcome = get(asked);
            CHECK(outcome.error == "unavailable");
            CHECK(outcome.message.find("TLS: ") != std::string::npos);
        }
        SUBCASE("closed") {
            auto asked = loop.start(fetch(*client, kGet, kNothing));
            listener.accept();
            CHECK(get(asked).error == "unavailable");
        }
        SUBCASE("silence") {
            auto asked = loop.start(fetch(*client, kGet, kNothing));
            Peer peer = listener.accept();
            char first;
            ::recv(peer.fd(), &first, 1, MSG_PEEK);  // the handshake is under way
            loop.settle();
            loop.clock.advance(client_limits.connect_micros);
            CHECK(get(asked).error == "timeout");
        }
        SUBCASE("given up") {
            auto call = loop.call([&] { return std::make_unique<HttpCall>(*client); });
            auto asked = loop.start(call->send(kGet, kNothing));
            Peer peer = listener.accept();
            char first;
            ::recv(peer.fd(), &first, 1, MSG_PEEK);
            loop.settle();
            loop.call([&] { call->cancel(); });
            CHECK(get(asked).error().code == ErrorCode::canceled);
            loop.call([&] { call.reset(); });
        }
    }
}

TEST_CASE("a TLS caller that leaves is noticed") {
    struct Waiting final : TestHandler, PeerWatcher {
        explicit Waiting(Loop& loop) : gate(loop) {}
        void on_peer_gone() override { gate.open_here(); }
        Task<void> handle(Exchange& exchange) override {
            exchange.watch_caller(this);
            co_await gate;
            exchange.watch_caller(nullptr);
            exchange.abandon();
            ++left;
        }
        Gate gate;
        std::atomic<int> left = 0;
    };
    Certificates certificates;
    certificates.issue("server", "DNS:localhost");
    Loop loop;
    Waiting waiting(loop);
    const Server server(loop, waiting, {}, server_tls(certificates, "server"));
    Client client(loop, {"localhost", server.port(), "", true}, {}, client_tls(certificates));
    auto call = loop.call([&] { return std::make_unique<HttpCall>(*client); });
    auto asked = loop.start(call->send(kGet, kNothing));
    loop.eventually([&] { return waiting.gate.awaited(); });
    loop.call([&] { call->cancel(); });
    CHECK(loop.eventually([&] { return waiting.left == 1; }) <= 2);
    CHECK(get(asked).error().code == ErrorCode::canceled);
    loop.call([&] { call.reset(); });
}
