#include "cli/export_command.h"

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <set>

#include "base/files.h"
#include "base/hash.h"
#include "base/version.h"
#include "cli/config_values.h"
#include "cli/export_manifest.h"
#include "cli/progress_lines.h"
#include "cli/report_command.h"
#include "cli/report_text.h"
#include "store/example_files.h"
#include "store/ledger_reader.h"

namespace weir::cli {
namespace {

using eval::ChatExport;
using store::Example;

constexpr std::uint32_t kMostPart = 1'000'000;

// What was found of the task, of one tenant.
struct FoundTask {
    std::uint64_t number = 0;
    std::string name, tenant;
    std::set<std::string> cascades, references;
    std::vector<Example> examples;
};

// One tenant's examples of one task. The examples of different tenants are never put together: where several have a
// task of that name, the tenant has to be named.
Result<FoundTask> find_task(const ExportArguments& arguments, const std::string& folder, const Clock& clock,
                            std::ostream& err) {
    std::map<std::uint64_t, std::string> names;
    if (auto read = store::read_task_names(folder)) names = std::move(*read);  // by its number it goes without a ledger
    const auto wanted = tasks_called(arguments.task, names);
    if (!wanted) return tl::unexpected(wanted.error());
    std::map<std::pair<std::string, std::uint64_t>, FoundTask> found;
    ProgressLines lines(clock, err);
    const auto progress = lines.callback();
    std::error_code none;
    const std::filesystem::directory_iterator all(store::examples_folder(folder), none);
    const auto total = static_cast<std::size_t>(std::distance(begin(all), end(all)));
    std::size_t files = 0;
    store::for_each_example_file(store::examples_folder(folder), [&](const std::string&, store::ExampleFile& file) {
        progress("files of examples read", ++files, total);
        const std::string& tenant = file.header.tenant;
        if (!arguments.tenant.empty() && tenant != arguments.tenant) return;
        for (Example& example : file.examples) {
            if (!wanted->contains(example.task)) continue;
            FoundTask& task = found[{tenant, example.task}];
            task.cascades.insert(file.header.course.cascade);
            task.references.insert(file.header.course.reference);
            task.examples.push_back(std::move(example));
        }
    });
    if (found.empty()) {
        return fail(ErrorCode::not_found,
                    "no examples of task " + quote(arguments.task) + " are kept" +
                        (arguments.tenant.empty() ? "" : " for tenant " + quote(arguments.tenant)) + " in " + folder +
                        "; a cascade keeps them with `store: content` (docs/examples.md)");
    }
    if (found.size() > 1) {
        std::string which;
        for (const auto& [key, task] : found) {
            which += (which.empty() ? "" : ", ") + to_hex(key.second) + " of " + quote(key.first);
        }
        return fail(ErrorCode::invalid,
                    quote(arguments.task) + " is more than one task: " + which + "; give its number, and --tenant");
    }
    FoundTask task = std::move(found.begin()->second);
    task.tenant = found.begin()->first.first;
    task.number = found.begin()->first.second;
    if (const auto name = names.find(task.number); name != names.end()) task.name = name->second;
    return task;
}

Result<void> put(const std::string& path, std::string_view bytes) {
    const Result<void> written = write_file(path, bytes);
    if (!written) return fail(written.error().code, "can't write " + written.error().message);
    return {};
}

struct Written {
    std::string path, split;
    std::size_t rows = 0, bytes = 0;
    std::string sha256;
};

// For the manifest and for --format json.
std::string counts_json(const std::map<std::string, std::uint64_t>& counts) {
    std::string out = "{";
    for (const auto& [name, count] : counts) {
        out += std::string(out.size() > 1 ? ", " : "") + json_string(name) + ": " + std::to_string(count);
    }
    return out + "}";
}

std::string mask_name(eval::ExportMask mask) {
    return mask == eval::ExportMask::weight ? "weight" : mask == eval::ExportMask::train ? "train" : "none";
}

std::string manifest_json(const ExportArguments& arguments, const FoundTask& task, const ChatExport& made,
                          const std::optional<local::ModelMarks>& base, const std::vector<Written>& files, Micros now) {
    const auto times = [](const ChatExport::Part& part) {
        if (part.rows.empty()) return std::string("null");
        return "[" + json_string(iso_time(part.first_unix_micros)) + ", " +
               json_string(iso_time(part.last_unix_micros)) + "]";
    };
    std::map<std::string, std::uint64_t> systems;
    for (const auto& [digest, count] : made.systems) systems.emplace(to_hex(digest), count);
    std::string out =
        "{\n  \"made_by\": \"weir " + std::string(kVersion) + "\",\n  \"made_at\": " + json_string(iso_time(now)) +
        ",\n  \"task\": " + json_string(to_hex(task.number)) + ",\n  \"name\": " + json_string(task.name) +
        ",\n  \"tenant\": " + json_string(task.tenant) +
        ",\n  \"cascades\": " + json_strings({task.cascades.begin(), task.cascades.end()}) +
        ",\n  \"references\": " + json_strings({task.references.begin(), task.references.end()}) +
        ",\n  \"base\": " + base_json(base, arguments.base_file) +
        ",\n  \"licence_filter\": \"may_distil: true of the provider, when the answer was made\"" +
        ",\n  \"mask\": " + json_string(mask_name(arguments.mask)) + ",\n  \"split\": " + json_string(arguments.split) +
        ",\n  \"examples\": " + std::to_string(made.read) +
        ",\n  \"left_out\": {\"not_allowed\": " + std::to_string(made.not_allowed) +
        ", \"hashes_only\": " + std::to_string(made.hashes_only) +
        ", \"texts_missing\": " + std::to_string(made.texts_missing) +
        ", \"duplicates\": " + std::to_string(made.duplicates) +
        "},\n  \"contradicted_prompts\": " + std::to_string(made.contradicted) +
        ",\n  \"rows\": " + std::to_string(made.rows()) + ",\n  \"answered_by\": " + counts_json(made.models) +
        ",\n  \"systems\": " + counts_json(systems) +
        ",\n  \"response_formats\": " + counts_json(made.response_formats) + ",\n  \"asked\": {";
    for (std::size_t i = 0; i < made.parts.size(); ++i) {
        out += std::string(i == 0 ? "" : ", ") + "\"" + std::string(eval::kExportSplits[i]) +
               "\": " + times(made.parts[i]);
    }
    out += "},\n  \"files\": [";
    for (const Written& file : files) {
        out += std::string(out.back() == '[' ? "\n" : ",\n") +
               "    {\"file\": " + json_string(file.path.substr(file.path.rfind('/') + 1)) +
               ", \"split\": " + json_string(file.split) + ", \"rows\": " + std::to_string(file.rows) +
               ", \"bytes\": " + std::to_string(file.bytes) + ", \"sha256\": " + json_string(file.sha256) + "}";
    }
    return out + "\n  ]\n}\n";
}

std::string joined(const std::vector<std::string>& lines) {
    std::string bytes;
    for (const std::string& line : lines) bytes += line + "\n";
    return bytes;
}

Result<std::vector<Written>> write_parts(const std::string& stem, const ChatExport& made) {
    std::vector<Written> files;
    const auto add = [&](const std::string& kind, std::string_view split,
                         const std::vector<std::string>& lines) -> Result<void> {
        const std::string path = stem + "." + std::string(split) + kind, bytes = joined(lines);
        files.push_back({path, std::string(split), lines.size(), bytes.size(), to_hex(sha256(bytes))});
        return put(path, bytes);
    };
    for (std::size_t i = 0; i < made.parts.size(); ++i) {
        Result<void> written = add(".jsonl", eval::kExportSplits[i], made.parts[i].rows);
        if (written) written = add(".provenance.jsonl", eval::kExportSplits[i], made.parts[i].provenance);
        if (!written) return tl::unexpected(written.error());
    }
    return files;
}

std::string nothing_left(const ChatExport& made) {
    return "nothing may be exported of " + std::to_string(made.read) + " examples: for " +
           std::to_string(made.not_allowed) + " the provider did not say may_distil: true, of " +
           std::to_string(made.hashes_only) + " only hashes are kept";
}

void print_table(const FoundTask& task, const ChatExport& made, const std::vector<Written>& files,
                 const std::string& manifest, std::ostream& out) {
    Table table({{"FILE"}, {"ROWS", Table::Align::right}, {"BYTES", Table::Align::right}});
    for (const Written& file : files) table.add({file.path, with_thousands(file.rows), with_thousands(file.bytes)});
    out << "task " << to_hex(task.number) << (task.name.empty() ? "" : " (" + task.name + ")") << " of tenant "
        << task.tenant << ": " << with_thousands(made.read) << " examples, " << with_thousands(made.rows())
        << " different prompts\nleft out: " << with_thousands(made.duplicates) << " asked before, "
        << with_thousands(made.not_allowed) << " not allowed, " << with_thousands(made.hashes_only)
        << " of hashes alone; " << with_thousands(made.contradicted) << " prompts had more than one answer\n\n"
        << table.render() << "\nwhat is in them: " << manifest << "\n";
}

}  // namespace

Result<std::set<std::uint64_t>> tasks_called(const std::string& word,
                                             const std::map<std::uint64_t, std::string>& names) {
    std::set<std::uint64_t> wanted;
    for (const auto& [number, name] : names) {
        if (name == word) wanted.insert(number);
    }
    if (const auto number = parse_hex(word)) wanted.insert(*number);
    if (wanted.empty()) {
        return fail(ErrorCode::not_found, "there is no task " + quote(word) +
                                              "; `weir report --by task --format json` lists their numbers and names");
    }
    return wanted;
}

std::optional<std::array<std::uint32_t, 3>> parse_split(std::string_view text) {
    std::array<std::uint32_t, 3> parts{};
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::size_t end = i < 2 ? text.find(',') : text.size();
        if (end == std::string_view::npos) return std::nullopt;
        const auto part = parse_whole(text.substr(0, end));
        if (!part || *part > kMostPart) return std::nullopt;
        parts[i] = static_cast<std::uint32_t>(*part);
        sum += *part;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (sum == 0) return std::nullopt;
    return parts;
}

int export_command(const ExportArguments& arguments, const Clock& clock, const Environment& environment,
                   std::ostream& out, std::ostream& err) {
    const auto problem = [&err](const Error& error) {
        err << "weir export: " << error.message << "\n";
        return error.code == ErrorCode::invalid ? 2 : 1;
    };
    const auto split = parse_split(arguments.split);
    if (!split) {
        return problem({ErrorCode::invalid, "--split " + quote(arguments.split) +
                                                " is not three shares, of training, validation and test, such as "
                                                "80,10,10"});
    }
    std::optional<local::ModelMarks> base;
    if (!arguments.base_file.empty()) {
        const auto header = local::read_gguf_header(arguments.base_file);
        if (!header) return problem(header.error());
        base = local::marks_of(*header);
    }
    const std::optional<std::string> folder =
        data_folder_of(arguments.config_file, arguments.data_folder, environment, err);
    if (!folder) return 2;
    Result<FoundTask> task = find_task(arguments, *folder, clock, err);
    if (!task) return problem(task.error());
    const ChatExport made = eval::export_chat(std::move(task->examples), {arguments.mask, *split});
    if (made.rows() == 0) return problem({ErrorCode::not_found, nothing_left(made)});
    std::string stem = arguments.out.empty() ? to_hex(task->number) : arguments.out;
    if (stem.ends_with(".jsonl")) stem.resize(stem.size() - 6);
    const auto files = write_parts(stem, made);
    if (!files) return problem(files.error());
    const std::string manifest = manifest_json(arguments, *task, made, base, *files, clock.unix_micros());
    const std::string manifest_file = stem + ".manifest.json";
    if (auto written = put(manifest_file, manifest); !written) return problem(written.error());
    if (arguments.format == OutputFormat::json) {
        out << manifest;
    } else {
        print_table(*task, made, *files, manifest_file, out);
    }
    return 0;
}

}  // namespace weir::cli
