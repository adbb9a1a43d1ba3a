// Which alerts are firing, which were, and what of it is still to be told: one message when an alert begins and one
// when it has ended (docs/alerts.md).
// Thread rule: one owner; no clock but the times that it is given. Limits: kMostAlerts firing, kMostHistory that ended.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/units.h"
#include "telemetry/alert_options.h"

namespace weir::admin {

using telemetry::AlertKind;

constexpr std::size_t kMostAlerts = 1'000;
constexpr std::size_t kMostHistory = 200;
constexpr std::size_t kMostSubjectBytes = 300, kMostAlertTextBytes = 1'000;

// Who it is about: a budget, an endpoint, a task.
using AlertName = std::pair<AlertKind, std::string>;

// What a look has found.
struct Finding {
    AlertKind kind = AlertKind::errors;
    std::string of;  // empty: the gateway
    std::string text;
    bool begins = true;  // false: it would not begin an alert, but one goes on
};

struct Alert {
    AlertKind kind = AlertKind::errors;
    std::string of;
    std::string text;  // of the latest look
    std::uint64_t id = 0;
    Micros since_unix = 0;
    Micros ended_unix = 0;  // 0: it is firing
    bool told = false;      // that it began
    friend bool operator==(const Alert&, const Alert&) = default;
};

class AlertBook {
  public:
    struct State {
        std::vector<Alert> firing;         // the oldest first
        std::deque<Alert> history;         // the latest first
        std::map<AlertName, Micros> told;  // when last
        friend bool operator==(const State&, const State&) = default;
    };
    // After a restart; reasons count as seen at `now`.
    void restore(State state, Micros now_unix);

    // What is to be told now, in order: alerts that began and that have ended.
    std::vector<Alert> look(const std::vector<Finding>& findings, const telemetry::AlertOptions& options,
                            Micros now_unix);
    const State& state() const { return state_; }
    // The file has to be written anew.
    bool changed() const { return changed_; }
    void written() { changed_ = false; }

  private:
    void begin(const Finding& finding, Micros now_unix);
    void end(Alert alert, Micros now_unix, std::vector<Alert>& tell);

    State state_;
    std::map<AlertName, Micros> seen_;  // when the reason of a firing one was there last
    std::uint64_t last_id_ = 0;
    bool changed_ = false;
};

}  // namespace weir::admin
