#include "local/health_probe.h"

#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "local/fake_llama_server.h"

using namespace weir;
using namespace weir::local;
using namespace weir::local::testing;

namespace {

// Listens on a Unix socket and answers each connection with the given pieces, then closes or holds it.
class Listener {
  public:
    Listener(std::string path, std::vector<std::string> pieces, bool hold) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
        REQUIRE(::listen(fd_, 8) == 0);
        thread_ = std::thread([this, pieces = std::move(pieces), hold] {
            for (;;) {
                const int connection = ::accept(fd_, nullptr, nullptr);
                if (connection < 0) return;
                std::array<char, 4096> request{};
                const ssize_t got = ::recv(connection, request.data(), request.size(), 0);
                asked_.assign(request.data(), static_cast<std::size_t>(got < 0 ? 0 : got));
                for (const std::string& piece : pieces) ::send(connection, piece.data(), piece.size(), MSG_NOSIGNAL);
                if (hold) ::recv(connection, request.data(), request.size(), 0);  // until the other side gives up
                ::close(connection);
            }
        });
    }
    ~Listener() {
        ::shutdown(fd_, SHUT_RDWR);
        thread_.join();
        ::close(fd_);
    }
    const std::string& asked() const { return asked_; }

  private:
    int fd_;
    std::string asked_;
    std::thread thread_;
};

Health probe(const FakeServer& files, const std::vector<std::string>& pieces, bool hold,
             Micros patience = patience_micros) {
    const std::string path = files.path("s.sock");
    ::unlink(path.c_str());
    const Listener listener(path, pieces, hold);
    return probe_health(path, patience, -1, -1);
}

}  // namespace

TEST_CASE("the status line decides, however it is cut") {
    const FakeServer files;
    CHECK(probe(files, {"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}"}, false) == Health::ok);
    CHECK(probe(files, {"HT", "TP/1.1 2", "00 OK\r", "\n"}, true) == Health::ok);
    CHECK(probe(files, {"HTTP/1.0 200 OK\n"}, true) == Health::ok);
    CHECK(probe(files, {"HTTP/1.1 503 Service Unavailable\r\n\r\n"}, false) == Health::loading);
    CHECK(probe(files, {"HTTP/1.1 404 Not Found\r\n\r\n"}, false) == Health::loading);
}

TEST_CASE("what isn't HTTP, or breaks off, is unreachable") {
    const FakeServer files;
    CHECK(probe(files, {}, false) == Health::unreachable);
    CHECK(probe(files, {"HTTP/1.1 200"}, false) == Health::unreachable);
    CHECK(probe(files, {"SSH-2.0-OpenSSH_9.2\r\n"}, true) == Health::unreachable);
    CHECK(probe(files, {"HTTP/2 200\r\n"}, true) == Health::unreachable);
    CHECK(probe(files, {std::string(100'000, 'x')}, true) == Health::unreachable);
}

TEST_CASE("nothing listening, no socket at all, or a path too long for one") {
    const FakeServer files;
    CHECK(probe_health(files.path("none.sock"), patience_micros, -1, -1) == Health::unreachable);
    CHECK(probe_health("/tmp/" + std::string(200, 'x'), patience_micros, -1, -1) == Health::unreachable);
    files.write("file.sock", "a file");
    CHECK(probe_health(files.path("file.sock"), patience_micros, -1, -1) == Health::unreachable);
}

TEST_CASE("silence is late, after the time given and not long after") {
    const FakeServer files;
    const Micros began = monotonic_micros();
    CHECK(probe(files, {}, true, 30'000) == Health::late);
    CHECK(monotonic_micros() - began >= 30'000);
    CHECK(probe(files, {"HTTP/1.1 200 OK"}, true, 10'000) == Health::late);  // half a line is none
    CHECK(probe(files, {}, true, 0) == Health::late);
}

TEST_CASE("a wake descriptor ends the waiting at once") {
    const FakeServer files;
    const std::string path = files.path("s.sock");
    const Listener listener(path, {}, true);
    const int wake = ::eventfd(1, EFD_CLOEXEC);
    const Micros began = monotonic_micros();
    CHECK(probe_health(path, patience_micros, wake, -1) == Health::interrupted);
    CHECK(probe_health(path, patience_micros, -1, wake) == Health::interrupted);
    CHECK(monotonic_micros() - began < patience_micros);
    ::close(wake);
}

TEST_CASE("it asks for /health and nothing else") {
    const FakeServer files;
    const std::string path = files.path("s.sock");
    std::string asked;
    {
        Listener listener(path, {"HTTP/1.1 200 OK\r\n\r\n"}, false);
        REQUIRE(probe_health(path, patience_micros, -1, -1) == Health::ok);
        asked = listener.asked();
    }
    CHECK(asked == "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
}

TEST_CASE("milliseconds_until rounds up, ends at 0 and at an hour") {
    CHECK(milliseconds_until(monotonic_micros() - 5'000'000) == 0);
    CHECK(milliseconds_until(monotonic_micros() + 400) == 1);
    CHECK(milliseconds_until(monotonic_micros() + 86'400'000'000) == 3'600'000);
}
