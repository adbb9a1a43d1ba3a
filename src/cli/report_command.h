// `weir report`: what was asked, who answered, what it cost, and what the reference would have cost.
// Thread rule: rendering is pure; the command reads the ledger's file and blocks on disk.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "admin/budget_report.h"
#include "admin/cascade_report.h"
#include "base/clock.h"
#include "base/result.h"
#include "cli/config.h"
#include "cli/table.h"
#include "store/report.h"
#include "store/task_profile.h"

namespace weir::cli {

struct ReportArguments {
    std::string config_file;  // names the data folder; empty: not given
    std::string data_folder;  // goes before config_file; empty: not given
    std::string since = "24h";
    store::GroupBy by = store::GroupBy::task;
    OutputFormat format = OutputFormat::table;
};

// What a rendered report says about itself.
struct ReportContext {
    std::string folder;
    std::string since;  // as asked for: "24h"
    store::GroupBy by = store::GroupBy::task;
    Micros since_unix_micros = 0, until_unix_micros = 0;
};

// "24h" (back from now), "2025-01-31", "2025-01-31T12:00" (UTC, a Z at the end is allowed), or "all".
std::optional<Micros> parse_since(std::string_view text, Micros now_unix_micros);
// What is wrong with a text that parse_since() does not take.
std::string since_problem(std::string_view text);

std::string iso_time(Micros unix_micros);     // "2025-01-31T12:00:00Z"
std::string people_time(Micros unix_micros);  // "2025-01-31 12:00"

// What model tiers under a promise have brought, and what all money was spent on: a part of reports by task.
struct CascadeSection {
    bool asked = false;
    store::CostParts spent;  // adds up to the report's total
    std::vector<admin::CourseReport> courses;
    std::vector<store::TaskProfile> students;  // what could be learned from what is kept
};

std::string render_table(const store::ReportResult& report, const ReportContext& context,
                         const CascadeSection& section = {}, const admin::BudgetReport& budgets = {});
// One object. Money is exact: decimal dollars as strings.
std::string render_json(const store::ReportResult& report, const ReportContext& context,
                        const CascadeSection& section = {}, const admin::BudgetReport& budgets = {});

// report_budgets.cpp: what was spent of each budget and is expected: empty where none is configured; and as two members
// of an object.
std::string render_budgets(const admin::BudgetReport& report);
std::string budgets_json(const admin::BudgetReport& report);

// report_cascades.cpp: the section alone, as tables and as two members of an object. `digits`: of dollars.
std::string render_cascades(const CascadeSection& section, int digits);
std::string cascades_json(const CascadeSection& section);

// report_tasks.cpp: which tasks a student could learn, and why not the others: empty where nothing is kept to learn
// from; and as a member of an object.
std::string render_tasks(const std::vector<store::TaskProfile>& tasks, int digits);
std::string tasks_json(const std::vector<store::TaskProfile>& tasks);

// Dollars for people, with a fixed number of digits after the point (0 to 9), rounded half away from zero:
// "-$1,234.50".
std::string format_dollars(Usd amount, int digits);

using ReportSource = std::function<Result<store::ReportResult>(const std::string& folder, const store::ReportQuery&)>;

// The data folder that --data or -c lead to, else weir.yaml where there is one, else the usual folder; nothing after an
// error was printed.
std::optional<std::string> data_folder_of(const std::string& config_file, const std::string& data_folder,
                                          const Environment& environment, std::ostream& err);

// Exit code: 0, 1 the ledger can't be read, 2 wrong arguments or configuration.
int report_command(const ReportArguments& arguments, const Clock& clock, const Environment& environment,
                   const ReportSource& source, std::ostream& out, std::ostream& err);

}  // namespace weir::cli
