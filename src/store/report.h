// Sums over the ledger, read from the rollups and the rows (flow.h), so that they equal the rows to the nano-dollar.
// Opens the ledger's file read-only: works beside a running gateway. The time of a request is that of its id (when it
// began, to the millisecond); ranges are half open. Thread rule: any thread but a reactor's: blocks on disk.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/ledger_row.h"
#include "store/report_costs.h"

namespace weir::store {

enum class GroupBy : std::uint8_t { all, task, model, tenant, tier, day };

struct ReportLine {
    std::string key;  // task name, "provider/model" asked for, tenant, YYYY-MM-DD (UTC), tier or, of what Weir asked
                      // on its own account, why: audit, refresh, judge, trial
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;                         // status 400 and above
    std::map<std::string, std::uint64_t> by_tier;     // tier that answered -> requests
    std::map<std::string, std::uint64_t> would_have;  // observe: tier that would have answered -> requests
    Tokens input = 0, input_cached = 0, output = 0;   // of all attempts
    Usd cost;
    Usd counterfactual;
    Usd saved;
    std::uint64_t unpriced = 0;  // requests with an attempt, or an answer with a reference, of no known price
    Micros latency_sum_micros = 0;
    friend bool operator==(const ReportLine&, const ReportLine&) = default;
};

struct ReportQuery {
    Micros since_unix_micros = 0;
    Micros until_unix_micros = INT64_MAX;
    GroupBy by = GroupBy::all;
    bool costs = false;  // ReportResult::costs too: every row of that time is read
};

struct ReportResult {
    std::vector<ReportLine> lines;  // most expensive counterfactual first (day: in order)
    ReportLine total;               // key "total"; equals the sum of the lines
    std::vector<CostLine> costs;    // where they were asked for: of the same rows
};

// `folder` is the data folder that SqliteLedger writes.
Result<ReportResult> report(const std::string& folder, const ReportQuery& query);

}  // namespace weir::store
