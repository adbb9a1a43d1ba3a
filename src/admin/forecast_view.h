// GET /api/forecast: what will be spent until windows and budgets end (docs/alerts.md), and the forecasts that stand
// beside budgets in GET /api/budgets. The mathematics is limits/forecast.h.
// Thread rule: on the admin's worker or the alerts' thread: blocks on disk. Limits: kMostForecasts budgets, those
// with the largest share first; kMostTenantsShown. BudgetForecasts: by one thread at a time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

// For whoever asks often: made anew when they are kKeptMicros old, or of other budgets, limits or windows.
class BudgetForecasts {
  public:
    static constexpr Micros kKeptMicros = 30'000'000;
    using ByName = std::map<std::pair<std::string, std::string>, BudgetForecast>;  // name, instance

    // `reader` outlives it.
    explicit BudgetForecasts(SpendReader& reader) : reader_(reader) {}
    // Of those of `budgets` with the largest share; none where the ledger can't be read. Good until the next call.
    const ByName& look(const std::string& folder, const std::vector<limits::BudgetBook::View>& budgets,
                       Micros now_unix);

  private:
    SpendReader& reader_;
    std::string question_;
    Micros at_ = 0;
    ByName made_;
};

// The members "end_unix_us" to "reaches_limit_unix_us" as a JSON object. `spent`: by now, if the forecast is older.
std::string forecast_json(const BudgetForecast& forecast, Usd spent);

// `query` is the target's. Errors as above.
Result<std::string> render_forecast(SpendReader& reader, const std::string& folder, std::string_view query,
                                    std::vector<limits::BudgetBook::View> budgets, Micros now_unix);

// `reader` outlives the table; on the admin's worker alone.
void add_forecast(RouteTable& routes, gateway::Gateway& gateway, SpendReader& reader);

}  // namespace weir::admin
