// What the ledger's money was spent on, and who answered, by cascade, reference and task: read from the rows one by
// one, since sums by the minute don't tell a trial from an answer. Each row's cost is in exactly one of the parts, so
// that these add up to the ledger's total. Thread rule: any thread but a reactor's: blocks on disk. Limits: about 1 us
// a row.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/ledger_row.h"
#include "store/sqlite.h"

namespace weir::store {

struct CostParts {
    Usd answers;      // of what callers got
    Usd passed_over;  // callers' requests: attempts that failed or were not served
    Usd audits, trials, judges, refreshes;

    Usd total() const { return answers + passed_over + audits + trials + judges + refreshes; }
    Usd proof() const { return audits + trials + judges; }
    CostParts& operator+=(const CostParts& other);
    friend bool operator==(const CostParts&, const CostParts&) = default;
};

struct CostLine {
    std::string cascade, reference;  // empty: none
    std::uint64_t task = 0;
    std::string task_name;  // as reports have it; empty: none is known
    CostParts spent;
    std::uint64_t requests = 0;  // of callers
    // Whose answer they got: "exact", "semantic", "reference", or the model of a tier; nobody's is not counted.
    std::map<std::string, std::uint64_t> by_tier;
    Usd counterfactual, saved;  // as in reports: saved is net of all that is known to be spent
    // Of requests that a model tier or the reference answered: what the reference would have cost for them.
    std::uint64_t past_caches = 0;
    Usd past_caches_counterfactual;

    CostLine& operator+=(const CostLine& other);  // of its numbers
};

// Of rows whose ids are at least `begin` and below `end`; most expensive counterfactual first. `database`: a ledger.
Result<std::vector<CostLine>> collect_costs(Database& database, RequestId begin, RequestId end);

// Adds a row's numbers. `served_model`: its name.
void add_row(const LedgerRow& row, const std::string& served_model, CostLine& line);

}  // namespace weir::store
