#include "cli/eval_router_command.h"

#include <array>
#include <cstdio>
#include <ostream>

#include "cli/config_values.h"
#include "cli/progress_lines.h"
#include "eval/route_eval.h"

namespace weir::cli {
namespace {

using eval::RouteSummary;

constexpr std::uint64_t kMostRedraws = 100'000;

std::string real(double value, int digits) {
    char text[48];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

void print_json(const RouteSummary& summary, std::ostream& out) {
    const auto spread = [](const char* name, const RouteSummary::Spread& of) {
        const std::string key = name;
        return "\"" + key + "\": " + real(of.mean, 6) + ", \"" + key + "_low\": " + real(of.low, 6) + ", \"" + key +
               "_high\": " + real(of.high, 6);
    };
    out << "{\"rows\": " << summary.rows << ", \"labels\": " << summary.labels << ", \"redraws\": " << summary.redraws
        << ", \"weak_accuracy\": " << real(summary.weak_accuracy, 6)
        << ", \"strong_accuracy\": " << real(summary.strong_accuracy, 6) << ", " << spread("apgr", summary.apgr) << ", "
        << spread("length_apgr", summary.length_apgr)
        << ", \"random_apgr\": 0.5, \"agree_calibration_error\": " << real(summary.agree_calibration_error, 6)
        << ", \"gain_calibration_error\": " << real(summary.gain_calibration_error, 6)
        << ", \"fit_ms\": " << real(summary.fit_millis, 3) << ", \"decision_us\": " << real(summary.decision_micros, 3)
        << "}\n";
}

void print_table(const RouteSummary& summary, std::ostream& out) {
    Table table({{"router"}, {"APGR", Table::Align::right}, {"90 % of re-draws", Table::Align::right}});
    const auto line = [&](const char* name, const RouteSummary::Spread& spread) {
        table.add({name, real(spread.mean, 3), real(spread.low, 3) + " to " + real(spread.high, 3)});
    };
    line("triage", summary.apgr);
    line("longest prompts first", summary.length_apgr);
    table.add({"chance", "0.500", ""});
    out << table.render() << "\nright answers: weak " << real(100 * summary.weak_accuracy, 2) << " %, strong "
        << real(100 * summary.strong_accuracy, 2) << " %; " << summary.labels << " labels of " << summary.rows
        << " rows, " << summary.redraws << " re-draws\ncalibration error: agreement "
        << real(100 * summary.agree_calibration_error, 1) << " points, gain "
        << real(100 * summary.gain_calibration_error, 1) << " points; fit " << real(summary.fit_millis, 0)
        << " ms, decision " << real(summary.decision_micros, 1) << " us\n";
}

}  // namespace

int eval_router_command(const EvalRouterArguments& arguments, const Clock& clock, std::ostream& out,
                        std::ostream& err) {
    const auto problem = [&err](const Error& error, const std::string& before) {
        err << before << error.message << "\n";
        return error.code == ErrorCode::invalid || error.code == ErrorCode::too_large ? 2 : 1;
    };
    const std::string command = "weir eval router: ";
    if (arguments.redraws == 0 || arguments.redraws > kMostRedraws) {
        err << command << "--redraws is from 1 to " << kMostRedraws << "\n";
        return 2;
    }
    if (arguments.weak == arguments.strong) {
        err << command << "--weak and --strong are the same model\n";
        return 2;
    }
    eval::RoutePlay play;
    if (!arguments.folds.empty()) {
        const auto folds = parse_whole(arguments.folds);
        if (!folds) {
            err << command << "--folds wants a number from 2\n";
            return 2;
        }
        play.folds = *folds;
    }
    play.labels = arguments.labels;
    play.redraws = arguments.redraws;
    play.seed = arguments.seed;
    const std::array<std::string, 2> names{arguments.weak, arguments.strong};
    const auto rows = eval::read_cascade_rows(arguments.in_file, names);
    if (!rows) return problem(rows.error(), "");
    std::vector<std::string_view> prompts;
    for (const eval::CascadeRow& row : *rows) prompts.push_back(row.prompt);
    ProgressLines progress(clock, err);
    const auto vectors = eval::embed_texts(prompts, arguments.embedding, progress.callback(), err);
    if (!vectors) return problem(vectors.error(), command);
    const auto summary = eval::evaluate_router(*rows, play, clock, *vectors);
    if (!summary) return problem(summary.error(), command);
    if (arguments.format == OutputFormat::json) {
        print_json(*summary, out);
    } else {
        print_table(*summary, out);
    }
    return 0;
}

}  // namespace weir::cli
