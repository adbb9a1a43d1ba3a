// What was spent of each budget and what is expected, from what is on the disk: for `weir report`, beside a gateway or
// without one. Spent is the smaller of two that are at least as much: what the budgets' file says, which has a lease
// ahead while a gateway runs (limits/budget.h), and what the ledger has in the window's hours, which may have begun
// before the budget was configured. Of keys it is the file's alone.
// Thread rule: functions that block on disk. Limits: kMostForecasts budgets, the fullest first; how many there are is
// told.
#pragma once

#include <string>
#include <vector>

#include "admin/forecast_view.h"
#include "limits/budget_rules.h"

namespace weir::admin {

struct BudgetReport {
    std::vector<BudgetForecast> budgets;
    std::size_t count = 0;  // there are
};

// `folder` is the data folder, `rules` what the configuration says. Errors: invalid (a damaged file), not_found (no
// ledger), io, protocol.
Result<BudgetReport> read_budget_report(const std::string& folder, const std::vector<limits::BudgetRules>& rules,
                                        Micros now_unix);

}  // namespace weir::admin
