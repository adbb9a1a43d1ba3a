// What a webhook gets: the body, and the lines that sign it (docs/alerts.md).
// Thread rule: pure functions. Limits: kMostTold alerts of a body.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/alert_book.h"
#include "admin/alert_file.h"
#include "base/result.h"

namespace weir::admin {

constexpr std::size_t kMostTold = 50;

// One alert as GET /api/alerts and webhooks have it.
void append_alert(const Alert& alert, std::string& out);

// For one webhook: of `alerts` those that it wants to know. Empty where there are none.
std::string alert_body(const std::vector<Alert>& alerts, const telemetry::AlertWebhook& webhook, std::string_view id,
                       Micros now_unix);
// webhook-id, webhook-timestamp and, with a secret, webhook-signature, as Standard Webhooks 1.0 has them.
std::string webhook_lines(const AlertMessage& message, std::string_view secret, Micros now_unix);
// Error invalid: what stands behind "whsec_" is no base64.
Result<std::string> webhook_key(std::string_view secret);

}  // namespace weir::admin
