// The ledger's spending hour by hour, by whom, for forecasts (limits/forecast.h).
// Thread rule: whoever owns the Database, never a reactor: blocks on disk. Limits: limits::kForecastWeeks of it;
// kMostSeries tenants, references and tasks each, later ones are left out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "limits/budget_rules.h"
#include "limits/forecast.h"
#include "store/ledger_names.h"
#include "store/sqlite.h"

namespace weir::admin {

constexpr std::size_t kMostSeries = 1'000;

// Dollars by hour: all of those that are over, and last the present one so far.
using Hours = std::vector<double>;

struct SpendBook {
    Micros now = 0;
    std::int64_t first_hour = 0;              // since 1970, UTC
    bool complete = true;                     // rollups of an old ledger are still being made: sums are too low
    Hours all;                                // with what Weir asked on its own account
    std::map<std::string, Hours> tenants;     // without it
    std::map<std::string, Hours> references;  // "provider/model"
    std::map<std::uint64_t, Hours> tasks;
    std::map<std::uint64_t, std::string> task_names;

    limits::SpendHistory history(const Hours& hours) const;  // without the present hour
    double since(const Hours& hours, Micros unix_micros) const;
    // What a budget counts, of `instance` where it has one for each; nothing: the ledger can't tell (keys).
    std::optional<Hours> of(const limits::BudgetRules& rules, const std::string& instance) const;
};

// `tasks`: those too, which takes longer. `database` within one snapshot. Errors: io, protocol.
Result<SpendBook> read_spending(store::Database& database, const store::NamesById& names, Micros now_unix, bool tasks);

}  // namespace weir::admin
