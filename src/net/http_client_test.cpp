#include "net/http_client.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <filesystem>

#include "net/loopback_testing.h"

using namespace weir;
using namespace weir::net;
using namespace weir::net::testing;

namespace {

struct Question {
    std::string head = "GET /question HTTP/1.1\r\nhost: h\r\n\r\n";
    std::string body = {};
    Micros deadline = 0;
    std::size_t limit = 64u << 20;
};

struct Outcome {
    std::string error;       // of send(), empty where it went well
    std::string read_error;  // of read_all()
    std::string message;     // of either error
    unsigned status = 0;
    std::string body;
    bool reused = false;
    bool sent = false;
};

Task<Outcome> ask(HttpCall& call, const Question& question) {
    Outcome outcome;
    const Result<void> sent = co_await call.send(question.head, question.body, question.deadline);
    outcome.reused = call.reused();
    outcome.sent = call.sent();
    if (!sent) {
        outcome.error = to_string(sent.error().code);
        outcome.message = sent.error().message;
        co_return outcome;
    }
    outcome.status = call.response().status;
    const Result<void> read = co_await call.read_all(outcome.body, question.limit);
    if (!read) {
        outcome.read_error = to_string(read.error().code);
        outcome.message = read.error().message;
    }
    co_return outcome;
}

Task<Outcome> fetch(HttpClient& client, const Question& question) {
    HttpCall call(client);
    Outcome outcome = co_await ask(call, question);
    co_return outcome;
}

// A call that the test can reach while it is under way.
class Held {
  public:
    Held(Loop& loop, const Client& client) : loop_(loop), call_(std::make_unique<HttpCall>(*client)) {}
    ~Held() {
        loop_.call([&] { call_.reset(); });
    }
    HttpCall& operator*() const { return *call_; }
    void cancel() {
        loop_.call([&] { call_->cancel(); });
    }

  private:
    Loop& loop_;
    std::unique_ptr<HttpCall> call_;
};

const Question kQuestion;
const std::string kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

std::string read_request(Peer& peer) {
    std::string request = peer.read_until("\r\n\r\n");
    const std::size_t length = request.find("content-length: ");
    if (length != std::string::npos) {
        request += peer.read_bytes(static_cast<std::size_t>(std::atoll(request.c_str() + length + 16)));
    }
    return request;
}

Question post(std::string body) {
    Question question;
    question.head = "POST /p HTTP/1.1\r\nhost: h\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n";
    question.body = std::move(body);
    return question;
}

// Puts one idle connection in the pool and returns the server's end of it.
Peer pool_one(Loop& loop, Client& client, Listener& listener) {
    auto first = loop.start(fetch(*client, kQuestion));
    Peer peer = listener.accept();
    read_request(peer);
    peer.send(kOk);
    CHECK(get(first).body == "ok");
    CHECK(client.pooled() == 1);
    return peer;
}

}  // namespace

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
