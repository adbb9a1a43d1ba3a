// The statements that write the ledger's tables and read its rows.
// Thread rule: whoever owns the Database.
// Limits: kMaxAmount.
#pragma once

#include <array>
#include <string_view>

#include "store/ledger_row.h"
#include "store/ledger_sums.h"
#include "store/sqlite.h"

namespace weir::store {

// A row's cost and counterfactual are kept within +-10 million USD, so that a minute's sums can't overflow by one of
// them: the bound of two saturated amounts would.
constexpr Usd kMaxAmount{10'000'000'000'000'000};

// Brings a row within the limits of the ledger.
void limit_amounts(LedgerRow& row);

class LedgerTables {
  public:
    static Result<LedgerTables> prepare(Database& database);

    enum class Inserted : std::uint8_t { yes, duplicate, failed };
    // `duplicate`: the id is there already and keeps its row. `failed`: Database::last_error says why.
    Inserted insert(const LedgerRow& row);
    // One batch of ledger_batch.h into `pending`.
    bool add_pending(std::string_view batch);
    bool add_to_minute(const RollupKey& key, const Sums& sums);
    bool name_task(std::uint64_t task, std::string_view name);

  private:
    LedgerTables(Database& database, std::array<Statement, 4> statements);
    Database* database_;
    Statement insert_;
    Statement add_pending_;
    Statement add_minute_;
    Statement name_task_;
};

// The columns of `requests` that read_row() expects, in its order.
constexpr std::string_view kRowColumns =
    "id, started, latency, overhead, status, mode, flags, tier, would_have, tenant, cascade, reference, served_model, "
    "task, cost, counterfactual, attempts";

// The row that `statement` (SELECT kRowColumns ...) stands at. Error protocol: malformed attempts.
Result<LedgerRow> read_row(const Statement& statement);

}  // namespace weir::store
