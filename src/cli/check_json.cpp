// `weir check --format json`: what there is in a configuration.
#include "cli/check_parts.h"
#include "cli/config_values.h"
#include "cli/table.h"
#include "store/ledger_row.h"

namespace weir::cli {
namespace {

using cascade::CascadeOptions;
using cascade::TierKind;
using cascade::TierOptions;

// A list with an item a line; `item` writes one.
template <class Items, class Item>
std::string list_json(const Items& items, Item item) {
    std::string out = "[";
    for (const auto& each : items) {
        out += out.size() > 1 ? ",\n    " : "\n    ";
        out += item(each);
    }
    return out + (out.size() > 1 ? "\n  ]" : "]");
}

std::string_view flag(bool value) {
    return value ? "true" : "false";
}

std::string promise_json(const std::optional<cascade::Promise>& promise, std::string_view over_all) {
    if (!promise) return "null";
    const std::string over = promise->over_task ? "task" : promise->per_answer ? "answer" : std::string(over_all);
    return std::string("{") + (promise->by_harm ? "\"harm\": " : "\"disagreement\": ") +
           format_real(promise->disagreement) + ", \"confidence\": " + format_real(promise->confidence) +
           ", \"over\": " + json_string(over) +
           ", \"yardstick\": " + (promise->by_repeats ? "\"repeats\"" : "\"exact\"") + "}";
}

// What lets a tier's answers through; null: nothing does.
std::string gate_json(const TierOptions& tier, const CascadeOptions& cascade) {
    if (tier.min_mean_logprob) return "\"threshold\"";
    return cascade.promise ? "\"learned\"" : "null";
}

std::string model_members(const TierOptions& tier) {
    std::string out = ", \"model\": " + json_string(tier.model) + ", \"min_mean_logprob\": " +
                      (tier.min_mean_logprob ? format_real(*tier.min_mean_logprob) : "null");
    if (tier.gathers.verify) out += ", \"verify\": true";
    if (const tiers::Showing& shows = tier.gathers.shows; shows.any()) {
        out += ", \"examples\": " + std::to_string(shows.examples) +
               ", \"most_tokens\": " + std::to_string(shows.most_tokens) +
               ", \"least_similarity\": " + format_real(shows.least_similarity);
    }
    if (tier.gathers.samples > 1) out += ", \"samples\": " + std::to_string(tier.gathers.samples);
    return out;
}

std::string tiers_json(const CascadeOptions& cascade) {
    std::string out = "[";
    for (const TierOptions& tier : cascade.tiers) {
        out += "{\"tier\": " + json_string(store::to_string(tier.kind));
        if (tier.kind == TierKind::model) out += model_members(tier);
        if (tier.kind == TierKind::model || tier.kind == TierKind::student) {
            out += ", \"gate\": " + gate_json(tier, cascade);
        }
        out += "}, ";
    }
    out += "{\"tier\": \"reference\"";
    if (!cascade.reference_provider.empty()) out += ", \"provider\": " + json_string(cascade.reference_provider);
    return out + "}]";
}

std::string cascade_json(const CascadeOptions& each) {
    std::string out = "{\"name\": " + json_string(each.name) +
                      ", \"mode\": " + json_string(store::to_string(each.mode)) +
                      ", \"match\": " + json_strings(each.match_models) + ", \"tiers\": " + tiers_json(each) +
                      ", \"promise\": " + promise_json(each.promise, "cascade");
    if (const auto keeping = each.examples.keeping; keeping != store::ExampleKeeping::none) {
        out +=
            std::string(", \"store\": \"") + (keeping == store::ExampleKeeping::content ? "content" : "hashes") + "\"";
    }
    return out + "}";
}

std::string route_json(const gateway::InferenceOptions& each) {
    std::vector<std::string> tiers;
    for (const gateway::InferenceTarget& tier : each.tiers) tiers.push_back(tier.name);
    tiers.emplace_back("reference");
    return "{\"name\": " + json_string(each.name) + ", \"mode\": " + json_string(store::to_string(each.mode)) +
           (each.open_inference() ? ", \"model\": " + json_string(each.model)
                                  : ", \"path\": " + json_string(each.path)) +
           ", \"cache\": " + std::string(flag(each.caches)) + ", \"tiers\": " + json_strings(tiers) +
           ", \"promise\": " + promise_json(each.promise, "route") + "}";
}

std::string budget_json(const limits::BudgetRules& each) {
    return "{\"name\": " + json_string(each.name) + ", \"of\": " + json_string(limits::to_string(each.of)) +
           ", \"whose\": " + json_string(each.whose) + ", \"each\": " + std::string(flag(each.each)) +
           ", \"limit_usd\": " + to_decimal(each.limit) + ", \"window\": " + json_string(limits::to_string(each.span)) +
           ", \"rolling\": " + std::string(flag(each.rolling)) + ", \"time_zone\": " + json_string(each.time_zone) +
           ", \"hard\": " + std::string(flag(each.hard)) +
           ", \"at_80\": " + json_string(limits::to_string(each.at_80)) +
           ", \"at_100\": " + json_string(limits::to_string(each.at_100)) + "}";
}

}  // namespace

std::string cascades_json(const std::vector<CascadeOptions>& cascades) {
    return list_json(cascades, cascade_json);
}

std::string inference_json(const std::vector<gateway::InferenceOptions>& routes) {
    return list_json(routes, route_json);
}

std::string budgets_json(const std::vector<limits::BudgetRules>& budgets) {
    return list_json(budgets, budget_json);
}

}  // namespace weir::cli
