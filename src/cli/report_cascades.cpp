// The part of a report that is about cheaper models under a promise.
#include <algorithm>

#include "base/hash.h"
#include "cli/report_command.h"
#include "cli/report_text.h"

namespace weir::cli {
namespace {

using admin::CascadeFigures;
using admin::CourseReport;
using admin::Estimate;
using store::CostParts;
using Align = Table::Align;

std::string interval(const std::optional<Estimate>& estimate) {
    if (!estimate) return "-";
    return percent(estimate->value) + " (" + percent(estimate->low) + " to " + percent(estimate->high) + ")";
}

std::string share_or_dash(const std::optional<double>& share) {
    return share ? percent(*share) : "-";
}

std::string name_of(const CascadeFigures& figures) {
    return shortened(figures.name.empty() ? to_hex(figures.task) : figures.name);
}

std::string saved_text(const CascadeFigures& figures) {
    const store::CostLine& ledger = figures.ledger;
    if (ledger.counterfactual.nanos <= 0) return "-";
    return percent(static_cast<double>(ledger.saved.nanos) / static_cast<double>(ledger.counterfactual.nanos));
}

Table spent_table(const CostParts& spent, int digits) {
    Table table({{"SPENT ON"}, {"COST", Align::right}});
    const auto add = [&](const char* name, Usd cost) { table.add({name, format_dollars(cost, digits)}); };
    add("answers", spent.answers);
    add("attempts passed over", spent.passed_over);
    add("audits", spent.audits);
    add("trials", spent.trials);
    add("judges", spent.judges);
    add("refreshes", spent.refreshes);
    table.add_rule();
    add("total", spent.total());
    return table;
}

std::string heading(const CourseReport& report) {
    const std::string measure = report.name.by_harm ? "harm" : "disagreement";
    std::string text = "Cheaper models of cascade " + report.name.cascade + " before " + report.name.reference;
    if (!report.name.task.empty()) text += ", task " + report.name.task;
    const std::optional<cascade::Decision>& state = report.total.state;
    if (!state) return text + ", by " + measure + ": nothing is proved yet.\n";
    const bool lost = state->kind == cascade::Decision::Kind::lost;
    text += ": promised are at most " + percent(state->promise) + " " + measure + ", " + percent(state->confidence, 0) +
            " sure.\n";
    if (lost) return text + "In shadow since " + people_time(state->unix_micros) + ": not proved any more.\n";
    return text + "Proved at " + people_time(state->unix_micros) + " by " + with_thousands(state->trials) +
           " trials, " + with_thousands(state->known) + " of them known: at most " + percent(state->worse_bound, 2) +
           " of all answers are worse, " + percent(state->allowed, 2) + " are allowed at present.\n";
}

Table quality_table(const CourseReport& report) {
    const std::vector<std::string> tiers = tiers_in_order(report.total.ledger.by_tier);
    std::vector<Table::Column> columns{{"TASK"}, {"STATE"}, {"REQUESTS", Align::right}};
    for (const std::string& tier : tiers) columns.push_back({shortened(tier), Align::right});
    columns.push_back({"WORSE OF SERVED", Align::right});
    columns.push_back({"OF ALL", Align::right});
    columns.push_back({"AT RANDOM", Align::right});
    Table table(std::move(columns));
    const auto add = [&](const std::string& name, const std::string& state, const CascadeFigures& figures) {
        std::vector<std::string> cells{name, state, with_thousands(figures.ledger.requests)};
        for (const std::string& tier : tiers) {
            const auto found = figures.ledger.by_tier.find(tier);
            const std::uint64_t part = found == figures.ledger.by_tier.end() ? 0 : found->second;
            cells.push_back(share_text(part, figures.ledger.requests));
        }
        cells.push_back(interval(figures.served_worse));
        cells.push_back(share_or_dash(figures.all_worse));
        cells.push_back(share_or_dash(figures.shuffle_worse));
        table.add(std::move(cells));
    };
    for (const CascadeFigures& task : report.tasks) add(name_of(task), task.state ? task.state->state : "new", task);
    table.add_rule();
    add("total", "", report.total);
    return table;
}

Table money_table(const CourseReport& report, int digits) {
    std::vector<Table::Column> columns{{"TASK"}};
    for (const char* title : {"ANSWERS", "PASSED OVER", "AUDITS", "TRIALS", "JUDGES", "REFRESHES", "COST", "INSTEAD OF",
                              "NET SAVED", "NET %"}) {
        columns.push_back({title, Align::right});
    }
    Table table(std::move(columns));
    const auto add = [&](const std::string& name, const CascadeFigures& figures) {
        const CostParts& spent = figures.ledger.spent;
        std::vector<std::string> cells{name};
        for (const Usd cost : {spent.answers, spent.passed_over, spent.audits, spent.trials, spent.judges,
                               spent.refreshes, spent.total(), figures.ledger.counterfactual, figures.ledger.saved}) {
            cells.push_back(format_dollars(cost, digits));
        }
        cells.push_back(saved_text(figures));
        table.add(std::move(cells));
    };
    for (const CascadeFigures& task : report.tasks) add(name_of(task), task);
    table.add_rule();
    add("total", report.total);
    return table;
}

Table fixed_table(const CascadeFigures& total) {
    Table table({{"ALWAYS THE SAME MODEL"}, {"SAVED", Align::right}, {"WORSE", Align::right}, {""}});
    for (std::size_t i = 0; i < total.fixed.size(); ++i) {
        const admin::FixedModel& model = total.fixed[i];
        const bool best = total.best_fixed && *total.best_fixed == i;
        table.add({shortened(model.model), percent(model.saved), interval(model.worse),
                   best ? "best that keeps the promise" : ""});
    }
    table.add({"the reference", percent(0), percent(0), total.best_fixed ? "" : "the only one that keeps the promise"});
    return table;
}

std::string hold_out_text(const CascadeFigures& total) {
    if (total.held_out == 0) return "Nothing was held out while the tiers served.\n";
    if (!total.hold_out_saved) {
        return with_thousands(total.held_out) +
               " requests were held out at random while the tiers served, too few to " +
               "measure savings by;\nworse than the reference's would have been " + interval(total.hold_out_worse) +
               " of all answers.\n";
    }
    return "Measured on " + with_thousands(total.held_out) + " requests held out at random: the tiers save " +
           interval(total.hold_out_saved) + " of the reference's cost, " + share_or_dash(total.hold_out_net) +
           " net of proof;\nworse than the reference's are " + interval(total.hold_out_worse) + " of all answers.\n";
}

std::string estimate_json(const std::optional<Estimate>& estimate) {
    if (!estimate) return "null";
    return "{\"value\": " + fixed(estimate->value, 6) + ", \"low\": " + fixed(estimate->low, 6) +
           ", \"high\": " + fixed(estimate->high, 6) + ", \"seen\": " + std::to_string(estimate->seen) + "}";
}

std::string real_json(const std::optional<double>& value) {
    return value ? fixed(*value, 6) : "null";
}

std::string usd_json(Usd amount) {
    return "\"" + to_decimal(amount) + "\"";
}

std::string spent_json(const CostParts& spent) {
    return "{\"answers_usd\": " + usd_json(spent.answers) + ", \"passed_over_usd\": " + usd_json(spent.passed_over) +
           ", \"audits_usd\": " + usd_json(spent.audits) + ", \"trials_usd\": " + usd_json(spent.trials) +
           ", \"judges_usd\": " + usd_json(spent.judges) + ", \"refreshes_usd\": " + usd_json(spent.refreshes) +
           ", \"total_usd\": " + usd_json(spent.total()) + "}";
}

std::string state_json(const std::optional<cascade::Decision>& state) {
    if (!state) return "null";
    std::string out = "{\"decision\": " + json_string(to_string(state->kind)) +
                      ", \"at\": " + json_string(iso_time(state->unix_micros));
    if (state->task != 0) {
        out += ", \"state\": " + json_string(state->state) + ", \"ladder\": " + json_string(state->ladder) +
               ", \"share\": " + fixed(state->share, 6);
    }
    return out + ", \"promise\": " + fixed(state->promise, 6) + ", \"confidence\": " + fixed(state->confidence, 6) +
           ", \"worse_at_most\": " + fixed(state->worse_bound, 6) + ", \"allowed_now\": " + fixed(state->allowed, 6) +
           ", \"trials\": " + std::to_string(state->trials) + ", \"known\": " + std::to_string(state->known) + "}";
}

std::string figures_json(const CascadeFigures& figures) {
    const store::CostLine& ledger = figures.ledger;
    std::string out = "\"requests\": " + std::to_string(ledger.requests) + ", \"by_tier\": {";
    for (const auto& [tier, count] : ledger.by_tier) {
        if (out.back() != '{') out += ", ";
        out += json_string(tier) + ": " + std::to_string(count);
    }
    out += "}, \"spent_on\": " + spent_json(ledger.spent) +
           ", \"counterfactual_usd\": " + usd_json(ledger.counterfactual) +
           ", \"net_saved_usd\": " + usd_json(ledger.saved) + ", \"certificate\": " + state_json(figures.state) +
           ", \"trials\": " + std::to_string(figures.trials) + ", \"known\": " + std::to_string(figures.known) +
           ", \"served\": " + std::to_string(figures.served) +
           ", \"served_worse\": " + estimate_json(figures.served_worse) +
           ", \"all_worse\": " + real_json(figures.all_worse) +
           ", \"shuffle_worse\": " + real_json(figures.shuffle_worse) +
           ", \"hold_out\": {\"requests\": " + std::to_string(figures.held_out) +
           ", \"saved\": " + estimate_json(figures.hold_out_saved) +
           ", \"net_saved\": " + real_json(figures.hold_out_net) +
           ", \"worse\": " + estimate_json(figures.hold_out_worse) + "}, \"always\": [";
    for (std::size_t i = 0; i < figures.fixed.size(); ++i) {
        const admin::FixedModel& model = figures.fixed[i];
        const bool best = figures.best_fixed && *figures.best_fixed == i;
        out += std::string(i == 0 ? "" : ", ") + "{\"model\": " + json_string(model.model) +
               ", \"saved\": " + fixed(model.saved, 6) + ", \"worse\": " + estimate_json(model.worse) +
               ", \"best\": " + (best ? "true" : "false") + "}";
    }
    return out + "]";
}

}  // namespace

std::string render_cascades(const CascadeSection& section, int digits) {
    if (!section.asked) return {};
    std::string out = spent_table(section.spent, digits).render() + "\n";
    for (const CourseReport& report : section.courses) {
        out += heading(report) + "\n" + quality_table(report).render() + "\n" + money_table(report, digits).render() +
               "\n";
        if (!report.total.fixed.empty()) out += fixed_table(report.total).render() + "\n";
        out += hold_out_text(report.total) + "\n";
    }
    if (section.courses.empty()) return out;
    return out +
           "WORSE OF SERVED is estimated from audits and the hold-out, each weighted for its coin, with a 95 % "
           "interval; "
           "OF ALL\nis its share among all requests that came to these models, which is what is promised; AT RANDOM "
           "what "
           "as many\nanswers of the same models would have been, drawn without a gate.\n\n";
}

std::string cascades_json(const CascadeSection& section) {
    std::string out = "  \"spent_on\": " + spent_json(section.spent) + ",\n  \"cascades\": [";
    for (const CourseReport& report : section.courses) {
        out += std::string(out.back() == '[' ? "\n" : ",\n") + "    {\"course\": " + json_string(report.course) +
               ", \"cascade\": " + json_string(report.name.cascade) +
               ", \"reference\": " + json_string(report.name.reference) +
               ", \"measure\": " + json_string(report.name.by_harm ? "harm" : "disagreement") +
               ", \"tiers\": " + json_strings(report.name.tiers) + ",\n     \"tasks\": [";
        for (const CascadeFigures& task : report.tasks) {
            out += std::string(out.back() == '[' ? "\n" : ",\n") +
                   "      {\"task\": " + json_string(to_hex(task.task)) + ", \"name\": " + json_string(task.name) +
                   ", " + figures_json(task) + "}";
        }
        out += "],\n     \"total\": {" + figures_json(report.total) + "}}";
    }
    return out + (section.courses.empty() ? "]" : "\n  ]");
}

}  // namespace weir::cli
