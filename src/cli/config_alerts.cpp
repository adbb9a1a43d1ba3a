// Who is told what is wrong: alerts (docs/alerts.md).
#include <set>

#include "admin/alert_message.h"
#include "admin/alert_sender.h"
#include "cli/config_draft.h"
#include "cli/config_values.h"
#include "net/endpoint.h"

namespace weir::cli {
namespace {

using telemetry::AlertLevel;

constexpr Micros kSecond = 1'000'000, kHour = 3600 * kSecond;

void read_kinds(Section& section, std::string_view key, Reader& reader, telemetry::AlertKinds& to) {
    const ConfigNode* const node = section.find(key);
    if (node == nullptr) return;
    to.reset();
    for (const std::string& name : reader.texts(*node, section.path_to(key), telemetry::kAlertNames.size())) {
        if (const auto kind = telemetry::parse_alert_kind(name)) {
            to.set(static_cast<std::size_t>(*kind));
        } else {
            const std::string_view near = closest(name, telemetry::kAlertNames);
            reader.error(node->line, section.path_to(key) + ": there is no alert " + quote(name) +
                                         (near.empty() ? "" : " (did you mean \"" + std::string(near) + "\"?)") +
                                         "; there are " +
                                         join({telemetry::kAlertNames.begin(), telemetry::kAlertNames.end()}));
        }
    }
}

telemetry::AlertWebhook read_webhook(const ConfigNode& item, Reader& reader) {
    Section entry(reader, item, "alerts.webhooks");
    telemetry::AlertWebhook to;
    entry.require("name");
    if (entry.text("name", to.name) && !is_plain_name(to.name)) {
        entry.wrong("name", "is no name: 1 to 64 of a-z 0-9 - _ .");
    }
    entry.require("url");
    std::string path;
    if (entry.text("url", to.url)) {
        const Result<net::Endpoint> url = admin::parse_webhook_url(to.url, path);
        if (!url) {
            entry.wrong("url", "is no URL such as https://hooks.example/weir: " + url.error().message);
        } else if (!url->tls && !url->is_loopback()) {
            reader.warning(entry.line_of("url"), "alerts.webhooks.url: alerts are sent over http:// unencrypted");
        }
    }
    entry.secret("secret", to.secret);
    if (const auto key = admin::webhook_key(to.secret); !key) {
        reader.error(entry.line_of("secret"), "alerts.webhooks.secret: " + key.error().message);
    }
    entry.choice<bool>("form", to.text_only, {{"weir", false}, {"text", true}});
    entry.choice<AlertLevel>(
        "least", to.least,
        {{"info", AlertLevel::info}, {"warning", AlertLevel::warning}, {"critical", AlertLevel::critical}});
    read_kinds(entry, "only", reader, to.only);
    entry.finish();
    return to;
}

void read_webhooks(Section& alerts, Reader& reader, std::vector<telemetry::AlertWebhook>& to) {
    const ConfigNode* const node = alerts.find("webhooks");
    if (node == nullptr) return;
    if (node->kind != ConfigNode::Kind::list || node->items.empty() || node->items.size() > telemetry::kMostWebhooks) {
        reader.error(node->line, "alerts.webhooks is a list of 1 to 8 such as [{ name: ops, url: https://... }]");
        return;
    }
    std::set<std::string> names;
    for (const ConfigNode& item : node->items) {
        to.push_back(read_webhook(item, reader));
        if (!to.back().name.empty() && !names.insert(to.back().name).second) {
            reader.error(item.line, "alerts.webhooks: there are two of the name " + to.back().name);
        }
    }
}

}  // namespace

void read_alerts(Section& top, Reader& reader, telemetry::AlertOptions& to) {
    const ConfigNode* const node = top.find("alerts");
    if (node == nullptr) return;
    Section alerts(reader, *node, "alerts");
    alerts.duration("every", to.every_micros, kSecond / 10, kHour);
    read_kinds(alerts, "off", reader, to.off);
    alerts.duration("settle", to.settle_micros, 0, 24 * kHour);
    alerts.duration("again", to.again_micros, 0, 7 * 24 * kHour);
    alerts.share("budget_near", to.budget_near, 0.01, 1);
    alerts.share("errors", to.errors, 0.0001, 1);
    alerts.duration("errors_over", to.errors_micros, kSecond, 24 * kHour);
    alerts.whole<std::uint32_t>("errors_least", to.errors_least, 1, 1'000'000);
    alerts.duration("losses_over", to.losses_micros, kSecond, 24 * kHour);
    alerts.size("disk_free", to.disk_bytes, 0, 1ull << 50);
    read_webhooks(alerts, reader, to.webhooks);
    alerts.finish();
}

}  // namespace weir::cli
