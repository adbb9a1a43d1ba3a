// The plan as the text of a weir.yaml. Thread rule: pure.
#pragma once

#include <set>
#include <string>

#include "cli/litellm_plan.h"

namespace weir::cli {

// `file` is named in its comments; `variables` get all that it refers to.
std::string write_litellm_plan(const LitellmPlan& plan, const LitellmSettings& settings, const std::string& file,
                               std::set<std::string>& variables);

}  // namespace weir::cli
