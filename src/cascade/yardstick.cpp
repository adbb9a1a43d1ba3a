#include "cascade/yardstick.h"

#include <algorithm>
#include <cmath>

#include "learn/certificates.h"

namespace weir::cascade {

double own_disagreement(const std::map<std::uint64_t, std::uint64_t>& requests, const TaskRepeats& repeats) {
    double all = 0;
    std::size_t bounded = 0;
    const auto known_of = [&repeats](std::uint64_t task) -> const OwnRepeats* {
        const auto found = repeats.find(task);
        return found != repeats.end() && found->second.asked >= kLeastRepeats ? &found->second : nullptr;
    };
    for (const auto& [task, count] : requests) {
        all += static_cast<double>(count);
        if (count > 0 && known_of(task) != nullptr) ++bounded;
    }
    if (bounded == 0) return 0;
    const double alpha = kYardstickAlpha / static_cast<double>(bounded);
    double sum = 0;
    for (const auto& [task, count] : requests) {
        const OwnRepeats* const known = known_of(task);
        if (count == 0 || known == nullptr) continue;
        const std::uint64_t differ = std::min(known->differ, known->asked);
        sum += static_cast<double>(count) / all * learn::share_lower_bound(differ, known->asked, alpha);
    }
    return sum;
}

double held_to(double promise, double own_disagreement) {
    const double own = std::floor(std::min(own_disagreement, kMostHeldTo) / kYardstickStep) * kYardstickStep;
    return std::max(promise, own);
}

}  // namespace weir::cascade
