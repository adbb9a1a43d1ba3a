// How the calls for one model_name are shared among its deployments. Thread rule: pure.
#pragma once

#include <cstdint>
#include <vector>

#include "cli/litellm_deployment.h"

namespace weir::cli {

constexpr std::uint64_t kMaxLitellmWeight = 1000;  // an endpoint's, in the configuration

// As simple-shuffle draws: by weight where any deployment has one, else by rpm, else by tpm, else alike. Whole numbers
// of 1 to kMaxLitellmWeight in the same proportions, as far as these allow it; 0 for those that are never drawn.
std::vector<std::uint64_t> litellm_weights(const std::vector<const LitellmDeployment*>& deployments);

}  // namespace weir::cli
