#include "embed/endpoint_embedder.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "json/scan.h"
#include "local/llama_server.h"
#include "net/loopback_testing.h"

using namespace weir;
using namespace weir::embed;
using namespace weir::net::testing;

namespace {

// Answers each text with [its length, 1], or as told; a text that begins with "bad" spoils its call.
class FakeEndpoint final : public TestHandler {
  public:
    explicit FakeEndpoint(Loop& loop) : gate(loop) {}
    Task<void> handle(net::Exchange& exchange) override {
        const std::string body(exchange.body());
        std::vector<std::string> texts;
        const auto input = json::find_member(body, {0, body.size()}, "input");
        for (json::Walk walk(body, *input); walk.next();) texts.push_back(*json::as_string(walk.raw()));
        asked.push_back(texts);
        heads.emplace_back(std::string(exchange.head().target) + " " +
                           std::string(exchange.head().headers.value("authorization")));
        traces.emplace_back(exchange.head().headers.value("traceparent"));
        if (held) co_await gate;
        unsigned status = failing_status;
        std::string answer = "{\"data\":[";
        for (std::size_t i = 0; i < texts.size(); ++i) {
            if (texts[i].starts_with("bad")) status = 500;
            if (i != 0) answer += ',';
            answer += "{\"embedding\":[" + std::to_string(texts[i].size()) + ",1]}";
        }
        answer += "]}";
        if (!instead.empty()) answer = instead;
        co_await exchange.respond(status, "content-type: application/json\r\n", answer);
    }
    Gate gate;
    bool held = false;
    unsigned failing_status = 200;
    std::string instead;
    std::vector<std::vector<std::string>> asked;  // the reactor's thread
    std::vector<std::string> heads, traces;
};

EndpointOptions test_options() {
    EndpointOptions options;
    options.identity = "fake:2";
    options.dimensions = 2;
    return options;
}

struct Fixture {
    explicit Fixture(EndpointOptions options = test_options())
        : endpoint(loop), server(loop, endpoint), client(loop, {"127.0.0.1", server.port(), "", false}) {
        loop.call([&] { embedder = std::make_unique<EndpointEmbedder>(*client, std::move(options)); });
    }
    ~Fixture() {
        loop.call([&] { embedder.reset(); });
    }
    Result<Vector> ask(const std::string& text) { return loop.run(embedder->embed(text)); }
    std::size_t calls() {
        return loop.call([&] { return endpoint.asked.size(); });
    }
    EndpointEmbedder::Counters counters() {
        return loop.call([&] { return embedder->counters(); });
    }

    Loop loop;
    FakeEndpoint endpoint;
    Server server;
    Client client;
    std::unique_ptr<EndpointEmbedder> embedder;
};

}  // namespace

TEST_CASE("a text's vector, with length 1; the same text again is not asked for again") {
    EndpointOptions options = test_options();
    options.path = "/base/v1/embeddings";
    options.authorization_line = "authorization: Bearer k\r\n";
    Fixture fixture(options);
    const auto first = fixture.ask("abc");
    REQUIRE(first.has_value());
    CHECK((*first)[0] == doctest::Approx(3 / std::sqrt(10.0)));
    CHECK(*fixture.ask("abc") == *first);
    CHECK(fixture.calls() == 1);
    CHECK(fixture.endpoint.heads[0] == "/base/v1/embeddings Bearer k");
    CHECK(fixture.counters().kept == 1);
    CHECK(fixture.embedder->identity() == "fake:2");
    CHECK(fixture.loop.call([&] { return fixture.embedder->idle(); }));
}

TEST_CASE("what is kept is bounded; the longest not asked for goes") {
    EndpointOptions options = test_options();
    options.kept_most = 2;
    Fixture fixture(options);
    for (const char* text : {"a", "bb", "a", "ccc"}) CHECK(fixture.ask(text).has_value());
    CHECK(fixture.calls() == 3);
    CHECK(fixture.ask("a").has_value());
    CHECK(fixture.calls() == 3);
    CHECK(fixture.ask("bb").has_value());
    CHECK(fixture.calls() == 4);
}

TEST_CASE("texts asked for during a call go together in the next, equal ones once, each with its own vector") {
    EndpointOptions options = test_options();
    options.calls_most = 1;
    options.batch_most = 3;
    Fixture fixture(options);
    fixture.endpoint.held = true;
    const std::vector<std::string> texts{"1", "22", "333", "22", "4444", "55555", "1"};
    std::vector<std::future<Result<Vector>>> results;
    for (const std::string& text : texts) results.push_back(fixture.loop.start(fixture.embedder->embed(text)));
    fixture.loop.eventually([&] { return fixture.endpoint.gate.awaited(); });
    fixture.loop.call([&] { fixture.endpoint.held = false; });
    fixture.endpoint.gate.open();
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const Result<Vector> result = get(results[i]);
        REQUIRE(result.has_value());
        CHECK((*result)[0] / (*result)[1] == doctest::Approx(static_cast<double>(texts[i].size())));
    }
    using Texts = std::vector<std::vector<std::string>>;
    CHECK(fixture.endpoint.asked == Texts{{"1"}, {"22", "333", "4444"}, {"55555"}});
    CHECK(fixture.counters().joined == 2);
}

TEST_CASE("texts beyond the limits cost no call") {
    Fixture fixture;
    CHECK(fixture.ask("").error().code == ErrorCode::invalid);
    CHECK(fixture.ask(std::string(2001, 'x')).error().code == ErrorCode::too_large);
    CHECK(fixture.calls() == 0);
    CHECK(fixture.ask(std::string(2000, 'x')).has_value());
}

TEST_CASE("too many waiting: an error at once") {
    EndpointOptions options = test_options();
    options.calls_most = 1;
    options.waiting_most = 1;
    Fixture fixture(options);
    fixture.endpoint.held = true;
    const std::string one = "1", two = "22", three = "333";
    auto first = fixture.loop.start(fixture.embedder->embed(one));
    fixture.loop.eventually([&] { return fixture.endpoint.gate.awaited(); });
    auto second = fixture.loop.start(fixture.embedder->embed(two));
    CHECK(fixture.ask(three).error().code == ErrorCode::unavailable);
    fixture.loop.call([&] { fixture.endpoint.held = false; });
    fixture.endpoint.gate.open();
    CHECK(get(first).has_value());
    CHECK(get(second).has_value());
    CHECK(fixture.counters().refused == 1);
}

TEST_CASE("a text that the endpoint refuses fails alone") {
    EndpointOptions options = test_options();
    options.calls_most = 1;
    Fixture fixture(options);
    fixture.endpoint.held = true;
    const std::vector<std::string> texts{"first", "good", "bad one", "better"};
    std::vector<std::future<Result<Vector>>> results;
    for (const std::string& text : texts) results.push_back(fixture.loop.start(fixture.embedder->embed(text)));
    fixture.loop.eventually([&] { return fixture.endpoint.gate.awaited(); });
    fixture.loop.call([&] { fixture.endpoint.held = false; });
    fixture.endpoint.gate.open();
    CHECK(get(results[0]).has_value());
    CHECK(get(results[1]).has_value());
    CHECK(get(results[2]).error().code == ErrorCode::invalid);
    CHECK(get(results[3]).has_value());
    CHECK(fixture.calls() == 5);
    CHECK(fixture.ask("one more").has_value());  // no pause
}

TEST_CASE("a failing endpoint is left alone for a while, longer each time") {
    EndpointOptions options = test_options();
    options.kept_most = 0;
    Fixture fixture(options);
    fixture.endpoint.failing_status = 503;
    CHECK(fixture.ask("a").error().code == ErrorCode::unavailable);
    CHECK(fixture.ask("a").error().message == "the embedding endpoint failed a moment ago");
    CHECK(fixture.calls() == 1);
    fixture.loop.clock.advance(499'999);
    CHECK_FALSE(fixture.ask("a").has_value());
    CHECK(fixture.calls() == 1);
    fixture.loop.clock.advance(1);
    CHECK_FALSE(fixture.ask("a").has_value());
    CHECK(fixture.calls() == 2);
    fixture.loop.clock.advance(500'000);
    CHECK_FALSE(fixture.ask("a").has_value());
    CHECK(fixture.calls() == 2);
    fixture.loop.clock.advance(500'000);
    fixture.endpoint.failing_status = 200;
    CHECK(fixture.ask("a").has_value());
    CHECK(fixture.ask("b").has_value());
    CHECK(fixture.calls() == 4);
    CHECK(fixture.counters().failed == 2);
}

TEST_CASE("an answer that makes no sense is an error, and counts as a failure") {
    Fixture fixture;
    fixture.endpoint.instead = "{\"data\":[]}";
    CHECK(fixture.ask("a").error().code == ErrorCode::protocol);
    CHECK(fixture.ask("a").error().code == ErrorCode::unavailable);
}

TEST_CASE("nobody there, or not ready: an error at once") {
    Loop loop;
    std::uint16_t port = 0;
    {
        const Listener gone;
        port = gone.port();
    }
    Client client(loop, {"127.0.0.1", port, "", false});
    EndpointOptions options = test_options();
    bool ready = false;
    options.ready = [&] { return ready; };
    std::unique_ptr<EndpointEmbedder> embedder;
    loop.call([&] { embedder = std::make_unique<EndpointEmbedder>(*client, options); });
    const std::string text = "a";
    CHECK(loop.run(embedder->embed(text)).error().message == "the embedding endpoint is not ready");
    loop.call([&] { ready = true; });
    CHECK(loop.run(embedder->embed(text)).error().code == ErrorCode::unavailable);
    CHECK(loop.run(embedder->embed(text)).error().message == "the embedding endpoint failed a moment ago");
    loop.call([&] { embedder.reset(); });
}

namespace {

// Asks, and does away with the embedder as soon as it has the answer: what a request does that outlived a reload.
Task<Result<Vector>> ask_and_destroy(std::unique_ptr<EndpointEmbedder>& embedder, std::string text, bool& was_idle) {
    Result<Vector> vector = co_await embedder->embed(text);
    was_idle = embedder->idle();
    embedder.reset();
    co_return vector;
}

Task<void> ask_and_note(EndpointEmbedder& embedder, std::string text, int number, std::vector<int>& order) {
    const Result<Vector> vector = co_await embedder.embed(text);
    order.push_back(vector ? number : -number);
}

Task<Result<Vector>> ask_with(EndpointEmbedder& embedder, std::string text, std::string head_lines) {
    Result<Vector> vector = co_await embedder.embed(text, head_lines);
    co_return vector;
}

}  // namespace

TEST_CASE("whoever gets an answer may destroy the embedder: no step of it is still under way") {
    Fixture fixture;
    bool was_idle = false;
    CHECK(fixture.loop.run(ask_and_destroy(fixture.embedder, "a", was_idle)).has_value());
    CHECK(was_idle);
    CHECK(fixture.embedder == nullptr);
}

TEST_CASE("the waiters of a call go on in the order in which they asked") {
    Fixture fixture;
    fixture.endpoint.held = true;
    std::vector<int> order;
    std::vector<std::future<void>> asked;
    for (int i = 1; i <= 5; ++i) asked.push_back(fixture.loop.start(ask_and_note(*fixture.embedder, "a", i, order)));
    fixture.loop.eventually([&] { return fixture.endpoint.gate.awaited(); });
    fixture.endpoint.gate.open();
    for (auto& each : asked) get(each);
    CHECK(order == std::vector<int>{1, 2, 3, 4, 5});
}

TEST_CASE("of a call for several texts the head says what the first that says anything wants") {
    EndpointOptions options = test_options();
    options.calls_most = 1;
    Fixture fixture(options);
    fixture.endpoint.held = true;
    std::vector<std::future<Result<Vector>>> asked;
    const auto ask = [&](const char* text, const char* lines) {
        asked.push_back(fixture.loop.start(ask_with(*fixture.embedder, text, lines)));
    };
    ask("a", "traceparent: 1\r\n");
    fixture.loop.eventually([&] { return fixture.endpoint.gate.awaited(); });
    ask("b", "");
    ask("c", "traceparent: 3\r\n");
    ask("d", "traceparent: 4\r\n");
    fixture.endpoint.gate.open();
    for (auto& each : asked) CHECK(get(each).has_value());
    CHECK(fixture.endpoint.traces == std::vector<std::string>{"1", "3"});
}

TEST_CASE("the embedder's end: who waits is told so, and the calls under way end before their client") {
    Loop loop;
    Listener silent;
    std::weak_ptr<net::HttpClient> client;
    std::unique_ptr<EndpointEmbedder> embedder;
    loop.call([&] {
        auto made = std::make_shared<net::HttpClient>(loop.reactor, silent.endpoint(), net::ClientLimits{}, nullptr);
        client = made;
        EndpointOptions options = test_options();
        options.calls_most = 1;
        embedder = std::make_unique<EndpointEmbedder>(std::move(made), options);
    });
    const std::string one = "1", two = "22";
    std::vector<std::future<Result<Vector>>> waiting;
    waiting.push_back(loop.start(embedder->embed(one)));  // asked for
    Peer connection = silent.accept();
    connection.read_until("\"float\"}");
    waiting.push_back(loop.start(embedder->embed(one)));  // joins it
    waiting.push_back(loop.start(embedder->embed(two)));  // queues
    loop.call([&] {
        CHECK_FALSE(embedder->idle());
        embedder.reset();
    });
    for (auto& result : waiting) CHECK(get(result).error().code == ErrorCode::canceled);
    CHECK(connection.read_to_end().empty());
    CHECK(connection.end() != Peer::End::silence);
    loop.eventually([&] { return client.expired(); });
}

TEST_CASE("an endpoint that begins to answer and hangs costs the time of one piece, not the client's usual limit") {
    Loop loop;
    Listener hanging;
    Client client(loop, hanging.endpoint(), endpoint_limits(net::ClientLimits{}));
    std::unique_ptr<EndpointEmbedder> embedder;
    loop.call([&] { embedder = std::make_unique<EndpointEmbedder>(*client, test_options()); });
    const std::string text = "1";
    auto result = loop.start(embedder->embed(text));
    Peer connection = hanging.accept();
    connection.read_until("\"float\"}");
    connection.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{");
    const auto done = [&] { return result.wait_for(std::chrono::seconds(0)) == std::future_status::ready; };
    loop.eventually([&] {
        loop.clock.advance(100'000);
        return done() || loop.clock.steady_micros() > 10'000'000;
    });
    REQUIRE(done());
    CHECK(result.get().error().code == ErrorCode::timeout);
    CHECK(loop.clock.steady_micros() <= 5'000'000);
    loop.call([&] { embedder.reset(); });
}

TEST_CASE("limits narrower than the endpoint's stay") {
    net::ClientLimits narrow;
    narrow.idle_micros = 1000;
    CHECK(endpoint_limits(narrow).idle_micros == 1000);
    CHECK(endpoint_limits(narrow).first_byte_micros == kEndpointMicros);
}

TEST_CASE("an endpoint that says nothing: a timeout for all that wait") {
    Loop loop;
    Listener silent;
    Client client(loop, silent.endpoint());
    EndpointOptions options = test_options();
    options.calls_most = 1;
    std::unique_ptr<EndpointEmbedder> embedder;
    loop.call([&] { embedder = std::make_unique<EndpointEmbedder>(*client, options); });
    const std::string one = "1", two = "22";
    auto first = loop.start(embedder->embed(one));
    Peer connection = silent.accept();
    const std::string request = connection.read_until("\"float\"}");
    CHECK(request.find("[\"1\"]") != std::string::npos);
    auto second = loop.start(embedder->embed(one));
    loop.clock.advance(2'000'001);
    CHECK(get(first).error().code == ErrorCode::timeout);
    CHECK(get(second).error().code == ErrorCode::timeout);
    CHECK(loop.run(embedder->embed(two)).error().code == ErrorCode::unavailable);
    loop.call([&] { embedder.reset(); });
}

TEST_CASE("a model file's identity: name, hash, dimensions") {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("weir-embed-" + std::to_string(::getpid()))).string();
    std::ofstream(path) << "abc";
    const auto identity = identity_of_model_file("minilm", path, 384);
    std::filesystem::remove(path);
    REQUIRE(identity.has_value());
    CHECK(*identity == "minilm:ba7816bf8f01:384");
    CHECK(identity_of_model_file("minilm", path, 384).error().code == ErrorCode::io);
}

TEST_CASE("a real llama-server child with a real model: paraphrases are near, other questions are not") {
    const char* program = std::getenv("WEIR_LLAMA_SERVER");
    const char* model = std::getenv("WEIR_EMBEDDING_MODEL_FILE");
    if (program == nullptr || model == nullptr) {
        MESSAGE("skipped: WEIR_LLAMA_SERVER and WEIR_EMBEDDING_MODEL_FILE are not set");
        return;
    }
    local::LlamaServerOptions child;
    child.name = "embedding";
    child.program = program;
    child.model_file = model;
    child.embedding = true;
    child.context_tokens = local::embedding_context_tokens;
    child.parallel = 1;
    const auto server = local::LlamaServer::start(child);
    REQUIRE(server.has_value());
    REQUIRE((*server)->wait_ready(60'000'000));
    Loop loop;
    Client client(loop, {"", 0, (*server)->socket_path(), false});
    EndpointOptions options = test_options();
    options.dimensions = 384;
    options.ready = [&] { return (*server)->state() == local::ChildState::ready; };
    std::unique_ptr<EndpointEmbedder> embedder;
    loop.call([&] { embedder = std::make_unique<EndpointEmbedder>(*client, options); });
    const std::vector<std::string> texts{"What is the capital of France?", "Which city is the capital of France?",
                                         "How do I turn on bluetooth?", std::string(900, '.')};
    std::vector<Vector> vectors;
    for (const std::string& text : texts) {
        Result<Vector> vector = loop.run(embedder->embed(text));
        if (!vector) {
            CHECK(&text == &texts.back());  // more tokens than the model takes
            CHECK(vector.error().code == ErrorCode::invalid);
            continue;
        }
        vectors.push_back(*vector);
    }
    REQUIRE(vectors.size() >= 3);
    const auto cosine = [&](std::size_t a, std::size_t b) {
        return std::inner_product(vectors[a].begin(), vectors[a].end(), vectors[b].begin(), 0.0);
    };
    // The same model in single precision, computed with numpy from its safetensors, says 0.9416 and 0.0956.
    CHECK(cosine(0, 1) == doctest::Approx(0.9416).epsilon(0.002));
    CHECK(cosine(0, 2) == doctest::Approx(0.0956).epsilon(0.02));
    loop.call([&] { embedder.reset(); });
}
