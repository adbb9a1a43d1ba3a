// What the configuration says of a budget (docs/budgets.md).
// Thread rule: plain values. Limits: kMostBudgets, kMostBudgetsOfRequest.
#pragma once

#include <cstdint>
#include <string>

#include "base/units.h"
#include "limits/time_window.h"

namespace weir::limits {

inline constexpr std::size_t kMostBudgets = 1'000;            // configured
inline constexpr std::size_t kMostBudgetsOfRequest = 8;       // that fit one request
inline constexpr std::size_t kMostBudgetInstances = 10'000;   // of all `each` together; more share one
inline constexpr Usd kMostBudget{1'000'000'000'000'000'000};  // 1 billion dollars

enum class BudgetOf : std::uint8_t { all, tenant, key, task, model };
std::string_view to_string(BudgetOf of);

enum class BudgetAction : std::uint8_t { none, refuse, queue, downgrade };
std::string_view to_string(BudgetAction action);

struct BudgetRules {
    std::string name;
    BudgetOf of = BudgetOf::all;
    std::string whose;  // tenant, key, task; a glob of models
    bool each = false;  // one for each tenant, key, ...
    Usd limit;
    Span span = Span::month;
    bool rolling = false;
    std::string time_zone = "UTC";
    TimeZone zone;
    bool hard = true;
    BudgetAction at_80 = BudgetAction::none;     // or downgrade
    BudgetAction at_100 = BudgetAction::refuse;  // none: soft
    Micros queue_micros = 30'000'000;
    bool cut = false;               // a stream that outgrows it is cut; else it goes on
    bool refuses_unpriced = false;  // requests whose cost nobody will know
    int line = 0;
};

}  // namespace weir::limits
