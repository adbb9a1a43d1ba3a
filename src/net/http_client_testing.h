// What the HTTP client's tests have in common: questions, their outcomes, and an upstream that is played by hand.
#pragma once

#include <doctest/doctest.h>

#include "net/http_client.h"
#include "net/loopback_testing.h"

namespace weir::net::testing {

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

inline Task<Outcome> ask(HttpCall& call, const Question& question) {
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

inline Task<Outcome> fetch(HttpClient& client, const Question& question) {
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

inline std::string read_request(Peer& peer) {
    std::string request = peer.read_until("\r\n\r\n");
    const std::size_t length = request.find("content-length: ");
    if (length != std::string::npos) {
        request += peer.read_bytes(static_cast<std::size_t>(std::atoll(request.c_str() + length + 16)));
    }
    return request;
}

inline Question post(std::string body) {
    Question question;
    question.head = "POST /p HTTP/1.1\r\nhost: h\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n";
    question.body = std::move(body);
    return question;
}

// Puts one idle connection in the pool and returns the server's end of it.
inline Peer pool_one(Loop& loop, Client& client, Listener& listener) {
    auto first = loop.start(fetch(*client, kQuestion));
    Peer peer = listener.accept();
    read_request(peer);
    peer.send(kOk);
    CHECK(get(first).body == "ok");
    CHECK(client.pooled() == 1);
    return peer;
}

}  // namespace weir::net::testing
