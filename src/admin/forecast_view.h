// GET /api/forecast: what will be spent until windows and budgets end (docs/alerts.md). The mathematics is
// limits/forecast.h.
// Thread rule: on the admin's worker or the alerts' thread: blocks on disk. Limits: kMostForecasts budgets, those
// with the largest share first; kMostTenantsShown.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/route.h"
#include "admin/spend_reader.h"
#include "gateway/gateway.h"
#include "limits/budget_book.h"

namespace weir::admin {

constexpr std::size_t kMostForecasts = 200;
constexpr std::size_t kMostTenantsShown = 20;

struct BudgetForecast {
    limits::BudgetBook::View budget;
    limits::SpendForecast::Basis basis = limits::SpendForecast::Basis::little;
    limits::SpendInterval at_end;  // dollars of the window, what was spent among them
    Micros end_unix = 0;           // of the window; of a rolling one: a length from now
    std::optional<double> chance_over;
    std::optional<Micros> reaches_unix;
};
std::vector<BudgetForecast> forecast_budgets(const SpendBook& book, std::vector<limits::BudgetBook::View> budgets);
// The ledger in `folder`, always the same of one reader, read as they need it. Errors: io, invalid, not_found.
Result<std::vector<BudgetForecast>> forecast_budgets(SpendReader& reader, const std::string& folder,
                                                     std::vector<limits::BudgetBook::View> budgets, Micros now_unix);

// `query` is the target's. Errors as above.
Result<std::string> render_forecast(SpendReader& reader, const std::string& folder, std::string_view query,
                                    std::vector<limits::BudgetBook::View> budgets, Micros now_unix);

// `reader` outlives the table; on the admin's worker alone.
void add_forecast(RouteTable& routes, gateway::Gateway& gateway, SpendReader& reader);

}  // namespace weir::admin
