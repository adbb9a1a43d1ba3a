// Alerts of a gateway (docs/alerts.md): looked for now and then, kept over restarts, told to webhooks. On a thread of
// its own, with a reactor of its own, so that neither a disk nor a receiver costs a request anything.
// Thread rule: start() and stop() from the main thread; view() and counts() from any.
// Limits: those of the parts.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "admin/alert_sender.h"
#include "admin/route.h"
#include "gateway/gateway.h"

namespace weir::admin {

class Alerts {
  public:
    // `gateway` outlives it. A file that can't be read is told of and begun anew.
    static std::unique_ptr<Alerts> start(gateway::Gateway& gateway);
    ~Alerts();    // as stop()
    void stop();  // what was not sent is sent after the next start; before the gateway drains

    struct View {
        Micros looked_unix = 0;
        std::vector<Alert> firing, history;  // the latest first
        std::vector<AlertSender::View> webhooks;
        std::uint64_t removed_sent = 0, removed_lost = 0;  // messages to webhooks that are configured no more
    };
    View view() const;

  private:
    struct Thread;
    explicit Alerts(std::unique_ptr<Thread> thread);
    std::unique_ptr<Thread> thread_;
};

std::string render_alerts(const Alerts::View& view);
void add_alerts(RouteTable& routes, const Alerts& alerts);

}  // namespace weir::admin
