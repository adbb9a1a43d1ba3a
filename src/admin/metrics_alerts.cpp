#include <array>

#include "admin/metrics.h"

namespace weir::admin {

void add_alerts(const Alerts::View& view, Exposition& out) {
    std::array<std::uint64_t, telemetry::kAlertNames.size()> firing{};
    for (const Alert& alert : view.firing) ++firing[static_cast<std::size_t>(alert.kind)];
    out.family("alerts_firing", "gauge", "Alerts that are firing (docs/alerts.md).");
    for (std::size_t i = 0; i < firing.size(); ++i) {
        out.sample("alerts_firing", {{"alert", telemetry::kAlertNames[i]}}, firing[i]);
    }
    std::uint64_t sent = view.removed_sent, lost = view.removed_lost, waiting = 0;
    for (const AlertSender::View& webhook : view.webhooks) {
        sent += webhook.sent;
        lost += webhook.lost;
        waiting += webhook.waiting;
    }
    out.family("alert_messages_total", "counter", "Messages to webhooks: taken, or given up.");
    out.sample("alert_messages_total", {{"result", "sent"}}, sent);
    out.sample("alert_messages_total", {{"result", "lost"}}, lost);
    out.single("alert_messages_waiting", "gauge", "Messages that are still to be sent.", waiting);
}

}  // namespace weir::admin
