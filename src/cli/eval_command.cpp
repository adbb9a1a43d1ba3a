#include "cli/eval_command.h"

#include <cstdio>
#include <ostream>

#include "cli/config_values.h"
#include "cli/progress_lines.h"
#include "eval/cache_pairs.h"
#include "eval/cache_stream.h"
#include "tiers/semantic_cache/shipped_verifier.h"

namespace weir::cli {
namespace {

namespace semantic = tiers::semantic;
using VerifierPtr = std::shared_ptr<const semantic::Verifier>;

int problem(const Error& error, std::ostream& err) {
    err << error.message << "\n";
    return error.code == ErrorCode::invalid || error.code == ErrorCode::too_large ? 2 : 1;
}

Result<VerifierPtr> verifier_of(const EvalCacheArguments& arguments) {
    if (arguments.verifier_file.empty()) return semantic::shipped_verifier();
    const auto bytes = eval::read_file(arguments.verifier_file, semantic::kMostVerifierBytes);
    if (!bytes) return tl::unexpected(bytes.error());
    auto verifier = semantic::Verifier::load(*bytes);
    if (!verifier) return fail(verifier.error().code, arguments.verifier_file + ": " + verifier.error().message);
    return std::make_shared<const semantic::Verifier>(std::move(*verifier));
}

// --threshold, else the verifier's own for --false-share, else (the shipped verifier's default | 5 %).
Result<double> threshold_of(const EvalCacheArguments& arguments, const semantic::Verifier& verifier, bool dense) {
    if (!arguments.threshold.empty()) {
        const auto value = parse_real(arguments.threshold);
        if (!value || *value < 0 || *value > 2) {
            return fail(ErrorCode::invalid, "--threshold " + quote(arguments.threshold) + " is no number from 0 to 2");
        }
        return *value;
    }
    if (arguments.false_share.empty() && arguments.verifier_file.empty()) return semantic::shipped_threshold(dense);
    const std::string wanted = arguments.false_share.empty() ? "5%" : arguments.false_share;
    const auto share = parse_share(wanted);
    if (!share) return fail(ErrorCode::invalid, "--false-share " + quote(wanted) + " is no share, such as 10%");
    const auto point = verifier.point(*share, dense);
    if (!point)
        return fail(ErrorCode::invalid, "the verifier knows no threshold for a false share of " + quote(wanted));
    return point->threshold;
}

using Answers = std::unordered_map<std::string, std::string>;

Result<Answers> answers_of(const EvalCacheArguments& arguments, const std::vector<eval::StreamRow>& stream) {
    if (arguments.answers_file.empty()) return Answers();
    return eval::read_answers(arguments.answers_file, stream);
}

std::string real(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
}

std::string percent(std::size_t part, std::size_t whole) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f %%",
                  whole == 0 ? 0.0 : 100 * static_cast<double>(part) / static_cast<double>(whole));
    return text;
}

}  // namespace

int eval_pairs_command(const EvalCacheArguments& arguments, const Clock& clock, std::ostream& out, std::ostream& err) {
    const auto pairs = eval::read_pairs(arguments.in_file, false);
    if (!pairs) return problem(pairs.error(), err);
    const auto verifier = verifier_of(arguments);
    if (!verifier) return problem(verifier.error(), err);
    ProgressLines progress(clock, err);
    const auto vectors = eval::embed_texts(eval::texts_of(*pairs), arguments.embedding, progress.callback(), err);
    if (!vectors) return problem(vectors.error(), err);
    const auto threshold = threshold_of(arguments, **verifier, vectors->size() > 0);
    if (!threshold)
        return problem({threshold.error().code, "weir eval cache pairs: " + threshold.error().message}, err);
    eval::PairsSummary summary;
    const auto decisions = eval::judge_pairs(*pairs, *vectors, **verifier, *threshold, progress.callback(), summary);
    if (!decisions) return problem(decisions.error(), err);
    if (const auto written = eval::write_file(arguments.out_file, *decisions); !written)
        return problem(written.error(), err);
    if (arguments.format == OutputFormat::json) {
        out << "{\"pairs\": " << summary.pairs << ", \"served\": " << summary.served
            << ", \"explained\": " << summary.explained << ", \"refused_by_guards\": " << summary.refused
            << ", \"below_threshold\": " << summary.below << ", \"threshold\": " << real(summary.threshold)
            << ", \"dense_vectors\": " << (summary.dense ? "true" : "false") << "}\n";
        return 0;
    }
    Table table({{"pairs"}, {"number", Table::Align::right}, {"share", Table::Align::right}});
    const auto line = [&](const char* what, std::size_t count) {
        table.add({what, std::to_string(count), percent(count, summary.pairs)});
    };
    line("served: every difference explained", summary.explained);
    line("served: by the verifier", summary.served - summary.explained);
    line("refused: by the guards", summary.refused);
    line("refused: below the threshold", summary.below);
    line("all", summary.pairs);
    out << table.render() << "\nthreshold " << real(summary.threshold)
        << (summary.dense ? ", with dense vectors" : ", without dense vectors") << "; written: " << arguments.out_file
        << "\n";
    return 0;
}

int eval_stream_command(const EvalCacheArguments& arguments, const Clock& clock, std::ostream& out, std::ostream& err) {
    eval::StreamOptions options;
    const auto promise = parse_share(arguments.promise), audit = parse_share(arguments.audit);
    if (!promise || *promise <= 0 || *promise >= 1 || !audit) {
        err << "weir eval cache stream: --promise wants a share above 0% and below 100%, --audit one from 0% to 100%\n";
        return 2;
    }
    options.promise = *promise;
    options.audit = *audit;
    options.seed = arguments.seed;
    const auto stream = eval::read_stream(arguments.in_file);
    if (!stream) return problem(stream.error(), err);
    const Result<Answers> answers = answers_of(arguments, *stream);
    if (!answers) return problem(answers.error(), err);
    const auto verifier = verifier_of(arguments);
    if (!verifier) return problem(verifier.error(), err);
    ProgressLines progress(clock, err);
    const auto vectors = eval::embed_texts(eval::texts_of(*stream), arguments.embedding, progress.callback(), err);
    if (!vectors) return problem(vectors.error(), err);
    const bool dense = vectors->size() > 0;
    const bool as_live =
        arguments.threshold.empty() && arguments.false_share.empty() && arguments.verifier_file.empty();
    const Result<double> threshold =
        as_live ? Result<double>(semantic::shipped_prior(*promise, dense)) : threshold_of(arguments, **verifier, dense);
    if (!threshold)
        return problem({threshold.error().code, "weir eval cache stream: " + threshold.error().message}, err);
    options.prior_threshold = *threshold;
    eval::StreamSummary summary;
    const auto decisions =
        eval::judge_stream(*stream, *answers, *vectors, *verifier, options, progress.callback(), summary);
    if (!decisions) return problem(decisions.error(), err);
    if (const auto written = eval::write_file(arguments.out_file, *decisions); !written)
        return problem(written.error(), err);
    if (arguments.format == OutputFormat::json) {
        out << "{\"questions\": " << summary.questions << ", \"served\": " << summary.served
            << ", \"explained\": " << summary.explained << ", \"audits\": " << summary.audits
            << ", \"audits_wrong\": " << summary.audits_wrong << ", \"fits\": " << summary.fits
            << ", \"evicted\": " << summary.evicted << ", \"certificates_tried\": " << summary.proofs
            << ", \"closures\": " << summary.closures
            << ", \"threshold\": " << (summary.threshold > 2 ? "null" : real(summary.threshold))
            << ", \"seen_false_share\": " << (summary.seen_false_share ? real(*summary.seen_false_share) : "null")
            << ", \"dense_vectors\": " << (summary.dense ? "true" : "false") << "}\n";
        return 0;
    }
    Table table({{"questions"}, {"number", Table::Align::right}, {"share", Table::Align::right}});
    table.add({"served: every difference explained", std::to_string(summary.explained),
               percent(summary.explained, summary.questions)});
    table.add({"served: by the verifier", std::to_string(summary.served - summary.explained),
               percent(summary.served - summary.explained, summary.questions)});
    table.add({"all", std::to_string(summary.questions), "100.00 %"});
    out << table.render() << "\n";
    if (summary.evicted > 0) out << summary.evicted << " entries were put out of memory\n";
    if (summary.learned) {
        out << "audits " << summary.audits << " (" << summary.audits_wrong << " wrong), verifier fitted "
            << summary.fits << " times, certificates tried " << summary.proofs << ", promise refuted "
            << summary.closures << " times\n";
    } else {
        out << "no answers given: nothing was learned, the threshold stayed\n";
    }
    out << "threshold at the end " << (summary.threshold > 2 ? "none (closed)" : real(summary.threshold))
        << (summary.dense ? ", with dense vectors" : ", without dense vectors") << "; written: " << arguments.out_file
        << "\n";
    return 0;
}

}  // namespace weir::cli
