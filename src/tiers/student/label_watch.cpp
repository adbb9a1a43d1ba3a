#include "tiers/student/label_watch.h"

#include <algorithm>
#include <cmath>

namespace weir::tiers::student {
namespace {

constexpr double kTolerance = 0.02;                       // beyond the usual share
constexpr std::array<double, 2> kOutside = {0.5, 0.125};  // of the answers that were inside

}  // namespace

void LabelWatch::expect(double outside_share) {
    usual_ = std::clamp(outside_share, 0.0, 0.9) + kTolerance;
}

void LabelWatch::add(bool could_say) {
    for (std::size_t i = 0; i < sums_.size(); ++i) {
        const double changed = usual_ + (1 - usual_) * kOutside[i];
        const double ratio = could_say ? (1 - changed) / (1 - usual_) : changed / usual_;
        sums_[i] = std::max(0.0, sums_[i] + std::log(ratio));
    }
}

bool LabelWatch::alarmed() const {
    return *std::max_element(sums_.begin(), sums_.end()) >= std::log(kPatience);
}

}  // namespace weir::tiers::student
