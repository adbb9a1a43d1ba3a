// What `weir check` says of a configuration that is right, as tables and as JSON.
// Thread rule: pure functions.
#pragma once

#include <string>

#include "gateway/options.h"

namespace weir::cli {

// Cascades, inference routes and budgets, a table of each that there is.
std::string check_tables(const gateway::Options& options);

// "disagreement 2%, confidence 95%", in the configuration's own words; what is as usual is left out behind that.
std::string promise_text(const cascade::Promise& promise);

// JSON lists, for members of an object whose members are indented by two.
std::string cascades_json(const std::vector<cascade::CascadeOptions>& cascades);
std::string inference_json(const std::vector<gateway::InferenceOptions>& routes);
std::string budgets_json(const std::vector<limits::BudgetRules>& budgets);

}  // namespace weir::cli
