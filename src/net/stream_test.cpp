#include "net/stream.h"

#include <doctest/doctest.h>

#include "net/loopback_testing.h"
#include "net/sockets.h"

using namespace weir;
using namespace weir::net;
using namespace weir::net::testing;

namespace {

// A stream on the loop, and the other end of its connection.
struct Pair {
    explicit Pair(Loop& on) : Pair(on, make_ends()) {}
    Pair(Loop& on, std::array<int, 2> ends) : loop(on), peer(ends[1]) {
        loop.call([&] {
            GenericSocket socket(loop.reactor.impl().io, asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
            stream = std::make_unique<PlainStream>(loop.reactor, std::move(socket));
        });
    }
    ~Pair() {
        loop.call([&] { stream.reset(); });
    }
    static std::array<int, 2> make_ends() {
        std::array<int, 2> ends{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
        return ends;
    }

    Loop& loop;
    Peer peer;
    std::unique_ptr<PlainStream> stream;
};

struct Written {
    IoResult result;
    bool done = false;
};

Task<void> write(Stream& stream, std::string_view bytes, Written& written) {
    written.result = co_await stream.write(bytes);
    written.done = true;
}

// Writes one thing a turn until writes are no longer queued.
void write_alone(Loop& loop, Pair& pair) {
    bool at_once = false;
    for (int turn = 0; turn < 100 && !at_once; ++turn) {
        Written written;
        loop.call([&] {
            spawn(write(*pair.stream, "x", written));
            at_once = written.done;
        });
        loop.eventually([&] { return written.done; });
        CHECK(pair.peer.read_bytes(1) == "x");
    }
    CHECK(at_once);
}

}  // namespace

TEST_CASE("what a turn writes is sent at its end, whole and in order") {
    Loop loop;
    Pair first(loop);
    Pair second(loop);
    Written one, two, three;
    loop.call([&] {
        spawn(write(*first.stream, "one", one));
        spawn(write(*second.stream, "two", two));
        CHECK_FALSE(one.done);
        CHECK_FALSE(two.done);
        CHECK(first.peer.nothing_yet());
        CHECK(second.peer.nothing_yet());
    });
    CHECK(first.peer.read_bytes(3) == "one");
    CHECK(second.peer.read_bytes(3) == "two");
    loop.eventually([&] { return one.done && two.done; });
    CHECK(one.result.ok);
    CHECK(one.result.bytes == 3);
    // More than the socket takes: the rest follows as the peer reads.
    const std::string large(4u << 20, 'y');
    loop.call([&] { spawn(write(*first.stream, large, three)); });
    CHECK(first.peer.read_bytes(large.size()) == large);
    loop.eventually([&] { return three.done; });
    CHECK(three.result.ok);
    CHECK(three.result.bytes == large.size());
}

TEST_CASE("a stream that is aborted before the turn's end sends nothing, and its write is told why") {
    Loop loop;
    Pair first(loop);
    Pair second(loop);
    Written one, two;
    loop.call([&] {
        spawn(write(*first.stream, "one", one));
        spawn(write(*second.stream, "two", two));
        first.stream->abort(ErrorCode::timeout);
    });
    CHECK(first.peer.read_to_end().empty());
    CHECK(second.peer.read_bytes(3) == "two");
    loop.eventually([&] { return one.done && two.done; });
    CHECK_FALSE(one.result.ok);
    CHECK(one.result.error == ErrorCode::timeout);
    CHECK(two.result.ok);
}

TEST_CASE("turns that write but once do not wait for their end, until they write more again") {
    Loop loop;
    Pair first(loop);
    Pair second(loop);
    write_alone(loop, first);
    // Found out by the writes that are queued all the same.
    bool together = false;
    for (int turn = 0; turn < 100 && !together; ++turn) {
        Written one, two;
        loop.call([&] {
            spawn(write(*first.stream, "one", one));
            spawn(write(*second.stream, "two", two));
            together = !one.done && !two.done;
        });
        CHECK(first.peer.read_bytes(3) == "one");
        CHECK(second.peer.read_bytes(3) == "two");
        loop.eventually([&] { return one.done && two.done; });
    }
    CHECK(together);
    write_alone(loop, first);
    // A write that is not queued may have to wait too.
    const std::string large(4u << 20, 'y');
    Written written;
    loop.call([&] { spawn(write(*first.stream, large, written)); });
    CHECK(first.peer.read_bytes(large.size()) == large);
    loop.eventually([&] { return written.done; });
    CHECK(written.result.bytes == large.size());
}
