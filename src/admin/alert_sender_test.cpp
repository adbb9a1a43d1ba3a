#include "admin/alert_sender.h"

#include <doctest/doctest.h>

#include "net/loopback_testing.h"
#include "store/ledger_testing.h"

using namespace weir;
using namespace weir::admin;
using net::testing::Listener;
using net::testing::Peer;

namespace {

constexpr Micros kSecond = 1'000'000;

struct World {
    Listener receiver;
    net::testing::Loop loop;
    std::unique_ptr<AlertSender> sender;
    std::future<void> running;
    store::testing::Log log;

    World() {
        telemetry::AlertWebhook webhook;
        webhook.name = "ops";
        webhook.url = "http://127.0.0.1:" + std::to_string(receiver.port()) + "/hook";
        webhook.secret = "s";
        sender = loop.call([&] { return std::move(*AlertSender::make(loop.reactor, webhook)); });
        running = loop.start(sender->run());
    }
    ~World() {
        loop.call([&] { sender->stop(); });
        net::testing::get(running);
        loop.call([&] { sender.reset(); });
    }
    void add(const std::string& id) {
        loop.call([&] { sender->add({"ops", id, loop.clock.unix_micros(), R"({"text":"x"})"}); });
    }
    // Takes the next post and answers it; its head.
    std::string take(std::string_view status) {
        Peer peer = receiver.accept();
        std::string head = peer.read_until("\r\n\r\n");
        CHECK(peer.read_bytes(12) == R"({"text":"x"})");
        peer.send("HTTP/1.1 " + std::string(status) + "\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        peer.read_to_end();
        return head;
    }
};

bool has(const std::string& head, const std::string& line) {
    return head.find(line + "\r\n") != std::string::npos;
}

}  // namespace

TEST_CASE("a message is posted, signed, and again after pauses until it is taken") {
    World world;
    world.add("m1");
    const std::string first = world.take("500 no");
    CHECK(first.starts_with("POST /hook HTTP/1.1\r\nhost: 127.0.0.1:"));
    CHECK(has(first, "webhook-id: m1"));
    CHECK(first.find("webhook-signature: v1,") != std::string::npos);
    world.loop.eventually([&] { return world.sender->view().problem == "status 500"; });
    world.loop.sweep(2);
    CHECK_FALSE(world.receiver.somebody_waits());  // its clock stands still
    world.loop.clock.advance(kFirstPause);
    const std::string second = world.take("307 elsewhere\r\nlocation: /other");
    CHECK(has(second, "webhook-id: m1"));
    CHECK(second != first);  // another time, another signature
    world.loop.eventually([&] { return world.sender->view().problem == "status 307"; });
    world.loop.clock.advance(2 * kFirstPause);
    world.take("204 ok");
    world.loop.eventually([&] { return world.sender->view().sent == 1; });
    CHECK(world.sender->view().problem.empty());
    CHECK(world.sender->waiting().empty());
    CHECK(world.loop.call([&] { return world.sender->take_changed(); }));
}

TEST_CASE("what nobody takes is lost after an hour, and counted; the next one goes on") {
    World world;
    world.add("m1");
    world.take("503 later");
    world.loop.eventually([&] { return world.sender->view().problem == "status 503"; });
    world.loop.clock.advance(kMessageMicros - kSecond);
    world.take("503 later");
    world.loop.eventually([&] { return world.sender->view().lost == 1; });
    CHECK(world.log.text().find("a message is lost, the webhook ops says: status 503") != std::string::npos);
    world.add("m2");
    CHECK(has(world.take("200 ok"), "webhook-id: m2"));
    world.loop.eventually([&] { return world.sender->view().sent == 1; });
}

TEST_CASE("a body that trickles behind the answer keeps no other message waiting") {
    World world;
    world.add("m1");
    Peer slow = world.receiver.accept();
    slow.read_until("\r\n\r\n");
    slow.send("HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\nx");
    world.add("m2");
    world.loop.eventually([&] { return world.sender->view().waiting == 2; });
    const int sweeps = world.loop.eventually([&] {
        world.loop.clock.advance(50'000);
        return world.sender->view().sent == 1;
    });
    CHECK(sweeps * 50'000 < kPostMicros / 4);
    CHECK(has(world.take("200 ok"), "webhook-id: m2"));
    world.loop.eventually([&] { return world.sender->view().sent == 2; });
}

TEST_CASE("a webhook's URL may have a query") {
    const auto target = [](std::string_view url) {
        std::string text;
        const auto endpoint = parse_webhook_url(url, text);
        return endpoint ? text : std::string(to_string(endpoint.error().code));
    };
    CHECK(target("https://chat.example/v1/hook?key=a&token=b%2Fc?") == "/v1/hook?key=a&token=b%2Fc?");
    CHECK(target("https://chat.example?key=a") == "/?key=a");
    CHECK(target("https://chat.example/hook/") == "/hook/");
    CHECK(target("https://chat.example") == "/");
    for (const char* const wrong : {"https://chat.example/hook?a b", "https://chat.example/hook?a#b",
                                    "https://chat.example/hook?\r\nx: y", "ftp://chat.example/hook?a", "?a"}) {
        CAPTURE(wrong);
        CHECK(target(wrong) == "invalid");
    }
}

TEST_CASE("too many wait: the oldest but the one under way is lost; an end keeps what waits") {
    World world;
    world.add("m0");
    Peer peer = world.receiver.accept();
    for (std::size_t i = 1; i <= kMostMessages + 1; ++i) world.add("m" + std::to_string(i));
    CHECK(world.sender->view().lost == 2);
    const auto waiting = world.sender->waiting();
    REQUIRE(waiting.size() == kMostMessages);
    CHECK(waiting[0].id == "m0");
    CHECK(waiting[1].id == "m3");
    world.loop.call([&] { world.sender->stop(); });
    world.loop.eventually([&] { return world.sender->ended(); });
    CHECK(world.sender->waiting().size() == kMostMessages);
}
