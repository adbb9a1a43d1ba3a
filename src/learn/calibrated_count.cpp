#include "learn/calibrated_count.h"

#include <limits>

#include "learn/certificates.h"

namespace weir::learn {

CountBound calibrated_count(std::span<const RiskStratum> strata, double trust, double alpha) {
    double expected = 0, known = 0, sum = 0, squares = 0;
    for (const RiskStratum& stratum : strata) {
        expected += stratum.expected;
        known += stratum.expected_known;
        if (stratum.seen == 0 || stratum.expected_known <= 0) continue;
        const double weight = stratum.expected / stratum.expected_known;
        sum += static_cast<double>(stratum.seen) * weight;
        squares += static_cast<double>(stratum.seen) * weight * weight;
    }
    if (expected <= 0) return {};
    if (known + trust <= 0) return {expected, std::numeric_limits<double>::infinity()};
    const double shrunk = known / (known + trust), typical = expected / (known + trust);
    CountBound bound;
    bound.likely = shrunk * sum + trust * typical;
    // As if one more event had been seen.
    const double mean = bound.likely + typical;
    const double variance = shrunk * shrunk * squares + (trust + 1) * typical * typical;
    bound.most = weighted_count_upper_bound(mean, variance, 0, alpha);
    return bound;
}

}  // namespace weir::learn
