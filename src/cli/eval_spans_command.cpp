#include "cli/eval_spans_command.h"

#include <cstdio>
#include <ostream>

#include "eval/span_eval.h"

namespace weir::cli {
namespace {

std::string real(double value, int digits) {
    char text[48];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

void print_json(const eval::SpanSummary& summary, std::ostream& out) {
    const auto number = [&out](const char* name, double value) { out << ", \"" << name << "\": " << real(value, 6); };
    out << "{\"trained\": " << summary.trained << ", \"scored\": " << summary.scored
        << ", \"declined\": " << summary.declined;
    number("precision", summary.precision);
    number("recall", summary.recall);
    number("f1", summary.f1);
    number("same", summary.same);
    number("same_said", summary.same_said);
    number("served_2", summary.served_2);
    number("served_5", summary.served_5);
    number("calibration_error", summary.calibration_error);
    number("train_s", summary.train_seconds);
    number("predict_us", summary.answer_micros);
    number("predict_us_p99", summary.answer_micros_p99);
    out << ", \"bytes\": " << summary.bytes << ", \"features\": " << summary.features
        << ", \"slots\": " << summary.slots << "}\n";
}

}  // namespace

int eval_spans_command(const EvalSpansArguments& arguments, const Clock& clock, std::ostream& out, std::ostream& err) {
    const auto problem = [&err](const Error& error, const std::string& before) {
        err << before << error.message << "\n";
        return error.code == ErrorCode::invalid || error.code == ErrorCode::too_large ? 2 : 1;
    };
    const auto rows = eval::read_span_rows(arguments.in_file);
    if (!rows) return problem(rows.error(), "");
    const auto right = Table::Align::right;
    Table table({{"examples", right},
                 {"F1", right},
                 {"precision", right},
                 {"recall", right},
                 {"same answer", right},
                 {"calibration", right},
                 {"at 2 %", right},
                 {"at 5 %", right},
                 {"training s", right},
                 {"answer us", right},
                 {"p99", right},
                 {"KiB", right}});
    std::size_t scored = 0;
    for (const std::uint64_t train : arguments.train) {
        eval::SpanPlay play;
        play.train = train;
        play.seed = arguments.seed;
        play.nearest = arguments.nearest;
        const auto summary = eval::evaluate_spans(*rows, play, clock);
        if (!summary) return problem(summary.error(), "weir eval spans: " + std::to_string(train) + " examples: ");
        scored = summary->scored;
        if (arguments.format == OutputFormat::json) {
            print_json(*summary, out);
            continue;
        }
        table.add({std::to_string(train), real(summary->f1, 3), real(summary->precision, 3), real(summary->recall, 3),
                   real(100 * summary->same, 1) + " %", real(100 * summary->calibration_error, 1) + " points",
                   real(100 * summary->served_2, 1) + " %", real(100 * summary->served_5, 1) + " %",
                   real(summary->train_seconds, 2), real(summary->answer_micros, 1),
                   real(summary->answer_micros_p99, 0), std::to_string(summary->bytes / 1024)});
    }
    if (arguments.format == OutputFormat::table) {
        out << table.render() << "\nscored: all rows behind the examples (" << scored
            << " in the last line); at 2 %, 5 %: what could be served with so much differing, in hindsight\n";
    }
    return 0;
}

}  // namespace weir::cli
