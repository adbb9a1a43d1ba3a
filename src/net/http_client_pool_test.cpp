// Connections that are kept, used again, and given up.
#include <doctest/doctest.h>

#include "net/http_client_testing.h"

using namespace weir;
using namespace weir::net;
using namespace weir::net::testing;

TEST_CASE("connections are used again") {
    Loop loop;
    Listener listener;
    Client client(loop, listener.endpoint());
    CHECK(client.pooled() == 0);
    Peer peer = pool_one(loop, client, listener);
    for (int i = 0; i < 3; ++i) {
        auto next = loop.start(fetch(*client, kQuestion));
        CHECK(read_request(peer) == kQuestion.head);
        peer.send(kOk);
        const Outcome outcome = get(next);
        CHECK(outcome.body == "ok");
        CHECK(outcome.reused);
        CHECK(outcome.sent);
    }
    CHECK(client.pooled() == 1);
    CHECK(!listener.somebody_waits());
}

TEST_CASE("connections that can't be used again are not kept") {
    Loop loop;
    Listener listener;
    ClientLimits limits;
    Client client(loop, listener.endpoint(), limits);
    std::string answer;
    std::size_t limit = 1000;
    SUBCASE("Connection: close") {
        answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
    }
    SUBCASE("HTTP/1.0") {
        answer = "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok";
    }
    SUBCASE("bytes behind the answer") {
        answer = kOk + "H";
    }
    SUBCASE("an answer not read to its end") {
        answer = kOk;
        limit = 1;
    }
    Question question;
    question.limit = limit;
    auto asked = loop.start(fetch(*client, question));
    Peer peer = listener.accept();
    read_request(peer);
    peer.send(answer);
    CHECK(get(asked).status == 200);
    CHECK(client.pooled() == 0);
    CHECK(peer.read_to_end() == "");
}

TEST_CASE("idle connections are dropped") {
    Loop loop;
    Listener listener;
    const ClientLimits limits;
    Client client(loop, listener.endpoint(), limits);
    Peer peer = pool_one(loop, client, listener);
    SUBCASE("when they are old") {
        loop.clock.advance(limits.pooled_micros);
    }
    SUBCASE("when the upstream closes them") {
        peer.close();
    }
    SUBCASE("when the upstream resets them") {
        peer.reset();
    }
    SUBCASE("when the upstream speaks unasked") {
        peer.send("HTTP/1.1 500 Surprise\r\n\r\n");
    }
    HttpClient& there = *client;
    loop.eventually([&] { return there.pooled() == 0; });
}

TEST_CASE("no more connections are kept than allowed") {
    Loop loop;
    Listener listener;
    ClientLimits limits;
    limits.pooled_connections = 2;
    Client client(loop, listener.endpoint(), limits);
    std::vector<std::future<Outcome>> asked;
    std::vector<Peer> peers;
    for (int i = 0; i < 4; ++i) {
        asked.push_back(loop.start(fetch(*client, kQuestion)));
        peers.push_back(listener.accept());
    }
    for (Peer& peer : peers) peer.send(kOk);
    for (auto& one : asked) CHECK(get(one).body == "ok");
    CHECK(client.pooled() == 2);
}

TEST_CASE("a kept connection that the upstream has closed costs a second try, no more") {
    Loop loop;
    Listener listener;
    Client client(loop, listener.endpoint());
    Peer old = pool_one(loop, client, listener);
    const Question question = post("a body that is sent again");
    std::future<Outcome> asked;
    bool reset = false;
    SUBCASE("closed before the request") {
        old.close();
        asked = loop.start(fetch(*client, question));
    }
    SUBCASE("closed upon the request") {
        asked = loop.start(fetch(*client, question));
        read_request(old);
        SUBCASE("orderly") {
            old.close();
        }
        SUBCASE("by a reset") {
            old.reset();
        }
    }
    SUBCASE("a 408 before the close") {
        asked = loop.start(fetch(*client, question));
        read_request(old);
        old.send("HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        old.close();
    }
    SUBCASE("and the second try fails as well") {
        asked = loop.start(fetch(*client, question));
        old.close();
        reset = true;
    }
    Peer fresh = listener.accept();
    CHECK(read_request(fresh) == question.head + question.body);
    if (reset) {
        fresh.close();
        const Outcome outcome = get(asked);
        CHECK((outcome.error == "closed" || outcome.error == "reset"));
        CHECK(!listener.somebody_waits());
    } else {
        fresh.send(kOk);
        const Outcome outcome = get(asked);
        CHECK(outcome.body == "ok");
        CHECK(!outcome.reused);
        CHECK(client.pooled() == 1);
    }
}

TEST_CASE("what is not tried again") {
    Loop loop;
    Listener listener;
    const ClientLimits limits;
    Client client(loop, listener.endpoint(), limits);
    SUBCASE("a fresh connection closed without an answer") {
        auto asked = loop.start(fetch(*client, kQuestion));
        Peer peer = listener.accept();
        read_request(peer);
        peer.close();
        CHECK(get(asked).error == "closed");
    }
    SUBCASE("a fresh connection that says 408") {
        auto asked = loop.start(fetch(*client, kQuestion));
        Peer peer = listener.accept();
        read_request(peer);
        peer.send("HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        CHECK(get(asked).status == 408);
    }
    SUBCASE("an answer begun on a kept connection") {
        Peer peer = pool_one(loop, client, listener);
        auto asked = loop.start(fetch(*client, kQuestion));
        read_request(peer);
        peer.send("HTTP/1.1 2");
        loop.settle();
        peer.close();
        CHECK(get(asked).error == "closed");
    }
    SUBCASE("an answer that takes too long on a kept connection") {
        Peer peer = pool_one(loop, client, listener);
        auto asked = loop.start(fetch(*client, kQuestion));
        read_request(peer);
        loop.settle();
        loop.clock.advance(limits.first_byte_micros);
        CHECK(get(asked).error == "timeout");
    }
    SUBCASE("what was cancelled on a kept connection") {
        Peer peer = pool_one(loop, client, listener);
        Held call(loop, client);
        auto asked = loop.start(ask(*call, kQuestion));
        read_request(peer);
        call.cancel();
        CHECK(get(asked).error == "canceled");
    }
    CHECK(!listener.somebody_waits());
}
