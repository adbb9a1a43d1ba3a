// The load generator of the benchmarks: single-threaded, epoll, every answer compared with what the fake provider sent.
//
//   load --port P --path /v1/chat/completions --model M [options]      prints one JSON object
//     --connections 32   --seconds 4 | --requests N   --body-bytes 1024
//     --rate R           open loop: a request is due every 1/R s and its latency counts from then (no coordinated
//                        omission); without it, closed loop: each connection asks again as soon as it has its answer
//     --stream none|plain|usage|translated    usage: the caller asks for it; translated: out of another API's, so that
//                        the words of the answer have to be there in their order, and [DONE]
//     --distinct N       prompts repeat after N requests; 0: never (default 0)
//     --labels 1         questions of a narrow task; the answer is a label, from whomever (by_student counts students')
//     --header 'name: value'       one more header
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "answers.h"

namespace {

using namespace std::string_view_literals;
using Clock = std::chrono::steady_clock;
using Nanos = std::int64_t;

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr Nanos kSecond = 1'000'000'000;
constexpr Nanos kGiveUpAfter = 20 * kSecond;  // past the end: what is then unanswered counts as failed

Nanos now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

struct Options {
    std::uint16_t port = 0;
    std::string path = "/v1/chat/completions", model = "bench", stream = "none", header;
    std::size_t connections = 32, body_bytes = 1024, distinct = 0;
    std::uint64_t requests = 0;
    bool labels = false;
    double seconds = 4, rate = 0;
};

struct Connection {
    int fd = -1;
    std::string in;  // bytes of the answer so far
    bool busy = false;
    Nanos due = 0, sent = 0;
    std::size_t label = 0;  // that is the right answer
};

// Takes a whole answer off the front of `in`: 0 = not whole yet, 1 = as expected, -1 = wrong (why says what).
class AnswerCheck {
  public:
    explicit AnswerCheck(const Options& options)
        : labels_(options.labels),
          translated_(options.stream == "translated"),
          expected_(options.stream == "none" ? bench::answer_body() : bench::answer_stream(options.stream == "usage")) {
    }

    int take(std::string& in, std::size_t label);
    std::uint64_t by_student() const { return by_student_; }
    const std::string& problem() const { return problem_; }

  private:
    int wrong(std::string_view what, std::string_view got) {
        if (problem_.empty()) problem_ = std::string(what) + ": " + std::string(got.substr(0, 600));
        return -1;
    }
    bool decode_chunks(std::string_view rest, std::size_t& used, bool& bad);

    bool is_right(std::size_t label) const;

    bool is_translated() const;

    bool labels_, translated_;
    std::uint64_t by_student_ = 0;
    std::string expected_, payload_, problem_;
};

bool AnswerCheck::decode_chunks(std::string_view rest, std::size_t& used, bool& bad) {
    payload_.clear();
    used = 0;
    for (;;) {
        const std::size_t line = rest.find("\r\n", used);
        if (line == std::string_view::npos) return false;
        const std::size_t size = std::strtoul(rest.data() + used, nullptr, 16);
        if (rest.size() < line + 2 + size + 2) return false;
        bad = rest.substr(line + 2 + size, 2) != "\r\n";
        payload_.append(rest.substr(line + 2, size));
        used = line + 2 + size + 2;
        if (size == 0 || bad) return true;
    }
}

bool AnswerCheck::is_translated() const {
    const std::string_view payload = payload_;
    std::size_t at = 0;
    for (int i = 0; i < bench::kContentEvents; ++i) {
        at = payload.find(bench::answer_word(i), at);
        if (at == std::string_view::npos) return false;
    }
    return payload.ends_with("data: [DONE]\n\n");
}

bool AnswerCheck::is_right(std::size_t label) const {
    if (translated_) return is_translated();
    if (!labels_) return payload_ == expected_;
    return payload_.find(bench::label_content(bench::kLabels[label])) != std::string::npos;
}

int AnswerCheck::take(std::string& in, std::size_t label) {
    const std::string_view all = in;
    const std::size_t end = all.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    std::string head(all.substr(0, end + 2));
    std::transform(head.begin(), head.end(), head.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const std::string_view rest = all.substr(end + 4);
    std::size_t used = 0;
    const std::size_t length_at = head.find("\r\ncontent-length:");
    if (length_at != std::string::npos) {
        used = std::strtoul(head.c_str() + length_at + 17, nullptr, 10);
        if (rest.size() < used) return 0;
        payload_.assign(rest.substr(0, used));
    } else if (head.find("\r\ntransfer-encoding: chunked") != std::string::npos) {
        bool bad = false;
        if (!decode_chunks(rest, used, bad)) return 0;
        if (bad) return wrong("malformed chunk", rest);
    } else {
        return wrong("neither content-length nor chunked", head);
    }
    if (!head.starts_with("http/1.1 200")) return wrong("status", all);
    if (!is_right(label)) {
        const auto differs = std::mismatch(payload_.begin(), payload_.end(), expected_.begin(), expected_.end());
        const auto at = static_cast<std::size_t>(differs.first - payload_.begin());
        return wrong("answer differs at byte " + std::to_string(at),
                     std::string_view(payload_).substr(at > 40 ? at - 40 : 0));
    }
    by_student_ += head.find("\r\nx-weir-tier: student\r\n") != std::string::npos;
    in.erase(0, end + 4 + used);
    if (!in.empty()) return wrong("bytes after the answer", in);
    return 1;
}

class Load {
  public:
    explicit Load(const Options& options);
    int run();

  private:
    void open_one(std::size_t index);
    void ask(Connection& connection, Nanos due);
    void on_readable(Connection& connection);
    void on_answer(Connection& connection, bool good);
    void start_due(Nanos at);
    bool finished(Nanos at) const;
    void print(Nanos elapsed);

    Options options_;
    AnswerCheck check_;
    std::string request_;  // whole, with the counter's digits at counter_at_ and, of a narrow task, a word at word_at_
    std::size_t counter_at_ = 0, word_at_ = 0;
    int epoll_, timer_;
    std::vector<Connection> connections_;
    std::vector<std::size_t> idle_;  // open loop: free connections
    std::deque<Nanos> waiting_;      // open loop: due, but no connection was free
    Nanos start_ = 0, end_ = 0;
    std::uint64_t issued_ = 0, answered_ = 0, failed_ = 0, in_flight_ = 0, late_ = 0;
    std::vector<std::uint32_t> from_due_micros_, from_sent_micros_;
};

constexpr std::size_t kCounterDigits = 12;

std::string render_body(const Options& options, std::size_t& counter_at) {
    std::string body = R"({"model":")" + options.model +
                       R"(","messages":[{"role":"system","content":"You are a careful )"
                       R"(assistant of a help desk."},{"role":"user","content":"question )";
    counter_at = body.size();
    body.append(kCounterDigits, '0');
    body += ": ";
    std::string tail = R"("}],"max_tokens":256,"temperature":0,"user":"bench")";
    if (options.stream != "none") tail += R"(,"stream":true)";
    if (options.stream == "usage") tail += R"(,"stream_options":{"include_usage":true})";
    tail += "}";
    if (options.labels) body.append(bench::kLabels[0].word) += "; ";
    static constexpr std::string_view kFill = "the quick brown fox jumps over the lazy dog while it rains; ";
    while (body.size() + tail.size() < options.body_bytes) {
        body += kFill.substr(0, std::min(kFill.size(), options.body_bytes - body.size() - tail.size()));
    }
    return body + tail;
}

Load::Load(const Options& options)
    : options_(options),
      check_(options),
      epoll_(epoll_create1(0)),
      timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)) {
    std::size_t in_body = 0;
    const std::string body = render_body(options, in_body);
    request_ = "POST " + options.path + " HTTP/1.1\r\nhost: 127.0.0.1:" + std::to_string(options.port) +
               "\r\naccept: application/json\r\ncontent-type: application/json\r\nuser-agent: OpenAI/Python 2.0\r\n"
               "authorization: Bearer sk-bench-0000000000000000\r\n";
    if (!options.header.empty()) request_ += options.header + "\r\n";
    request_ += "content-length: " + std::to_string(body.size()) + "\r\n\r\n";
    counter_at_ = request_.size() + in_body;
    word_at_ = counter_at_ + kCounterDigits + 2;
    request_ += body;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = ~0ull;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event);
    connections_.resize(options.connections);
    for (std::size_t i = 0; i < connections_.size(); ++i) open_one(i);
}

void Load::open_one(std::size_t index) {
    Connection& connection = connections_[index];
    if (connection.fd >= 0) close(connection.fd);
    connection = Connection{};
    connection.fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        std::perror("connect");
        std::exit(1);
    }
    const int one = 1;
    setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
}

void Load::ask(Connection& connection, Nanos due) {
    std::uint64_t counter = issued_++;
    if (options_.distinct > 0) counter %= options_.distinct;
    for (std::size_t digit = kCounterDigits; digit > 0; --digit, counter /= 10) {
        request_[counter_at_ + digit - 1] = static_cast<char>('0' + counter % 10);
    }
    if (options_.labels) {
        // Not in turn: the counter's digits must not tell.
        connection.label = (issued_ * 2654435761U >> 16U) % bench::kLabels.size();
        const std::string_view word = bench::kLabels[connection.label].word;
        std::copy(word.begin(), word.end(), request_.begin() + static_cast<std::ptrdiff_t>(word_at_));
    }
    connection.busy = true;
    connection.sent = now();
    connection.due = due == 0 ? connection.sent : due;
    ++in_flight_;
    // A blocking socket: the request is small against the socket's buffer.
    if (send(connection.fd, request_.data(), request_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request_.size())) {
        on_answer(connection, false);
    }
}

void Load::on_answer(Connection& connection, bool good) {
    const Nanos at = now();
    --in_flight_;
    connection.busy = false;
    if (good) {
        ++answered_;
        from_due_micros_.push_back(static_cast<std::uint32_t>((at - connection.due) / 1000));
        from_sent_micros_.push_back(static_cast<std::uint32_t>((at - connection.sent) / 1000));
    } else {
        ++failed_;
        open_one(static_cast<std::size_t>(&connection - connections_.data()));
    }
    if (options_.rate > 0) {
        if (!waiting_.empty()) {
            const Nanos due = waiting_.front();
            waiting_.pop_front();
            ask(connection, due);
        } else {
            idle_.push_back(static_cast<std::size_t>(&connection - connections_.data()));
        }
    } else if (!finished(at) && failed_ < 100) {
        ask(connection, 0);
    }
}

void Load::on_readable(Connection& connection) {
    static std::array<char, kReadBytes> buffer;
    const ssize_t got = recv(connection.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (!connection.busy) {
        if (got > 0) ++failed_;  // bytes that nobody asked for
        return open_one(static_cast<std::size_t>(&connection - connections_.data()));
    }
    if (got <= 0) return on_answer(connection, false);
    connection.in.append(buffer.data(), static_cast<std::size_t>(got));
    const int verdict = check_.take(connection.in, connection.label);
    if (verdict != 0) on_answer(connection, verdict > 0);
}

bool Load::finished(Nanos at) const {
    return options_.requests > 0 ? issued_ >= options_.requests : at >= end_;
}

void Load::start_due(Nanos at) {
    std::uint64_t periods = 0;
    if (read(timer_, &periods, sizeof periods) < 0 && errno != EAGAIN) return;
    while (!finished(at)) {
        const Nanos due =
            start_ + static_cast<Nanos>(static_cast<double>(issued_ + waiting_.size()) / options_.rate * 1e9);
        if (due > at || due >= end_) break;
        if (idle_.empty()) {
            waiting_.push_back(due);
            ++late_;
            continue;
        }
        const std::size_t index = idle_.back();
        idle_.pop_back();
        ask(connections_[index], due);
    }
}

int Load::run() {
    start_ = now();
    end_ = start_ + static_cast<Nanos>(options_.seconds * 1e9);
    if (options_.rate > 0) {
        for (std::size_t i = 0; i < connections_.size(); ++i) idle_.push_back(i);
        itimerspec period{};
        period.it_interval.tv_nsec = static_cast<long>(1e9 / options_.rate);
        period.it_value.tv_nsec = 1;
        timerfd_settime(timer_, 0, &period, nullptr);
    } else {
        for (Connection& connection : connections_) {
            if (!finished(now())) ask(connection, 0);
        }
    }
    std::array<epoll_event, 128> events;
    while ((!finished(now()) || in_flight_ > 0 || !waiting_.empty()) && failed_ < 100) {
        if (options_.requests == 0 && now() > end_ + kGiveUpAfter) break;
        const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 1000);
        for (int i = 0; i < count; ++i) {
            const std::uint64_t index = events[static_cast<std::size_t>(i)].data.u64;
            if (index == ~0ull) {
                start_due(now());
            } else {
                on_readable(connections_[index]);
            }
        }
    }
    failed_ += in_flight_;
    print(now() - start_);
    return failed_ == 0 && answered_ > 0 ? 0 : 1;
}

void print_quantiles(const char* name, std::vector<std::uint32_t>& micros) {
    std::sort(micros.begin(), micros.end());
    const auto at = [&](double share) {
        return micros.empty() ? 0u
                              : micros[std::min(micros.size() - 1,
                                                static_cast<std::size_t>(share * static_cast<double>(micros.size())))];
    };
    std::printf(",\"%s\":{\"p50\":%u,\"p90\":%u,\"p99\":%u,\"p999\":%u,\"max\":%u}", name, at(0.5), at(0.9), at(0.99),
                at(0.999), micros.empty() ? 0 : micros.back());
}

void Load::print(Nanos elapsed) {
    std::printf("{\"answered\":%llu,\"failed\":%llu,\"late\":%llu,\"seconds\":%.3f,\"rate\":%.1f",
                static_cast<unsigned long long>(answered_), static_cast<unsigned long long>(failed_),
                static_cast<unsigned long long>(late_), static_cast<double>(elapsed) / 1e9,
                static_cast<double>(answered_) * 1e9 / static_cast<double>(elapsed));
    print_quantiles("latency_us", from_due_micros_);
    print_quantiles("service_us", from_sent_micros_);
    std::printf(",\"by_student\":%llu}\n", static_cast<unsigned long long>(check_.by_student()));
    if (!check_.problem().empty()) std::fprintf(stderr, "load: %s\n", check_.problem().c_str());
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const char* value = argv[i + 1];
        if (name == "--port")
            options.port = static_cast<std::uint16_t>(std::atoi(value));
        else if (name == "--path")
            options.path = value;
        else if (name == "--model")
            options.model = value;
        else if (name == "--stream")
            options.stream = value;
        else if (name == "--header")
            options.header = value;
        else if (name == "--connections")
            options.connections = std::strtoul(value, nullptr, 10);
        else if (name == "--body-bytes")
            options.body_bytes = std::strtoul(value, nullptr, 10);
        else if (name == "--distinct")
            options.distinct = std::strtoul(value, nullptr, 10);
        else if (name == "--requests")
            options.requests = std::strtoull(value, nullptr, 10);
        else if (name == "--seconds")
            options.seconds = std::atof(value);
        else if (name == "--labels")
            options.labels = value != "0"sv;
        else if (name == "--rate")
            options.rate = std::atof(value);
        else {
            std::fprintf(stderr, "load: unknown option %s\n", argv[i]);
            return 2;
        }
    }
    std::signal(SIGPIPE, SIG_IGN);
    return Load(options).run();
}
