#include "local/health_probe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>

namespace weir::local {

namespace {

constexpr std::size_t status_line_bytes_most = 256;
constexpr std::string_view request = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

struct Socket {
    int fd;
    explicit Socket(int descriptor) : fd(descriptor) {}
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() {
        if (fd >= 0) ::close(fd);
    }
};

enum class Waited : std::uint8_t { usable, late, interrupted };

Waited wait_for(int fd, short events, Micros deadline, int wake_fd, int other_wake_fd) {
    std::array<pollfd, 3> watched{{{fd, events, 0}, {wake_fd, POLLIN, 0}, {other_wake_fd, POLLIN, 0}}};
    for (;;) {
        const int count = ::poll(watched.data(), watched.size(), milliseconds_until(deadline));
        if (count < 0 && errno == EINTR) continue;
        if (watched[1].revents != 0 || watched[2].revents != 0) return Waited::interrupted;
        return count > 0 ? Waited::usable : Waited::late;
    }
}

Health verdict(Waited waited) {
    return waited == Waited::late ? Health::late : Health::interrupted;
}

Health status_of(std::string_view line) {
    const bool http = line.starts_with("HTTP/1.0 ") || line.starts_with("HTTP/1.1 ");
    if (!http) return Health::unreachable;
    return line.substr(9).starts_with("200") ? Health::ok : Health::loading;
}

}  // namespace

Micros monotonic_micros() {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

int milliseconds_until(Micros deadline_micros) {
    constexpr Micros most = 3'600'000;
    const Micros left = (deadline_micros - monotonic_micros() + 999) / 1000;
    return static_cast<int>(std::clamp<Micros>(left, 0, most));
}

Health probe_health(const std::string& socket_path, Micros at_most_micros, int wake_fd, int other_wake_fd) {
    sockaddr_un address{};
    if (socket_path.size() >= sizeof(address.sun_path)) return Health::unreachable;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket_path.data(), socket_path.size());

    const Micros deadline = monotonic_micros() + at_most_micros;
    const Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.fd < 0) return Health::unreachable;
    if (::connect(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        // A full accept queue (EAGAIN on Unix sockets) is a server that does not keep up.
        return errno == EAGAIN ? Health::late : Health::unreachable;
    }
    // A fresh Unix socket's buffer holds the request: no partial sends.
    if (::send(socket.fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
        return Health::unreachable;
    }

    std::string head;
    std::array<char, status_line_bytes_most> buffer{};
    while (head.find('\n') == std::string::npos) {
        if (head.size() > status_line_bytes_most) return Health::unreachable;
        const Waited waited = wait_for(socket.fd, POLLIN, deadline, wake_fd, other_wake_fd);
        if (waited != Waited::usable) return verdict(waited);
        const ssize_t got = ::recv(socket.fd, buffer.data(), buffer.size(), 0);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) return Health::unreachable;
        head.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return status_of(head);
}

}  // namespace weir::local
