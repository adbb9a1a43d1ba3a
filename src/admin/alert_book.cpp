#include "admin/alert_book.h"

#include <algorithm>

namespace weir::admin {
namespace {

AlertName name_of(const Alert& alert) {
    return {alert.kind, alert.of};
}

// Between two characters of UTF-8.
std::string cut(const std::string& text, std::size_t most) {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
    return text.substr(0, most);
}

}  // namespace

void AlertBook::restore(State state, Micros now_unix) {
    state_ = std::move(state);
    seen_.clear();
    for (const Alert& alert : state_.firing) {
        seen_[name_of(alert)] = now_unix;
        last_id_ = std::max(last_id_, alert.id);
    }
    for (const Alert& alert : state_.history) last_id_ = std::max(last_id_, alert.id);
    changed_ = false;
}

void AlertBook::begin(const Finding& finding, Micros now_unix) {
    if (state_.firing.size() >= kMostAlerts) return;
    Alert alert;
    alert.kind = finding.kind;
    alert.of = cut(finding.of, kMostSubjectBytes);
    alert.text = cut(finding.text, kMostAlertTextBytes);
    // Rises, also over a restart that forgot the last ones.
    last_id_ = std::max(last_id_ + 1, static_cast<std::uint64_t>(std::max<Micros>(now_unix, 0)));
    alert.id = last_id_;
    alert.since_unix = now_unix;
    seen_[name_of(alert)] = now_unix;
    state_.firing.push_back(std::move(alert));
    changed_ = true;
}

void AlertBook::end(Alert alert, Micros now_unix, std::vector<Alert>& tell) {
    alert.ended_unix = now_unix;
    seen_.erase(name_of(alert));
    if (alert.told) tell.push_back(alert);
    state_.history.push_front(std::move(alert));
    if (state_.history.size() > kMostHistory) state_.history.pop_back();
    changed_ = true;
}

std::vector<Alert> AlertBook::look(const std::vector<Finding>& findings, const telemetry::AlertOptions& options,
                                   Micros now_unix) {
    std::map<AlertName, Alert*> firing;
    for (Alert& alert : state_.firing) firing[name_of(alert)] = &alert;
    std::vector<const Finding*> fresh;
    for (const Finding& finding : findings) {
        if (options.off.test(static_cast<std::size_t>(finding.kind))) continue;
        const auto found = firing.find({finding.kind, cut(finding.of, kMostSubjectBytes)});
        if (found == firing.end()) {
            if (finding.begins) fresh.push_back(&finding);
            continue;
        }
        seen_[found->first] = now_unix;
        found->second->text = cut(finding.text, kMostAlertTextBytes);
    }
    std::vector<Alert> tell;
    std::vector<Alert> still;
    for (Alert& alert : state_.firing) {
        const bool off = options.off.test(static_cast<std::size_t>(alert.kind));
        const Micros seen = seen_[name_of(alert)];
        if (off || (seen != now_unix && now_unix - seen >= options.settle_micros)) {
            end(std::move(alert), now_unix, tell);
        } else {
            still.push_back(std::move(alert));
        }
    }
    state_.firing = std::move(still);
    for (const Finding* finding : fresh) begin(*finding, now_unix);
    std::erase_if(state_.told, [&](const auto& one) { return now_unix - one.second >= options.again_micros; });
    for (Alert& alert : state_.firing) {
        if (alert.told || state_.told.contains(name_of(alert))) continue;
        alert.told = true;
        state_.told[name_of(alert)] = now_unix;
        tell.push_back(alert);
        changed_ = true;
    }
    return tell;
}

}  // namespace weir::admin
