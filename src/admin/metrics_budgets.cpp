#include <algorithm>

#include "admin/budget_requests.h"
#include "admin/metrics.h"

namespace weir::admin {

void add_budgets(limits::BudgetBook& book, Exposition& out) {
    using View = limits::BudgetBook::View;
    std::vector<View> views = book.views();
    if (views.empty()) return;
    if (views.size() > kMostShown) views.resize(kMostShown);
    const auto family = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
        out.family(name, type, help);
        for (const View& view : views) {
            out.sample(name, {{"budget", view.rules.name}, {"of", view.instance}}, value(view));
        }
    };
    family("budget_limit_usd", "gauge", "Limit of a budget's window.",
           [](const View& view) { return to_decimal(view.now.limit); });
    family("budget_spent_usd", "gauge", "Spent in the window.",
           [](const View& view) { return to_decimal(view.now.spent); });
    family("budget_reserved_usd", "gauge", "Reserved by requests under way.",
           [](const View& view) { return to_decimal(view.now.reserved); });
    family("budget_refused_total", "counter", "Requests that found no room in it.",
           [](const View& view) { return view.refused; });
}

}  // namespace weir::admin
