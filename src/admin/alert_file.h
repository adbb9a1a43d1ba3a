// What alerts have to remember over a restart (data/alerts.jsonl, docs/alerts.md): a line of JSON each, sealed as
// limits/sealed_file.h has it. Written whole, beside itself, synced and renamed.
// Thread rule: plain functions that block on disk. Limits: kMostAlertFileBytes, kMostAlertLines.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "admin/alert_book.h"
#include "base/result.h"

namespace weir::admin {

constexpr std::size_t kMostAlertFileBytes = 32u << 20;
constexpr std::size_t kMostAlertLines = 20'000;

// The price of a model as it was seen last.
struct PriceSeen {
    std::string text;    // "2.5 / 10 USD per million tokens"
    std::string before;  // empty: it never changed
    Micros changed_unix = 0;
    friend bool operator==(const PriceSeen&, const PriceSeen&) = default;
};

// On its way to a webhook.
struct AlertMessage {
    std::string webhook;  // its name
    std::string id;
    Micros made_unix = 0;
    std::string body;
    friend bool operator==(const AlertMessage&, const AlertMessage&) = default;
};

struct AlertRecords {
    AlertBook::State book;
    std::map<std::string, PriceSeen> prices;  // by model
    std::vector<AlertMessage> messages;       // the oldest first
    friend bool operator==(const AlertRecords&, const AlertRecords&) = default;
};

std::string render_alert_file(const AlertRecords& records);
// Error invalid says what is wrong with which line.
Result<AlertRecords> parse_alert_file(std::string_view text);
// No file: nothing is known. Errors: invalid (damaged), io.
Result<AlertRecords> load_alerts(const std::string& file);
// On the disk when it returns. Errors: io, too_large.
Result<void> save_alerts(const std::string& file, const AlertRecords& records);

}  // namespace weir::admin
