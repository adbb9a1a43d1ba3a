// What the admin address tells of budgets (docs/budgets.md): GET /api/budgets. Their lines in /metrics:
// metrics_budgets.cpp.
// Thread rule: pure function. Limits: kMostShown budgets in one answer, the first by
// name; how many there are is told.
#pragma once

#include <string>
#include <vector>

#include "admin/forecast_view.h"
#include "limits/budget_book.h"

namespace weir::admin {

inline constexpr std::size_t kMostShown = 2'000;

// {"budgets": [..], "count": N}
std::string render_budgets(const std::vector<limits::BudgetBook::View>& budgets,
                           const BudgetForecasts::ByName& forecasts);

}  // namespace weir::admin
