#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <ostream>

#include "base/clock.h"
#include "base/version.h"
#include "cli/check.h"
#include "cli/command_help.h"
#include "cli/config.h"
#include "cli/config_reader.h"
#include "cli/config_values.h"
#include "cli/doctor_command.h"
#include "cli/eval_cascade_command.h"
#include "cli/eval_command.h"
#include "cli/eval_examples_command.h"
#include "cli/eval_router_command.h"
#include "cli/eval_spans_command.h"
#include "cli/export_command.h"
#include "cli/health_command.h"
#include "cli/import_command.h"
#include "cli/keys_command.h"
#include "cli/litellm_command.h"
#include "cli/replay_command.h"
#include "cli/report_command.h"
#include "cli/student_command.h"
#include "cli/students_command.h"
#include "cli/top_command.h"
#include "cli/train_command.h"
#include "store/report.h"

namespace weir::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  weir check -c weir.yaml            is the configuration right, and which cascades does it make?
  weir serve -c weir.yaml            run the gateway (SIGHUP: read the file again, SIGTERM: drain and stop)
  weir doctor -c weir.yaml           what stands in the way on this machine: ports, disk, keys, providers, prices
  weir top                           what is going on right now: requests, tokens, dollars an hour, gates (q ends it)
  weir report                        what did the last 24 hours cost, and what did they save?
  weir report --since 7d --by day    the same for a week, day by day
  weir report --by model --format json
  weir replay -c candidate.yaml      what would another configuration have done with the same requests?
  weir students                      which small models have been learned, and where they are in service
  weir keys create --tenant acme --rpm 60       a key for a caller, told this once
  weir export --task 0123456789abcdef --out tags  its kept answers, as training data for your own trainer
  weir import-adapter --file tags.gguf --provider local  what that trainer made of it, as a tier
  weir import litellm config.yaml    a LiteLLM proxy's configuration as a weir.yaml, and what is missing in it
  weir train verifier --pairs mine.tsv          a judge of rephrased questions, from labelled pairs
  weir eval cache pairs --in pairs.tsv --out decisions.tsv

Every command explains itself: weir report --help
Exit codes: 0 done, 1 failed, 2 wrong usage or input (as file:line: message).)";

const std::map<std::string, OutputFormat> kFormats{{"table", OutputFormat::table}, {"json", OutputFormat::json}};
const std::map<std::string, Shell> kShells{{"bash", Shell::bash}, {"zsh", Shell::zsh}, {"fish", Shell::fish}};
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

const std::map<std::string, eval::EmbeddingChoice::Kind> kEmbedders{{"auto", eval::EmbeddingChoice::Kind::automatic},
                                                                    {"hashing", eval::EmbeddingChoice::Kind::hashing},
                                                                    {"minilm", eval::EmbeddingChoice::Kind::minilm}};

struct Arguments {
    std::string health_config = "weir.yaml";
    Shell shell = Shell::bash;
    TrainVerifierArguments train;
    TrainStudentArguments train_student;
    EvalStudentArguments eval_student;
    EvalCacheArguments eval;
    EvalCascadeArguments eval_cascade;
    EvalRouterArguments eval_router;
    EvalSpansArguments eval_spans;
    EvalExamplesArguments eval_examples;
    ServeArguments serve;
    CheckArguments check;
    DoctorArguments doctor;
    TopArguments top;
    ReportArguments report;
    StudentsArguments students;
    KeysArguments keys;
    ReplayArguments replay;
    ExportArguments export_;
    ImportArguments import;
    ImportLitellmArguments import_litellm;
    OutputFormat version_format = OutputFormat::table;
};

void add_format(CLI::App& command, OutputFormat& to) {
    add_choice(command, "--format", to, kFormats, "table|json", "for people or for programs (default: table)");
}

void add_config(CLI::App& command, std::string& to) {
    to = "weir.yaml";
    command.add_option("-c,--config", to, "the configuration (default: weir.yaml)")->type_name("FILE");
}

constexpr const char* kDoctorHelp =
    R"(Looks at versions, clock, configuration, addresses (does a gateway run there?), open files, data folder, disk, ledger,
callers' keys, prices, local models and memory, and asks each provider for its list of models, all at once, 5 s at most:
nothing is asked that costs money. Each finding is ok, warn or fail, with what to do.
Exit codes: 0 nothing fails, 1 something does, 2 there is no such configuration.)";

void add_doctor(CLI::App& app, DoctorArguments& to) {
    CLI::App* const doctor = app.add_subcommand("doctor", "Say what stands in the way of serving on this machine");
    add_config(*doctor, to.config_file);
    doctor->add_flag("--offline", to.offline, "ask no provider");
    add_format(*doctor, to.format);
    doctor->footer(kDoctorHelp);
}

constexpr const char* kTopHelp =
    R"(A table of the running gateway, drawn again each interval: requests, tokens and dollars an hour spent and saved, errors,
overhead, who answered, and the gates of cascades and tasks. q or Ctrl-C ends it. Where the output is no terminal, with
--once and with --format json: one table (or object, on one line) about one interval.
Exit codes: 0 done, 1 no gateway answers at the admin address, 2 wrong usage or configuration.)";

void add_top(CLI::App& app, TopArguments& to) {
    CLI::App* const top = app.add_subcommand("top", "Watch what the running gateway does");
    add_config(*top, to.config_file);
    top->add_option("--interval", to.interval, "between two looks, 100ms to 1h (default: 1s)")->type_name("TIME");
    top->add_flag("--once", to.once, "one table, about one interval");
    add_format(*top, to.format);
    top->footer(kTopHelp);
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

void add_replay(CLI::App& app, ReplayArguments& to) {
    CLI::App* const replay =
        app.add_subcommand("replay", "What another configuration would have done with the own log");
    replay->add_option("-c,--config", to.config_file, "the configuration to try")->type_name("FILE")->required();
    replay->add_option("--data", to.data_folder, "the log in this folder (default: the configuration's)")
        ->type_name("DIR");
    replay->add_option("--since", to.since, "24h, 7d, 2025-01-31, 2025-01-31T12:00 (UTC) or all (default: all)")
        ->type_name("WHEN");
    replay->add_option("--seed", to.seed, "of the intervals (default: 1)")->type_name("N");
    add_format(*replay, to.format);
    replay->footer("");
}

const std::map<std::string, eval::ExportMask> kMasks{
    {"weight", eval::ExportMask::weight}, {"train", eval::ExportMask::train}, {"none", eval::ExportMask::none}};

void add_export(CLI::App& app, ExportArguments& to) {
    CLI::App* const command =
        app.add_subcommand("export", "A task's kept examples as chat JSONL, for a trainer of your own");
    command->add_option("--task", to.task, "its number (16 hexadecimal digits) or its name in `weir report`")
        ->type_name("T")
        ->required();
    CLI::Option* const config = command
                                    ->add_option("-c,--config", to.config_file,
                                                 "read the examples of this configuration (default: weir.yaml, if "
                                                 "there is one)")
                                    ->type_name("FILE");
    command->add_option("--data", to.data_folder, "read the examples in this folder (default: ./weir-data)")
        ->type_name("DIR")
        ->excludes(config);
    command->add_option("--tenant", to.tenant, "whose, where several have a task of that name")->type_name("NAME");
    command
        ->add_option("--out", to.out,
                     "OUT.train.jsonl, OUT.valid.jsonl, OUT.test.jsonl and OUT.manifest.json (default: the number)")
        ->type_name("OUT");
    command->add_option("--split", to.split, "shares by time: training, validation, test (default: 80,10,10)")
        ->type_name("A,B,C");
    command
        ->add_option("--base", to.base_file,
                     "the model that will be trained (GGUF): `weir import-adapter` then holds the result against it")
        ->type_name("FILE");
    add_choice(*command, "--mask", to.mask, kMasks, "weight|train|none",
               "what marks the assistant's messages: \"weight\": 1 (OpenAI), \"train\": true (axolotl), or nothing "
               "(default: weight)");
    add_format(*command, to.format);
    command->footer("");
}

void add_import(CLI::App& app, ImportArguments& to) {
    CLI::App* const command =
        app.add_subcommand("import-adapter", "What your trainer made of an export, checked and made a tier");
    add_config(*command, to.config_file);
    command->add_option("--file", to.file, "a LoRA adapter or a full model (GGUF)")->type_name("FILE")->required();
    command->add_option("--provider", to.provider, "the provider (api: llama-server) whose model it was trained from")
        ->type_name("NAME")
        ->required();
    CLI::Option* const task =
        command->add_option("--task", to.task, "what it has learned: the cascades of this task get the tier")
            ->type_name("T");
    command->add_option("--cascade", to.cascade, "this cascade gets the tier")->type_name("C")->excludes(task);
    command
        ->add_option("--export-manifest", to.manifest_file,
                     "OUT.manifest.json of the export: task and base model have to be the same")
        ->type_name("FILE");
    command->add_option("--as", to.name, "what to call it (default: the file's name)")->type_name("NAME");
    add_format(*command, to.format);
    command->footer("");
}

constexpr const char* kImportLitellmHelp =
    R"(What can be said in Weir's words is written to --out; the list tells, with its line in CONFIG, of everything that can't
be, of what works otherwise now, and of the variables to set. Keys that stand in CONFIG are not copied: ${NAME} stands in
their place. docs/import-litellm.md has the tables.
Exit codes: 0 written, though something was left behind; 1 the disk refuses; 2 CONFIG is wrong or has nothing to serve.)";

void add_import_litellm(CLI::App& app, ImportLitellmArguments& to) {
    CLI::App* const import = app.add_subcommand("import", "Another gateway's configuration as a weir.yaml");
    import->require_subcommand(1);
    import->footer("");
    CLI::App* const command =
        import->add_subcommand("litellm", "A LiteLLM proxy's config.yaml as a weir.yaml, and what is missing in it");
    command->add_option("config", to.in_file, "LiteLLM's configuration")->type_name("CONFIG")->required();
    command->add_option("--out", to.out_file, "where to write it; - for standard output (default: weir.yaml)")
        ->type_name("FILE");
    command->add_flag("--force", to.force, "write over a file that is there");
    add_format(*command, to.format);
    command->footer(kImportLitellmHelp);
}

const std::map<std::string, std::string> kStudentActions{
    {"list", "list"}, {"promote", "promote"}, {"demote", "demote"}, {"rollback", "rollback"}};

constexpr const char* kStudentsHelp = R"(Actions:
  list      every student with its state and why (default)
  demote    out of service until it is promoted, over restarts and trainings
  promote   lifts that; trains at once where there are enough examples and no student. No gate is opened by it:
            when a student answers the promise decides
  rollback  the student before this one takes its place; trained anew when a quarter more examples have come
STUDENT is the name in the list, or what it begins with, if no other does.)";

void add_students(CLI::App& app, StudentsArguments& to) {
    CLI::App* const students =
        app.add_subcommand("students", "The running gateway's students: their state, and changes by hand");
    add_config(*students, to.config_file);
    add_choice(*students, "action", to.action, kStudentActions, "list|promote|demote|rollback",
               "what to do (default: list)");
    students->add_option("student", to.student, "which one")->type_name("STUDENT");
    add_format(*students, to.format);
    students->footer(kStudentsHelp);
}

const std::map<std::string, std::string> kKeyActions{
    {"list", "list"}, {"create", "create"}, {"set", "set"}, {"revoke", "revoke"}};

constexpr const char* kKeysHelp = R"(Actions:
  list    the keys that were made here, never the keys themselves (default)
  create  makes one for --tenant and tells it, this once
  set     changes what KEY may do; what is not said stays
  revoke  KEY is good for nothing from now on, for good
KEY is an id in the list, or what the key begins with. The gateway has to run: it alone writes the file of keys, and
every change holds at once, without a restart. Keys of the configuration (keys:) change with it.)";

void add_keys(CLI::App& app, KeysArguments& to) {
    CLI::App* const keys = app.add_subcommand("keys", "The running gateway's keys for callers: make, limit, revoke");
    add_config(*keys, to.config_file);
    add_choice(*keys, "action", to.action, kKeyActions, "list|create|set|revoke", "what to do (default: list)");
    keys->add_option("key", to.key, "which one")->type_name("KEY");
    keys->add_option("--tenant", to.tenant, "whose it is")->type_name("T");
    keys->add_option("--name", to.name, "what it is for")->type_name("N");
    keys->add_option("--models", to.models, "names and globs, with commas, that it may ask for; \"*\": all")
        ->type_name("A,B*");
    keys->add_option("--rpm", to.rpm, "requests a minute; none: no limit")->type_name("N");
    keys->add_option("--tpm", to.tpm, "tokens a minute; none: no limit")->type_name("N");
    keys->add_option("--parallel", to.parallel, "requests at the same time; none: no limit")->type_name("N");
    keys->add_option("--expires", to.expires, "how long it is good from now, such as 30d; never")->type_name("WHEN");
    add_format(*keys, to.format);
    keys->footer(kKeysHelp);
}

void add_embedding(CLI::App& command, eval::EmbeddingChoice& to) {
    const bool automatic = to.kind == eval::EmbeddingChoice::Kind::automatic;
    add_choice(command, "--embedder", to.kind, kEmbedders, "auto|hashing|minilm",
               "vectors of meaning: MiniLM where it is there, none, or MiniLM or an error (default: " +
                   std::string(automatic ? "auto)" : "hashing)"));
    command
        .add_option("--vectors", to.vectors_folder,
                    "vectors made elsewhere: DIR/texts.txt, a text a line, and DIR/vectors.f32, 384 floats each")
        ->type_name("DIR");
}

void add_train(CLI::App& app, TrainVerifierArguments& to) {
    CLI::App* const train = app.add_subcommand("train", "Train a model on own data");
    train->require_subcommand(1);
    train->footer("");
    CLI::App* const verifier =
        train->add_subcommand("verifier", "What judges whether a cached question's answer is right for another");
    verifier->add_option("--pairs", to.pairs_file, "TSV: id, text, text, label (1: the same answer)")
        ->type_name("FILE")
        ->required();
    verifier->add_option("--out", to.out_file, "the model (default: verifier.bin)")->type_name("FILE");
    add_embedding(*verifier, to.embedding);
    verifier->add_flag("--generic", to.generic,
                       "for pairs that stand for every domain: learn nothing of single words; hold out by the part of "
                       "the id before a colon");
    verifier->add_option("--seed", to.seed, "of everything drawn by chance (default: 1)")->type_name("N");
    add_format(*verifier, to.format);
    verifier->footer("");
}

void add_train_student(CLI::App& train, TrainStudentArguments& to) {
    CLI::App* const student = train.add_subcommand("student", "A small model of a large one's answers to one task");
    student->add_option("--in", to.in_file, "JSONL: {id, task, system, prompt, answer}")->type_name("FILE")->required();
    student->add_option("--out", to.out_file, "the student (default: student.bin)")->type_name("FILE");
    student->add_option("--seed", to.seed, "of everything drawn by chance (default: 1)")->type_name("N");
    add_format(*student, to.format);
    student->footer("");
}

void add_eval_student(CLI::App& eval, EvalStudentArguments& to) {
    CLI::App* const student =
        eval.add_subcommand("student", "A large model's recorded answers: what a student of them would have saved");
    student->add_option("--in", to.in_file, "JSONL, in order: {id, task, system, prompt, answer, gold?}")
        ->type_name("FILE")
        ->required();
    student->add_option("--promise", to.promise, "share of all answers that may differ (default: 5%)");
    student->add_option("--confidence", to.confidence, "of the certificates (default: 90%)");
    student->add_option(
        "--audit", to.audit,
        "how often the teacher is asked about an answer somewhat riskier than the promise (default: 5%)");
    student->add_option("--shuffles", to.shuffles, "so many passes in random order (default: one in the file's)")
        ->type_name("N");
    student->add_option("--seed", to.seed, "of everything drawn by chance (default: 1)")->type_name("S");
    add_embedding(*student, to.embedding);
    student->add_option("--change", to.change,
                        "what the world does: none, rename, new-label, language (default: none)");
    student->add_option("--at", to.at, "from which row on (default: the middle)")->type_name("N");
    add_format(*student, to.format);
    student->footer("");
}

void add_eval_files(CLI::App& command, EvalCacheArguments& to, const std::string& in) {
    command.add_option("--in", to.in_file, in)->type_name("FILE")->required();
    command.add_option("--out", to.out_file, "TSV: id, served, matched id, similarity, reason")
        ->type_name("FILE")
        ->required();
    command.add_option("--verifier", to.verifier_file, "a trained one (default: the one compiled in)")
        ->type_name("FILE");
    CLI::Option* const threshold =
        command.add_option("--threshold", to.threshold, "least score to serve, 0 to 2 (1.5: only what rules explain)");
    command
        .add_option("--false-share", to.false_share,
                    "the threshold that kept this share wrong among hits in training, such as 10%")
        ->excludes(threshold);
    add_embedding(command, to.embedding);
    add_format(command, to.format);
    command.footer("");
}

void add_eval_cascade(CLI::App& eval, EvalCascadeArguments& to) {
    CLI::App* const cascade =
        eval.add_subcommand("cascade", "Recorded answers of several models: who would have answered");
    cascade->add_option("--in", to.in_file, "JSONL: {id, task, system, prompt, models: {NAME: {answer, correct, ...}}}")
        ->type_name("FILE")
        ->required();
    cascade->add_option("--reference", to.reference, "the model that was asked for")->type_name("M")->required();
    cascade->add_option("--tiers", to.tiers, "cheaper models, comma-separated, cheapest first")
        ->type_name("A,B")
        ->required();
    cascade->add_option("--promise", to.promise, "share of all answers that may be worse (default: 2%)");
    cascade->add_option("--confidence", to.confidence, "of the certificates (default: 90%)");
    cascade->add_option("--measure", to.measure, "harm: wrong where the reference is right; or disagreement")
        ->type_name("harm|disagreement");
    cascade->add_option("--labels", to.labels, "learn on so many random rows, score on the rest (default: one pass)")
        ->type_name("N");
    cascade->add_flag("--no-triage", to.no_triage,
                      "Without --labels: learn nothing from prompts, so that nothing is skipped or ordered by them");
    cascade->add_flag("--count-labels", to.count_labels,
                      "the promise is over all rows; those with labels are answered by the reference");
    cascade->add_option("--order", to.order, "of one pass (default: file)")->type_name("file|random|tasks");
    cascade->add_option("--redraws", to.redraws, "how often (default: 1)")->type_name("N");
    cascade->add_option("--seed", to.seed, "of everything drawn by chance (default: 1)")->type_name("S");
    add_format(*cascade, to.format);
    cascade->footer("");
}

void add_eval_router(CLI::App& eval, EvalRouterArguments& to) {
    CLI::App* const router = eval.add_subcommand("router", "Triage: which recorded requests gain by a stronger model");
    router->add_option("--in", to.in_file, "JSONL: {id, task, system, prompt, models: {NAME: {correct, ...}}}")
        ->type_name("FILE")
        ->required();
    router->add_option("--weak", to.weak, "the model that costs less")->type_name("M")->required();
    router->add_option("--strong", to.strong, "the model that is asked where it gains most")
        ->type_name("M")
        ->required();
    CLI::Option* const labels =
        router->add_option("--labels", to.labels, "learn on so many random rows, score on the rest (default: 1000)")
            ->type_name("N");
    router->add_option("--folds", to.folds, "instead: learn on all folds but one, score that one, in turn")
        ->type_name("K")
        ->excludes(labels);
    router->add_option("--redraws", to.redraws, "how often (default: 20)")->type_name("N");
    router->add_option("--seed", to.seed, "of everything drawn by chance (default: 1)")->type_name("S");
    add_embedding(*router, to.embedding);
    add_format(*router, to.format);
    router->footer("");
}

void add_eval_spans(CLI::App& eval, EvalSpansArguments& to) {
    CLI::App* const spans = eval.add_subcommand("spans", "Students: answers made of pieces of the prompt");
    spans->add_option("--in", to.in_file, "JSONL: {id, task, system, prompt, answer, gold}")
        ->type_name("FILE")
        ->required();
    spans->add_option("--train", to.train, "learn from so many rows, score the rest (default: 5000); several: a curve")
        ->type_name("N")
        ->delimiter(',');
    spans->add_option("--seed", to.seed, "of the order of examples (default: 1)")->type_name("S");
    spans->add_flag("--nearest", to.nearest, "the answers of the nearest examples instead of a tagger's");
    add_format(*spans, to.format);
    spans->footer("");
}

void add_eval_examples(CLI::App& eval, EvalExamplesArguments& to) {
    CLI::App* const examples = eval.add_subcommand("examples", "Which earlier answers a model would be shown");
    examples->add_option("--in", to.in_file, "JSONL in order: {id, task, system, prompt, answer}")
        ->type_name("FILE")
        ->required();
    examples->add_option("--out", to.out_file, "JSONL: {id, shown: [{id, similarity}]}")->type_name("FILE");
    tiers::Showing& showing = to.play.showing;
    examples->add_option("--examples", showing.examples, "at most (default: 5)")
        ->type_name("N")
        ->check(CLI::Range(std::uint32_t{1}, tiers::kMostExamples));
    examples->add_option("--most-tokens", showing.most_tokens, "of all of them (default: 1500)")
        ->type_name("N")
        ->check(CLI::Range(tiers::kLeastShownTokens, tiers::kMostShownTokens));
    examples->add_option("--least-similarity", showing.least_similarity, "0 to 1 (default: 0.1)")
        ->type_name("X")
        ->check(CLI::Range(0.0, 1.0));
    examples->add_option("--from", to.play.from, "so many rows are examples alone (default: 0)")->type_name("N");
    add_format(*examples, to.format);
    examples->footer("");
}

void add_eval(CLI::App& app, EvalCacheArguments& to) {
    CLI::App* const eval = app.add_subcommand("eval", "Judge recorded files as the gateway would");
    eval->require_subcommand(1);
    eval->footer("");
    CLI::App* const cache = eval->add_subcommand("cache", "The semantic cache");
    cache->require_subcommand(1);
    cache->footer("");
    CLI::App* const pairs = cache->add_subcommand("pairs", "One question cached, one asked, each pair for itself");
    add_eval_files(*pairs, to, "TSV: id, cached text, asked text");
    CLI::App* const stream = cache->add_subcommand("stream", "Questions in order, into a cache that starts empty");
    add_eval_files(*stream, to, "TSV: id, text");
    stream->add_option("--answers", to.answers_file, "TSV: id, answer; looked at on misses and audits only")
        ->type_name("FILE");
    stream->add_option("--audit", to.audit, "share of hits whose answer is asked for as well (default: 5%)");
    stream->add_option("--promise", to.promise, "share of wrong answers among hits that is kept (default: 2%)");
    stream->add_option("--seed", to.seed, "of the audits (default: 1)")->type_name("N");
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

    add_doctor(app, to.doctor);
    add_top(app, to.top);
    add_report(app, to.report);
    add_students(app, to.students);
    add_keys(app, to.keys);
    add_replay(app, to.replay);
    add_export(app, to.export_);
    add_import(app, to.import);
    add_import_litellm(app, to.import_litellm);
    add_train(app, to.train);
    add_train_student(*app.get_subcommand("train"), to.train_student);
    add_eval(app, to.eval);
    add_eval_cascade(*app.get_subcommand("eval"), to.eval_cascade);
    add_eval_router(*app.get_subcommand("eval"), to.eval_router);
    add_eval_spans(*app.get_subcommand("eval"), to.eval_spans);
    add_eval_examples(*app.get_subcommand("eval"), to.eval_examples);
    add_eval_student(*app.get_subcommand("eval"), to.eval_student);

    CLI::App* const health = app.add_subcommand("health", "Whether the running gateway is ready: exit code 0, else 1");
    add_config(*health, to.health_config);
    CLI::App* const completion = app.add_subcommand("completion", "A shell's completion of these commands, to stdout");
    add_choice(*completion, "shell", to.shell, kShells, "bash|zsh|fish", "for which shell");
    completion->get_option("shell")->required();
    app.add_subcommand("man", "The manual page, to stdout: weir man | man -l -");
    CLI::App* const version = app.add_subcommand("version", "Print the version");
    add_format(*version, to.version_format);
    for (CLI::App* const command : {serve, check, version, app.get_subcommand("report")}) command->footer("");
}

// What is wrong with the first argument; empty: nothing.
std::string command_problem(const CLI::App& app, int argc, const char* const* argv) {
    std::vector<std::string> names;
    for (const CLI::App* const command : app.get_subcommands({})) names.push_back(command->get_name());
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string_view word = argc > 1 ? argv[1] : "";
    if (word.empty()) return "a command is missing; there are " + join(known);
    if (word.front() == '-' || std::find(known.begin(), known.end(), word) != known.end()) return {};
    const std::string_view meant = closest(word, known);
    return "there is no command " + quote(word) + (meant.empty() ? "" : " (did you mean " + std::string(meant) + "?)");
}

CommandHelp describe(const CLI::App& app) {
    CommandHelp help{app.get_name(), app.get_description(), app.get_footer(), {}, {}};
    for (const CLI::Option* const option : app.get_options()) {
        OptionHelp& one = help.options.emplace_back();
        one.positional = option->get_positional();
        if (one.positional) one.names.push_back(option->get_single_name());
        for (const std::string& name : option->get_snames()) one.names.push_back("-" + name);
        for (const std::string& name : option->get_lnames()) one.names.push_back("--" + name);
        if (option->get_items_expected_max() > 0) one.value = option->get_type_name();
        one.text = option->get_description();
    }
    for (const CLI::App* const command : app.get_subcommands({})) help.commands.push_back(describe(*command));
    return help;
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
    if (const std::string problem = command_problem(app, argc, argv); !problem.empty()) {
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
        std::string command = "weir";
        for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
            at = at->get_subcommands().front();
            command += " " + at->get_name();
        }
        err << command << ": " << problem.what() << "\nTry: " << command << " --help\n";
        return 2;
    }
    if (app.got_subcommand("serve")) return serve(arguments.serve);
    if (app.got_subcommand("check")) return check_command(arguments.check, process_settings(), out, err);
    if (app.got_subcommand("doctor")) {
        return doctor_command(arguments.doctor, process_settings(), SystemClock(), out, err);
    }
    if (app.got_subcommand("top")) return top_command(arguments.top, process_settings(), out, err);
    if (app.got_subcommand("report")) {
        return report_command(arguments.report, SystemClock(), process_environment, store::report, out, err);
    }
    if (app.got_subcommand("health")) return health_command(arguments.health_config, process_settings(), out, err);
    if (app.got_subcommand("completion")) {
        out << render_completion(describe(app), arguments.shell);
        return 0;
    }
    if (app.got_subcommand("man")) {
        out << render_man_page(describe(app), std::string(kVersion));
        return 0;
    }
    if (app.got_subcommand("students")) return students_command(arguments.students, process_settings(), out, err);
    if (app.got_subcommand("keys")) return keys_command(arguments.keys, process_settings(), out, err);
    if (app.got_subcommand("replay")) {
        return replay_command(arguments.replay, process_settings(), SystemClock(), out, err);
    }
    if (app.got_subcommand("export")) {
        return export_command(arguments.export_, SystemClock(), process_environment, out, err);
    }
    if (app.got_subcommand("import-adapter")) {
        return import_command(arguments.import, process_settings(), SystemClock(), out, err);
    }
    if (app.got_subcommand("import")) return import_litellm_command(arguments.import_litellm, out, err);
    if (app.got_subcommand("train")) {
        return app.get_subcommand("train")->got_subcommand("student")
                   ? train_student_command(arguments.train_student, SystemClock(), out, err)
                   : train_verifier_command(arguments.train, SystemClock(), out, err);
    }
    if (app.got_subcommand("eval")) {
        const CLI::App* const eval = app.get_subcommand("eval");
        if (eval->got_subcommand("router")) {
            return eval_router_command(arguments.eval_router, SystemClock(), out, err);
        }
        if (eval->got_subcommand("spans")) {
            return eval_spans_command(arguments.eval_spans, SystemClock(), out, err);
        }
        if (eval->got_subcommand("examples")) return eval_examples_command(arguments.eval_examples, out, err);
        if (eval->got_subcommand("student")) {
            return eval_student_command(arguments.eval_student, SystemClock(), out, err);
        }
        if (eval->got_subcommand("cascade")) return eval_cascade_command(arguments.eval_cascade, out, err);
        const CLI::App* const cache = eval->get_subcommand("cache");
        return cache->got_subcommand("pairs") ? eval_pairs_command(arguments.eval, SystemClock(), out, err)
                                              : eval_stream_command(arguments.eval, SystemClock(), out, err);
    }
    return print_version(arguments.version_format, out);
}

}  // namespace weir::cli
