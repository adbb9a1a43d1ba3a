#include "store/report_costs.h"

#include <algorithm>
#include <tuple>

#include "store/ledger_fold.h"
#include "store/ledger_names.h"

namespace weir::store {
namespace {

// Of a caller's request; what is left after its attempts (there is nothing, as a rule) is the answer's.
void add_request_cost(const LedgerRow& row, CostParts& spent) {
    Usd rest = row.cost;
    for (std::size_t i = 0; i < row.attempt_count; ++i) {
        const Attempt& attempt = row.attempts[i];
        if (attempt.outcome == Outcome::served) continue;
        spent.passed_over += attempt.cost;
        rest -= attempt.cost;
    }
    spent.answers += rest;
}

std::string tier_of(const LedgerRow& row, const std::string& served_model) {
    if (*row.tier == TierKind::model && !served_model.empty()) return served_model;
    return std::string(to_string(*row.tier));
}

// The name of each task that has one.
Result<void> name_tasks(Database& database, std::vector<CostLine>& lines) {
    auto statement = Statement::prepare(database, "SELECT name FROM tasks WHERE task = ?");
    if (!statement) return tl::unexpected(statement.error());
    for (CostLine& line : lines) {
        statement->bind(1, static_cast<std::int64_t>(line.task));
        const Statement::Step step = statement->step();
        if (step == Statement::Step::failed) return tl::unexpected(database.last_error());
        if (step == Statement::Step::row) line.task_name = statement->column_text(0);
        statement->reset();
    }
    return {};
}

}  // namespace

CostParts& CostParts::operator+=(const CostParts& other) {
    answers += other.answers;
    passed_over += other.passed_over;
    audits += other.audits;
    trials += other.trials;
    judges += other.judges;
    refreshes += other.refreshes;
    return *this;
}

CostLine& CostLine::operator+=(const CostLine& other) {
    spent += other.spent;
    requests += other.requests;
    for (const auto& [tier, count] : other.by_tier) by_tier[tier] += count;
    counterfactual += other.counterfactual;
    saved += other.saved;
    past_caches += other.past_caches;
    past_caches_counterfactual += other.past_caches_counterfactual;
    return *this;
}

void add_row(const LedgerRow& row, const std::string& served_model, CostLine& line) {
    line.counterfactual += row.counterfactual;
    line.saved += row.saved();
    switch (row.purpose) {
        case Purpose::audit:
            line.spent.audits += row.cost;
            return;
        case Purpose::refresh:
            line.spent.refreshes += row.cost;
            return;
        case Purpose::judge:
            line.spent.judges += row.cost;
            return;
        case Purpose::trial:
            line.spent.trials += row.cost;
            return;
        case Purpose::request:
            break;
    }
    add_request_cost(row, line.spent);
    ++line.requests;
    if (!row.tier) return;
    ++line.by_tier[tier_of(row, served_model)];
    if (*row.tier != TierKind::model && *row.tier != TierKind::reference) return;
    ++line.past_caches;
    line.past_caches_counterfactual += row.counterfactual;
}

Result<std::vector<CostLine>> collect_costs(Database& database, RequestId begin, RequestId end) {
    const auto names = load_names(database);
    if (!names) return tl::unexpected(names.error());
    const auto name_of = [&names](NameId id) {
        const auto found = names->find(id);
        return found == names->end() ? std::string() : found->second;
    };
    std::map<std::tuple<NameId, NameId, std::uint64_t>, CostLine> groups;
    LedgerRow row;
    const auto visit = [&](const PackedRow& packed) -> Result<void> {
        if (packed.id < begin || packed.id >= end) return {};
        if (auto unpacked = unpack_row(packed, row); !unpacked) return unpacked;
        add_row(row, name_of(row.served_model), groups[{row.cascade, row.reference, row.task}]);
        return {};
    };
    if (auto visited = for_each_in_segments(database, begin, end, visit); !visited) {
        return tl::unexpected(visited.error());
    }
    if (auto visited = for_each_pending(database, visit); !visited) return tl::unexpected(visited.error());
    std::vector<CostLine> lines;
    for (auto& [key, line] : groups) {
        line.cascade = name_of(std::get<0>(key));
        line.reference = name_of(std::get<1>(key));
        line.task = std::get<2>(key);
        lines.push_back(std::move(line));
    }
    std::stable_sort(lines.begin(), lines.end(),
                     [](const CostLine& a, const CostLine& b) { return a.counterfactual > b.counterfactual; });
    if (auto named = name_tasks(database, lines); !named) return tl::unexpected(named.error());
    return lines;
}

}  // namespace weir::store
