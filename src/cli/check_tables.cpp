// `weir check` for people.
#include <algorithm>

#include "cli/check_parts.h"
#include "cli/config_values.h"
#include "cli/table.h"
#include "store/ledger_row.h"

namespace weir::cli {
namespace {

using cascade::CascadeOptions;
using cascade::TierKind;
using cascade::TierOptions;
using gateway::InferenceOptions;
using gateway::InferenceTarget;
using limits::BudgetRules;

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
    std::string out;
    for (const std::string& text : texts) {
        if (!out.empty()) out += between;
        out += text;
    }
    return out;
}

// By what a tier's answers are let through.
std::string gate_text(const TierOptions& tier, const CascadeOptions& cascade) {
    if (tier.min_mean_logprob) return ">= " + format_real(*tier.min_mean_logprob);
    return cascade.promise ? "learned" : "no gate";
}

std::string tier_text(const TierOptions& tier, const CascadeOptions& cascade) {
    std::string kind(store::to_string(tier.kind));
    if (tier.kind == TierKind::student) return kind + " (" + gate_text(tier, cascade) + ")";
    if (tier.kind != TierKind::model) return kind;
    const tiers::Gathering& gathers = tier.gathers;
    std::vector<std::string> about;
    if (gathers.shows.any()) about.push_back(std::to_string(gathers.shows.examples) + " examples");
    if (gathers.samples > 1) about.push_back(std::to_string(gathers.samples) + " samples");
    if (gathers.verify) about.emplace_back("verified");
    about.push_back(gate_text(tier, cascade));
    return tier.model + " (" + joined(about, ", ") + ")";
}

// The tiers in order, the reference last.
std::vector<std::string> tier_texts(const CascadeOptions& cascade) {
    std::vector<std::string> texts;
    for (const TierOptions& tier : cascade.tiers) texts.push_back(tier_text(tier, cascade));
    texts.push_back(cascade.reference_provider.empty() ? "reference"
                                                       : "reference (" + cascade.reference_provider + ")");
    return texts;
}

std::string promise_cell(const std::optional<cascade::Promise>& promise) {
    return promise ? promise_text(*promise) : "-";
}

// The column of promises stands only where there is one.
std::string cascade_table(const std::vector<CascadeOptions>& cascades) {
    const auto promises = [](const CascadeOptions& each) { return each.promise.has_value(); };
    const bool some = std::any_of(cascades.begin(), cascades.end(), promises);
    std::vector<Table::Column> columns{{"CASCADE"}, {"MODE"}, {"MATCHES"}, {"TIERS, IN ORDER"}};
    if (some) columns.push_back({"PROMISE"});
    Table table(std::move(columns));
    for (const CascadeOptions& each : cascades) {
        std::vector<std::string> cells{each.name, std::string(store::to_string(each.mode)),
                                       joined(each.match_models, ", "), joined(tier_texts(each), " > ")};
        if (some) cells.push_back(promise_cell(each.promise));
        table.add(std::move(cells));
    }
    return table.render();
}

std::string inference_table(const std::vector<InferenceOptions>& routes) {
    Table table({{"INFERENCE"}, {"MODE"}, {"PATH OR MODEL"}, {"TIERS, IN ORDER"}, {"PROMISE"}});
    for (const InferenceOptions& each : routes) {
        std::vector<std::string> tiers;
        if (each.caches) tiers.emplace_back("exact");
        for (const InferenceTarget& tier : each.tiers) tiers.push_back(tier.name + " (learned)");
        tiers.emplace_back("reference");
        table.add({each.name, std::string(store::to_string(each.mode)), each.open_inference() ? each.model : each.path,
                   joined(tiers, " > "), promise_cell(each.promise)});
    }
    return table.render();
}

std::string whose_text(const BudgetRules& budget) {
    const std::string of(limits::to_string(budget.of));
    if (budget.each) return "each " + of;
    return budget.of == limits::BudgetOf::all ? of : of + " " + budget.whose;
}

std::string budget_table(const std::vector<BudgetRules>& budgets) {
    Table table({{"BUDGET"}, {"OF"}, {"USD", Table::Align::right}, {"WINDOW"}, {"AT 80 %"}, {"AT 100 %"}});
    for (const BudgetRules& each : budgets) {
        const std::string window =
            std::string(limits::to_string(each.span)) + (each.rolling              ? ", rolling"
                                                         : each.time_zone == "UTC" ? ""
                                                                                   : ", " + each.time_zone);
        const auto at = [](limits::BudgetAction action) {
            return action == limits::BudgetAction::none ? std::string("-") : std::string(limits::to_string(action));
        };
        table.add({each.name, whose_text(each), to_decimal(each.limit), window, at(each.at_80), at(each.at_100)});
    }
    return table.render();
}

}  // namespace

std::string promise_text(const cascade::Promise& promise) {
    std::string text = (promise.by_harm ? "harm " : "disagreement ") + format_share(promise.disagreement) +
                       ", confidence " + format_share(promise.confidence);
    if (promise.over_task) text += ", over task";
    if (promise.per_answer) text += ", over answer";
    if (promise.by_repeats) text += ", yardstick repeats";
    return text;
}

std::string check_tables(const gateway::Options& options) {
    std::string out;
    if (!options.cascades.empty()) out += "\n" + cascade_table(options.cascades);
    if (!options.inference.empty()) out += "\n" + inference_table(options.inference);
    if (!options.budgets.empty()) out += "\n" + budget_table(options.budgets);
    return out;
}

}  // namespace weir::cli
