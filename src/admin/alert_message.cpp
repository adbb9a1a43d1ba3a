#include "admin/alert_message.h"

#include "admin/json_object.h"
#include "base/hmac.h"

namespace weir::admin {
namespace {

constexpr std::string_view kEncoded = "whsec_";

bool wanted(const Alert& alert, const telemetry::AlertWebhook& webhook) {
    return webhook.only.test(static_cast<std::size_t>(alert.kind)) && telemetry::level_of(alert.kind) >= webhook.least;
}

// "Weir: resolved: budget teams: 81 % ..."
std::string line_of(const Alert& alert) {
    std::string line = alert.ended_unix != 0 ? "resolved: " : "";
    line += std::string(to_string(alert.kind));
    if (!alert.of.empty()) line += " (" + alert.of + ")";
    return line + ": " + alert.text;
}

}  // namespace

void append_alert(const Alert& alert, std::string& out) {
    JsonObject object(out);
    object.text("id", to_hex(alert.id));
    object.text("alert", to_string(alert.kind));
    object.text("of", alert.of);
    object.text("state", alert.ended_unix != 0 ? "resolved" : "firing");
    object.text("level", to_string(telemetry::level_of(alert.kind)));
    object.whole("since_unix_us", alert.since_unix);
    alert.ended_unix != 0 ? object.whole("ended_unix_us", alert.ended_unix) : object.raw("ended_unix_us", "null");
    object.text("text", alert.text);
    object.end();
}

std::string alert_body(const std::vector<Alert>& alerts, const telemetry::AlertWebhook& webhook, std::string_view id,
                       Micros now_unix) {
    std::string text = "Weir: ", list;
    std::size_t count = 0, firing = 0, resolved = 0;
    for (const Alert& alert : alerts) {
        if (!wanted(alert, webhook)) continue;
        ++(alert.ended_unix != 0 ? resolved : firing);
        if (++count > kMostTold) continue;
        if (count > 1) text += "\n";
        text += line_of(alert);
        if (count > 1) list += ',';
        append_alert(alert, list);
    }
    if (count == 0) return {};
    const std::size_t more = count > kMostTold ? count - kMostTold : 0;
    if (more > 0) text += "\nand " + std::to_string(more) + " more";
    std::string body;
    JsonObject object(body);
    object.text("text", text);
    if (!webhook.text_only) {
        object.text("id", id);
        object.whole("version", 1);
        object.whole("made_unix_us", now_unix);
        object.whole("firing", firing);
        object.whole("resolved", resolved);
        object.whole("more", more);
        object.raw("alerts", "[" + list + "]");
    }
    object.end();
    return body;
}

Result<std::string> webhook_key(std::string_view secret) {
    if (!secret.starts_with(kEncoded)) return std::string(secret);
    auto key = from_base64(secret.substr(kEncoded.size()));
    if (!key || key->empty()) return fail(ErrorCode::invalid, "what stands behind whsec_ is no base64");
    return *key;
}

std::string webhook_lines(const AlertMessage& message, std::string_view secret, Micros now_unix) {
    const std::string stamp = std::to_string(now_unix / 1'000'000);
    std::string lines = "webhook-id: " + message.id + "\r\nwebhook-timestamp: " + stamp + "\r\n";
    if (secret.empty()) return lines;
    const Result<std::string> key = webhook_key(secret);
    if (!key) return lines;  // the configuration was checked
    const Digest256 digest = hmac_sha256(*key, message.id + "." + stamp + "." + message.body);
    const std::string_view bytes(reinterpret_cast<const char*>(digest.data()), digest.size());
    return lines + "webhook-signature: v1," + to_base64(bytes) + "\r\n";
}

}  // namespace weir::admin
