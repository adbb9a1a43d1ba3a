#include "cli/litellm_weights.h"

#include <algorithm>
#include <numeric>

namespace weir::cli {

std::vector<std::uint64_t> litellm_weights(const std::vector<const LitellmDeployment*>& deployments) {
    std::vector<std::uint64_t> out(deployments.size(), 1);
    std::size_t kind = 0;
    const auto any = [&deployments](std::size_t i) {
        return std::any_of(deployments.begin(), deployments.end(),
                           [i](const LitellmDeployment* one) { return one->weight[i]; });
    };
    while (kind < 3 && !any(kind)) ++kind;
    if (kind == 3) return out;
    std::uint64_t divisor = 0, most = 0;
    for (std::size_t i = 0; i < deployments.size(); ++i) {
        out[i] = static_cast<std::uint64_t>(deployments[i]->weight[kind].value_or(0));
        divisor = std::gcd(divisor, out[i]);
        most = std::max(most, out[i]);
    }
    for (std::uint64_t& one : out) {
        if (most == 0) {
            one = 1;
        } else if (one == 0) {
            continue;
        } else if (most / divisor <= kMaxLitellmWeight) {
            one = std::max<std::uint64_t>(1, one / divisor);
        } else {
            const double share = static_cast<double>(one) / static_cast<double>(most);
            one = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(share * kMaxLitellmWeight + 0.5));
        }
    }
    return out;
}

}  // namespace weir::cli
