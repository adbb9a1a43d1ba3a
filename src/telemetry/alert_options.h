// What the configuration says of alerts (docs/alerts.md): their names, their limits, and who is told.
// Thread rule: plain values. Limits: kMostWebhooks.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace weir::telemetry {

enum class AlertKind : std::uint8_t {
    budget_near,
    budget_spent,
    budget_forecast,
    errors,
    gate_closed,
    drift,
    prices_changed,
    prices_stale,
    upstream_down,
    ledger_lost,
    telemetry_lost,
    disk_full,
};
inline constexpr std::array<std::string_view, 12> kAlertNames = {
    "budget_near",    "budget_spent", "budget_forecast", "errors",      "gate_closed",    "drift",
    "prices_changed", "prices_stale", "upstream_down",   "ledger_lost", "telemetry_lost", "disk_full"};
constexpr std::string_view to_string(AlertKind kind) {
    return kAlertNames[static_cast<std::size_t>(kind)];
}
constexpr std::optional<AlertKind> parse_alert_kind(std::string_view name) {
    for (std::size_t i = 0; i < kAlertNames.size(); ++i) {
        if (kAlertNames[i] == name) return static_cast<AlertKind>(i);
    }
    return std::nullopt;
}
using AlertKinds = std::bitset<kAlertNames.size()>;

enum class AlertLevel : std::uint8_t { info, warning, critical };
inline constexpr std::array<std::string_view, 3> kAlertLevels = {"info", "warning", "critical"};
constexpr std::string_view to_string(AlertLevel level) {
    return kAlertLevels[static_cast<std::size_t>(level)];
}
constexpr AlertLevel level_of(AlertKind kind) {
    switch (kind) {
        case AlertKind::budget_spent:
        case AlertKind::errors:
        case AlertKind::upstream_down:
        case AlertKind::ledger_lost:
        case AlertKind::disk_full:
            return AlertLevel::critical;
        case AlertKind::prices_changed:
        case AlertKind::telemetry_lost:
            return AlertLevel::info;
        default:
            return AlertLevel::warning;
    }
}

inline constexpr std::size_t kMostWebhooks = 8;

struct AlertWebhook {
    std::string name;
    std::string url;
    std::string secret;      // signs what is sent; empty: nothing does
    bool text_only = false;  // `form: text`
    AlertLevel least = AlertLevel::info;
    AlertKinds only = AlertKinds().set();
    friend bool operator==(const AlertWebhook&, const AlertWebhook&) = default;
};

struct AlertOptions {
    Micros every_micros = 10'000'000;   // between two looks
    Micros settle_micros = 60'000'000;  // an alert has ended when its reason was gone for so long
    Micros again_micros = 900'000'000;  // between two tellings of the same
    AlertKinds off;
    double budget_near = 0.8;  // of the limit
    double errors = 0.05;      // of the requests in ...
    Micros errors_micros = 300'000'000;
    std::uint32_t errors_least = 20;     // requests
    Micros losses_micros = 600'000'000;  // a loss is told of for so long
    std::uint64_t disk_bytes = 1ull << 30;
    std::vector<AlertWebhook> webhooks;
};

}  // namespace weir::telemetry
