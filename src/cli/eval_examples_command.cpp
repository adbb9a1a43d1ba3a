#include "cli/eval_examples_command.h"

#include <cstdio>
#include <fstream>
#include <ostream>

#include "json/scan.h"

namespace weir::cli {
namespace {

std::string real(double value, int digits) {
    char text[48];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

std::string percent(double share) {
    return real(100 * share, 1) + " %";
}

std::string line_of(const eval::ShownRows& shown) {
    std::string line = R"({"id":)";
    json::write_string(shown.id, line);
    line += R"(,"shown":[)";
    for (const eval::ShownRows::Row& row : shown.rows) {
        if (line.back() != '[') line += ',';
        line += R"({"id":)";
        json::write_string(row.id, line);
        line += R"(,"similarity":)" + real(row.similarity, 4) + "}";
    }
    return line + "]}\n";
}

}  // namespace

int eval_examples_command(const EvalExamplesArguments& arguments, std::ostream& out, std::ostream& err) {
    const auto rows = eval::read_student_rows(arguments.in_file);
    if (!rows) {
        err << rows.error().message << "\n";
        return rows.error().code == ErrorCode::invalid || rows.error().code == ErrorCode::too_large ? 2 : 1;
    }
    std::ofstream file;
    if (!arguments.out_file.empty()) file.open(arguments.out_file);
    const eval::ExampleSummary summary = eval::play_examples(*rows, arguments.play, [&](const eval::ShownRows& shown) {
        if (file.is_open()) file << line_of(shown);
    });
    file.close();
    if (!arguments.out_file.empty() && !file) {
        err << "weir eval examples: can't write " << arguments.out_file << "\n";
        return 1;
    }
    const double share = summary.rows == 0 ? 0 : static_cast<double>(summary.shown) / static_cast<double>(summary.rows);
    if (arguments.format == OutputFormat::json) {
        out << "{\"rows\": " << summary.rows << ", \"shown\": " << real(share, 6)
            << ", \"examples\": " << real(summary.examples, 3) << ", \"tokens\": " << real(summary.tokens, 1)
            << ", \"similarity\": " << real(summary.similarity, 4)
            << ", \"nearest_same\": " << real(summary.nearest_same, 6)
            << ", \"vote_same\": " << real(summary.vote_same, 6) << "}\n";
        return 0;
    }
    Table table({{"rows", Table::Align::right},
                 {"shown any", Table::Align::right},
                 {"examples", Table::Align::right},
                 {"tokens", Table::Align::right},
                 {"similarity", Table::Align::right},
                 {"nearest same", Table::Align::right},
                 {"vote same", Table::Align::right}});
    table.add({std::to_string(summary.rows), percent(share), real(summary.examples, 1), real(summary.tokens, 0),
               real(summary.similarity, 2), percent(summary.nearest_same), percent(summary.vote_same)});
    out << table.render()
        << "\nsame: the answer of the nearest example, and of most of those shown, is the teacher's\n";
    return 0;
}

}  // namespace weir::cli
