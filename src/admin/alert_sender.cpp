#include "admin/alert_sender.h"

#include <algorithm>

#include "admin/alert_message.h"
#include "base/log.h"
#include "base/version.h"
#include "net/host_header.h"

namespace weir::admin {
namespace {

constexpr Micros kStep = 100'000;
constexpr Micros kDropMicros = 100'000;  // for the rest of an answer, so that the connection can be used again

}  // namespace

Result<net::Endpoint> parse_webhook_url(std::string_view url, std::string& target) {
    const std::size_t begin = std::min(url.find('?'), url.size());
    const std::string_view base = url.substr(0, begin), query = url.substr(begin);
    Result<net::Endpoint> endpoint = net::parse_url(base, target);
    if (!endpoint) return endpoint;
    if (target.empty() || base.ends_with('/')) target += '/';
    for (const char c : query) {
        if (c <= ' ' || c > '~' || c == '#') {
            return fail(ErrorCode::invalid, "a query has no fragment, space or control byte");
        }
    }
    target += query;
    return endpoint;
}

Result<std::unique_ptr<AlertSender>> AlertSender::make(net::Reactor& reactor, const telemetry::AlertWebhook& webhook) {
    std::unique_ptr<AlertSender> sender(new AlertSender(reactor, webhook));
    const Result<net::Endpoint> endpoint = parse_webhook_url(webhook.url, sender->path_);
    if (!endpoint) return tl::unexpected(endpoint.error());
    std::shared_ptr<net::TlsContext> tls;
    if (endpoint->tls) {
        auto made = net::make_client_tls("");
        if (!made) return tl::unexpected(made.error());
        tls = std::move(*made);
    }
    sender->host_ = net::host_header(*endpoint);
    net::ClientLimits limits;
    limits.write_micros = limits.first_byte_micros = limits.idle_micros = kPostMicros;
    limits.pooled_connections = 1;
    sender->client_ = std::make_unique<net::HttpClient>(reactor, *endpoint, limits, std::move(tls));
    sender->view_.name = webhook.name;
    return sender;
}

void AlertSender::add(AlertMessage message) {
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
    if (messages_.size() <= kMostMessages) return;
    // The first one may be under way.
    messages_.erase(messages_.begin() + 1);
    ++view_.lost;
    changed_ = true;
}

std::deque<AlertMessage> AlertSender::waiting() const {
    const std::lock_guard lock(mutex_);
    return messages_;
}

AlertSender::View AlertSender::view() const {
    const std::lock_guard lock(mutex_);
    View view = view_;
    view.waiting = messages_.size();
    return view;
}

void AlertSender::count_from(const View& before) {
    const std::lock_guard lock(mutex_);
    view_.sent += before.sent;
    view_.lost += before.lost;
}

// What went wrong; empty: it was taken.
Task<std::string> AlertSender::post(const AlertMessage& message) {
    const std::string head = "POST " + path_ + " HTTP/1.1\r\nhost: " + host_ + "\r\nuser-agent: weir/" +
                             std::string(kVersion) + "\r\ncontent-type: application/json\r\n" +
                             webhook_lines(message, webhook_.secret, reactor_.clock().unix_micros()) +
                             "content-length: " + std::to_string(message.body.size()) + "\r\n\r\n";
    net::HttpCall call(*client_);
    call_ = &call;
    std::string problem;
    const Result<void> sent = co_await call.send(head, message.body, reactor_.now() + kPostMicros);
    if (sent) {
        const unsigned status = call.response().status;
        if (status < 200 || status >= 300) problem = "status " + std::to_string(status);
        // The status was the answer: whoever lets a body trickle behind it keeps nobody waiting.
        co_await call.finish(kDropMicros);
    } else {
        problem = sent.error().message;
    }
    call_ = nullptr;
    co_return problem;
}

void AlertSender::drop_first(const std::string& why) {
    if (!why.empty()) log_warning("alerts: a message is lost, the webhook " + webhook_.name + " says: " + why);
    const std::lock_guard lock(mutex_);
    messages_.pop_front();
    ++(why.empty() ? view_.sent : view_.lost);
    tries_ = 0;
    changed_ = true;
}

Task<void> AlertSender::send_first() {
    const AlertMessage message = waiting().front();
    const std::string problem = co_await post(message);
    if (stopping_) co_return;
    {
        const std::lock_guard lock(mutex_);
        view_.problem = problem;
    }
    ++tries_;
    const Micros pause = std::min(kFirstPause << std::min(tries_ - 1, 8U), kLongestPause);
    if (problem.empty()) {
        drop_first({});
    } else if (reactor_.clock().unix_micros() + pause > message.made_unix + kMessageMicros) {
        drop_first(problem);
    } else {
        for (const Micros until = reactor_.now() + pause; !stopping_ && reactor_.now() < until;) {
            co_await reactor_.sleep(std::min(kStep, until - reactor_.now()));
        }
    }
}

Task<void> AlertSender::run() {
    while (!stopping_) {
        const bool any = !waiting().empty();
        if (any) {
            co_await send_first();
        } else {
            co_await reactor_.sleep(kStep);
        }
    }
    ended_ = true;
}

void AlertSender::stop() {
    stopping_ = true;
    if (call_ != nullptr) call_->cancel();
}

}  // namespace weir::admin
