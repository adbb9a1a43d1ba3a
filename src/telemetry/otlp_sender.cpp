#include "telemetry/otlp_sender.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/log.h"
#include "json/scan.h"
#include "net/host_header.h"
#include "telemetry/otlp_envelope.h"

namespace weir::telemetry {
namespace {

constexpr Micros kStep = 100'000;

bool is_worth_retrying(unsigned status) {
    return status == 429 || (status >= 502 && status <= 504);
}

// The whole body where it comes in time and is none too long: each piece by the call's own limits, all by `deadline`.
Task<std::optional<std::string>> read_body(net::HttpCall& call, const net::Reactor& reactor, Micros deadline) {
    std::string body;
    while (true) {
        const Result<std::string_view> piece = co_await call.read_piece();
        if (!piece || body.size() + piece->size() > kMostAnswerBytes) co_return std::nullopt;
        if (piece->empty()) co_return body;
        if (reactor.now() >= deadline) co_return std::nullopt;
        body += *piece;
    }
}

// Whole seconds; a date means no more than the back-off.
Micros retry_after(const http::Headers& headers) {
    const std::optional<std::int64_t> seconds = json::as_int64(headers.value("retry-after"));
    return seconds && *seconds > 0 ? std::min<Micros>(*seconds, 3'600) * 1'000'000 : 0;
}

}  // namespace

Result<std::unique_ptr<OtlpSender>> OtlpSender::make(net::Reactor& reactor, const OtlpOptions& options) {
    std::unique_ptr<OtlpSender> sender(new OtlpSender(reactor, options));
    const Result<net::Endpoint> endpoint = net::parse_url(options.endpoint, sender->path_);
    if (!endpoint) return fail(endpoint.error().code, "telemetry.otlp.endpoint: " + endpoint.error().message);
    std::shared_ptr<net::TlsContext> tls;
    if (endpoint->tls) {
        auto made = net::make_client_tls("");
        if (!made) return tl::unexpected(made.error());
        tls = std::move(*made);
    }
    sender->host_ = net::host_header(*endpoint);
    net::ClientLimits limits;
    limits.write_micros = limits.first_byte_micros = limits.idle_micros = kCallMicros;
    limits.pooled_connections = 1;
    sender->client_ = std::make_unique<net::HttpClient>(reactor, *endpoint, limits, std::move(tls));
    return sender;
}

void OtlpSender::drop(const Report& report, std::size_t items, const std::string& why) {
    dropped_[static_cast<std::size_t>(report.signal)].fetch_add(items, std::memory_order_relaxed);
    if (!complained_) log_warning("telemetry: what the collector does not take is lost: " + why);
    complained_ = true;
}

void OtlpSender::add(Report report) {
    const bool full = reports_.size() >= kMostReports || waiting_.load() + report.body.size() > kMostReportBytes;
    if (full) return drop(report, report.items, "too much waits for it");
    waiting_.fetch_add(report.body.size());
    reports_.push_back(std::move(report));
}

std::string OtlpSender::head_of(const Report& report) const {
    std::string head = "POST " + path_ + "/v1/" + std::string(kSignals[static_cast<std::size_t>(report.signal)]) +
                       " HTTP/1.1\r\nhost: " + host_ + "\r\ncontent-type: " + std::string(kOtlpContentType) + "\r\n";
    for (const auto& [name, value] : options_.headers) head += name + ": " + value + "\r\n";
    return head + "content-length: " + std::to_string(report.body.size()) + "\r\n\r\n";
}

Task<OtlpSender::Answer> OtlpSender::send(const Report& report) {
    const std::string head = head_of(report);
    Micros deadline = reactor_.now() + kCallMicros;
    if (stopping_) deadline = std::min(deadline, deadline_);
    net::HttpCall call(*client_);
    call_ = &call;
    Answer answer;
    const Result<void> sent = co_await call.send(head, report.body.view(), deadline);
    if (sent) {
        const unsigned status = call.response().status;
        answer.taken = status >= 200 && status < 300;
        answer.worth_retrying = is_worth_retrying(status);
        answer.retry_after = retry_after(call.response().headers);
        if (!answer.taken) answer.problem = "status " + std::to_string(status);
        const std::optional<std::string> body = co_await read_body(call, reactor_, deadline);
        if (body && answer.taken) answer.rejected = rejected_items(*body);
    } else {
        answer.worth_retrying = true;
        answer.problem = sent.error().message;
    }
    call_ = nullptr;
    co_return answer;
}

Task<void> OtlpSender::pause(Micros wait) {
    const Micros until = reactor_.now() + wait;
    while (!stopping_) {
        const Micros left = until - reactor_.now();
        if (left <= 0) break;
        co_await reactor_.sleep(std::min(left, kStep));
    }
}

Task<void> OtlpSender::send_first() {
    const Report& report = reports_.front();
    const Answer answer = co_await send(report);
    ++tries_;
    const Micros doubled = kFirstBackOff << std::min(tries_ - 1, 8U);
    const Micros wait = std::max(std::min(doubled, kLongestBackOff), answer.retry_after);
    const bool in_time = reactor_.now() + wait < report.made + kReportMicros;
    if (!answer.taken && answer.worth_retrying && in_time && !stopping_) {
        co_await pause(wait);
        co_return;
    }
    if (answer.taken) {
        sent_[static_cast<std::size_t>(report.signal)].fetch_add(report.items, std::memory_order_relaxed);
        if (answer.rejected > 0) drop(report, answer.rejected, "it rejected a part");
    } else {
        drop(report, report.items, answer.problem);
    }
    if (answer.taken && answer.rejected == 0) complained_ = false;
    waiting_.fetch_sub(report.body.size());
    spare_ = std::move(reports_.front().body);
    spare_.clear();
    reports_.pop_front();
    tries_ = 0;
}

Task<void> OtlpSender::run() {
    while (true) {
        if (!reports_.empty() && (!stopping_ || reactor_.now() < deadline_)) {
            co_await send_first();
        } else if (stopping_) {
            break;
        } else {
            co_await reactor_.sleep(kStep);
        }
    }
    for (const Report& report : reports_) drop(report, report.items, "the gateway has stopped");
    reports_.clear();
    waiting_ = 0;
}

void OtlpSender::stop(Micros deadline) {
    stopping_ = true;
    deadline_ = deadline;
    reactor_.every_sweep([this] {
        // Called off the sweep's own stack at the latest when the deadline is over.
        if (reactor_.now() < deadline_) return true;
        if (call_ != nullptr) call_->cancel();
        return false;
    });
}

}  // namespace weir::telemetry
