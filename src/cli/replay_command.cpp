#include "cli/replay_command.h"

#include <cmath>
#include <cstdio>
#include <ostream>

#include "cli/report_command.h"
#include "gateway/model_directory.h"

namespace weir::cli {
namespace {

using eval::Interval;
using eval::ReplayCandidate;
using eval::ReplayLine;

std::string number(double value, int digits) {
    char text[48];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

std::string dollars(double usd) {
    const int digits = std::abs(usd) >= 100 ? 2 : std::abs(usd) >= 1 ? 4 : 6;
    return format_dollars(from_dollars(usd), digits);
}

std::string percent(double share) {
    return number(100 * share, 1) + " %";
}

std::string milliseconds(double micros) {
    return number(micros / 1000, micros < 10'000 ? 2 : 0) + " ms";
}

template <class Write>
std::string range(const std::optional<Interval>& value, Write write) {
    if (!value) return "?";
    return write(value->mean) + " (" + write(value->low) + " to " + write(value->high) + ")";
}

// The model's own name, as most callers write it.
std::string bare_name(const std::string& full_name) {
    const auto slash = full_name.find('/');
    return slash == std::string::npos ? full_name : full_name.substr(slash + 1);
}

void add_tiers(const cascade::CascadeOptions& cascade, const std::string& reference,
               const gateway::ModelDirectory& models, ReplayCandidate& candidate) {
    for (const cascade::TierOptions& tier : cascade.tiers) {
        if (tier.kind == cascade::TierKind::exact) candidate.exact = true;
        if (tier.kind == cascade::TierKind::semantic) candidate.semantic = true;
        if (tier.kind != cascade::TierKind::model) continue;
        const auto route = models.resolve(tier.model, {});
        const std::string name = route ? route->full_name : tier.model;
        if (tier.min_mean_logprob) {
            candidate.fixed.push_back({name, *tier.min_mean_logprob});
        } else if (cascade.promise && name != reference && candidate.learned.size() < cascade::kMostModelTiers) {
            candidate.learned.push_back(cascade::tier_name(name, tier.gathers));
        }
    }
}

void print_table(const std::vector<ReplayLine>& lines, std::ostream& out) {
    Table table({{"REFERENCE"},
                 {"CASCADE"},
                 {"REQUESTS", Table::Align::right},
                 {""},
                 {"COST", Table::Align::right},
                 {"SAVED", Table::Align::right},
                 {"WORSE", Table::Align::right},
                 {"MEAN TIME", Table::Align::right}});
    for (const ReplayLine& line : lines) {
        table.add({line.reference, line.cascade.empty() ? "none" : line.cascade, std::to_string(line.requests),
                   "reference alone", dollars(line.baseline_usd), "0.0 %", "0.0 %", ""});
        table.add({"", "", "", "as it was", dollars(line.was_usd), percent(line.was_saved), percent(line.was_worse),
                   milliseconds(line.was_micros)});
        table.add({"", "", "", "candidate", range(line.usd, dollars), range(line.saved, percent),
                   range(line.worse, percent), range(line.micros, milliseconds)});
    }
    out << table.render();
    for (const ReplayLine& line : lines) {
        out << "\n" << line.reference << ":";
        const char* before = " ";
        for (const auto& [tier, share] : line.served) {
            out << before << tier << " " << percent(share);
            before = ", ";
        }
        if (line.usd) out << "; " << dollars(line.proof_usd) << " of the cost is proof";
        if (line.saved_last_third) {
            out << "; in the last third " << range(line.saved_last_third, percent) << " saved, "
                << range(line.worse_last_third, percent) << " worse";
        }
        if (line.serves) {
            out << "; at the end certified for at most " << percent(line.worse_at_most)
                << " worse, with what was left of the budget";
        }
        if (line.trials > 0) out << "; " << line.trials << " trials";
        if (line.unpriced > 0) out << "; " << line.unpriced << " requests without a known price are left out";
        out << "\n";
        for (const std::string& what : line.cant_tell) out << "  can't tell: " << what << "\n";
    }
}

std::string json_interval(const char* name, const std::optional<Interval>& value, int digits) {
    const std::string key = std::string("\"") + name;
    if (!value) return key + "\": null";
    return key + "\": " + number(value->mean, digits) + ", " + key + "_low\": " + number(value->low, digits) + ", " +
           key + "_high\": " + number(value->high, digits);
}

}  // namespace

void print_replay_json(const std::vector<ReplayLine>& lines, const std::string& folder, std::ostream& out) {
    out << "{\"data\": " << json_string(folder) << ", \"lines\": [";
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const ReplayLine& line = lines[i];
        out << (i > 0 ? ",\n " : "\n ") << "{\"reference\": " << json_string(line.reference)
            << ", \"cascade\": " << json_string(line.cascade) << ", \"requests\": " << line.requests
            << ", \"unpriced\": " << line.unpriced << ", \"baseline_usd\": " << number(line.baseline_usd, 9)
            << ", \"was\": {\"usd\": " << number(line.was_usd, 9) << ", \"saved\": " << number(line.was_saved, 6)
            << ", \"worse\": " << number(line.was_worse, 6) << ", \"mean_ms\": " << number(line.was_micros / 1000, 3)
            << "}, " << json_interval("usd", line.usd, 9) << ", " << json_interval("saved", line.saved, 6) << ", "
            << json_interval("worse", line.worse, 6) << ", "
            << json_interval("saved_last_third", line.saved_last_third, 6) << ", "
            << json_interval("worse_last_third", line.worse_last_third, 6) << ", ";
        std::optional<Interval> times = line.micros;
        if (times) times = Interval{times->mean / 1000, times->low / 1000, times->high / 1000};
        out << json_interval("mean_ms", times, 3) << ", \"proof_usd\": " << number(line.proof_usd, 9)
            << ", \"served\": {";
        const char* before = "";
        for (const auto& [tier, share] : line.served) {
            out << before << json_string(tier) << ": " << number(share, 6);
            before = ", ";
        }
        out << "}, \"trials\": " << line.trials << ", \"certified\": " << (line.serves ? "true" : "false")
            << ", \"worse_at_most\": " << number(line.worse_at_most, 6)
            << ", \"cant_tell\": " << json_strings(line.cant_tell) << "}";
    }
    out << "\n]}\n";
}

Result<std::vector<ReplayCandidate>> candidates_of(const gateway::Options& options, const eval::ReplayLog& log) {
    const auto models = gateway::ModelDirectory::build(options);
    if (!models) return tl::unexpected(models.error());
    std::map<std::string, double> factors;
    for (const auto& [name, times] : log.models) {
        const auto route = models->resolve(name, {});
        if (!route || !route->price || times.usd <= 0) continue;
        const std::optional<Usd> now = prices::cost_of(times.tokens, *route->price);
        if (now) factors[name] = to_dollars(*now) / times.usd;
    }
    std::vector<ReplayCandidate> candidates;
    for (const eval::ReplayReference& reference : log.references) {
        ReplayCandidate candidate;
        candidate.price_factor = factors;
        const cascade::CascadeOptions* cascade = gateway::cascade_for(options.cascades, bare_name(reference.name));
        if (cascade == nullptr) cascade = gateway::cascade_for(options.cascades, reference.name);
        if (cascade != nullptr) {
            candidate.cascade = cascade->name;
            candidate.mode = cascade->mode;
            candidate.promise = cascade->promise;
            add_tiers(*cascade, reference.name, *models, candidate);
        }
        candidates.push_back(std::move(candidate));
    }
    return candidates;
}

int replay_command(const ReplayArguments& arguments, const LoadSettings& settings, const Clock& clock,
                   std::ostream& out, std::ostream& err) {
    const Micros now = clock.unix_micros();
    const std::optional<Micros> since = parse_since(arguments.since, now);
    if (!since) {
        err << "weir replay: " << since_problem(arguments.since) << "\n";
        return 2;
    }
    LoadSettings without_secrets = settings;
    without_secrets.secrets = false;
    const LoadResult loaded = load_config(arguments.config_file, without_secrets);
    if (!loaded) {
        for (const Diagnostic& each : loaded.error()) err << to_string(each) << "\n";
        return 2;
    }
    const std::string folder = arguments.data_folder.empty() ? loaded->options.data_folder : arguments.data_folder;
    const auto log = eval::read_replay_log(folder, *since, now);
    if (!log) {
        err << "weir replay: " << log.error().message << "\n";
        return 1;
    }
    const auto candidates = candidates_of(loaded->options, *log);
    if (!candidates) {
        err << "weir replay: " << candidates.error().message << "\n";
        return 2;
    }
    std::vector<ReplayLine> lines;
    for (std::size_t i = 0; i < candidates->size(); ++i) {
        lines.push_back(eval::replay(*log, log->references[i], (*candidates)[i], arguments.seed));
    }
    if (arguments.format == OutputFormat::json) {
        print_replay_json(lines, folder, out);
    } else if (lines.empty()) {
        out << "No requests in " << folder << " since then.\n";
    } else {
        out << "What " << arguments.config_file << " would have done with the requests in " << folder
            << " (in brackets: 95 % intervals)\n\n";
        print_table(lines, out);
    }
    return 0;
}

}  // namespace weir::cli
