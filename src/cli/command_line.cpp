#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <ostream>

#include "base/clock.h"
#include "cli/check.h"
#include "cli/config.h"
#include "cli/config_values.h"
#include "cli/report_command.h"
#include "cli/version.h"
#include "store/report.h"

namespace weir::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  weir check -c weir.yaml            is the configuration right, and which cascades does it make?
  weir serve -c weir.yaml            run the gateway (SIGHUP: read the file again, SIGTERM: drain and stop)
  weir report                        what did the last 24 hours cost, and what did they save?
  weir report --since 7d --by day    the same for a week, day by day
  weir report --by model --format json

Every command explains itself: weir report --help
Exit codes: 0 done, 1 failed, 2 wrong usage or input (as file:line: message).)";

const std::map<std::string, OutputFormat> kFormats{{"table", OutputFormat::table}, {"json", OutputFormat::json}};
const std::map<std::string, LogLevel> kLogLevels{
    {"debug", LogLevel::debug}, {"info", LogLevel::info}, {"warning", LogLevel::warning}, {"error", LogLevel::error}};
const std::map<std::string, store::GroupBy> kGroups{{"task", store::GroupBy::task},
                                                    {"model", store::GroupBy::model},
                                                    {"tenant", store::GroupBy::tenant},
                                                    {"tier", store::GroupBy::tier},
                                                    {"day", store::GroupBy::day}};

// One word out of a fixed set, listed in the help and in the error.
template <class T>
void add_choice(CLI::App& command, const std::string& flag, T& to, const std::map<std::string, T>& choices,
                const std::string& order, const std::string& help) {
    command
        .add_option_function<std::string>(
            flag, [&to, &choices](const std::string& word) { to = choices.at(word); }, help)
        ->type_name(order)
        ->check(CLI::Validator(
            [&choices, flag, order](std::string& word) {
                return choices.contains(word) ? std::string() : "\"" + word + "\" is none of " + order;
            },
            ""));
}

struct Arguments {
    ServeArguments serve;
    CheckArguments check;
    ReportArguments report;
    OutputFormat version_format = OutputFormat::table;
};

void add_format(CLI::App& command, OutputFormat& to) {
    add_choice(command, "--format", to, kFormats, "table|json", "for people or for programs (default: table)");
}

void add_config(CLI::App& command, std::string& to) {
    to = "weir.yaml";
    command.add_option("-c,--config", to, "the configuration (default: weir.yaml)")->type_name("FILE");
}

void add_report(CLI::App& app, ReportArguments& to) {
    CLI::App* const report = app.add_subcommand("report", "What was asked, who answered, what it cost and saved");
    CLI::Option* const config = report
                                    ->add_option("-c,--config", to.config_file,
                                                 "read the ledger of this configuration (default: weir.yaml, if "
                                                 "there is one)")
                                    ->type_name("FILE");
    report->add_option("--data", to.data_folder, "read the ledger in this folder (default: ./weir-data)")
        ->type_name("DIR")
        ->excludes(config);
    report->add_option("--since", to.since, "24h, 7d, 2025-01-31, 2025-01-31T12:00 (UTC) or all (default: 24h)")
        ->type_name("WHEN");
    add_choice(*report, "--by", to.by, kGroups, "task|model|tenant|tier|day", "a line for each (default: task)");
    add_format(*report, to.format);
}

void add_commands(CLI::App& app, Arguments& to) {
    app.require_subcommand(1);
    app.set_help_flag("-h,--help", "this text");
    app.set_version_flag("--version", "weir " + std::string(kVersion), "print the version");
    app.get_formatter()->label("SUBCOMMAND", "COMMAND");
    app.get_formatter()->label("Subcommands", "Commands");
    app.footer(kExamples);

    CLI::App* const serve = app.add_subcommand("serve", "Run the gateway");
    add_config(*serve, to.serve.config_file);
    add_choice(*serve, "--log-level", to.serve.log_level, kLogLevels, "debug|info|warning|error",
               "the least that is logged to stderr (default: info)");

    CLI::App* const check = app.add_subcommand("check", "Say whether a configuration is right");
    add_config(*check, to.check.config_file);
    add_format(*check, to.check.format);

    add_report(app, to.report);

    CLI::App* const version = app.add_subcommand("version", "Print the version");
    add_format(*version, to.version_format);
    for (CLI::App* const command : {serve, check, version, app.get_subcommand("report")}) command->footer("");
}

// What is wrong with the first argument; empty: nothing.
std::string command_problem(int argc, const char* const* argv) {
    constexpr std::array<std::string_view, 4> kCommands{"serve", "check", "report", "version"};
    const std::string_view word = argc > 1 ? argv[1] : "";
    if (word.empty()) return "a command is missing: serve, check, report or version";
    if (word.front() == '-' || std::find(kCommands.begin(), kCommands.end(), word) != kCommands.end()) return {};
    const std::string_view meant = closest(word, kCommands);
    return "there is no command " + quote(word) + (meant.empty() ? "" : " (did you mean " + std::string(meant) + "?)");
}

int print_version(OutputFormat format, std::ostream& out) {
    if (format == OutputFormat::json) {
        out << "{\"version\": \"" << kVersion << "\"}\n";
    } else {
        out << "weir " << kVersion << "\n";
    }
    return 0;
}

}  // namespace

int run_command_line(int argc, const char* const* argv, const std::function<int(const ServeArguments&)>& serve,
                     std::ostream& out, std::ostream& err) {
    CLI::App app("Weir, an inference gateway: every answer by the cheapest means that does as well, and proof of it.",
                 "weir");
    Arguments arguments;
    add_commands(app, arguments);
    if (const std::string problem = command_problem(argc, argv); !problem.empty()) {
        err << "weir: " << problem << "\nTry: weir --help\n";
        return 2;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        out << app.help();
        return 0;
    } catch (const CLI::CallForVersion&) {
        return print_version(OutputFormat::table, out);
    } catch (const CLI::ParseError& problem) {
        const std::vector<CLI::App*> chosen = app.get_subcommands();
        const std::string command = chosen.empty() ? "weir" : "weir " + chosen.front()->get_name();
        err << command << ": " << problem.what() << "\nTry: " << command << " --help\n";
        return 2;
    }
    if (app.got_subcommand("serve")) return serve(arguments.serve);
    if (app.got_subcommand("check")) return check_command(arguments.check, process_settings(), out, err);
    if (app.got_subcommand("report")) {
        return report_command(arguments.report, SystemClock(), process_environment, store::report, out, err);
    }
    return print_version(arguments.version_format, out);
}

}  // namespace weir::cli
