#include "cli/report_command.h"

#include <unistd.h>

#include <chrono>
#include <ostream>

#include "cli/config_values.h"

namespace weir::cli {
namespace {

constexpr std::string_view kUsualConfig = "weir.yaml";

std::optional<int> fixed_digits(std::string_view text, std::size_t at, std::size_t count) {
    if (text.size() < at + count) return std::nullopt;
    int value = 0;
    for (const char c : text.substr(at, count)) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

// YYYY-MM-DD, then nothing or THH:MM or THH:MM:SS; UTC.
std::optional<Micros> parse_date(std::string_view text) {
    using namespace std::chrono;
    if (text.ends_with('Z') && text.size() > 10) text.remove_suffix(1);
    const bool date_form = text.size() >= 10 && text[4] == '-' && text[7] == '-';
    const bool time_form = text.size() == 10 || ((text.size() == 16 || text.size() == 19) && text[10] == 'T' &&
                                                 text[13] == ':' && (text.size() == 16 || text[16] == ':'));
    if (!date_form || !time_form) return std::nullopt;
    const auto years = fixed_digits(text, 0, 4), months = fixed_digits(text, 5, 2), days_ = fixed_digits(text, 8, 2);
    const auto hours_ = text.size() > 10 ? fixed_digits(text, 11, 2) : 0;
    const auto minutes_ = text.size() > 10 ? fixed_digits(text, 14, 2) : 0;
    const auto seconds_ = text.size() > 16 ? fixed_digits(text, 17, 2) : 0;
    if (!years || !months || !days_ || !hours_ || !minutes_ || !seconds_) return std::nullopt;
    const year_month_day date{year(*years), month(static_cast<unsigned>(*months)), day(static_cast<unsigned>(*days_))};
    if (!date.ok() || *years < 1970 || *hours_ > 23 || *minutes_ > 59 || *seconds_ > 59) return std::nullopt;
    const auto at = sys_days(date) + hours(*hours_) + minutes(*minutes_) + seconds(*seconds_);
    return duration_cast<microseconds>(at.time_since_epoch()).count();
}

std::string two_digits(long value) {
    return (value < 10 ? "0" : "") + std::to_string(value);
}

struct Moment {
    std::string date, time;  // "2025-01-31", "12:00:00"; UTC
};

Moment moment_of(Micros unix_micros) {
    using namespace std::chrono;
    const sys_time<microseconds> at{microseconds(unix_micros)};
    const auto day_of = floor<days>(at);
    const year_month_day date(day_of);
    const hh_mm_ss time(floor<seconds>(at - day_of));
    return {std::to_string(static_cast<int>(date.year())) + "-" +
                two_digits(static_cast<long>(static_cast<unsigned>(date.month()))) + "-" +
                two_digits(static_cast<long>(static_cast<unsigned>(date.day()))),
            two_digits(time.hours().count()) + ":" + two_digits(time.minutes().count()) + ":" +
                two_digits(time.seconds().count())};
}

// The one that is given, else weir.yaml where there is one; empty: none.
std::string config_of(const std::string& config_file) {
    if (!config_file.empty()) return config_file;
    return access(std::string(kUsualConfig).c_str(), F_OK) == 0 ? std::string(kUsualConfig) : std::string();
}

// The configuration's budgets; a folder that is given has none. Exit code 0, or what it is else.
int read_budgets_of(const ReportArguments& arguments, const std::string& folder, Micros now,
                    const Environment& environment, admin::BudgetReport& to, std::ostream& err) {
    const std::string config = arguments.data_folder.empty() ? config_of(arguments.config_file) : std::string();
    if (config.empty()) return 0;
    const auto rules = load_budget_rules(config, environment);
    if (!rules) {
        for (const Diagnostic& each : rules.error()) err << to_string(each) << "\n";
        return 2;
    }
    auto budgets = admin::read_budget_report(folder, *rules, now);
    if (!budgets) {
        err << "weir report: " << budgets.error().message << "\n";
        return 1;
    }
    to = std::move(*budgets);
    return 0;
}

}  // namespace

std::optional<std::string> data_folder_of(const std::string& config_file, const std::string& data_folder,
                                          const Environment& environment, std::ostream& err) {
    if (!data_folder.empty()) return data_folder;
    const std::string config = config_of(config_file);
    if (config.empty()) return gateway::Options{}.data_folder;
    auto folder = load_data_folder(config, environment);
    if (folder) return std::move(*folder);
    for (const Diagnostic& each : folder.error()) err << to_string(each) << "\n";
    return std::nullopt;
}

std::optional<Micros> parse_since(std::string_view text, Micros now_unix_micros) {
    if (text == "all") return 0;
    if (const std::optional<Micros> back = parse_duration(text)) {
        return *back > now_unix_micros ? 0 : now_unix_micros - *back;
    }
    const std::optional<Micros> date = parse_date(text);
    if (!date || *date > now_unix_micros) return std::nullopt;
    return date;
}

std::string since_problem(std::string_view text) {
    return "--since " + quote(text) +
           " is neither a duration (24h, 7d), a past date (2025-01-31, 2025-01-31T12:00; UTC), nor all";
}

std::string iso_time(Micros unix_micros) {
    const Moment moment = moment_of(unix_micros);
    return moment.date + "T" + moment.time + "Z";
}

std::string people_time(Micros unix_micros) {
    const Moment moment = moment_of(unix_micros);
    return moment.date + " " + moment.time.substr(0, 5);
}

int report_command(const ReportArguments& arguments, const Clock& clock, const Environment& environment,
                   const ReportSource& source, std::ostream& out, std::ostream& err) {
    ReportContext context;
    context.since = arguments.since;
    context.by = arguments.by;
    context.until_unix_micros = clock.unix_micros();
    const std::optional<Micros> since = parse_since(arguments.since, context.until_unix_micros);
    if (!since) {
        err << "weir report: " << since_problem(arguments.since) << "\n";
        return 2;
    }
    context.since_unix_micros = *since;
    const std::optional<std::string> folder =
        data_folder_of(arguments.config_file, arguments.data_folder, environment, err);
    if (!folder) return 2;
    context.folder = *folder;

    store::ReportQuery query;
    query.since_unix_micros = context.since_unix_micros;
    query.by = arguments.by;
    query.costs = arguments.by == store::GroupBy::task;
    const Result<store::ReportResult> report = source(*folder, query);
    if (!report) {
        err << "weir report: " << report.error().message;  // begins with the path
        if (report.error().code == ErrorCode::not_found) {
            err << " (`weir serve` writes the ledger; --data or -c say where)";
        }
        err << "\n";
        return 1;
    }
    CascadeSection section;
    section.asked = query.costs;
    for (const store::CostLine& line : report->costs) section.spent += line.spent;
    if (section.asked) {
        auto courses =
            admin::read_cascade_reports(*folder, report->costs, {query.since_unix_micros, context.until_unix_micros});
        if (!courses) {
            err << "weir report: " << courses.error().message << "\n";
            return 1;
        }
        section.courses = std::move(*courses);
        section.students =
            store::profile_tasks(*folder, report->costs, query.since_unix_micros, context.until_unix_micros);
    }
    admin::BudgetReport budgets;
    const int failed = read_budgets_of(arguments, *folder, context.until_unix_micros, environment, budgets, err);
    if (failed != 0) return failed;
    const bool json = arguments.format == OutputFormat::json;
    out << (json ? render_json(*report, context, section, budgets) : render_table(*report, context, section, budgets));
    return 0;
}

}  // namespace weir::cli
