#include "net/http_server.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <ctime>

#include "net/loopback_testing.h"

using namespace weir;
using namespace weir::net;
using namespace weir::net::testing;

namespace {

// Answers with what it was asked.
class Echo : public TestHandler {
  public:
    Task<void> handle(Exchange& exchange) override {
        std::string headers = "x-seen: ";
        headers += exchange.head().method;
        headers += ' ';
        headers += exchange.head().target;
        headers += ' ';
        headers += exchange.head().headers.value("x-probe");
        headers += "\r\n";
        const std::string body(exchange.body());
        ++handled;
        co_await exchange.respond(200, headers, body);
    }
    std::atomic<int> handled = 0;
};

std::string get_request(std::string_view target, std::string_view more = {}) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: here\r\n" + std::string(more) + "\r\n";
}

std::string post_request(std::string_view target, std::string_view body, std::string_view more = {}) {
    return "POST " + std::string(target) + " HTTP/1.1\r\nHost: here\r\n" + std::string(more) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string chunked(std::string_view body, std::size_t chunk_bytes) {
    std::string out;
    char size[24];
    while (!body.empty()) {
        const std::string_view piece = body.substr(0, chunk_bytes);
        std::snprintf(size, sizeof size, "%zX;part=\"x\"\r\n", piece.size());
        out += size;
        out += piece;
        out += "\r\n";
        body.remove_prefix(piece.size());
    }
    return out + "0\r\nX-Trailer: t\r\n\r\n";
}

std::string chunked_request(std::string_view target, std::string_view body, std::size_t chunk_bytes,
                            std::string_view more = {}) {
    return "POST " + std::string(target) + " HTTP/1.1\r\nHost: here\r\n" + std::string(more) +
           "Transfer-Encoding: chunked\r\n\r\n" + chunked(body, chunk_bytes);
}

std::string bytes_of(std::size_t count) {
    std::string made(count, '\0');
    unsigned state = 12345;
    for (char& c : made) {
        state = state * 1664525 + 1013904223;
        c = static_cast<char>(state >> 24);
    }
    return made;
}

}  // namespace

TEST_CASE("a connection carries one request after the other") {
    Loop loop;
    Echo echo;
    const Server server(loop, echo);
    Peer caller = server.connect();
    for (const std::string_view body : {"one", "", "three"}) {
        caller.send(post_request("/echo?x=1", body, "X-Probe: p\r\n"));
        const Answer answer = caller.read_answer();
        CHECK(answer.status == 200);
        CHECK(answer.head.starts_with("HTTP/1.1 200 OK\r\ndate: Tue, 14 Nov 2023 22:13:20 GMT\r\n"));
        CHECK(answer.has("x-seen: POST /echo?x=1 p\r\n"));
        CHECK(answer.has("content-length: " + std::to_string(body.size()) + "\r\n"));
        CHECK(!answer.has("connection:"));
        CHECK(answer.body == body);
        CHECK(server->connections() == 1);
    }
    loop.settle();
    CHECK(server->active() == 0);
}

TEST_CASE("the date moves with the clock") {
    Loop loop;
    Echo echo;
    const Server server(loop, echo);
    Peer caller = server.connect();
    loop.clock.advance(999'999);
    caller.send(get_request("/"));
    CHECK(caller.read_answer().has("date: Tue, 14 Nov 2023 22:13:20 GMT\r\n"));
    loop.clock.advance(1);
    caller.send(get_request("/"));
    CHECK(caller.read_answer().has("date: Tue, 14 Nov 2023 22:13:21 GMT\r\n"));
}

TEST_CASE("a request split anywhere is the same request") {
    Loop loop;
    Echo echo;
    const Server server(loop, echo);
    Peer caller = server.connect();
    const std::string body = "0123456789abcdef";
    SUBCASE("with a length") {
        const std::string request = "\r\n" + post_request("/split", body, "X-Probe: probe value\r\n");
        for (std::size_t at = 0; at <= request.size(); ++at) {
            caller.send(std::string_view(request).substr(0, at));
            loop.settle();
            caller.send(std::string_view(request).substr(at));
            const Answer answer = caller.read_answer();
            CHECK(answer.has("x-seen: POST /split probe value\r\n"));
            CHECK(answer.body == body);
        }
    }
    SUBCASE("chunked, with the next one behind it") {
        const std::string request = chunked_request("/split", body, 5, "X-Probe: probe value\r\n");
        const std::string both = request + post_request("/next", "next body", "X-Probe: second\r\n");
        for (std::size_t at = 0; at <= both.size(); ++at) {
            caller.send(std::string_view(both).substr(0, at));
            loop.settle();
            caller.send(std::string_view(both).substr(at));
            Answer answer = caller.read_answer();
            CHECK(answer.has("x-seen: POST /split probe value\r\n"));
            CHECK(answer.body == body);
            answer = caller.read_answer();
            CHECK(answer.has("x-seen: POST /next second\r\n"));
            CHECK(answer.body == "next body");
        }
    }
    SUBCASE("byte by byte") {
        const std::string both = chunked_request("/a", body, 3) + post_request("/b", body);
        for (const char byte : both) {
            caller.send({&byte, 1});
            loop.settle();
        }
        CHECK(caller.read_answer().body == body);
        CHECK(caller.read_answer().body == body);
    }
}

TEST_CASE("requests sent at once are answered in order") {
    Loop loop;
    Echo echo;
    const Server server(loop, echo);
    Peer caller = server.connect();
    std::string all;
    SUBCASE("small chunked ones in one segment") {
        for (int i = 0; i < 30; ++i) all += chunked_request("/" + std::to_string(i), "body " + std::to_string(i), 2);
        caller.send(all);
        for (int i = 0; i < 30; ++i) {
            const Answer answer = caller.read_answer();
            CHECK(answer.has("x-seen: POST /" + std::to_string(i) + " \r\n"));
            CHECK(answer.body == "body " + std::to_string(i));
        }
    }
    SUBCASE("very many, without deep stacks") {
        constexpr int kMany = 50'000;
        std::thread sender([&] {
            std::string block;
            for (int i = 0; i < kMany; ++i) block += get_request("/");
            caller.send(block);
        });
        for (int i = 0; i < kMany; ++i) REQUIRE(caller.read_answer().status == 200);
        sender.join();
    }
}

TEST_CASE("any mixture of requests, cut anywhere, is answered as sent") {
    Loop loop;
    Echo echo;
    const Server server(loop, echo);
    CHECK(rc::check([&] {
        Peer caller = server.connect();
        const auto count = *rc::gen::inRange<std::size_t>(1, 6);
        std::string all;
        std::vector<std::string> bodies;
        for (std::size_t i = 0; i < count; ++i) {
            const auto scale = *rc::gen::element<std::size_t>(1, 100, 5'000, 40'000, 200'000);
            bodies.push_back(bytes_of(*rc::gen::inRange<std::size_t>(0, scale)));
            const std::string more = "X-Probe: " + std::to_string(i) + "\r\n";
            if (*rc::gen::arbitrary<bool>()) {
                all += chunked_request("/", bodies.back(), *rc::gen::inRange<std::size_t>(1, scale + 1), more);
            } else {
                all += post_request("/", bodies.back(), more);
            }
        }
        const auto cuts = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, all.size()));
        std::thread sender([&] {
            std::vector<std::size_t> sorted = cuts;
            std::sort(sorted.begin(), sorted.end());
            sorted.push_back(all.size());
            std::size_t from = 0;
            for (const std::size_t to : sorted) {
                caller.send(std::string_view(all).substr(from, to - from));
                loop.settle();
                from = to;
            }
        });
        std::vector<Answer> answers;
        for (std::size_t i = 0; i < count; ++i) answers.push_back(caller.read_answer());
        sender.join();
        for (std::size_t i = 0; i < count; ++i) {
            RC_ASSERT(answers[i].has("x-seen: POST / " + std::to_string(i) + "\r\n"));
            RC_ASSERT(answers[i].body == bodies[i]);
        }
    }));
}

TEST_CASE("large bodies") {
    Loop loop;
    Echo echo;
    const Server server(loop, echo);
    Peer caller = server.connect();
    const std::string body = bytes_of(5u << 20);
    for (const std::size_t chunk_bytes : {0u, 1000u, 65'536u, 3'000'000u}) {
        const std::string request =
            chunk_bytes == 0 ? post_request("/", body) : chunked_request("/", body, chunk_bytes, "X-Probe: big\r\n");
        std::thread sender([&] { caller.send(request + get_request("/after")); });
        CHECK(caller.read_answer().body == body);
        CHECK(caller.read_answer().has("GET /after"));
        sender.join();
    }
}

TEST_CASE("a large body that trickles costs no more than it weighs") {
    // A read must not touch all of the room made for what is still to come: here that would be 6,000 x 14 MiB.
    Loop loop;
    Echo echo;
    const Server server(loop, echo);
    Peer caller = server.connect();
    const std::string body = bytes_of(31u << 20);
    const std::string request = post_request("/", body);
    const auto cpu_seconds = [&] {
        return loop.call([] {
            timespec used{};
            ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
            return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
        });
    };
    std::size_t at = 17u << 20;
    caller.send(std::string_view(request).substr(0, at));
    loop.sweep(2);  // all of it is read: what follows comes byte by byte
    const double before = cpu_seconds();
    for (const std::size_t stop = at + 6000; at < stop; ++at) {
        caller.send({request.data() + at, 1});
        loop.settle();
    }
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    constexpr double kMost = 20.0;
#else
    constexpr double kMost = 1.0;
#endif
    CHECK(cpu_seconds() - before < kMost);
    std::thread sender([&] { caller.send(std::string_view(request).substr(at)); });
    CHECK(caller.read_answer().body == body);
    sender.join();
}

TEST_CASE("limits on body and head") {
    Loop loop;
    Echo echo;
    ServerLimits limits;
    limits.body_bytes = 100'000;
    limits.head_bytes = 6000;
    const Server server(loop, echo, limits);
    Peer caller = server.connect();
    const std::string most = bytes_of(limits.body_bytes);
    const std::string too_much = bytes_of(limits.body_bytes + 1);
    SUBCASE("the limit itself is allowed") {
        caller.send(post_request("/", most));
        CHECK(caller.read_answer().body == most);
        caller.send(chunked_request("/", most, 777));
        CHECK(caller.read_answer().body == most);
        std::string request = get_request("/", "X-Filler: " + std::string(3000, 'x') + "\r\n");
        request.insert(request.size() - 4, limits.head_bytes - request.size(), 'y');
        caller.send(request);
        CHECK(caller.read_answer().status == 200);
    }
    SUBCASE("a length above it") {
        caller.send(post_request("/", too_much));
        const Answer answer = caller.read_answer();
        CHECK(answer.status == 413);
        CHECK(answer.body == "{\"status\":413}");
        CHECK(answer.has("connection: close\r\n"));
        CHECK(caller.read_end() == Peer::End::orderly);
    }
    SUBCASE("chunks above it") {
        caller.send(chunked_request("/", too_much, 9999));
        CHECK(caller.read_answer().status == 413);
        caller.finish_sending();
        CHECK(caller.read_end() == Peer::End::orderly);
    }
    SUBCASE("an endless chunked body is not waited for") {
        caller.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
                    chunked(too_much, 500).substr(0, 150'000));
        CHECK(caller.read_answer().status == 413);
    }
    SUBCASE("a head above it") {
        std::string request = get_request("/", "X-Filler: " + std::string(3000, 'x') + "\r\n");
        request.insert(request.size() - 4, limits.head_bytes + 1 - request.size(), 'y');
        caller.send(request);
        CHECK(caller.read_answer().status == 431);
    }
    SUBCASE("an endless head") {
        caller.send("GET / HTTP/1.1\r\nHost: h\r\nX-Filler: " + std::string(50'000, 'x'));
        CHECK(caller.read_answer().status == 431);
    }
    SUBCASE("a head that is none") {
        caller.send("\x16\x03\x01\x02 what is this");
        CHECK(caller.read_answer().status == 400);
    }
    SUBCASE("bad chunks") {
        caller.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
        CHECK(caller.read_answer().status == 400);
    }
    SUBCASE("a bad request behind a good one") {
        caller.send(post_request("/", "good") + "BAD\r\n\r\n");
        CHECK(caller.read_answer().body == "good");
        CHECK(caller.read_answer().status == 400);
    }
    SUBCASE("both lengths") {
        caller.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n");
        CHECK(caller.read_answer().status == 400);
    }
    SUBCASE("a refusal to HEAD that can't be read") {
        caller.send("HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: 999999\r\n\r\n");
        CHECK(caller.read_answer().status == 413);
    }
    caller.finish_sending();
    loop.eventually([&] { return server->connections() == 0; });
}

TEST_CASE("a refused caller that never stops sending is cut off in time") {
    Loop loop;
    Echo echo;
    ServerLimits limits;
    limits.body_bytes = 10;
    const Server server(loop, echo, limits);
    Peer caller = server.connect();
    caller.send(post_request("/", bytes_of(1000)));
    CHECK(caller.read_answer().status == 413);
    CHECK(caller.end() == Peer::End::open);
    loop.settle();
    CHECK(server->connections() == 1);
    loop.clock.advance(1'100'000);
    loop.eventually([&] { return server->connections() == 0; });
}

TEST_CASE("slow callers are cut off") {
    Loop loop;
    Echo echo;
    const ServerLimits limits;
    const Server server(loop, echo, limits);
    Peer caller = server.connect();
    const auto is_cut = [&] { loop.eventually([&] { return server->connections() == 0; }); };
    const auto wait = [&](Micros duration) {
        loop.settle();
        loop.clock.advance(duration);
        loop.sweep(2);
    };
    SUBCASE("before a first request") {
        wait(limits.keep_alive_micros - 1);
        CHECK(server->connections() == 1);
        wait(1);
        is_cut();
    }
    SUBCASE("between requests") {
        wait(limits.keep_alive_micros - 1);
        caller.send(get_request("/"));
        caller.read_answer();
        wait(limits.keep_alive_micros - 1);
        CHECK(server->connections() == 1);
        wait(1);
        is_cut();
        CHECK(caller.read_end() == Peer::End::orderly);
    }
    SUBCASE("in a head: bytes that trickle don't extend the time") {
        caller.send("GET / HT");
        wait(limits.slow_head_micros - 1);
        caller.send("TP/1.1\r\nHost: ");
        loop.settle();
        CHECK(server->connections() == 1);
        wait(1);
        is_cut();
    }
    SUBCASE("in a head behind another request") {
        caller.send(get_request("/") + "G");
        caller.read_answer();
        wait(limits.slow_head_micros);
        is_cut();
    }
    SUBCASE("in a body: each piece extends the time") {
        const std::string request = post_request("/", bytes_of(2000));
        caller.send(std::string_view(request).substr(0, 500));
        wait(limits.slow_head_micros - 1);
        caller.send(std::string_view(request).substr(500, 500));
        wait(limits.slow_head_micros - 1);
        CHECK(server->connections() == 1);
        wait(1);
        is_cut();
    }
    SUBCASE("in a large body") {
        caller.send(post_request("/", bytes_of(200'000)).substr(0, 150'000));
        wait(limits.slow_head_micros);
        // It comes in several reads, and a piece that was read only then has extended the time.
        if (server->connections() == 1) wait(limits.slow_head_micros);
        is_cut();
    }
    SUBCASE("in a chunked body") {
        caller.send(chunked_request("/", bytes_of(2000), 100).substr(0, 1500));
        wait(limits.slow_head_micros);
        is_cut();
    }
    CHECK(echo.handled <= 1);
}

TEST_CASE("100-continue") {
    Loop loop;
    Echo echo;
    ServerLimits limits;
    limits.body_bytes = 100;
    const Server server(loop, echo, limits);
    Peer caller = server.connect();
    SUBCASE("with a length, twice on one connection") {
        for (int i = 0; i < 2; ++i) {
            caller.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
            CHECK(caller.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
            caller.send("body");
            CHECK(caller.read_answer().body == "body");
        }
    }
    SUBCASE("chunked") {
        caller.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
        CHECK(caller.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
        caller.send("4\r\nbody\r\n0\r\n\r\n");
        CHECK(caller.read_answer().body == "body");
    }
    SUBCASE("not where the body is there already") {
        caller.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody");
        CHECK(caller.read_answer().status == 200);
    }
    SUBCASE("not where the body is too large") {
        caller.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n");
        CHECK(caller.read_answer().status == 413);
    }
    SUBCASE("not in HTTP/1.0") {
        caller.send("POST / HTTP/1.0\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
        loop.settle();
        CHECK(caller.nothing_yet());
        caller.send("body");
        CHECK(caller.read_answer().body == "body");
    }
    SUBCASE("another expectation") {
        caller.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\nContent-Length: 4\r\n\r\nbody");
        CHECK(caller.read_answer().status == 417);
    }
    caller.close();
}

TEST_CASE("the end of a connection is as asked") {
    Loop loop;
    Echo echo;
    const Server server(loop, echo);
    Peer caller = server.connect();
    SUBCASE("Connection: close") {
        caller.send(get_request("/", "Connection: close\r\n"));
        CHECK(caller.read_answer().has("connection: close\r\n"));
        CHECK(caller.read_end() == Peer::End::orderly);
    }
    SUBCASE("HTTP/1.0") {
        caller.send("GET / HTTP/1.0\r\n\r\n");
        const Answer answer = caller.read_answer();
        CHECK(answer.has("connection: close\r\n"));
        CHECK(answer.head.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(caller.read_end() == Peer::End::orderly);
    }
    SUBCASE("HTTP/1.0 with keep-alive") {
        for (int i = 0; i < 2; ++i) {
            caller.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
            CHECK(caller.read_answer().has("connection: keep-alive\r\n"));
        }
    }
    SUBCASE("the caller leaves before its request is complete") {
        caller.close();
        const std::string large = post_request("/", bytes_of(100'000));
        for (const std::string& part : {std::string(), std::string("GET / HT"), post_request("/", "body").substr(0, 52),
                                        large.substr(0, 70'000), chunked_request("/", "body", 2).substr(0, 75)}) {
            for (const bool orderly : {true, false}) {
                Peer another = server.connect();
                another.send(part);
                loop.settle();
                orderly ? another.close() : another.reset();
            }
        }
        loop.eventually([&] { return server->connections() == 0; });
        CHECK(echo.handled == 0);
    }
    SUBCASE("half a close after the request still gets the answer") {
        caller.send(get_request("/"));
        caller.finish_sending();
        CHECK(caller.read_answer().status == 200);
        CHECK(caller.read_end() == Peer::End::orderly);
    }
}

TEST_CASE("connections above the limit are closed at once") {
    Loop loop;
    Echo echo;
    ServerLimits limits;
    limits.connections = 2;
    const Server server(loop, echo, limits);
    Peer first = server.connect();
    {
        Peer second = server.connect();
        second.send(get_request("/"));
        CHECK(second.read_answer().status == 200);
        Peer third = server.connect();
        CHECK(third.read_end() == Peer::End::orderly);
        first.send(get_request("/"));
        CHECK(first.read_answer().status == 200);
    }
    loop.eventually([&] { return server->connections() == 1; });
    Peer fourth = server.connect();
    fourth.send(get_request("/"));
    CHECK(fourth.read_answer().status == 200);
}

TEST_CASE("what can't be listened on is told") {
    Loop loop;
    Echo echo;
    const auto error_of = [&](const Endpoint& endpoint) {
        return loop.call([&] {
            auto made = HttpServer::listen(loop.reactor, endpoint, {}, nullptr, echo);
            return made ? std::string("listens") : std::string(to_string(made.error().code));
        });
    };
    const Listener taken;
    CHECK(error_of(taken.endpoint()) == "unavailable");
    CHECK(error_of({"203.0.113.1", 0, "", false}) == "unavailable");  // not an address of this machine
    CHECK(error_of({"", 0, "/tmp/x.sock", false}) == "invalid");
    CHECK(error_of({"127.0.0.1", 0, "", false}) == "listens");  // and goes at once, with its accept under way
}

TEST_CASE("a port is free unless somebody listens there, whoever shares it, and whatever is left of old connections") {
    Loop loop;
    Echo echo;
    for (const char* host : {"127.0.0.1", "::1"}) {
        CAPTURE(host);
        std::unique_ptr<HttpServer> server;
        Endpoint endpoint{host, 0, "", false};
        CHECK(HttpServer::check_free(endpoint).has_value());  // any
        loop.call([&] {
            auto made = HttpServer::listen(loop.reactor, endpoint, {}, nullptr, echo);
            if (made) server = std::move(*made);
        });
        if (!server && endpoint.host == "::1") {
            MESSAGE("skipped: no IPv6 here");
            continue;
        }
        REQUIRE(server);
        endpoint.port = server->port();
        const Result<void> taken = HttpServer::check_free(endpoint);
        REQUIRE_FALSE(taken.has_value());
        CHECK(taken.error().code == ErrorCode::unavailable);
        CHECK(taken.error().message == "something else listens on " + endpoint.to_string());
        loop.call([&] {
            // Asking does no harm, and the reactors' own listeners share the port.
            CHECK(HttpServer::listen(loop.reactor, endpoint, {}, nullptr, echo).has_value());
        });
        std::optional<Peer> peer;
        if (host == std::string("127.0.0.1")) {
            peer.emplace(Peer::connect(endpoint.port));
            peer->send(get_request("/", "Connection: close\r\n"));
            CHECK(peer->read_answer().status == 200);
            peer->read_to_end();  // the server closed first: its end waits for a while
        }
        loop.call([&] { server->close(); });
        loop.eventually([&] { return server->connections() == 0; });
        loop.call([&] { server.reset(); });
        CHECK(HttpServer::check_free(endpoint).has_value());
        peer.reset();
        CHECK(HttpServer::check_free(endpoint).has_value());
    }
    const Listener alone;  // without SO_REUSEPORT
    CHECK_FALSE(HttpServer::check_free(alone.endpoint()).has_value());
    CHECK(HttpServer::check_free({"203.0.113.1", 80, "", false}).has_value());  // listen() says what is wrong with it
}
