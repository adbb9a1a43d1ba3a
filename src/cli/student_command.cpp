#include "cli/student_command.h"

#include <cstdio>
#include <ostream>
#include <set>

#include "cli/config_values.h"
#include "cli/progress_lines.h"
#include "eval/student_eval.h"
#include "eval/tsv.h"
#include "tiers/student/student.h"

namespace weir::cli {
namespace {

namespace student = tiers::student;
using eval::StudentSummary;

constexpr std::uint64_t kMostShuffles = 10'000;

std::string number(double value, int digits = 6) {
    char text[48];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

std::string percent(double share) {
    return number(100 * share, 2) + " %";
}

Result<eval::StudentPlay> play_of(const EvalStudentArguments& arguments) {
    eval::StudentPlay play;
    const auto promise = parse_share(arguments.promise), confidence = parse_share(arguments.confidence),
               audit = parse_share(arguments.audit);
    if (!promise || *promise <= 0 || *promise >= 0.5) {
        return fail(ErrorCode::invalid, "--promise wants a share above 0% and below 50%");
    }
    if (!confidence || *confidence < 0.5 || *confidence >= 1) {
        return fail(ErrorCode::invalid, "--confidence wants a share from 50% and below 100%");
    }
    if (!audit || *audit <= 0 || *audit > 1) return fail(ErrorCode::invalid, "--audit wants a share above 0%");
    if (arguments.shuffles > kMostShuffles) {
        return fail(ErrorCode::invalid, "--shuffles is at most " + std::to_string(kMostShuffles));
    }
    const auto change = eval::parse_change(arguments.change);
    if (!change) return fail(ErrorCode::invalid, "--change is none, rename, new-label or language");
    play.change = *change;
    play.change_at = arguments.at;
    play.learner = cascade::PolicyLearner::options_of_students(*audit);
    play.learner.promise = *promise;
    play.learner.confidence = *confidence;
    play.shuffles = arguments.shuffles;
    play.seed = arguments.seed;
    return play;
}

void print_json(const StudentSummary& summary, std::ostream& out) {
    out << "{\"rows\": " << summary.rows << ", \"shuffles\": " << summary.shuffles;
    const std::initializer_list<std::pair<const char*, double>> shares = {
        {"served", summary.served},
        {"served_last_third", summary.served_last_third},
        {"saved", summary.saved},
        {"saved_last_third", summary.saved_last_third},
        {"differ", summary.differ},
        {"agreement_served", summary.agreement_served},
        {"gold_teacher", summary.gold_teacher},
        {"gold_hybrid", summary.gold_hybrid},
        {"broken", summary.broken},
        {"train_s", summary.train_s},
        {"predict_us", summary.predict_us},
        {"audits", summary.audits},
        {"saved_least", summary.saved_least},
        {"differ_most", summary.differ_most},
        {"suspended", summary.suspended},
        {"change_late", summary.after.late},
        {"change_wrong", summary.after.wrong_mean},
        {"change_wrong_most", summary.after.wrong_most},
    };
    for (const auto& [name, value] : shares) out << ", \"" << name << "\": " << number(value);
    out << ", \"alarms\": " << summary.alarms << ", \"forgotten\": " << summary.forgotten
        << ", \"too_early\": " << summary.too_early << ", \"change_passes\": " << summary.after.passes
        << ", \"change_stopped\": " << summary.after.stopped_median
        << ", \"change_stopped_p90\": " << summary.after.stopped_p90
        << ", \"change_stopped_most\": " << summary.after.stopped_most << ", \"embedded\": " << summary.embedded
        << ", \"students\": " << summary.students << ", \"student_bytes\": " << number(summary.student_bytes, 0)
        << "}\n";
}

void print_table(const StudentSummary& summary, std::ostream& out) {
    Table table({{""}, {"all", Table::Align::right}, {"last third", Table::Align::right}});
    table.add({"teacher not asked", percent(summary.saved), percent(summary.saved_last_third)});
    table.add({"served by the student", percent(summary.served), percent(summary.served_last_third)});
    table.add({"served, audited", percent(summary.audits), ""});
    table.add({"differ from the teacher", percent(summary.differ), ""});
    table.add({"served that agree", percent(summary.agreement_served), ""});
    const eval::AfterChange& after = summary.after;
    out << summary.rows << " rows, " << std::max<std::size_t>(summary.shuffles, 1) << " passes\n\n"
        << table.render() << "\nover the promise: " << percent(summary.broken)
        << " of passes; alarms: " << summary.alarms << "; right by gold: teacher " << percent(summary.gold_teacher)
        << ", with the student " << percent(summary.gold_hybrid) << "\nlongest training: " << number(summary.train_s, 2)
        << " s; an answer: " << number(summary.predict_us, 1)
        << " us; largest student: " << number(summary.student_bytes / 1024, 0) << " KiB\n";
    if (after.passes == 0) return;
    out << "after the change, " << after.passes
        << " passes with a student in service: requests until it answered no more: " << after.stopped_median
        << " (median), " << after.stopped_p90 << " (90 %), " << after.stopped_most
        << " (most); more than 200: " << percent(after.late) << "; wrong answers: " << number(after.wrong_mean, 1)
        << " (mean), " << number(after.wrong_most, 0) << " (most)\n";
}

// What a student of its kind is made of.
using Facts = std::vector<std::pair<std::string_view, std::size_t>>;
Facts facts_of(const student::Student& made) {
    if (const student::StudentModel* const labels = made.labels()) {
        return {{"fields", labels->form().fields().size()},
                {"labels", labels->form().columns()},
                {"features", labels->features()}};
    }
    if (const student::SpanStudent* const spans = made.spans()) {
        return {{"labels", spans->form().labels()}, {"features", spans->features()}};
    }
    return {{"rows", made.nearest()->rows()}};
}
std::size_t slots_of(const student::Student& made) {
    return made.slot().whole() ? 0 : made.slot().slots();
}

int problem(const Error& error, std::ostream& err) {
    err << error.message << "\n";
    return error.code == ErrorCode::invalid || error.code == ErrorCode::too_large ? 2 : 1;
}

}  // namespace

int eval_student_command(const EvalStudentArguments& arguments, const Clock& clock, std::ostream& out,
                         std::ostream& err) {
    const auto play = play_of(arguments);
    if (!play) {
        err << "weir eval student: " << play.error().message << "\n";
        return 2;
    }
    const auto rows = eval::read_student_rows(arguments.in_file);
    if (!rows) return problem(rows.error(), err);
    ProgressLines progress(clock, err);
    const auto vectors = eval::embed_texts(eval::texts_of(*rows), arguments.embedding, progress.callback(), err);
    if (!vectors) return problem(vectors.error(), err);
    const StudentSummary summary = eval::evaluate_student(*rows, *vectors, *play, clock);
    if (arguments.format == OutputFormat::json) {
        print_json(summary, out);
    } else {
        print_table(summary, out);
    }
    return 0;
}

int train_student_command(const TrainStudentArguments& arguments, const Clock& clock, std::ostream& out,
                          std::ostream& err) {
    const auto rows = eval::read_student_rows(arguments.in_file);
    if (!rows) return problem(rows.error(), err);
    std::set<std::pair<std::string_view, std::string_view>> tasks;
    std::vector<student::StudentExample> examples;
    for (const eval::StudentRow& row : *rows) {
        tasks.emplace(row.task, row.system);
        examples.push_back({row.prompt, row.answer});
    }
    if (tasks.size() > 1) {
        return problem({ErrorCode::invalid, arguments.in_file + ": rows of " + std::to_string(tasks.size()) +
                                                " tasks or system prompts; a student has one"},
                       err);
    }
    student::TrainingOptions options;
    options.seed = arguments.seed;
    const Micros begin = clock.steady_micros();
    auto bytes = student::Student::train(examples, options);
    const double took = static_cast<double>(clock.steady_micros() - begin) / 1e6;
    if (!bytes) return problem({bytes.error().code, arguments.in_file + ": " + bytes.error().message}, err);
    if (const auto written = eval::write_file(arguments.out_file, *bytes); !written)
        return problem(written.error(), err);
    const auto model = student::Student::open(arguments.out_file);
    if (!model) return problem(model.error(), err);
    const student::Student& made = **model;
    const Facts facts = facts_of(made);
    const std::string kind(to_string(made.kind()));
    if (arguments.format == OutputFormat::json) {
        out << "{\"kind\": " << json_string(kind) << ", \"examples\": " << made.examples();
        for (const auto& [name, value] : facts) out << ", " << json_string(std::string(name)) << ": " << value;
        out << ", \"slots\": " << slots_of(made) << ", \"file\": " << json_string(arguments.out_file)
            << ", \"bytes\": " << made.bytes() << ", \"train_s\": " << number(took)
            << ", \"training_set\": " << json_string(to_hex(made.training_set())) << "}\n";
    } else {
        out << kind << ": " << made.examples() << " examples";
        for (const auto& [name, value] : facts) out << ", " << value << " " << name;
        out << ", " << slots_of(made) << " slots in a template of the prompts; trained in " << number(took, 2)
            << " s\nwritten: " << arguments.out_file << ", " << made.bytes() << " bytes\n";
    }
    return 0;
}

}  // namespace weir::cli
