// How much may be spent: budgets (docs/budgets.md).
#include <set>

#include "cli/config_draft.h"
#include "limits/keys.h"

namespace weir::cli {
namespace {

using limits::BudgetAction;
using limits::BudgetOf;

constexpr Micros kMostQueue = 600'000'000;
constexpr std::size_t kMostWhoseBytes = 256;
constexpr std::string_view kWantsOf =
    "budgets.of is all, or one of { tenant: NAME }, { key: ID or NAME }, { task: NAME }, { model: GLOB }, "
    "{ each: tenant|key|task|model }";

// `of: all`, or a map of one: { tenant: acme }, { each: key }.
void read_of(Section& entry, Reader& reader, limits::BudgetRules& to) {
    const ConfigNode* const node = entry.find("of");
    if (node == nullptr) return;
    if (node->kind != ConfigNode::Kind::map) {
        std::string word = "all";
        entry.text("of", word);
        if (word != "all") reader.error(node->line, std::string(kWantsOf));
        return;
    }
    Section of(reader, *node, "budgets.of");
    std::size_t said = 0;
    for (const BudgetOf kind : {BudgetOf::tenant, BudgetOf::key, BudgetOf::task, BudgetOf::model}) {
        if (!of.has(limits::to_string(kind))) continue;
        ++said;
        to.of = kind;
        of.text(limits::to_string(kind), to.whose);
    }
    if (of.has("each")) {
        ++said;
        to.each = true;
        of.choice<BudgetOf>("each", to.of,
                            {{"tenant", BudgetOf::tenant},
                             {"key", BudgetOf::key},
                             {"task", BudgetOf::task},
                             {"model", BudgetOf::model}});
    }
    if (said != 1) {
        reader.error(node->line, std::string(kWantsOf));
    }
    if (!to.each && (to.whose.size() > kMostWhoseBytes || (said == 1 && to.whose.empty()))) {
        reader.error(node->line, "budgets.of names nobody, or with more than 256 bytes");
    }
    if (to.of == BudgetOf::tenant && !to.whose.empty()) {
        if (const Result<void> checked = limits::check_tenant(to.whose); !checked) {
            reader.error(node->line, "budgets.of: " + checked.error().message);
        }
    }
    of.finish();
}

void read_window(Section& entry, Reader& reader, limits::BudgetRules& to) {
    using limits::Span;
    entry.require("window");
    entry.choice<Span>("window", to.span,
                       {{"hour", Span::hour}, {"day", Span::day}, {"week", Span::week}, {"month", Span::month}});
    entry.flag("rolling", to.rolling);
    if (!entry.text("time_zone", to.time_zone)) return;
    const int line = entry.line_of("time_zone");
    if (to.rolling) reader.error(line, "budgets.time_zone means nothing for a rolling window");
    Result<limits::TimeZone> zone = limits::TimeZone::load(to.time_zone);
    if (zone) {
        to.zone = std::move(*zone);
    } else {
        reader.error(line, "budgets.time_zone: " + zone.error().message);
    }
}

void read_actions(Section& entry, Reader& reader, limits::BudgetRules& to) {
    entry.flag("hard", to.hard);
    entry.choice<BudgetAction>("at_80", to.at_80,
                               {{"none", BudgetAction::none}, {"downgrade", BudgetAction::downgrade}});
    if (!to.hard) {
        to.at_100 = BudgetAction::none;
        entry.refuse("at_100", "means nothing for a budget with hard: false, which refuses nothing");
        entry.refuse("queue_for", "means nothing for a budget with hard: false");
        entry.refuse("outgrow", "means nothing for a budget with hard: false");
        return;
    }
    entry.choice<BudgetAction>(
        "at_100", to.at_100,
        {{"refuse", BudgetAction::refuse}, {"queue", BudgetAction::queue}, {"downgrade", BudgetAction::downgrade}});
    entry.duration("queue_for", to.queue_micros, 1'000, kMostQueue);
    if (entry.has("queue_for") && to.at_100 != BudgetAction::queue) {
        reader.error(entry.line_of("queue_for"), "budgets.queue_for is for at_100: queue");
    }
    entry.choice<bool>("outgrow", to.cut, {{"extend", false}, {"cut", true}});
}

limits::BudgetRules read_budget(const ConfigNode& item, Reader& reader) {
    Section entry(reader, item, "budgets");
    limits::BudgetRules to;
    to.line = item.line;
    entry.require("name");
    if (entry.text("name", to.name) && !is_plain_name(to.name)) {
        entry.wrong("name", "is no name: 1 to 64 of a-z 0-9 - _ .");
    }
    read_of(entry, reader, to);
    entry.require("limit_usd");
    std::optional<Usd> limit;
    entry.usd("limit_usd", limit, limits::kMostBudget);
    if (limit == Usd{}) entry.wrong("limit_usd", "is no limit of a budget, which is more than 0 USD");
    to.limit = limit.value_or(Usd{});
    read_window(entry, reader, to);
    read_actions(entry, reader, to);
    entry.choice<bool>("unpriced", to.refuses_unpriced, {{"allow", false}, {"refuse", true}});
    entry.finish();
    return to;
}

}  // namespace

void read_budgets(Section& top, Reader& reader, Draft& draft) {
    const ConfigNode* const node = top.find("budgets");
    if (node == nullptr) return;
    if (node->kind != ConfigNode::Kind::list || node->items.empty()) {
        reader.error(node->line, "budgets is a list such as [{ name: all, limit_usd: 100, window: month }]");
        return;
    }
    if (node->items.size() > limits::kMostBudgets) {
        reader.error(node->line, "budgets has more than 1,000 items");
        return;
    }
    std::set<std::string> names;
    for (const ConfigNode& item : node->items) {
        limits::BudgetRules rules = read_budget(item, reader);
        if (!rules.name.empty() && !names.insert(rules.name).second) {
            reader.error(item.line, "budgets: there are two of the name " + rules.name);
        }
        draft.options.budgets.push_back(std::move(rules));
    }
}

}  // namespace weir::cli
