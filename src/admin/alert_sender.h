// Posts messages to one webhook, one after another, each again after a back-off while that may help. What is given up
// is counted, never waited for.
// Thread rule: its reactor, which is the alerts' own; view() from any.
// Limits: kMostMessages wait, the oldest is lost to a newer one; a message is tried for kMessageMicros; a call takes
// kPostMicros; an answer's body is not looked at.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "admin/alert_file.h"
#include "base/result.h"
#include "base/task.h"
#include "net/http_client.h"
#include "net/reactor.h"
#include "telemetry/alert_options.h"

namespace weir::admin {

constexpr std::size_t kMostMessages = 32;
constexpr Micros kMessageMicros = 3'600'000'000;  // from its making on, over restarts too
constexpr Micros kPostMicros = 10'000'000;
constexpr Micros kFirstPause = 1'000'000, kLongestPause = 60'000'000;

// The URL of a webhook, which may have a query as those of chat services do; `target`: what stands in the request line.
// Error invalid.
Result<net::Endpoint> parse_webhook_url(std::string_view url, std::string& target);

class AlertSender {
  public:
    // Error invalid: the address is no URL; what TLS finds wrong.
    static Result<std::unique_ptr<AlertSender>> make(net::Reactor& reactor, const telemetry::AlertWebhook& webhook);

    const telemetry::AlertWebhook& webhook() const { return webhook_; }
    void add(AlertMessage message);
    // Until stop(): sends what was added.
    Task<void> run();
    void stop();  // what is under way is cut off, what waits stays
    bool ended() const { return ended_; }

    std::deque<AlertMessage> waiting() const;
    // The file has to be written anew: a message is gone.
    bool take_changed() { return std::exchange(changed_, false); }

    struct View {
        std::string name;
        std::size_t waiting = 0;
        std::uint64_t sent = 0, lost = 0;  // since the start, over reloads
        std::string problem;               // of the last try; empty: it was taken
    };
    View view() const;
    // Goes on counting where one of its name ended.
    void count_from(const View& before);

  private:
    AlertSender(net::Reactor& reactor, telemetry::AlertWebhook webhook)
        : reactor_(reactor), webhook_(std::move(webhook)) {}
    Task<std::string> post(const AlertMessage& message);
    Task<void> send_first();
    void drop_first(const std::string& why);

    net::Reactor& reactor_;
    const telemetry::AlertWebhook webhook_;
    std::string host_, path_;
    std::unique_ptr<net::HttpClient> client_;
    net::HttpCall* call_ = nullptr;
    unsigned tries_ = 0;  // of the first one
    bool stopping_ = false, ended_ = false, changed_ = false;
    mutable std::mutex mutex_;
    std::deque<AlertMessage> messages_;
    View view_;
};

}  // namespace weir::admin
