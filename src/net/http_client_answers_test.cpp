// Answers in every framing and at every speed.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "net/http_client_testing.h"

using namespace weir;
using namespace weir::net;
using namespace weir::net::testing;

TEST_CASE("answers in every framing, cut anywhere") {
    struct Known {
        std::string bytes;
        unsigned status;
        std::string body;
        bool until_close = false;
        bool to_head = false;
    };
    const std::vector<Known> all{
        {"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789", 200, "0123456789"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: t\r\n\r\n",
         200, "abc0123456789"},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + kOk, 200, "ok"},
        {"HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
        {"HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n\r\n", 304, ""},
        {"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200, ""},
        {"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", 200, "", false, true},
        {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", 200, "", false, true},
        {"HTTP/1.1 500 Oh\r\nx: y\r\n\r\nlasts to the end", 500, "lasts to the end", true},
        {"HTTP/1.0 200 OK\r\n\r\n", 200, "", true},
    };
    Loop loop;
    Listener listener;
    for (const Known& known : all) {
        Client client(loop, listener.endpoint());
        Question question;
        if (known.to_head) question.head = "HEAD / HTTP/1.1\r\nhost: h\r\n\r\n";
        std::unique_ptr<Peer> peer;
        for (std::size_t at = 0; at < known.bytes.size(); ++at) {
            auto asked = loop.start(fetch(*client, question));
            if (!peer) peer = std::make_unique<Peer>(listener.accept());
            read_request(*peer);
            peer->send(std::string_view(known.bytes).substr(0, at));
            loop.settle();
            peer->send(std::string_view(known.bytes).substr(at));
            if (known.until_close) peer.reset();
            const Outcome outcome = get(asked);
            CHECK(outcome.error == "");
            CHECK(outcome.read_error == "");
            CHECK(outcome.status == known.status);
            CHECK(outcome.body == known.body);
        }
        CHECK(client.pooled() == (known.until_close ? 0 : 1));
    }
}

TEST_CASE("an answer cut short is an error, never a short body") {
    Loop loop;
    Listener listener;
    Client client(loop, listener.endpoint());
    std::string answer;
    SUBCASE("by length") {
        answer = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789";
    }
    SUBCASE("chunked") {
        answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\n01234\r\n0\r\nT: t\r\n\r\n";
    }
    for (std::size_t at = 0; at < answer.size(); ++at) {
        for (const bool orderly : {true, false}) {
            auto asked = loop.start(fetch(*client, kQuestion));
            Peer peer = listener.accept();
            read_request(peer);
            peer.send(answer.substr(0, at));
            if (!orderly) loop.settle();
            orderly ? peer.close() : peer.reset();
            const Outcome outcome = get(asked);
            const std::string error = outcome.error + outcome.read_error;
            CHECK(error == (orderly ? "closed" : "reset"));
            CHECK(outcome.message.find(listener.endpoint().to_string()) == 0);
        }
    }
    CHECK(client.pooled() == 0);
}

TEST_CASE("a body to the connection's end is not complete where that breaks") {
    Loop loop;
    Listener listener;
    Client client(loop, listener.endpoint());
    auto asked = loop.start(fetch(*client, kQuestion));
    Peer peer = listener.accept();
    read_request(peer);
    peer.send("HTTP/1.1 200 OK\r\n\r\nsome");
    loop.settle();
    peer.reset();
    CHECK(get(asked).read_error == "reset");
}

TEST_CASE("what is not HTTP is a protocol error") {
    Loop loop;
    Listener listener;
    ClientLimits limits;
    limits.head_bytes = 1000;
    Client client(loop, listener.endpoint(), limits);
    const std::string head = "HTTP/1.1 200 OK\r\n";
    for (const std::string& answer : {
             std::string("SSH-2.0-OpenSSH_9.2\r\n"),
             std::string("\x15\x03\x01\x00\x02\x02\x46\r\n\r\n", 11),
             std::string("HTTP/2 200\r\n\r\n"),
             std::string("HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n"),
             head + "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
             head + "content-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
             head + "content-length: -1\r\n\r\n",
             head + "transfer-encoding: gzip, chunked\r\n\r\n",
             head + "x: " + std::string(2000, 'x') + "\r\n\r\n",
             head + "x: " + std::string(100'000, 'x'),
             head + "transfer-encoding: chunked\r\n\r\nzz\r\n",
             head + "transfer-encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
             head + "transfer-encoding: chunked\r\n\r\n3\nabc\r\n",
             head + "transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
             head + "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nbad trailer\r\n\r\n",
         }) {
        auto asked = loop.start(fetch(*client, kQuestion));
        Peer peer = listener.accept();
        read_request(peer);
        peer.send(answer);
        const Outcome outcome = get(asked);
        const std::string error = outcome.error + outcome.read_error;
        CHECK_MESSAGE(error == "protocol", answer.substr(0, 60));
        CHECK(client.pooled() == 0);
    }
}

TEST_CASE("random chunked answers, cut at random") {
    Loop loop;
    Listener listener;
    Client client(loop, listener.endpoint());
    std::unique_ptr<Peer> peer;
    CHECK(rc::check([&] {
        const auto chunks = *rc::gen::container<std::vector<std::string>>(
            rc::gen::resize(200, rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::arbitrary<char>()))));
        std::string body, answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        for (const std::string& chunk : chunks) {
            char size[20];
            std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
            answer += size + chunk + "\r\n";
            body += chunk;
        }
        answer += "0\r\n\r\n";
        auto asked = loop.start(fetch(*client, kQuestion));
        if (!peer) peer = std::make_unique<Peer>(listener.accept());
        read_request(*peer);
        std::size_t at = 0;
        while (at < answer.size()) {
            const auto step = *rc::gen::inRange<std::size_t>(1, answer.size() - at + 1);
            peer->send(std::string_view(answer).substr(at, step));
            loop.settle();
            at += step;
        }
        RC_ASSERT(get(asked).body == body);
    }));
    CHECK(client.pooled() == 1);
}

TEST_CASE("large bodies both ways") {
    Loop loop;
    Listener listener;
    Client client(loop, listener.endpoint());
    std::string large(5u << 20, 'q');
    for (std::size_t i = 0; i < large.size(); i += 37) large[i] = static_cast<char>(i >> 3);
    const Question question = post(large);
    std::unique_ptr<Peer> peer;
    for (const bool chunked : {false, true, true}) {
        auto asked = loop.start(fetch(*client, question));
        if (!peer) peer = std::make_unique<Peer>(listener.accept());
        CHECK(read_request(*peer) == question.head + large);
        if (chunked) {
            std::string answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            for (std::size_t at = 0; at < large.size(); at += 100) {
                const std::string chunk = large.substr(at, 100);
                char size[20];
                std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
                answer += size + chunk + "\r\n";
            }
            peer->send(answer + "0\r\n\r\n");
        } else {
            peer->send("HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(large.size()) + "\r\n\r\n" + large);
        }
        CHECK(get(asked).body == large);
    }
    CHECK(client.pooled() == 1);
}

TEST_CASE("read_all's limit") {
    Loop loop;
    Listener listener;
    Client client(loop, listener.endpoint());
    Question question;
    question.limit = 4;
    for (const auto& [answer, error] : std::vector<std::pair<std::string, std::string>>{
             {"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfour", ""},
             {"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", "too_large"},
             {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", ""},
             {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde", "too_large"},
             {"HTTP/1.1 200 OK\r\n\r\nabcde", "too_large"}}) {
        Client one(loop, listener.endpoint());
        auto asked = loop.start(fetch(*one, question));
        Peer peer = listener.accept();
        read_request(peer);
        peer.send(answer);
        CHECK(get(asked).read_error == error);
        CHECK(one.pooled() == (error.empty() ? 1 : 0));
    }
}

namespace {

struct Pieces {
    std::vector<std::string> pieces;
    std::string error;
    bool buffered_at_end = true;
};

// Takes pieces as a relay does: waits for one, then takes what is there. Between them `pause` of the clock passes.
Task<Pieces> take_pieces(HttpClient& client, FakeClock& clock, Micros pause) {
    Pieces taken;
    HttpCall call(client);
    const Result<void> sent = co_await call.send(kQuestion.head, "");
    if (!sent) {
        taken.error = to_string(sent.error().code);
        co_return taken;
    }
    while (true) {
        const Result<std::string_view> piece = co_await call.read_piece();
        if (!piece) {
            taken.error = to_string(piece.error().code);
            break;
        }
        if (piece->empty()) break;
        taken.pieces.emplace_back(*piece);
        if (pause > 0) {
            clock.advance(pause);
            co_await client.reactor().sleep(3 * kSweepMicros);
        }
        std::string_view more;
        while (call.buffered_piece(more)) taken.pieces.push_back("+" + std::string(more));
    }
    std::string_view more;
    taken.buffered_at_end = call.buffered_piece(more);
    co_return taken;
}

}  // namespace

TEST_CASE("chunks that lie in the buffer come as one piece") {
    Loop loop;
    Listener listener;
    Client client(loop, listener.endpoint());
    auto asked = loop.start(take_pieces(*client, loop.clock, 0));
    Peer peer = listener.accept();
    read_request(peer);
    peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n");
    const Pieces taken = get(asked);
    CHECK(taken.error == "");
    CHECK(taken.pieces == std::vector<std::string>{"abcdef"});
    CHECK(!taken.buffered_at_end);
    CHECK(client.pooled() == 1);
}

TEST_CASE("a relay that takes its time between pieces is no idle upstream") {
    Loop loop;
    Listener listener;
    const ClientLimits limits;
    Client client(loop, listener.endpoint(), limits);
    auto asked = loop.start(take_pieces(*client, loop.clock, limits.first_byte_micros));
    Peer peer = listener.accept();
    read_request(peer);
    for (const char* part :
         {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\na\r\n", "1\r\nb\r\n0\r\n\r\n"}) {
        peer.send(part);
        loop.settle();
    }
    const Pieces taken = get(asked);
    CHECK(taken.error == "");
    CHECK(taken.pieces.size() == 2);
}

TEST_CASE("time limits") {
    Loop loop;
    Listener listener;
    const ClientLimits limits;
    Client client(loop, listener.endpoint(), limits);
    loop.clock.advance(1'000'000);
    const auto pass = [&](Micros duration) {
        loop.settle();
        loop.clock.advance(duration);
        loop.sweep(2);
    };
    Question question;
    Micros limit = limits.first_byte_micros;
    std::string begun;
    SUBCASE("for the first byte") {}
    SUBCASE("for the head") {
        begun = "HTTP/1.1 200 OK\r\nx:";
    }
    SUBCASE("for a final answer") {
        begun = "HTTP/1.1 100 Continue\r\n\r\n";
    }
    SUBCASE("of the call") {
        question.deadline = 1'000'000 + 5'000'000;
        limit = 5'000'000;
    }
    SUBCASE("between pieces") {
        begun = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab";
        limit = limits.idle_micros;
    }
    SUBCASE("for writing") {
        question = post(std::string(64u << 20, 'x'));
        limit = limits.write_micros;
    }
    SUBCASE("for writing, of the call") {
        question = post(std::string(64u << 20, 'x'));
        question.deadline = 1'000'000 + 5'000'000;
        limit = 5'000'000;
    }
    auto asked = loop.start(fetch(*client, question));
    Peer peer = listener.accept();
    if (question.body.empty()) read_request(peer);
    peer.send(begun);
    pass(limit - 1);
    CHECK(asked.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
    pass(1);
    const Outcome outcome = get(asked);
    CHECK(outcome.error + outcome.read_error == "timeout");
    CHECK(outcome.sent);
    CHECK(client.pooled() == 0);
}
