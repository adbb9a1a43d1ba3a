#include "net/http_client.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <cstdlib>
#include <filesystem>

#include "net/http_client_testing.h"

using namespace weir;
using namespace weir::net;
using namespace weir::net::testing;

namespace {

// A listening socket that takes no more connections: its queue is full.
class FullListener {
  public:
    FullListener() : listener_(0) {
        for (int& fd : waiting_) {
            fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_port = htons(listener_.port());
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        }
    }
    ~FullListener() {
        for (const int fd : waiting_) ::close(fd);
    }
    FullListener(const FullListener&) = delete;
    Endpoint endpoint() const { return listener_.endpoint(); }

  private:
    Listener listener_;
    int waiting_[4]{};
};

}  // namespace

TEST_CASE("connections that can't be made") {
    Loop loop;
    SUBCASE("refused") {
        Listener listener;
        listener.close();
        Client client(loop, listener.endpoint());
        const Outcome outcome = loop.run(fetch(*client, kQuestion));
        CHECK(outcome.error == "unavailable");
        CHECK(outcome.message.find(listener.endpoint().to_string()) != std::string::npos);
        CHECK(!outcome.sent);
    }
    SUBCASE("no answer to the attempt") {
        const FullListener listener;
        const ClientLimits limits;
        Client client(loop, listener.endpoint(), limits);
        loop.clock.advance(1'000'000);
        Question question;
        Micros limit = limits.connect_micros;
        SUBCASE("within the connect limit") {}
        SUBCASE("within the call's deadline") {
            question.deadline = 1'000'000 + 2'000'000;
            limit = 2'000'000;
        }
        auto asked = loop.start(fetch(*client, question));
        loop.settle();
        loop.clock.advance(limit - 1);
        loop.sweep(2);
        CHECK(asked.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
        loop.clock.advance(1);
        const Outcome outcome = get(asked);
        CHECK(outcome.error == "timeout");
        CHECK(!outcome.sent);
    }
    SUBCASE("a name that can't exist") {
        // A label of 64 bytes: refused before any server is asked.
        Client client(loop, {std::string(64, 'x') + ".invalid", 80, "", false});
        CHECK(loop.run(fetch(*client, kQuestion)).error == "unavailable");
    }
    SUBCASE("no socket at the path") {
        Client client(loop, {"", 0, "/nonexistent/socket", false});
        CHECK(loop.run(fetch(*client, kQuestion)).error == "unavailable");
    }
    SUBCASE("a path that is too long") {
        Client client(loop, {"", 0, "/" + std::string(200, 'x'), false});
        CHECK(loop.run(fetch(*client, kQuestion)).error == "unavailable");
    }
    SUBCASE("a deadline that has passed") {
        Listener listener;
        loop.clock.advance(1'000'000);
        Question question;
        question.deadline = 1;
        for (const char* host : {"127.0.0.1", "localhost"}) {
            Client client(loop, {host, listener.port(), "", false});
            CHECK(loop.run(fetch(*client, question)).error == "timeout");
        }
    }
    SUBCASE("TLS without settings") {
        Listener listener;
        Endpoint endpoint = listener.endpoint();
        endpoint.tls = true;
        Client client(loop, endpoint);
        CHECK(loop.run(fetch(*client, kQuestion)).error == "unavailable");
    }
}

TEST_CASE("names and Unix sockets") {
    Loop loop;
    std::unique_ptr<Listener> listener;
    Endpoint endpoint;
    std::string directory = "/tmp/weir-net-XXXXXX";
    REQUIRE(::mkdtemp(directory.data()) != nullptr);
    SUBCASE("localhost") {
        listener = std::make_unique<Listener>();
        endpoint = {"localhost", listener->port(), "", false};
    }
    SUBCASE("a Unix socket") {
        endpoint.unix_path = directory + "/s";
        listener = std::make_unique<Listener>(endpoint.unix_path);
    }
    {
        Client client(loop, endpoint);
        Peer peer = pool_one(loop, client, *listener);
        auto asked = loop.start(fetch(*client, kQuestion));
        read_request(peer);
        peer.send(kOk);
        CHECK(get(asked).reused);
    }
    std::filesystem::remove_all(directory);
}

TEST_CASE("a call can be given up at any time") {
    Loop loop;
    Listener listener;
    const FullListener full;
    Client client(loop, listener.endpoint());
    SUBCASE("before it begins") {
        Held call(loop, client);
        call.cancel();
        const Outcome outcome = loop.run(ask(*call, kQuestion));
        CHECK(outcome.error == "canceled");
        CHECK(!outcome.sent);
    }
    SUBCASE("while the name is looked up") {
        Client named(loop, {"localhost", listener.port(), "", false});
        Held call(loop, named);
        std::future<Outcome> asked;
        loop.call([&] {
            // Within one turn of the loop: no look-up can have ended in between.
            auto running = std::make_shared<Running<Outcome>>(ask(*call, kQuestion));
            asked = running->promise.get_future();
            spawn(complete(running));
            (*call).cancel();
        });
        CHECK(get(asked).error == "canceled");
    }
    SUBCASE("while connecting") {
        Client slow(loop, full.endpoint());
        Held call(loop, slow);
        auto asked = loop.start(ask(*call, kQuestion));
        loop.settle();
        call.cancel();
        CHECK(get(asked).error == "canceled");
    }
    SUBCASE("while writing") {
        Held call(loop, client);
        const Question question = post(std::string(64u << 20, 'x'));
        auto asked = loop.start(ask(*call, question));
        Peer peer = listener.accept();
        peer.read_until("\r\n\r\n");
        call.cancel();
        const Outcome outcome = get(asked);
        CHECK(outcome.error == "canceled");
        CHECK(outcome.sent);
    }
    SUBCASE("while waiting for the head") {
        Held call(loop, client);
        auto asked = loop.start(ask(*call, kQuestion));
        Peer peer = listener.accept();
        read_request(peer);
        peer.send("HTTP/1.1 2");
        loop.settle();
        call.cancel();
        call.cancel();
        CHECK(get(asked).error == "canceled");
        CHECK(peer.read_to_end() == "");
    }
    SUBCASE("in the body") {
        Held call(loop, client);
        auto asked = loop.start(ask(*call, kQuestion));
        Peer peer = listener.accept();
        read_request(peer);
        std::string body = "HTTP/1.1 200 OK\r\n";
        SUBCASE("with a length") {
            body += "content-length: 10\r\n\r\nabc";
        }
        SUBCASE("chunked") {
            body += "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n";
        }
        SUBCASE("to the connection's end") {
            body += "\r\nabc";
        }
        peer.send(body);
        loop.settle();
        call.cancel();
        CHECK(get(asked).read_error == "canceled");
        CHECK(peer.read_to_end() == "");
    }
    SUBCASE("inside a sweep") {
        Held call(loop, client);
        auto asked = loop.start(ask(*call, kQuestion));
        Peer peer = listener.accept();
        read_request(peer);
        loop.call([&] {
            loop.reactor.every_sweep([&] {
                (*call).cancel();
                return false;
            });
        });
        CHECK(get(asked).error == "canceled");
    }
    SUBCASE("when it is over, to no effect") {
        {
            Held call(loop, client);
            auto asked = loop.start(ask(*call, kQuestion));
            Peer peer = listener.accept();
            read_request(peer);
            peer.send(kOk);
            CHECK(get(asked).body == "ok");
            call.cancel();
            peer.close();
        }
    }
}

TEST_CASE("an upstream may answer before it has the whole request") {
    Loop loop;
    Listener listener;
    Client client(loop, listener.endpoint());
    const Question question = post(std::string(64u << 20, 'x'));
    const std::string answer = "HTTP/1.1 413 Too Large\r\ncontent-length: 8\r\n\r\ntoo much";
    auto asked = loop.start(fetch(*client, question));
    Peer peer = listener.accept();
    peer.read_until("\r\n\r\n");
    SUBCASE("and takes no more of it") {
        peer.send(answer);
    }
    SUBCASE("after an interim answer") {
        peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        loop.settle();
        peer.send(answer);
    }
    SUBCASE("and says no more") {
        peer.send(answer);
        peer.finish_sending();
    }
    SUBCASE("and closes on what it has not read") {
        peer.send(answer);
        loop.settle();
        peer.close();
    }
    const Outcome outcome = get(asked);
    CHECK(outcome.error + outcome.read_error == "");
    CHECK(outcome.status == 413);
    CHECK(outcome.body == "too much");
    CHECK(client.pooled() == 0);
    CHECK(!listener.somebody_waits());
}

TEST_CASE("an upstream that stops in the midst of a large request") {
    Loop loop;
    Listener listener;
    Client client(loop, listener.endpoint());
    const Question question = post(std::string(64u << 20, 'x'));
    SUBCASE("fresh: an error") {
        auto asked = loop.start(fetch(*client, question));
        Peer peer = listener.accept();
        peer.read_until("\r\n\r\n");
        SUBCASE("by a reset") {
            peer.reset();
        }
        SUBCASE("by a close") {
            peer.close();
        }
        SUBCASE("by half a close") {
            peer.finish_sending();
        }
        const Outcome outcome = get(asked);
        CHECK((outcome.error == "reset" || outcome.error == "closed"));
    }
    SUBCASE("kept: tried once more") {
        Peer old = pool_one(loop, client, listener);
        auto asked = loop.start(fetch(*client, question));
        old.read_until("\r\n\r\n");
        old.reset();
        Peer peer = listener.accept();
        CHECK(read_request(peer).size() == question.head.size() + question.body.size());
        peer.send(kOk);
        CHECK(get(asked).body == "ok");
        CHECK(client.pooled() == 1);
    }
    CHECK(!listener.somebody_waits());
}

TEST_CASE("a call destroyed in mid-answer closes its connection") {
    Loop loop;
    Listener listener;
    Client client(loop, listener.endpoint());
    Question question;
    question.limit = 1;
    auto asked = loop.start(fetch(*client, question));
    Peer peer = listener.accept();
    read_request(peer);
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabcdef");
    CHECK(get(asked).read_error == "too_large");
    CHECK(peer.read_to_end() == "");
    CHECK(client.pooled() == 0);
}

TEST_CASE("clients come and go while the reactor sweeps") {
    Loop loop;
    Listener listener;
    for (int i = 0; i < 5; ++i) {
        Client client(loop, listener.endpoint());
        Peer peer = pool_one(loop, client, listener);
    }
    // A client may be made within a sweep.
    std::vector<std::unique_ptr<HttpClient>> made;
    loop.call([&] {
        loop.reactor.every_sweep([&] {
            for (int i = 0; i < 100; ++i) {
                made.push_back(
                    std::make_unique<HttpClient>(loop.reactor, listener.endpoint(), ClientLimits{}, nullptr));
            }
            return false;
        });
    });
    loop.eventually([&] { return made.size() == 100; });
    loop.sweep(2);
    loop.call([&] { made.clear(); });
}
