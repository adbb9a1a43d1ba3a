#include "cli/import_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <ostream>
#include <set>

#include "base/files.h"
#include "base/version.h"
#include "cli/config_draft.h"
#include "cli/config_values.h"
#include "cli/export_command.h"
#include "cli/export_manifest.h"
#include "cli/import_lines.h"
#include "cli/report_command.h"
#include "cli/report_text.h"
#include "store/example_files.h"
#include "store/ledger_reader.h"

namespace weir::cli {
namespace {

using local::TrainedFile;
using local::TrainedKind;

// Lower case, and '-' for whatever a provider's name can't have.
std::string name_of(const std::string& file) {
    std::string name = std::filesystem::path(file).stem().string();
    for (char& c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (!plain) c = '-';
    }
    return name;
}

Result<const gateway::ProviderOptions*> find_base(const gateway::Options& options, const std::string& name) {
    std::vector<std::string_view> usable;
    for (const auto& [each, provider] : options.providers) {
        if (provider.child && !provider.child->embedding) usable.push_back(each);
    }
    const auto found = options.providers.find(name);
    if (found != options.providers.end() &&
        std::find(usable.begin(), usable.end(), std::string_view(name)) != usable.end()) {
        return &found->second;
    }
    return fail(ErrorCode::invalid, "--provider " + quote(name) +
                                        (found == options.providers.end() ? ": there is no such provider"
                                                                          : " is no model of this machine") +
                                        "; its model_file is what the file is checked against; there are: " +
                                        (usable.empty() ? "none with api: llama-server" : join(usable)));
}

// The cascades that have kept examples of the task.
Result<std::vector<std::string>> cascades_of_task(const std::string& task, const std::string& folder) {
    std::map<std::uint64_t, std::string> names;
    if (auto read = store::read_task_names(folder)) names = std::move(*read);
    const auto wanted = tasks_called(task, names);
    if (!wanted) return tl::unexpected(wanted.error());
    std::set<std::string> found;
    store::for_each_example_file(store::examples_folder(folder), [&](const std::string&, store::ExampleFile& file) {
        const bool has = std::any_of(file.examples.begin(), file.examples.end(),
                                     [&](const store::Example& example) { return wanted->contains(example.task); });
        if (has) found.insert(file.header.course.cascade);
    });
    if (found.empty()) {
        return fail(ErrorCode::not_found,
                    "no examples of task " + quote(task) + " are kept in " + folder + "; name the --cascade instead");
    }
    return std::vector<std::string>(found.begin(), found.end());
}

// Which cascades are to have the tier: named, or those of the task, or those of the export. Only ones that there are.
Result<std::vector<std::string>> target_cascades(const ImportArguments& arguments, const gateway::Options& options,
                                                 const std::optional<ExportManifest>& manifest) {
    const auto there = [&options](const std::string& name) {
        return std::any_of(options.cascades.begin(), options.cascades.end(),
                           [&name](const cascade::CascadeOptions& each) { return each.name == name; });
    };
    if (!arguments.cascade.empty()) {
        if (there(arguments.cascade)) return std::vector<std::string>{arguments.cascade};
        return fail(ErrorCode::invalid, "--cascade: there is no cascade " + quote(arguments.cascade));
    }
    std::vector<std::string> found;
    if (manifest) {
        found = manifest->cascades;
    } else if (!arguments.task.empty()) {
        auto of_task = cascades_of_task(arguments.task, options.data_folder);
        if (!of_task) return of_task;
        found = std::move(*of_task);
    }
    std::erase_if(found, [&there](const std::string& name) { return !there(name); });
    return found;
}

// The export against the task that is meant and the model that will serve.
Result<void> check_manifest(const ExportManifest& manifest, const ImportArguments& arguments,
                            const local::ModelMarks& base, const std::string& base_file,
                            std::vector<std::string>& notes) {
    const std::string& file = arguments.manifest_file;
    if (!arguments.task.empty() && arguments.task != manifest.name && arguments.task != manifest.task) {
        return fail(ErrorCode::invalid, file + " is of task " + manifest.task +
                                            (manifest.name.empty() ? "" : " (" + quote(manifest.name) + ")") +
                                            ", not of " + quote(arguments.task));
    }
    if (!manifest.base) {
        notes.push_back(file + " names no base model (`weir export --base`): that of the training was not compared");
        return {};
    }
    const auto differs = [&](const std::string& what) {
        return fail(ErrorCode::invalid, file + ": the export was made for a model of another " + what +
                                            " than that of " + base_file +
                                            "; what was trained from it would be asked otherwise than it was "
                                            "taught");
    };
    if (manifest.base->architecture != base.architecture) return differs("architecture");
    if (manifest.base->chat_template != base.chat_template) return differs("chat template");
    if (manifest.base->tokenizer != base.tokenizer) return differs("tokenizer");
    if (manifest.base->shapes != base.shapes) return differs("size");
    return {};
}

struct Kept {
    std::string file;
    FileDigest digest;
    TrainedFile facts;
};

// Copies, checks the copy, and gives it its name. A name is never given twice: what is proved of a tier is proved of
// its file.
Result<Kept> keep(const std::string& from, const std::string& target, const local::GgufHeader& base) {
    Kept kept{target, {}, {}};
    std::error_code problem;
    std::filesystem::create_directories(std::filesystem::path(target).parent_path(), problem);
    if (problem) return fail(ErrorCode::io, target + ": its folder can't be made: " + problem.message());
    const std::string part = target + ".part" + std::to_string(::getpid());
    const auto digest = copy_file(from, part);
    if (!digest) return tl::unexpected(digest.error());
    kept.digest = *digest;
    const auto give_up = [&part](Error error) {
        std::remove(part.c_str());
        return tl::unexpected(std::move(error));
    };
    const auto header = local::read_gguf_header(part);
    if (!header) return give_up(header.error());
    auto facts = local::check_trained(*header, base);
    if (!facts) return give_up(facts.error());
    kept.facts = std::move(*facts);
    if (std::filesystem::exists(target, problem)) {
        const auto there = digest_file(target);
        if (!there) return give_up(there.error());
        std::remove(part.c_str());
        if (there->sha256 == kept.digest.sha256) return kept;
        return fail(ErrorCode::invalid, target +
                                            " is there already, with another content; --as gives another name "
                                            "(what was proved of one file must not stand for another)");
    }
    if (std::rename(part.c_str(), target.c_str()) != 0) {
        return give_up({ErrorCode::io, target + ": " + std::strerror(errno)});
    }
    return kept;
}

std::string record_members(const Kept& kept, const ImportArguments& arguments, const std::string& base_file,
                           const local::ModelMarks& base, const std::optional<ExportManifest>& manifest, Micros now) {
    const TrainedFile& facts = kept.facts;
    const std::string task = manifest ? manifest->task : arguments.task;
    return "\"file\": " + json_string(kept.file) + ", \"bytes\": " + std::to_string(kept.digest.bytes) +
           ", \"sha256\": " + json_string(to_hex(kept.digest.sha256)) +
           ", \"kind\": " + (facts.kind == TrainedKind::lora ? "\"lora\"" : "\"model\"") +
           ", \"architecture\": " + json_string(facts.architecture) + ", \"name\": " + json_string(facts.name) +
           ", \"base_name\": " + json_string(facts.base_name) + ", \"tensors\": " + std::to_string(facts.tensors) +
           ", \"rank\": " + std::to_string(facts.rank_most) + ", \"alpha\": " + fixed(facts.alpha, 3) +
           ", \"provider\": " + json_string(arguments.provider) + ", \"base\": " + base_json(base, base_file) +
           ", \"task\": " + (task.empty() ? "null" : json_string(task)) +
           ", \"imported_at\": " + json_string(iso_time(now)) + ", \"imported_by\": \"weir " + std::string(kVersion) +
           "\"";
}

std::string lines_members(const ImportLines& lines, const std::vector<std::string>& notes) {
    std::string tiers = "{";
    for (const auto& [cascade, list] : lines.tiers) {
        tiers += (tiers.size() > 1 ? ", " : "") + json_string(cascade) + ": " + json_string(list);
    }
    return "\"model\": " + json_string(lines.model_name) + ", \"add_to_providers\": " + json_string(lines.provider) +
           ", \"add_to_models\": " + (lines.model.empty() ? "null" : json_string(lines.model)) +
           ", \"tiers\": " + tiers + "}, \"notes\": " + json_strings(notes);
}

void print_table(const Kept& kept, const std::string& base_file, const std::string& config_file,
                 const ImportLines& lines, const std::vector<std::string>& notes, std::ostream& out) {
    const TrainedFile& facts = kept.facts;
    const std::string ranks = facts.rank_least == facts.rank_most
                                  ? std::to_string(facts.rank_most)
                                  : std::to_string(facts.rank_least) + " to " + std::to_string(facts.rank_most);
    out << (facts.kind == TrainedKind::lora ? "a LoRA of rank " + ranks : "a model") << ", " << facts.architecture
        << ", " << with_thousands(facts.tensors) << " tensors; fits " << base_file << "\nkept: " << kept.file << ", "
        << with_thousands(kept.digest.bytes) << " bytes, SHA-256 " << to_hex(kept.digest.sha256) << "\n\nTo make it a "
        << "tier, in " << config_file << "\nunder providers:\n  " << lines.provider << "\n";
    if (!lines.model.empty()) out << "under models:\n  " << lines.model << "\n";
    for (const auto& [cascade, tiers] : lines.tiers) {
        out << "in cascades." << cascade << ", instead of its tiers:\n    tiers: " << tiers << "\n";
    }
    if (lines.tiers.empty()) {
        out << "in a cascade's tiers, before those that cost more:\n    " << lines.model_name << "\n";
    }
    for (const std::string& note : notes) out << "note: " << note << "\n";
    out << "Then: weir check -c " << config_file << ", and SIGHUP to the gateway. The tier is first tried beside the "
        << "reference; it serves what its trials prove (docs/cascades.md).\n";
}

// All that an import is about, once the configuration is read.
Result<void> import(const ImportArguments& arguments, const gateway::Options& options, Micros now, std::ostream& out) {
    const std::string name = arguments.name.empty() ? name_of(arguments.file) : arguments.name;
    if (!is_plain_name(name)) {
        return fail(ErrorCode::invalid, "--as " + quote(name) + " is no name: 1 to 64 of the characters a-z 0-9 - _ .");
    }
    if (options.providers.contains(name)) {
        return fail(ErrorCode::invalid, "there is a provider " + quote(name) + " already; --as gives another name");
    }
    const auto provider = find_base(options, arguments.provider);
    if (!provider) return tl::unexpected(provider.error());
    const std::string& base_file = (*provider)->child->model_file;
    const auto base = local::read_gguf_header(base_file);
    if (!base) return tl::unexpected(base.error());
    const auto header = local::read_gguf_header(arguments.file);
    if (!header) return tl::unexpected(header.error());
    if (const auto fits = local::check_trained(*header, *base); !fits) {
        return fail(fits.error().code, arguments.file + " does not fit " + base_file + ": " + fits.error().message);
    }
    const local::ModelMarks marks = local::marks_of(*base);
    std::vector<std::string> notes;
    std::optional<ExportManifest> manifest;
    if (!arguments.manifest_file.empty()) {
        auto read = read_export_manifest(arguments.manifest_file);
        if (!read) return tl::unexpected(read.error());
        manifest = std::move(*read);
        if (auto good = check_manifest(*manifest, arguments, marks, base_file, notes); !good) return good;
    }
    const auto cascades = target_cascades(arguments, options, manifest);
    if (!cascades) return tl::unexpected(cascades.error());

    const auto kept = keep(arguments.file, options.data_folder + "/adapters/" + name + ".gguf", *base);
    if (!kept) return tl::unexpected(kept.error());
    const std::string record = record_members(*kept, arguments, base_file, marks, manifest, now);
    if (auto written = write_file(local::record_file_of(kept->file), "{" + record + "}\n"); !written) return written;
    const ImportLines lines =
        import_lines(options, **provider, name, kept->file, kept->facts.kind == TrainedKind::lora, *cascades);
    notes.insert(notes.end(), kept->facts.notes.begin(), kept->facts.notes.end());
    notes.insert(notes.end(), lines.notes.begin(), lines.notes.end());
    if (arguments.format == OutputFormat::json) {
        out << "{" << record << ", " << lines_members(lines, notes) << "}\n";
    } else {
        print_table(*kept, base_file, options.file, lines, notes, out);
    }
    return {};
}

}  // namespace

int import_command(const ImportArguments& arguments, const LoadSettings& settings, const Clock& clock,
                   std::ostream& out, std::ostream& err) {
    LoadSettings without_secrets = settings;
    without_secrets.secrets = false;
    const LoadResult loaded = load_config(arguments.config_file, without_secrets);
    if (!loaded) {
        for (const Diagnostic& each : loaded.error()) err << to_string(each) << "\n";
        return 2;
    }
    const auto done = import(arguments, loaded->options, clock.unix_micros(), out);
    if (done) return 0;
    err << "weir import-adapter: " << done.error().message << "\n";
    return done.error().code == ErrorCode::invalid || done.error().code == ErrorCode::too_large ? 2 : 1;
}

}  // namespace weir::cli
