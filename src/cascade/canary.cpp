#include "cascade/canary.h"

#include "learn/certificates.h"

namespace weir::cascade {

void Canary::restart(double first) {
    share_ = first;
    outcomes_ = worse_ = 0;
}

Canary::Move Canary::outcome(bool worse, double first) {
    ++outcomes_;
    worse_ += worse ? 1 : 0;
    const double most = kClearlyWorse * promise_;
    if (worse && learn::share_lower_bound(worse_, outcomes_, 1 - kSure) > most) {
        const bool lower = share_ > first;
        restart(first);
        return lower ? Move::lowered : Move::none;
    }
    const bool confirmed =
        outcomes_ >= kOutcomes && static_cast<double>(worse_) <= most * static_cast<double>(outcomes_);
    if (share_ < 1 && confirmed) {
        const double next = share_ * kSteps;
        restart(next > kNearlyAll ? 1 : next);
        return Move::raised;
    }
    if (outcomes_ >= kMemory) outcomes_ = worse_ = 0;
    return Move::none;
}

}  // namespace weir::cascade
