// How a model tier has been doing of late: how long its answers take, and whether it answers at all. The caller could
// have had the reference's answer meanwhile, so a tier is waited for only as long as its answers usually take (mean and
// mean deviation as in TCP's retransmission timer: Jacobson, SIGCOMM 1988), and one that fails again and again rests.
// Thread rule: one owner; one reactor's. Limits: below.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/units.h"

namespace weir::tiers {

// An answer that tells of the tier, not of the request: of those, others will follow.
constexpr bool is_down(unsigned status) {
    return status >= 400 && status != 400 && status != 413 && status != 422;
}

class TierHealth {
  public:
    static constexpr Micros kLeastPatience = 1'000'000;
    static constexpr std::uint32_t kFailures = 3;  // in a row, before it rests
    static constexpr Micros kFirstRest = 1'000'000;

    // `longest_rest` 0: it never rests.
    TierHealth(Micros most_patience, Micros longest_rest)
        : most_(std::max(most_patience, Micros{1})), longest_rest_(longest_rest) {}

    // After so many failures in a row it is left alone, for longer each time; then the next request tries it again.
    bool rests(Micros now) const { return now < rests_until_; }
    // How long the next answer may take.
    Micros patience() const {
        if (answers_ == 0) return most_;
        return std::clamp(std::max(mean_ + 8 * deviation_, 3 * mean_), std::min(kLeastPatience, most_), most_);
    }
    // How long an answer takes as a rule; 0: not known yet.
    Micros usual() const { return mean_ + deviation_; }
    void answered(Micros taken) {
        observe(taken);
        failures_ = 0;
        rests_until_ = 0;
    }
    // It was not asked for want of time. After some dozens of these it is tried again: it may have become faster.
    void passed_over() {
        mean_ -= mean_ / 64;
        deviation_ -= deviation_ / 64;
    }
    // `taken`: where patience ran out, so that one that has become slow for good is not given up for ever.
    void failed(Micros now, bool timed_out, Micros taken) {
        if (timed_out && answers_ > 0) observe(taken);
        if (++failures_ < kFailures) return;
        const std::uint32_t doublings = std::min<std::uint32_t>(failures_ - kFailures, 16);
        rests_until_ = now + std::min(longest_rest_, kFirstRest << doublings);
    }

  private:
    void observe(Micros taken) {
        if (++answers_ == 1) {
            mean_ = taken;
            deviation_ = taken / 2;
            return;
        }
        const Micros error = taken - mean_;
        mean_ += error / 8;
        deviation_ += (std::abs(error) - deviation_) / 4;
    }

    Micros most_, longest_rest_, mean_ = 0, deviation_ = 0, rests_until_ = 0;
    std::uint64_t answers_ = 0;
    std::uint32_t failures_ = 0;
};

}  // namespace weir::tiers
