#include "learn/hit_monitor.h"

#include <algorithm>

namespace weir::learn {
namespace {

constexpr double kMostWealth = 1e100;  // far beyond every threshold; keeps the products finite

}  // namespace

void HitMonitor::restart() {
    wealth_.fill(1);
    detector_.fill(1);
    audits_ = wrong_ = 0;
    broken_ = false;
}

void HitMonitor::audited(bool wrong, double audit_probability) {
    const double weight = std::min(1.0, options_.least_audit / std::max(audit_probability, options_.least_audit));
    const double loss = weight * ((wrong ? 1.0 : 0.0) - options_.promise);
    double wealth = 0, detector = 0;
    for (std::size_t i = 0; i < stakes.size(); ++i) {
        const double factor = 1 + stakes[i] / options_.promise * loss;
        wealth_[i] = std::min(kMostWealth, wealth_[i] * factor);
        detector_[i] = std::min(kMostWealth, std::max(1.0, detector_[i]) * factor);
        wealth += wealth_[i] / static_cast<double>(stakes.size());
        detector += detector_[i] / static_cast<double>(stakes.size());
    }
    ++audits_;
    wrong_ += wrong ? 1 : 0;
    broken_ = broken_ || wealth >= 1 / options_.alpha || detector >= options_.run_length;
}

}  // namespace weir::learn
