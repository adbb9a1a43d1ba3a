// How `weir report` looks.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "cli/report_command.h"
#include "cli/report_text.h"

namespace weir::cli {
namespace {

using store::GroupBy;
using store::ReportLine;
using store::ReportResult;

constexpr std::string_view kNobody = "nobody";  // requests that no tier answered

std::string_view name_of(GroupBy by) {
    switch (by) {
        case GroupBy::all:
            return "all";
        case GroupBy::task:
            return "task";
        case GroupBy::model:
            return "model";
        case GroupBy::tenant:
            return "tenant";
        case GroupBy::tier:
            return "tier";
        case GroupBy::day:
            return "day";
    }
    return "all";
}

std::string upper(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return out;
}

std::string tokens_text(Tokens tokens) {
    return tokens < 0 ? "-" + with_thousands(static_cast<std::uint64_t>(-tokens))
                      : with_thousands(static_cast<std::uint64_t>(tokens));
}

std::optional<double> saved_share(const ReportLine& line) {
    if (line.counterfactual.nanos <= 0) return std::nullopt;
    return static_cast<double>(line.saved.nanos) / static_cast<double>(line.counterfactual.nanos);
}

std::string mean_time(const ReportLine& line) {
    if (line.requests == 0) return "-";
    const double millis = static_cast<double>(line.latency_sum_micros) / 1000 / static_cast<double>(line.requests);
    if (millis < 10) return fixed(millis, 2) + " ms";
    if (millis < 10'000) return fixed(millis, 0) + " ms";
    return fixed(millis / 1000, 1) + " s";
}

// As many digits for all amounts of a report, so that they can be compared by eye.
int digits_for(const ReportLine& total) {
    constexpr std::int64_t kDollar = 1'000'000'000;
    const std::int64_t largest = std::max(total.counterfactual.nanos, total.cost.nanos);
    if (largest >= 100 * kDollar) return 2;
    if (largest >= kDollar) return 4;
    if (largest >= kDollar / 1000) return 6;
    return 9;
}

std::uint64_t unanswered(const ReportLine& line) {
    std::uint64_t answered = 0;
    for (const auto& [tier, requests] : line.by_tier) answered += requests;
    return line.requests > answered ? line.requests - answered : 0;
}

std::uint64_t requests_of(const ReportLine& line, const std::string& tier) {
    const auto at = line.by_tier.find(tier);
    return at == line.by_tier.end() ? 0 : at->second;
}

std::string bar(std::uint64_t part, std::uint64_t whole) {
    constexpr std::uint64_t kWidth = 30;
    std::string out;
    for (std::uint64_t i = 0; i < (part * kWidth + whole / 2) / whole; ++i) out += "\u2588";
    return out;
}

std::string heading(const ReportContext& context) {
    const std::string from = context.since_unix_micros == 0 ? "the beginning" : people_time(context.since_unix_micros);
    return "Weir report by " + std::string(name_of(context.by)) + ", from " + from + " to " +
           people_time(context.until_unix_micros) + " UTC (--since " + context.since + "), ledger in " +
           context.folder + "\n";
}

std::string verdict(const ReportLine& total, int digits) {
    const std::string requests = with_thousands(total.requests) + (total.requests == 1 ? " request" : " requests");
    const std::string errors = total.errors == 0   ? "no errors"
                               : total.errors == 1 ? "1 error"
                                                   : with_thousands(total.errors) + " errors";
    const std::string cost = format_dollars(total.cost, digits);
    const std::string reference = format_dollars(total.counterfactual, digits);
    const std::optional<double> share = saved_share(total);
    std::string out = requests + ", " + errors + ", " + tokens_text(total.input) + " tokens in and " +
                      tokens_text(total.output) + " out.\n";
    if (!share) return out + "They cost " + cost + "; what the reference would have cost is not known.\n";
    if (total.saved.nanos < 0) {
        const Usd lost{-total.saved.nanos};
        return out + "They cost " + format_dollars(lost, digits) + " more than the " + reference +
               " that the reference would have cost.\n";
    }
    return out + "Saved " + format_dollars(total.saved, digits) + ", which is " + percent(*share) + " of the " +
           reference + " that the reference would have cost; spent " + cost + ".\n";
}

Table main_table(const ReportResult& report, const ReportContext& context, int digits) {
    using Align = Table::Align;
    // A report by tier has the tiers as lines already.
    std::vector<std::string> tiers;
    if (context.by != GroupBy::tier) tiers = tiers_in_order(report.total.by_tier);
    std::vector<Table::Column> columns{
        {upper(name_of(context.by))}, {"REQUESTS", Align::right}, {"ERRORS", Align::right}};
    for (const std::string& tier : tiers) columns.push_back({upper(tier), Align::right});
    for (const char* title : {"MEAN TIME", "COST", "INSTEAD OF", "SAVED", "SAVED %"}) {
        columns.push_back({title, Align::right});
    }
    Table table(std::move(columns));
    const auto add = [&](const ReportLine& line) {
        std::vector<std::string> cells{shortened(line.key), with_thousands(line.requests),
                                       line.errors == 0 ? "-" : with_thousands(line.errors)};
        for (const std::string& tier : tiers) cells.push_back(share_text(requests_of(line, tier), line.requests));
        const std::optional<double> share = saved_share(line);
        cells.insert(cells.end(),
                     {mean_time(line), format_dollars(line.cost, digits), format_dollars(line.counterfactual, digits),
                      format_dollars(line.saved, digits), share ? percent(*share) : "-"});
        table.add(std::move(cells));
    };
    for (const ReportLine& line : report.lines) add(line);
    table.add_rule();
    add(report.total);
    return table;
}

Table tier_table(std::string title, const std::map<std::string, std::uint64_t>& by_tier, std::uint64_t nobody,
                 std::uint64_t requests) {
    Table table({{std::move(title)}, {"REQUESTS", Table::Align::right}, {"SHARE", Table::Align::right}, {""}});
    const auto add = [&](const std::string& name, std::uint64_t part) {
        table.add({name, with_thousands(part), share_text(part, requests), bar(part, requests)});
    };
    for (const std::string& tier : tiers_in_order(by_tier)) add(tier, by_tier.at(tier));
    if (nobody > 0) add(std::string(kNobody), nobody);
    return table;
}

std::string notes(const ReportLine& total) {
    std::string out =
        "INSTEAD OF is what the reference, the model asked for, would have cost: where it answered itself, its own\n"
        "cost; for a cache hit, what that answer cost when it was made; for another model's answer, its token counts\n"
        "at the reference's price (an estimate). SAVED is that minus all that was spent, failed attempts included.\n";
    if (total.unpriced > 0) {
        out += with_thousands(total.unpriced) + (total.unpriced == 1 ? " request has" : " requests have") +
               " a part without a known price: that part is in no sum, and no saving is claimed. Prices can be given\n"
               "under models: in the configuration.\n";
    }
    return out;
}

std::string counts_json(const std::map<std::string, std::uint64_t>& counts) {
    std::string out = "{";
    for (const auto& [name, count] : counts) {
        if (out.size() > 1) out += ", ";
        out += json_string(name) + ": " + std::to_string(count);
    }
    return out + "}";
}

std::string line_json(const ReportLine& line, std::string_view indent) {
    const std::string gap = ",\n" + std::string(indent) + " ";
    const std::optional<double> share = saved_share(line);
    std::string out = std::string(indent) + "{\"key\": " + json_string(line.key);
    out += ", \"requests\": " + std::to_string(line.requests) + ", \"errors\": " + std::to_string(line.errors) +
           ", \"unpriced\": " + std::to_string(line.unpriced);
    out += gap + "\"by_tier\": " + counts_json(line.by_tier) + ", \"would_have\": " + counts_json(line.would_have);
    out += gap + "\"input_tokens\": " + std::to_string(line.input) +
           ", \"input_cached_tokens\": " + std::to_string(line.input_cached) +
           ", \"output_tokens\": " + std::to_string(line.output) +
           ", \"latency_sum_micros\": " + std::to_string(line.latency_sum_micros);
    out += gap + "\"cost_usd\": \"" + to_decimal(line.cost) + "\", \"counterfactual_usd\": \"" +
           to_decimal(line.counterfactual) + "\", \"saved_usd\": \"" + to_decimal(line.saved) +
           "\", \"saved_share\": " + (share ? fixed(*share, 6) : "null") + "}";
    return out;
}

}  // namespace

std::string render_table(const ReportResult& report, const ReportContext& context, const CascadeSection& section,
                         const admin::BudgetReport& budgets) {
    const ReportLine& total = report.total;
    if (total.requests == 0) {
        const std::string spent = render_budgets(budgets);
        return heading(context) +
               "\nNo requests in this time: nothing to report yet. `--since all` looks further back.\n" +
               (spent.empty() ? "" : "\n" + spent);
    }
    const int digits = digits_for(total);
    std::string out = heading(context) + "\n" + verdict(total, digits) + "\n";
    out += main_table(report, context, digits).render() + "\n";
    out += tier_table("ANSWERED BY", total.by_tier, unanswered(total), total.requests).render() + "\n";
    if (!total.would_have.empty()) {
        out += tier_table("WOULD HAVE ANSWERED", total.would_have, 0, total.requests).render() + "\n";
    }
    return out + render_budgets(budgets) + render_cascades(section, digits) + render_tasks(section.students, digits) +
           notes(total);
}

std::string render_json(const ReportResult& report, const ReportContext& context, const CascadeSection& section,
                        const admin::BudgetReport& budgets) {
    std::string out = "{\n  \"data\": " + json_string(context.folder) +
                      ",\n  \"since\": " + json_string(iso_time(context.since_unix_micros)) +
                      ",\n  \"until\": " + json_string(iso_time(context.until_unix_micros)) +
                      ",\n  \"by\": " + json_string(name_of(context.by)) + ",\n  \"lines\": [";
    bool first = true;
    for (const ReportLine& line : report.lines) {
        out += (first ? "\n" : ",\n") + line_json(line, "    ");
        first = false;
    }
    out += first ? "]" : "\n  ]";
    out += ",\n  \"total\":\n" + line_json(report.total, "    ");
    if (budgets.count > 0) out += ",\n" + budgets_json(budgets);
    if (section.asked) out += ",\n" + cascades_json(section) + ",\n" + tasks_json(section.students);
    return out + "\n}\n";
}

}  // namespace weir::cli
