// What the admin address tells of budgets (docs/budgets.md): GET /api/budgets. Their
// lines in /metrics: metrics_budgets.cpp.
// Thread rule: any thread; takes the book's mutex for a moment. Limits: kMostShown budgets in one answer, the first by
// name; how many there are is told.
#pragma once

#include <string>
#include <string_view>

#include "limits/budget_book.h"

namespace weir::admin {

inline constexpr std::size_t kMostShown = 2'000;

// {"budgets": [..], "count": N}
std::string render_budgets(limits::BudgetBook& book);

}  // namespace weir::admin
