// The part of a report that is about budgets.
#include "cli/report_command.h"
#include "cli/report_text.h"

namespace weir::cli {
namespace {

using admin::BudgetForecast;
using limits::SpendForecast;

std::string whose_of(const BudgetForecast& line) {
    const limits::BudgetRules& rules = line.budget.rules;
    const std::string& whose = rules.each ? line.budget.instance : rules.whose;
    return std::string(limits::to_string(rules.of)) + (whose.empty() ? "" : " " + whose);
}

std::string window_of(const limits::BudgetRules& rules) {
    return (rules.rolling ? "last " : "") + std::string(limits::to_string(rules.span));
}

std::string dollars_json(double dollars) {
    return "\"" + to_decimal(from_dollars(dollars)) + "\"";
}

std::string line_json(const BudgetForecast& line) {
    const limits::BudgetRules& rules = line.budget.rules;
    return "{\"name\": " + json_string(rules.name) + ", \"of\": " + json_string(limits::to_string(rules.of)) +
           ", \"whose\": " + json_string(rules.each ? line.budget.instance : rules.whose) +
           ", \"window\": " + json_string(limits::to_string(rules.span)) +
           ", \"rolling\": " + (rules.rolling ? "true" : "false") + ", \"time_zone\": " + json_string(rules.time_zone) +
           ", \"end\": " + json_string(iso_time(line.end_unix)) + ",\n     \"limit_usd\": \"" +
           to_decimal(line.budget.now.limit) + "\", \"spent_usd\": \"" + to_decimal(line.budget.now.spent) +
           "\", \"expected_usd\": " + dollars_json(line.at_end.expected) +
           ", \"low_usd\": " + dollars_json(line.at_end.low) + ", \"high_usd\": " + dollars_json(line.at_end.high) +
           ",\n     \"basis\": " + json_string(limits::to_string(line.basis)) +
           ", \"chance_over\": " + (line.chance_over ? fixed(*line.chance_over, 3) : "null") +
           ", \"reaches_limit\": " + (line.reaches_unix ? json_string(iso_time(*line.reaches_unix)) : "null") + "}";
}

}  // namespace

std::string render_budgets(const admin::BudgetReport& report) {
    if (report.budgets.empty()) return {};
    using Align = Table::Align;
    Table table({{"BUDGET"},
                 {"OF"},
                 {"WINDOW"},
                 {"SPENT", Align::right},
                 {"LIMIT", Align::right},
                 {"USED", Align::right},
                 {"EXPECTED", Align::right},
                 {"80 % WITHIN"},
                 {"BY (UTC)"},
                 {"LIMIT REACHED"}});
    bool guessed = false;
    for (const BudgetForecast& line : report.budgets) {
        const int digits = line.budget.now.limit.nanos >= 10'000'000'000 ? 2 : 6;
        const auto dollars = [&](double amount) { return format_dollars(from_dollars(amount), digits); };
        const bool known = line.basis == SpendForecast::Basis::weekly;
        guessed = guessed || !known;
        table.add({shortened(line.budget.rules.name), shortened(whose_of(line)), window_of(line.budget.rules),
                   format_dollars(line.budget.now.spent, digits), format_dollars(line.budget.now.limit, digits),
                   percent(line.budget.now.share), dollars(line.at_end.expected),
                   known ? dollars(line.at_end.low) + " to " + dollars(line.at_end.high) : "-",
                   people_time(line.end_unix), line.reaches_unix ? people_time(*line.reaches_unix) : "-"});
    }
    std::string out = table.render();
    if (report.count > report.budgets.size()) {
        out += "The fullest of " + with_thousands(report.count) + ".\n";
    }
    if (guessed) {
        out +=
            "Without an interval: at the mean pace so far. There is one after two weeks, but not for budgets of "
            "keys.\n";
    }
    return out + "\n";
}

std::string budgets_json(const admin::BudgetReport& report) {
    std::string out = "  \"budgets\": [";
    for (const BudgetForecast& line : report.budgets) {
        out += std::string(out.back() == '[' ? "\n" : ",\n") + "    " + line_json(line);
    }
    return out + (report.budgets.empty() ? "]" : "\n  ]") + ",\n  \"budgets_in_all\": " + std::to_string(report.count);
}

}  // namespace weir::cli
