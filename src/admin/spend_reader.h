// The ledger's spending hour by hour, by whom, for forecasts (limits/forecast.h). Hours that are over are kept and not
// read again: of each the ledger's own total is looked at anew (a sum of a few cells), and an hour whose total has
// changed, by a row that came late, is read again.
// Thread rule: one thread at a time, never a reactor: blocks on disk. Limits: limits::kForecastWeeks of it; kMostSeries
// tenants, references and tasks each, later ones are left out; 11 KiB each.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "limits/budget_rules.h"
#include "limits/forecast.h"
#include "store/flow.h"
#include "store/ledger_names.h"
#include "store/sqlite.h"

namespace weir::admin {

constexpr std::size_t kMostSeries = 1'000;

// Nano-dollars by hour: all of those that are over, and last the present one so far.
using Hours = std::vector<std::int64_t>;

// Whose spending is told apart.
struct SpendSplit {
    bool tenants = false, references = false;
    std::set<std::string> tasks;  // by name or number, as budgets have them

    void add(const limits::BudgetRules& rules, const std::string& instance);
};

struct SpendBook {
    Micros now = 0;
    std::int64_t first_hour = 0;  // since 1970, UTC
    bool complete = true;         // false: rollups of an old ledger are still being made: sums are too low
    // All with what Weir asked on its own account, as budgets count it.
    Hours all;
    std::map<std::string, Hours> tenants;
    std::map<std::string, Hours> references;  // "provider/model"
    std::map<std::uint64_t, Hours> tasks;
    std::map<std::string, std::set<std::uint64_t>> tasks_of;  // that have the name or number

    limits::SpendHistory history(const Hours& hours) const;  // without the present hour
    std::size_t index(Micros unix_micros) const;             // of its hour; the first and the last for what is outside
    Usd since(const Hours& hours, Micros unix_micros) const;
    // What a budget counts, of `instance` where it has one for each; nothing: the ledger can't tell (keys).
    std::optional<Hours> of(const limits::BudgetRules& rules, const std::string& instance) const;
};

class SpendReader {
  public:
    // `database` within one snapshot, of the same ledger each time; the book is good until the next call. What was
    // split before may still be there. Errors: io, protocol.
    Result<const SpendBook*> read(store::Database& database, const store::NamesById& names, Micros now_unix,
                                  const SpendSplit& split);

  private:
    // Of one way to split: the total that each hour had when it was read.
    using Totals = std::vector<std::int64_t>;
    static constexpr std::int64_t kUnknown = INT64_MIN;  // it has to be read; the present hour has to be always

    void move_to(std::int64_t first_hour);
    Result<void> read_totals(store::Database& database, Micros now_unix);
    Result<void> read_names(store::Database& database, const store::NamesById& names, store::Detail detail);
    Result<void> choose_tasks(store::Database& database, const std::set<std::string>& wanted);
    Result<void> read_tasks(store::Database& database);
    template <class Clear, class Find>
    Result<void> catch_up(store::Database& database, store::FlowQuery query, Totals& known, const Clear& clear,
                          const Find& find);

    SpendBook book_;
    Totals tenants_, references_, tasks_;
};

}  // namespace weir::admin
