#include "cli/train_command.h"

#include <cstdio>
#include <ostream>

#include "cli/progress_lines.h"
#include "eval/cache_pairs.h"

namespace weir::cli {
namespace {

namespace semantic = tiers::semantic;

std::string percent(double share) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
    return text;
}

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
}

void add_points(const semantic::Verifier& verifier, bool dense, Table& table) {
    for (const semantic::OperatingPoint& point : verifier.points(dense)) {
        const bool possible = point.served > 0;
        table.add({dense ? "yes" : "no", percent(point.wanted_false_share), possible ? number(point.threshold) : "-",
                   possible ? percent(point.recall) : "none", possible ? percent(point.served) : "-",
                   possible ? percent(point.false_share) : "-"});
    }
}

std::string json_points(const semantic::Verifier& verifier, bool dense) {
    std::string text = "[";
    for (const semantic::OperatingPoint& point : verifier.points(dense)) {
        text += text.size() > 1 ? ", " : "";
        text += "{\"wanted_false_share\": " + number(point.wanted_false_share) +
                ", \"threshold\": " + number(point.threshold) + ", \"false_share\": " + number(point.false_share) +
                ", \"duplicates_served\": " + number(point.recall) + ", \"served\": " + number(point.served) + "}";
    }
    return text + "]";
}

void report(const TrainVerifierArguments& arguments, const semantic::VerifierTraining& training,
            const semantic::Verifier& verifier, std::size_t bytes, std::ostream& out) {
    const std::size_t pairs = training.pairs() + training.refused();
    if (arguments.format == OutputFormat::json) {
        out << "{\"pairs\": " << pairs << ", \"refused_by_guards\": " << training.refused()
            << ", \"file\": " << json_string(arguments.out_file) << ", \"bytes\": " << bytes
            << ", \"training_set\": " << json_string(to_hex(verifier.training_digest()))
            << ", \"without_vectors\": " << json_points(verifier, false);
        if (verifier.knows_dense()) out << ", \"with_vectors\": " << json_points(verifier, true);
        out << "}\n";
        return;
    }
    Table table({{"vectors"},
                 {"false share wanted", Table::Align::right},
                 {"threshold", Table::Align::right},
                 {"of duplicates served", Table::Align::right},
                 {"of all served", Table::Align::right},
                 {"false share seen", Table::Align::right}});
    if (verifier.knows_dense()) add_points(verifier, true, table);
    add_points(verifier, false, table);
    out << pairs << " pairs, " << training.refused() << " refused by the guards\n"
        << "On pairs held out of training (each judged by models that saw neither of its texts):\n\n"
        << table.render() << "\nwritten: " << arguments.out_file << ", " << bytes << " bytes\n";
}

}  // namespace

int train_verifier_command(const TrainVerifierArguments& arguments, const Clock& clock, std::ostream& out,
                           std::ostream& err) {
    const auto problem = [&err](const Error& error) {
        err << error.message << "\n";
        return error.code == ErrorCode::invalid || error.code == ErrorCode::too_large ? 2 : 1;
    };
    const auto pairs = eval::read_pairs(arguments.pairs_file, true);
    if (!pairs) return problem(pairs.error());
    ProgressLines progress(clock, err);
    const auto vectors = eval::embed_texts(eval::texts_of(*pairs), arguments.embedding, progress.callback(), err);
    if (!vectors) return problem(vectors.error());
    eval::TrainingChoice choice;
    if (arguments.generic) choice = {false, 0, true};
    const auto training = eval::training_of(*pairs, *vectors, choice, progress.callback());
    if (!training) return problem(training.error());
    semantic::VerifierTraining::Options options;
    options.seed = arguments.seed;
    options.progress = progress.callback();
    if (arguments.generic) {
        options.lexical = false;
        options.monotone = true;
        options.share_kept = 0.25;
        options.judge_explained = false;
        options.trees = 200;
        options.depth = 3;
        options.least_leaf_weight = 20;
    }
    const auto verifier = training->train(options);
    if (!verifier) return problem({verifier.error().code, arguments.pairs_file + ": " + verifier.error().message});
    const std::string bytes = verifier->save();
    if (const auto written = eval::write_file(arguments.out_file, bytes); !written) return problem(written.error());
    report(arguments, *training, *verifier, bytes.size(), out);
    return 0;
}

}  // namespace weir::cli
