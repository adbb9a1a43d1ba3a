// A fake provider for the benchmarks: a single-threaded epoll HTTP/1.1 server that answers POST .../chat/completions at
// once with a fixed, valid answer. A request with "stream": true gets 64 content events in one burst, or, below a path
// that begins with /paced, one event every --pace-ms. Below /labels the answer is the label of a word in the request
// (answers.h). Below a path with /messages or :streamGenerateContent the burst is Anthropic's or Gemini's. Keep-alive
// and pipelining; no chunked request bodies (411).
//
//   instant_upstream [--port 0] [--pace-ms 5]      prints "listening on PORT"
//   GET /stats -> {"requests":N,"streams":N}; any other GET -> {"status":"ok"}
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "answers.h"

namespace {

using namespace std::string_view_literals;

constexpr std::size_t kMaxRequestBytes = 1u << 20;
constexpr std::size_t kReadBytes = 64 * 1024;
// Paced streams are spread over this many phases, so that 32 of them do not tick in one instant.
constexpr std::size_t kPhases = 8;

struct Connection {
    int fd = -1;
    std::string in, out;
    std::size_t sent = 0;
    std::size_t paced_next = 0;  // the next event of a paced stream
    bool paced = false;          // one is under way: later requests wait
    bool include_usage = false;
    bool wants_write = false;
    std::size_t phase = 0;
};

struct Stats {
    std::uint64_t requests = 0, streams = 0;
};

std::string chunk(std::string_view payload) {
    std::array<char, 24> head;
    const int length = std::snprintf(head.data(), head.size(), "%zx\r\n", payload.size());
    return std::string(head.data(), static_cast<std::size_t>(length)).append(payload).append("\r\n");
}

std::string plain(std::string_view status, std::string_view body) {
    return std::string("HTTP/1.1 ")
        .append(status)
        .append("\r\ncontent-type: application/json\r\ncontent-length: ")
        .append(std::to_string(body.size()))
        .append("\r\n\r\n")
        .append(body);
}

constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    "x-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n";

std::string burst_of(const std::vector<std::string>& events) {
    std::string burst(kStreamHead);
    for (const std::string& event : events) burst += chunk(event);
    return burst + "0\r\n\r\n";
}

class Upstream {
  public:
    Upstream(std::uint16_t port, long pace_ms);
    [[noreturn]] void run();

  private:
    void accept_all();
    void on_readable(Connection& connection);
    // Answers what is complete in `in`; false: the connection has to go.
    bool answer(Connection& connection);
    void answer_one(Connection& connection, std::string_view head, std::string_view body);
    void flush(Connection& connection);
    void tick();
    void drop(Connection& connection);

    int listener_, epoll_, timer_;
    std::vector<std::unique_ptr<Connection>> connections_;  // by descriptor
    std::array<std::vector<int>, kPhases> paced_;
    std::size_t next_phase_ = 0, tick_ = 0;
    Stats stats_;
    // Chunk-encoded; [1] for requests that ask for usage.
    std::array<std::vector<std::string>, 2> events_;
    std::array<std::string, 2> bursts_;
    std::string messages_burst_, gemini_burst_;
    std::string body_answer_;
    std::array<std::string, bench::kLabels.size()> label_answers_;
};

void check(bool ok, const char* what) {
    if (ok) return;
    std::perror(what);
    std::exit(1);
}

Upstream::Upstream(std::uint16_t port, long pace_ms)
    : listener_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)),
      epoll_(epoll_create1(0)),
      timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)) {
    const int one = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
    check(listen(listener_, 1024) == 0, "listen");
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("listening on %u\n", static_cast<unsigned>(ntohs(address.sin_port)));
    std::fflush(stdout);

    itimerspec period{};
    period.it_interval.tv_nsec = pace_ms * 1'000'000 / static_cast<long>(kPhases);
    period.it_value = period.it_interval;
    timerfd_settime(timer_, 0, &period, nullptr);
    for (const int fd : {listener_, timer_}) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        check(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
    }

    body_answer_ = plain("200 OK", bench::answer_body());
    for (std::size_t i = 0; i < bench::kLabels.size(); ++i) {
        label_answers_[i] = plain("200 OK", bench::label_body(bench::kLabels[i]));
    }
    for (const bool usage : {false, true}) {
        std::vector<std::string>& events = events_[usage ? 1 : 0];
        for (const std::string& event : bench::answer_events(usage)) events.push_back(chunk(event));
        std::string last = usage ? chunk(bench::usage_event()) : std::string();
        last += chunk("data: [DONE]\n\n") + "0\r\n\r\n";
        events.push_back(last);
        std::string& burst = bursts_[usage ? 1 : 0];
        burst = kStreamHead;
        for (const std::string& event : events) burst += event;
    }
    messages_burst_ = burst_of(bench::messages_events());
    gemini_burst_ = burst_of(bench::gemini_events());
}

void Upstream::run() {
    std::array<epoll_event, 256> events;
    for (;;) {
        const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            const int fd = event.data.fd;
            if (fd == listener_) {
                accept_all();
            } else if (fd == timer_) {
                tick();
            } else if (Connection* connection = connections_[static_cast<std::size_t>(fd)].get()) {
                if ((event.events & EPOLLOUT) != 0) flush(*connection);
                if ((event.events & ~static_cast<unsigned>(EPOLLOUT)) != 0) on_readable(*connection);
            }
        }
    }
}

void Upstream::accept_all() {
    for (;;) {
        const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
        if (fd < 0) return;
        const int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (connections_.size() <= static_cast<std::size_t>(fd)) connections_.resize(static_cast<std::size_t>(fd) + 1);
        auto& slot = connections_[static_cast<std::size_t>(fd)];
        slot = std::make_unique<Connection>();
        slot->fd = fd;
        slot->phase = next_phase_++ % kPhases;
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
}

void Upstream::drop(Connection& connection) {
    if (connection.paced) std::erase(paced_[connection.phase], connection.fd);
    close(connection.fd);
    connections_[static_cast<std::size_t>(connection.fd)].reset();
}

void Upstream::on_readable(Connection& connection) {
    static std::array<char, kReadBytes> buffer;
    const ssize_t got = recv(connection.fd, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return drop(connection);
    connection.in.append(buffer.data(), static_cast<std::size_t>(got));
    if (!answer(connection)) return drop(connection);
    flush(connection);
}

bool has_true(std::string_view body, std::string_view quoted_name) {
    const std::size_t at = body.find(quoted_name);
    if (at == std::string_view::npos) return false;
    std::size_t value = at + quoted_name.size();
    while (value < body.size() && (body[value] == ' ' || body[value] == ':')) ++value;
    return body.substr(value, 4) == "true";
}

std::string_view header(std::string_view head, std::string_view lower_case_name) {
    for (std::size_t line = head.find("\r\n"); line != std::string_view::npos; line = head.find("\r\n", line + 2)) {
        const std::string_view rest = head.substr(line + 2);
        if (rest.size() <= lower_case_name.size() || rest[lower_case_name.size()] != ':') continue;
        if (strncasecmp(rest.data(), lower_case_name.data(), lower_case_name.size()) != 0) continue;
        const std::string_view value = rest.substr(lower_case_name.size() + 1);
        return value.substr(0, value.find("\r\n"));
    }
    return {};
}

bool Upstream::answer(Connection& connection) {
    std::size_t used = 0;
    const std::string_view in = connection.in;
    while (!connection.paced) {
        const std::string_view rest = in.substr(used);
        const std::size_t end = rest.find("\r\n\r\n");
        if (end == std::string_view::npos) break;
        const std::string_view head = rest.substr(0, end + 2);
        if (!header(head, "transfer-encoding").empty()) {
            connection.out += plain("411 Length Required", R"({"error":{"message":"no chunked requests here"}})");
            flush(connection);
            return false;
        }
        const std::string_view length = header(head, "content-length");
        const std::size_t body_bytes = length.empty() ? 0 : std::strtoul(std::string(length).c_str(), nullptr, 10);
        if (rest.size() < end + 4 + body_bytes) break;
        answer_one(connection, head, rest.substr(end + 4, body_bytes));
        used += end + 4 + body_bytes;
    }
    connection.in.erase(0, used);
    return connection.in.size() < kMaxRequestBytes;
}

void Upstream::answer_one(Connection& connection, std::string_view head, std::string_view body) {
    if (head.starts_with("GET ")) {
        const bool stats = head.substr(4).starts_with("/stats");
        connection.out += plain("200 OK", stats ? "{\"requests\":" + std::to_string(stats_.requests) +
                                                      ",\"streams\":" + std::to_string(stats_.streams) + "}"
                                                : R"({"status":"ok"})");
        return;
    }
    ++stats_.requests;
    const std::string_view target = head.substr(0, head.find("\r\n"));
    if (target.find("/messages ") != std::string_view::npos) {
        ++stats_.streams;
        connection.out += messages_burst_;
        return;
    }
    if (target.find(":streamGenerateContent") != std::string_view::npos) {
        ++stats_.streams;
        connection.out += gemini_burst_;
        return;
    }
    if (head.substr(head.find(' ') + 1).starts_with("/labels")) {
        std::size_t label = 0;
        while (label + 1 < bench::kLabels.size() && body.find(bench::kLabels[label].word) == std::string_view::npos) {
            ++label;
        }
        connection.out += label_answers_[label];
        return;
    }
    if (!has_true(body, "\"stream\""sv)) {
        connection.out += body_answer_;
        return;
    }
    ++stats_.streams;
    const bool include_usage = has_true(body, "\"include_usage\""sv);
    const std::size_t path = head.find(' ') + 1;
    if (!head.substr(path).starts_with("/paced")) {
        connection.out += bursts_[include_usage ? 1 : 0];
        return;
    }
    connection.out += kStreamHead;
    connection.include_usage = include_usage;
    connection.paced = true;
    connection.paced_next = 0;
    paced_[connection.phase].push_back(connection.fd);
}

void Upstream::flush(Connection& connection) {
    while (connection.sent < connection.out.size()) {
        const ssize_t wrote = send(connection.fd, connection.out.data() + connection.sent,
                                   connection.out.size() - connection.sent, MSG_NOSIGNAL);
        if (wrote < 0) break;  // full: EPOLLOUT; broken: the read side will tell
        connection.sent += static_cast<std::size_t>(wrote);
    }
    const bool left = connection.sent < connection.out.size();
    if (!left) {
        connection.out.clear();
        connection.sent = 0;
    }
    if (left == connection.wants_write) return;
    connection.wants_write = left;
    epoll_event event{};
    event.events =
        left ? static_cast<unsigned>(EPOLLIN) | static_cast<unsigned>(EPOLLOUT) : static_cast<unsigned>(EPOLLIN);
    event.data.fd = connection.fd;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
}

void Upstream::tick() {
    std::uint64_t periods = 0;
    if (read(timer_, &periods, sizeof periods) != sizeof periods) return;
    for (; periods > 0; --periods) {
        std::vector<int>& streams = paced_[tick_++ % kPhases];
        for (std::size_t i = 0; i < streams.size();) {
            Connection& connection = *connections_[static_cast<std::size_t>(streams[i])];
            const std::vector<std::string>& events = events_[connection.include_usage ? 1 : 0];
            connection.out += events[connection.paced_next++];
            flush(connection);
            if (connection.paced_next < events.size()) {
                ++i;
                continue;
            }
            connection.paced = false;
            streams.erase(streams.begin() + static_cast<std::ptrdiff_t>(i));
            if (answer(connection)) flush(connection);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    long port = 0, pace_ms = 5;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (argv[i] == "--port"sv) port = std::atol(argv[i + 1]);
        if (argv[i] == "--pace-ms"sv) pace_ms = std::atol(argv[i + 1]);
    }
    std::signal(SIGPIPE, SIG_IGN);
    Upstream(static_cast<std::uint16_t>(port), pace_ms).run();
}
