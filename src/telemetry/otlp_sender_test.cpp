#include "telemetry/otlp_sender.h"

#include <doctest/doctest.h>

#include "net/loopback_testing.h"

using namespace weir;
using namespace weir::telemetry;

namespace {

OtlpSender::Report report(std::size_t items, Micros made) {
    OtlpSender::Report report;
    char* const to = report.body.room(1);
    *to = 'x';
    report.body.ended(to + 1);
    report.items = items;
    report.made = made;
    return report;
}

}  // namespace

TEST_CASE("an answer that trickles is waited for until the call's deadline, and the next report goes out") {
    constexpr Micros kSecond = 1'000'000;
    net::testing::Listener collector;
    net::testing::Loop loop;
    OtlpOptions options;
    options.endpoint = "http://127.0.0.1:" + std::to_string(collector.port());
    auto sender = loop.call([&] { return std::move(*OtlpSender::make(loop.reactor, options)); });
    auto running = loop.start(sender->run());
    loop.call([&] { sender->add(report(3, loop.reactor.now())); });
    net::testing::Peer slow = collector.accept();
    slow.read_until("\r\n\r\n");
    slow.send("HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\nx");
    const int sweeps = loop.eventually([&] {
        if (sender->sent(Signal::traces) == 3) return true;
        loop.clock.advance(kSecond);
        slow.send("x");
        return false;
    });
    CHECK(sweeps * kSecond < 3 * kCallMicros);
    loop.call([&] { sender->add(report(4, loop.reactor.now())); });
    net::testing::Peer next = collector.accept();
    next.read_until("\r\n\r\n");
    next.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    loop.eventually([&] { return sender->sent(Signal::traces) == 7; });
    loop.call([&] { sender->stop(loop.reactor.now()); });
    net::testing::get(running);
    loop.call([&] { sender.reset(); });
}
