#include "admin/budget_report.h"

#include <algorithm>
#include <map>
#include <utility>

#include "admin/ledger_question.h"
#include "limits/budget.h"
#include "limits/budget_file.h"

namespace weir::admin {
namespace {

using limits::BudgetRecord;
using View = limits::BudgetBook::View;
using Records = std::map<std::pair<std::string, std::string>, BudgetRecord>;

// As a gateway would begin with it.
View view_of(const limits::BudgetRules& rules, const std::string& instance, const Records& records, Micros now) {
    limits::Budget budget(rules, instance, now);
    if (const auto found = records.find({rules.name, instance}); found != records.end()) {
        const BudgetRecord& record = found->second;
        budget.restore(record.start_unix, record.charged, record.slots, now);
    }
    return {rules, instance, budget.view(now), 0};
}

std::vector<View> views_of(const std::vector<limits::BudgetRules>& rules, const Records& records, Micros now) {
    std::vector<View> views;
    for (const limits::BudgetRules& one : rules) {
        if (!one.each) views.push_back(view_of(one, "", records, now));
        for (auto at = records.lower_bound({one.name, ""}); one.each && at != records.end(); ++at) {
            if (at->first.first != one.name) break;
            if (!at->first.second.empty()) views.push_back(view_of(one, at->first.second, records, now));
        }
    }
    return views;
}

}  // namespace

Result<BudgetReport> read_budget_report(const std::string& folder, const std::vector<limits::BudgetRules>& rules,
                                        Micros now_unix) {
    BudgetReport report;
    if (rules.empty()) return report;
    Result<std::vector<BudgetRecord>> stored = limits::load_budgets(limits::budgets_path(folder));
    if (!stored) return tl::unexpected(stored.error());
    Records records;
    for (BudgetRecord& record : *stored) {
        std::pair name{record.budget, record.of};
        records.emplace(std::move(name), std::move(record));
    }
    std::vector<View> views = views_of(rules, records, now_unix);
    SpendSplit split;
    for (const View& view : views) split.add(view.rules, view.instance);
    const auto ledger = LedgerQuestion::open(folder, {}, now_unix);
    if (!ledger) return tl::unexpected(ledger.error());
    SpendReader reader;
    const auto book = reader.read(*ledger->database, ledger->names, now_unix, split);
    if (!book) return tl::unexpected(book.error());
    for (View& view : views) {
        const bool rolling = view.rules.rolling;
        const Micros start = rolling ? now_unix - limits::rolling_length(view.rules.span) : view.now.start;
        const std::optional<Hours> series = (*book)->of(view.rules, view.instance);
        if (series) view.now.spent = std::min(view.now.spent, (*book)->since(*series, start));
        if (view.now.limit.nanos > 0) view.now.share = to_dollars(view.now.spent) / to_dollars(view.now.limit);
    }
    report.count = views.size();
    report.budgets = forecast_budgets(**book, std::move(views));
    return report;
}

}  // namespace weir::admin
