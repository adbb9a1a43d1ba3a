#include "admin/budget_requests.h"

#include <algorithm>

#include "admin/json_object.h"

namespace weir::admin {
namespace {

using limits::BudgetBook;

std::string_view state_of(const BudgetBook::View& view) {
    if (view.now.spent >= view.now.limit) return "spent";
    if (view.now.share >= 0.8) return "near";
    return "open";
}

void append(const BudgetBook::View& view, const BudgetForecasts::ByName& forecasts, std::string& out) {
    const limits::BudgetRules& rules = view.rules;
    const Usd left = view.now.limit - view.now.spent - view.now.reserved;
    JsonObject object(out);
    object.text("name", rules.name);
    object.text("of", limits::to_string(rules.of));
    object.text("whose", rules.each ? view.instance : rules.whose);
    object.flag("each", rules.each);
    object.money("limit_usd", true, view.now.limit);
    object.money("spent_usd", true, view.now.spent);
    object.money("reserved_usd", true, view.now.reserved);
    object.money("remaining_usd", true, std::max(left, Usd{}));
    object.whole("under_way", view.now.under_way);
    object.share("share", view.now.share);
    object.text("state", state_of(view));
    object.text("window", limits::to_string(rules.span));
    object.flag("rolling", rules.rolling);
    object.text("time_zone", rules.time_zone);
    object.whole("window_start_unix_us", view.now.start);
    object.whole("window_end_unix_us", view.now.end);
    object.flag("hard", rules.hard);
    object.text("at_80", limits::to_string(rules.at_80));
    object.text("at_100", limits::to_string(rules.at_100));
    object.whole("refused", view.refused);
    const auto forecast = forecasts.find({rules.name, view.instance});
    object.raw("forecast", forecast == forecasts.end() ? "null" : forecast_json(forecast->second, view.now.spent));
    object.end();
}

}  // namespace

std::string render_budgets(const std::vector<BudgetBook::View>& budgets, const BudgetForecasts::ByName& forecasts) {
    std::string out = R"({"budgets":[)";
    for (std::size_t i = 0; i < std::min(budgets.size(), kMostShown); ++i) {
        if (i > 0) out += ',';
        append(budgets[i], forecasts, out);
    }
    return out + R"(],"count":)" + std::to_string(budgets.size()) + "}";
}

}  // namespace weir::admin
