// Whether one endpoint of a provider is to be asked: after failures in a row it is left out for a while, for longer
// each time (outlier ejection); then one call at a time tries it, until one is answered (a half-open circuit breaker:
// M. Nygard, Release It!, 2007).
// Thread rule: one owner; one reactor's. Limits: EjectionRules.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/units.h"
#include "tiers/model/call_rules.h"

namespace weir::tiers {

class EndpointHealth {
  public:
    enum class State : std::uint8_t { open, ejected, half_open };

    State state(Micros now) const {
        if (ejections_ == 0) return State::open;
        return now < until_ ? State::ejected : State::half_open;
    }
    // Whether a call may begin.
    bool takes(Micros now) const {
        const State is = state(now);
        return is == State::open || (is == State::half_open && !probing_);
    }
    // A call begins. The first one after an ejection is the probe.
    void begin(Micros now) { probing_ = probing_ || state(now) == State::half_open; }
    void answered() {
        failures_ = ejections_ = 0;
        probing_ = false;
    }
    // True: it is left out from now on.
    bool failed(Micros now, const EjectionRules& rules) {
        ++failures_;
        const bool again = std::exchange(probing_, false);
        if (rules.failures == 0 || (!again && failures_ < rules.failures)) return false;
        if (!again && state(now) == State::ejected) return false;  // calls that began before it was left out
        const std::uint32_t doublings = std::min<std::uint32_t>(ejections_++, 16);
        until_ = now + std::min(rules.longest_micros, rules.first_micros << doublings);
        failures_ = 0;
        return true;
    }
    // The call ended without telling anything of the endpoint: the caller left.
    void told_nothing() { probing_ = false; }

    Micros ejected_until() const { return until_; }

  private:
    std::uint32_t failures_ = 0;   // in a row
    std::uint32_t ejections_ = 0;  // in a row
    Micros until_ = 0;
    bool probing_ = false;
};

}  // namespace weir::tiers
