#include "cli/eval_cascade_command.h"

#include <algorithm>
#include <cstdio>
#include <ostream>
#include <vector>

#include "cli/config_values.h"
#include "eval/cascade_eval.h"

namespace weir::cli {
namespace {

using eval::CascadePlay;
using eval::CascadeSummary;

constexpr std::uint64_t kMostRedraws = 100'000;

std::vector<std::string> split_names(std::string_view list) {
    std::vector<std::string> names;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        if (end > 0) names.emplace_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return names;
}

std::string fraction(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6f", value);
    return text;
}

std::string percent(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f %%", 100 * value);
    return text;
}

std::string percent(const eval::Range& range) {
    char text[64];
    std::snprintf(text, sizeof text, "%.2f (%.2f to %.2f) %%", 100 * range.mean, 100 * range.low, 100 * range.high);
    return text;
}

// Options from the arguments; an error says which argument is wrong.
Result<CascadePlay> play_of(const EvalCascadeArguments& arguments, std::size_t tiers) {
    CascadePlay play;
    const auto promise = parse_share(arguments.promise), confidence = parse_share(arguments.confidence);
    if (!promise || *promise <= 0 || *promise >= 0.5) {
        return fail(ErrorCode::invalid, "--promise wants a share above 0% and below 50%");
    }
    if (!confidence || *confidence < 0.5 || *confidence >= 1) {
        return fail(ErrorCode::invalid, "--confidence wants a share from 50% and below 100%");
    }
    if (arguments.measure != "harm" && arguments.measure != "disagreement") {
        return fail(ErrorCode::invalid, "--measure is harm or disagreement, not " + quote(arguments.measure));
    }
    if (arguments.order != "file" && arguments.order != "random" && arguments.order != "tasks") {
        return fail(ErrorCode::invalid, "--order is file, random or tasks, not " + quote(arguments.order));
    }
    if (arguments.redraws == 0 || arguments.redraws > kMostRedraws) {
        return fail(ErrorCode::invalid, "--redraws is from 1 to " + std::to_string(kMostRedraws));
    }
    if (!arguments.labels.empty()) {
        const auto labels = parse_whole(arguments.labels);
        if (!labels || *labels == 0) return fail(ErrorCode::invalid, "--labels wants a number from 1");
        play.labels = *labels;
    }
    if (arguments.count_labels && !play.labels) return fail(ErrorCode::invalid, "--count-labels wants --labels");
    play.count_labels = arguments.count_labels;
    play.triage = !arguments.no_triage;
    play.measure = arguments.measure == "harm" ? CascadePlay::Measure::harm : CascadePlay::Measure::disagreement;
    play.learner.tiers = tiers;
    play.learner.promise = *promise;
    play.learner.confidence = *confidence;
    play.order = arguments.order == "random"  ? CascadePlay::Order::random
                 : arguments.order == "tasks" ? CascadePlay::Order::tasks
                                              : CascadePlay::Order::file;
    play.redraws = arguments.redraws;
    play.seed = arguments.seed;
    return play;
}

std::string json_range(const char* name, const eval::Range& range) {
    const std::string key = name;
    return "\"" + key + "\": " + fraction(range.mean) + ", \"" + key + "_low\": " + fraction(range.low) + ", \"" + key +
           "_high\": " + fraction(range.high);
}

void print_json(const CascadeSummary& summary, std::ostream& out) {
    out << "{\"rows\": " << summary.rows << ", \"redraws\": " << summary.redraws << ", "
        << json_range("saved", summary.saved) << ", " << json_range("saved_last_third", summary.saved_last_third)
        << ", " << json_range("harm", summary.harm) << ", " << json_range("disagreement", summary.disagreement) << ", "
        << json_range("broken", summary.broken) << ", " << json_range("quality", summary.quality) << ", "
        << json_range("served", summary.served) << ", \"audits\": " << fraction(summary.audits)
        << ", \"bypassed\": " << fraction(summary.bypassed) << ", \"alarms\": " << summary.alarms
        << ", \"shuffle\": " << fraction(summary.shuffled_worse);
    if (summary.plain) {
        out << ", \"plain\": {" << json_range("saved", summary.plain->saved) << ", "
            << json_range("served", summary.plain->served) << ", " << json_range("worse", summary.plain->worse)
            << ", \"broken\": " << fraction(summary.plain->broken) << "}";
    }
    out << ", \"segments\": [";
    for (std::size_t i = 0; i < summary.segments.size(); ++i) {
        const CascadeSummary::Segment& segment = summary.segments[i];
        out << (i > 0 ? ", " : "") << "{\"task\": " << json_string(segment.task) << ", \"rows\": " << segment.rows
            << ", " << json_range("saved", segment.saved) << ", " << json_range("worse", segment.worse)
            << ", \"broken\": " << fraction(segment.broken) << "}";
    }
    out << "], \"fixed\": [";
    for (std::size_t i = 0; i < summary.fixed.size(); ++i) {
        const CascadeSummary::Fixed& fixed = summary.fixed[i];
        out << (i > 0 ? ", " : "") << "{\"model\": " << json_string(fixed.model)
            << ", \"saved\": " << fraction(fixed.saved) << ", \"harm\": " << fraction(fixed.harm)
            << ", \"disagreement\": " << fraction(fixed.disagreement) << "}";
    }
    out << "], \"plans\": " << json_strings(summary.plans) << "}\n";
}

void print_table(const CascadeSummary& summary, const EvalCascadeArguments& arguments, std::ostream& out) {
    Table table({{"task"},
                 {"rows", Table::Align::right},
                 {"saved", Table::Align::right},
                 {"worse answers", Table::Align::right},
                 {"over the promise", Table::Align::right}});
    for (const CascadeSummary::Segment& segment : summary.segments) {
        table.add({segment.task, std::to_string(segment.rows), percent(segment.saved), percent(segment.worse),
                   percent(segment.broken)});
    }
    table.add_rule();
    table.add({"all", std::to_string(summary.rows), percent(summary.saved),
               percent(arguments.measure == "harm" ? summary.harm : summary.disagreement),
               percent(summary.broken.mean)});
    out << table.render() << "\nlast third: saved " << percent(summary.saved_last_third)
        << "; served by cheaper tiers: " << percent(summary.served)
        << "; right answers, the reference's = 1: " << fraction(summary.quality.mean)
        << "\nas many served at random: " << percent(summary.shuffled_worse)
        << " worse; audited: " << percent(summary.audits)
        << " of requests; straight to the reference: " << percent(summary.bypassed) << "; alarms: " << summary.alarms
        << "\n\n";
    if (summary.plain) {
        out << "one threshold on the first tier's evidence, by Clopper-Pearson on the same labels: saved "
            << percent(summary.plain->saved) << "; served " << percent(summary.plain->served) << "; worse "
            << percent(summary.plain->worse) << "; over the promise " << percent(summary.plain->broken) << "\n\n";
    }
    Table fixed({{"always"},
                 {"saved", Table::Align::right},
                 {"harm", Table::Align::right},
                 {"disagreement", Table::Align::right}});
    for (const CascadeSummary::Fixed& one : summary.fixed) {
        fixed.add({one.model, percent(one.saved), percent(one.harm), percent(one.disagreement)});
    }
    out << fixed.render() << "\nplans at the end of the first draw (tiers by number, from 0):\n";
    for (const std::string& plan : summary.plans) out << "  " << plan << "\n";
}

}  // namespace

int eval_cascade_command(const EvalCascadeArguments& arguments, std::ostream& out, std::ostream& err) {
    const auto wrong = [&err](const std::string& what) {
        err << "weir eval cascade: " << what << "\n";
        return 2;
    };
    std::vector<std::string> names = split_names(arguments.tiers);
    if (names.empty() || names.size() > cascade::kMostModelTiers) {
        return wrong("--tiers wants 1 to " + std::to_string(cascade::kMostModelTiers) + " models, comma-separated");
    }
    names.push_back(arguments.reference);
    auto play = play_of(arguments, names.size() - 1);
    if (!play) return wrong(play.error().message);
    const auto rows = eval::read_cascade_rows(arguments.in_file, names);
    if (!rows) {
        err << rows.error().message << "\n";
        return rows.error().code == ErrorCode::io ? 1 : 2;
    }
    if (play->labels && *play->labels >= rows->size()) {
        return wrong("--labels leaves no row to score: there are " + std::to_string(rows->size()));
    }
    const CascadeSummary summary = eval::evaluate_cascade(*rows, names, *play);
    if (arguments.format == OutputFormat::json) {
        print_json(summary, out);
    } else {
        print_table(summary, arguments, out);
    }
    return 0;
}

}  // namespace weir::cli
