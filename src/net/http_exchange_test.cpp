// What handlers may do with an exchange: answers in pieces, late answers, callers that leave, drains.
#include <doctest/doctest.h>

#include <deque>
#include <functional>

#include "net/http_server.h"
#include "net/loopback_testing.h"

using namespace weir;
using namespace weir::net;
using namespace weir::net::testing;

namespace {

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

std::string get_request(std::string_view target) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

// "/held" waits for the gate, everything else is answered at once.
class Held final : public TestHandler {
  public:
    explicit Held(Loop& loop) : gate(loop) {}
    Task<void> handle(Exchange& exchange) override {
        const std::string target(exchange.head().target);
        if (target == "/held") co_await gate;
        went_out = co_await exchange.respond(200, "", target);
    }
    Gate gate;
    std::atomic<bool> went_out = false;
};

// Streams `pieces`; the target says how it ends.
class Streaming final : public TestHandler {
  public:
    Task<void> handle(Exchange& exchange) override {
        const std::string target(exchange.head().target);
        began_before = exchange.began();
        const unsigned status = target == "/204" ? 204 : target == "/304" ? 304 : 200;
        exchange.begin_stream(status, "content-type: text/plain\r\n");
        began_after = exchange.began();
        for (const std::string& piece : pieces) {
            const bool sent = co_await exchange.write_piece(piece);
            if (!sent) ++failed;
        }
        if (target == "/abandon") exchange.abandon();
        if (target == "/forgotten") co_return;
        const bool ended = co_await exchange.end_stream();
        const bool ended_twice = co_await exchange.end_stream();
        const bool wrote_late = co_await exchange.write_piece("late");
        outcome =
            std::string(ended ? "ended" : "not ended") + (ended_twice ? ", twice" : "") + (wrote_late ? ", wrote" : "");
        done = true;
    }
    std::vector<std::string> pieces{"one", "", "two, a longer one"};
    std::atomic<bool> began_before = true, began_after = false, done = false;
    std::atomic<int> failed = 0;
    std::string outcome;
};

// Writes pieces until that fails.
class Endless final : public TestHandler {
  public:
    Task<void> handle(Exchange& exchange) override {
        exchange.begin_stream(200, "");
        const std::string piece(64 * 1024, 'x');
        bool going_on = true;
        while (going_on) {
            going_on = co_await exchange.write_piece(piece);
            ++pieces;
        }
        ended = co_await exchange.end_stream();
        ++done;
    }
    std::atomic<int> pieces = 0, done = 0;
    std::atomic<bool> ended = true;
};

// Waits until its caller has gone.
class Watching final : public TestHandler {
  public:
    struct Waiting final : PeerWatcher {
        Waiting(Watching& owner_, Loop& loop) : owner(owner_), gate(loop) {}
        void on_peer_gone() override {
            ++owner.told;
            if (owner.also) owner.also();
            gate.open_here();
        }
        Watching& owner;
        Gate gate;
    };
    explicit Watching(Loop& loop) : loop_(loop) {}

    Task<void> handle(Exchange& exchange) override {
        Waiting waiting(*this, loop_);
        exchange.watch_caller(&waiting);
        ++watching;
        co_await waiting.gate;
        --watching;
        exchange.watch_caller(nullptr);
        const bool sent = co_await exchange.respond(200, "", "nobody reads this");
        if (!sent) ++unsent;
    }
    std::atomic<int> watching = 0, told = 0, unsent = 0;
    std::function<void()> also;

  private:
    Loop& loop_;
};

}  // namespace

TEST_CASE("the first of several requests is answered first, however late") {
    Loop loop;
    Held held(loop);
    const Server server(loop, held);
    Peer caller = server.connect();
    caller.send(get_request("/held") + get_request("/second") + get_request("/held") + get_request("/last"));
    loop.eventually([&] { return held.gate.awaited(); });
    CHECK(server->active() == 1);
    CHECK(caller.nothing_yet());
    held.gate.open();
    for (const std::string target : {"/held", "/second", "/held", "/last"}) CHECK(caller.read_answer().body == target);
}

TEST_CASE("an answer in pieces") {
    Loop loop;
    Streaming streaming;
    const Server server(loop, streaming);
    Peer caller = server.connect();
    SUBCASE("chunked, and the connection goes on") {
        for (int i = 0; i < 2; ++i) {
            caller.send(kGet);
            CHECK(caller.read_until("\r\n\r\n").find("transfer-encoding: chunked\r\n\r\n") != std::string::npos);
            CHECK(caller.read_until("0\r\n\r\n") == "3\r\none\r\n11\r\ntwo, a longer one\r\n0\r\n\r\n");
        }
        CHECK(loop.call([&] { return streaming.outcome; }) == "ended");
        CHECK(!streaming.began_before);
        CHECK(streaming.began_after);
    }
    SUBCASE("none at all") {
        streaming.pieces.clear();
        caller.send(kGet + kGet);
        CHECK(caller.read_answer().body == "");
        CHECK(caller.read_answer().body == "");
    }
    SUBCASE("an empty first one sends the head") {
        streaming.pieces = {"", "x"};
        caller.send(kGet);
        CHECK(caller.read_answer().body == "x");
    }
    SUBCASE("to HTTP/1.0 it lasts to the end of the connection") {
        caller.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        const Answer answer = caller.read_answer();
        CHECK(answer.has("connection: close\r\n"));
        CHECK(!answer.has("transfer-encoding"));
        CHECK(answer.body == "onetwo, a longer one");
        CHECK(caller.end() == Peer::End::orderly);
    }
    SUBCASE("to HEAD it is a head") {
        caller.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" + kGet);
        CHECK(caller.read_answer(true).has("transfer-encoding: chunked\r\n"));
        CHECK(caller.read_answer().body == "onetwo, a longer one");
    }
    SUBCASE("statuses without a body have none") {
        for (const std::string target : {"/204", "/304"}) {
            caller.send(get_request(target) + kGet);
            const Answer answer = caller.read_answer();
            CHECK(!answer.has("transfer-encoding"));
            CHECK(!answer.has("content-length"));
            CHECK(caller.read_answer().body == "onetwo, a longer one");
        }
    }
    SUBCASE("abandoned or forgotten, it has no clean end") {
        for (const std::string target : {"/abandon", "/forgotten"}) {
            Peer another = server.connect();
            another.send(get_request(target) + kGet);
            another.read_until("\r\n\r\n");
            CHECK(another.read_to_end() == "3\r\none\r\n11\r\ntwo, a longer one\r\n");
        }
    }
    SUBCASE("abandoned or forgotten, it does not look whole to HTTP/1.0 either") {
        for (const std::string target : {"/abandon", "/forgotten"}) {
            Peer another = server.connect();
            another.send("GET " + target + " HTTP/1.0\r\n\r\n");
            another.read_to_end();
            CHECK(another.end() == Peer::End::reset);
        }
    }
}

TEST_CASE("answers without a body") {
    struct Plain final : TestHandler {
        Task<void> handle(Exchange& exchange) override {
            const std::string target(exchange.head().target);
            const unsigned status = target == "/204" ? 204 : target == "/304" ? 304 : 200;
            co_await exchange.respond(status, "etag: \"x\"\r\n", "the body");
        }
    };
    Loop loop;
    Plain plain;
    const Server server(loop, plain);
    Peer caller = server.connect();
    caller.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" + get_request("/204") + get_request("/304") + kGet);
    CHECK(caller.read_answer(true).has("content-length: 8\r\n"));
    for (const unsigned status : {204u, 304u}) {
        const Answer answer = caller.read_answer();
        CHECK(answer.status == status);
        CHECK(!answer.has("content-length"));
    }
    CHECK(caller.read_answer().body == "the body");
}

TEST_CASE("a request has one answer") {
    struct Twice final : TestHandler {
        Task<void> handle(Exchange& exchange) override {
            const std::string target(exchange.head().target);
            if (target == "/replaced") {
                exchange.begin_stream(200, "x: first\r\n");
                second = co_await exchange.respond(502, "", "instead");
                co_return;
            }
            if (target == "/stream") {
                exchange.begin_stream(200, "");
                co_await exchange.write_piece("first");
            } else {
                co_await exchange.respond(200, "", "first");
            }
            if (target == "/begun") exchange.begin_stream(200, "");
            second = co_await exchange.respond(200, "", "second");
        }
        std::atomic<bool> second = true;
    };
    Loop loop;
    Twice twice;
    const Server server(loop, twice);
    Peer caller = server.connect();
    SUBCASE("and not a second") {
        caller.send(kGet);
        CHECK(caller.read_answer().body == "first");
        CHECK(caller.read_end() == Peer::End::orderly);
        CHECK(!twice.second);
    }
    SUBCASE("nor a second stream") {
        caller.send(get_request("/begun"));
        CHECK(caller.read_answer().body == "first");
        CHECK(caller.read_end() == Peer::End::orderly);
    }
    SUBCASE("nor one behind a piece") {
        caller.send(get_request("/stream"));
        caller.read_until("\r\n\r\n");
        CHECK(caller.read_to_end() == "5\r\nfirst\r\n");
    }
    SUBCASE("but another in its place, while none went out") {
        caller.send(get_request("/replaced") + get_request("/replaced"));
        for (int i = 0; i < 2; ++i) {
            const Answer answer = caller.read_answer();
            CHECK(answer.status == 502);
            CHECK(!answer.has("x: first"));
            CHECK(answer.body == "instead");
        }
    }
}

TEST_CASE("an answer that was never begun ends the connection") {
    struct Silent final : TestHandler {
        Task<void> handle(Exchange&) override { co_return; }
    };
    Loop loop;
    Silent silent;
    const Server server(loop, silent);
    Peer caller = server.connect();
    caller.send(kGet);
    CHECK(caller.read_end() == Peer::End::orderly);
}

TEST_CASE("a caller that reads nothing is cut off") {
    Loop loop;
    Endless endless;
    const ServerLimits limits;
    const Server server(loop, endless, limits);
    Peer caller = server.connect(4096);
    caller.send(kGet);
    // Until the handler is stuck: no piece goes out from one sweep to the next.
    int before = -1;
    loop.eventually([&] { return std::exchange(before, endless.pieces.load()) == endless.pieces && before > 0; });
    loop.clock.advance(limits.write_micros - 1);
    loop.sweep(2);
    CHECK(endless.done == 0);
    loop.clock.advance(1);
    loop.eventually([&] { return endless.done == 1; });
    CHECK(!endless.ended);
    loop.eventually([&] { return server->connections() == 0; });
}

TEST_CASE("a caller that leaves makes writing fail") {
    Loop loop;
    Endless endless;
    const Server server(loop, endless);
    Peer caller = server.connect();
    caller.send(kGet);
    caller.read_bytes(100'000);
    SUBCASE("by a close") {
        caller.close();
    }
    SUBCASE("by a reset") {
        caller.reset();
    }
    loop.eventually([&] { return server->connections() == 0; });
    CHECK(endless.done == 1);
    CHECK(!endless.ended);
}

TEST_CASE("a large answer reaches a slow reader") {
    struct Large final : TestHandler {
        Task<void> handle(Exchange& exchange) override { co_await exchange.respond(200, "", body); }
        std::string body = std::string(5u << 20, 'a') + "end";
    };
    Loop loop;
    Large large;
    const Server server(loop, large);
    Peer caller = server.connect(4096);
    for (int i = 0; i < 2; ++i) {
        caller.send(kGet);
        loop.settle();
        CHECK(caller.read_answer().body == large.body);
    }
}

TEST_CASE("a watcher is told within two sweeps that its caller has gone") {
    Loop loop;
    Watching watching(loop);
    const Server server(loop, watching);
    Peer caller = server.connect();
    caller.send(kGet);
    loop.eventually([&] { return watching.watching == 1; });
    CHECK(watching.told == 0);
    bool cut_off = false;
    loop.call([] {});
    SUBCASE("by a close") {
        caller.close();
    }
    SUBCASE("by a reset") {
        caller.reset();
    }
    SUBCASE("by half a close") {
        caller.finish_sending();
    }
    SUBCASE("having sent more requests") {
        caller.send(kGet + kGet);
        caller.close();
    }
    SUBCASE("cut off by the server") {
        loop.call([&] { server->close(); });
        cut_off = true;
    }
    CHECK(loop.eventually([&] { return watching.told == 1; }) <= 2);
    loop.eventually([&] { return watching.watching == 0; });
    if (cut_off) CHECK(watching.unsent == 1);
    caller.close();
}

TEST_CASE("watchers may do anything to other connections") {
    Loop loop;
    Watching watching(loop);
    const Server server(loop, watching);
    std::deque<Peer> callers;
    constexpr int kMany = 20;
    for (int i = 0; i < kMany; ++i) {
        callers.push_back(server.connect());
        callers.back().send(kGet);
    }
    loop.eventually([&] { return watching.watching == kMany; });
    SUBCASE("all leave in one sweep, and each is resumed inside it") {
        loop.call([&] { callers.clear(); });
    }
    SUBCASE("one leaves, and its watcher closes the server") {
        loop.call([&] { watching.also = [&] { server->close(); }; });
        callers[7].close();
    }
    loop.eventually([&] { return server->connections() == 0; });
    CHECK(watching.told == kMany);
}

TEST_CASE("a caller that stays is not told of, whatever it sends") {
    Loop loop;
    Watching watching(loop);
    const Server server(loop, watching);
    Peer caller = server.connect();
    caller.send(kGet);
    loop.eventually([&] { return watching.watching == 1; });
    caller.send(kGet + "more");
    loop.sweep(3);
    CHECK(watching.told == 0);
}

TEST_CASE("a drain closes what idles and lets what runs end") {
    Loop loop;
    Held held(loop);
    const Server server(loop, held);
    Peer idle = server.connect();
    idle.send(kGet);
    CHECK(idle.read_answer().status == 200);
    Peer never_used = server.connect();
    Peer begun = server.connect();
    begun.send("GET /begun HTTP");
    Peer running = server.connect();
    running.send(get_request("/held"));
    loop.eventually([&] { return held.gate.awaited() && server->connections() == 4; });
    loop.settle();
    const std::uint16_t port = server.port();
    loop.call([&] {
        server->drain();
        server->drain();
    });
    CHECK(idle.read_end() == Peer::End::orderly);
    CHECK(never_used.read_end() == Peer::End::orderly);
    loop.eventually([&] { return server->connections() == 2; });
    CHECK(server->active() == 1);
    begun.send("/1.1\r\nHost: h\r\n\r\n");
    const Answer last = begun.read_answer();
    CHECK(last.body == "/begun");
    CHECK(last.has("connection: close\r\n"));
    held.gate.open();
    const Answer answer = running.read_answer();
    CHECK(answer.body == "/held");
    CHECK(answer.has("connection: close\r\n"));
    CHECK(running.read_end() == Peer::End::orderly);
    loop.eventually([&] { return server->connections() == 0; });
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == -1);
    ::close(fd);
}

TEST_CASE("a close cuts off what runs") {
    Loop loop;
    Held held(loop);
    const Server server(loop, held);
    Peer running = server.connect();
    running.send(get_request("/held"));
    loop.eventually([&] { return held.gate.awaited(); });
    loop.call([&] { server->close(); });
    CHECK(running.read_end() == Peer::End::orderly);
    CHECK(server->connections() == 1);  // its handler still waits
    held.gate.open();
    loop.eventually([&] { return server->connections() == 0; });
    CHECK(!held.went_out);
}
