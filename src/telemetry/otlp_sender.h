// Sends reports to an OTLP collector, one after another, each again after a back-off as long as that may help: 429,
// 502, 503, 504 and what did not come to an answer (the OTLP specification's retryable ones). What is given up is
// counted, never waited for.
// Thread rule: its reactor; dropped() and waiting() from any.
// Limits: kMostReports and kMostReportBytes wait, a report no longer than kReportMicros; an answer has
// kMostAnswerBytes.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/task.h"
#include "net/http_client.h"
#include "net/reactor.h"
#include "telemetry/byte_buffer.h"
#include "telemetry/options.h"

namespace weir::telemetry {

enum class Signal : std::uint8_t { traces, metrics };
constexpr std::array<std::string_view, 2> kSignals = {"traces", "metrics"};

constexpr std::size_t kMostReports = 32;
constexpr std::size_t kMostReportBytes = 16u << 20;
constexpr std::size_t kMostAnswerBytes = 64u << 10;
constexpr Micros kReportMicros = 60'000'000;  // from its making on
constexpr Micros kCallMicros = 10'000'000;
constexpr Micros kFirstBackOff = 500'000, kLongestBackOff = 15'000'000;

class OtlpSender {
  public:
    // Error invalid: the endpoint is no URL; what TLS finds wrong.
    static Result<std::unique_ptr<OtlpSender>> make(net::Reactor& reactor, const OtlpOptions& options);

    struct Report {
        Signal signal = Signal::traces;
        ByteBuffer body;
        std::size_t items = 0;  // spans or data points
        Micros made = 0;        // steady
    };
    void add(Report report);
    // Memory of a report that was sent, empty.
    ByteBuffer spare() { return std::move(spare_); }
    // Until stop(): sends what was added.
    Task<void> run();
    // Sends what waits once more, without back-offs, until `deadline`; run() returns then.
    void stop(Micros deadline);

    std::uint64_t dropped(Signal signal) const { return dropped_[static_cast<std::size_t>(signal)].load(); }
    std::uint64_t sent(Signal signal) const { return sent_[static_cast<std::size_t>(signal)].load(); }
    std::size_t waiting() const { return waiting_.load(); }  // bytes

  private:
    struct Answer {
        bool taken = false, worth_retrying = false;
        Micros retry_after = 0;
        std::size_t rejected = 0;
        std::string problem;
    };
    OtlpSender(net::Reactor& reactor, const OtlpOptions& options) : reactor_(reactor), options_(options) {}
    Task<Answer> send(const Report& report);
    Task<void> send_first();
    Task<void> pause(Micros wait);
    void drop(const Report& report, std::size_t items, const std::string& why);
    std::string head_of(const Report& report) const;

    net::Reactor& reactor_;
    const OtlpOptions options_;
    std::string host_, path_;
    std::unique_ptr<net::HttpClient> client_;
    std::deque<Report> reports_;
    ByteBuffer spare_;
    unsigned tries_ = 0;  // of the first one
    net::HttpCall* call_ = nullptr;
    bool stopping_ = false, complained_ = false;
    Micros deadline_ = 0;  // with stopping_
    std::array<std::atomic<std::uint64_t>, 2> dropped_{}, sent_{};
    std::atomic<std::size_t> waiting_{0};
};

}  // namespace weir::telemetry
