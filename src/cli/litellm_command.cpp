#include "cli/litellm_command.h"

#include <filesystem>
#include <ostream>

#include "base/files.h"
#include "cli/config_reader.h"
#include "cli/litellm_import.h"

namespace weir::cli {
namespace {

constexpr std::size_t kMaxFileBytes = 1u << 20;

// What is wrong with the text that was made, which should be nothing.
bool loads(const LitellmImport& made, const std::string& file, std::ostream& err) {
    const LoadResult loaded = load_config_text(made.yaml, file, made.check_settings);
    if (loaded) return true;
    err << "weir import litellm: what was made of it is no configuration, which is a mistake of Weir's:\n";
    for (const Diagnostic& each : loaded.error()) err << to_string(each) << "\n";
    return false;
}

void print_notes(const std::string& title, const std::vector<LitellmNote>& notes, std::ostream& out) {
    if (notes.empty()) return;
    out << "\n" << title << "\n";
    Table table({{"line", Table::Align::right}, {"what", Table::Align::left}, {"why", Table::Align::left}});
    for (const LitellmNote& each : notes) table.add({std::to_string(each.line), each.path, each.why});
    out << table.render();
}

std::string joined(const std::set<std::string>& words) {
    std::vector<std::string_view> list(words.begin(), words.end());
    return join(list);
}

// "mode (3), id": the last words of the paths, each with how often it is there.
std::string idle_words(const std::vector<LitellmNote>& notes) {
    std::vector<std::pair<std::string, std::size_t>> words;
    for (const LitellmNote& each : notes) {
        const std::string word = each.path.substr(each.path.rfind('.') + 1);
        auto known = words.begin();
        while (known != words.end() && known->first != word) ++known;
        if (known == words.end()) {
            words.emplace_back(word, 1);
        } else {
            ++known->second;
        }
    }
    std::string out;
    for (const auto& [word, count] : words) {
        out += (out.empty() ? "" : ", ") + word + (count > 1 ? " (" + std::to_string(count) + ")" : "");
    }
    return out;
}

void print_table(const LitellmImport& made, const ImportLitellmArguments& arguments, std::ostream& out) {
    const LitellmTale& tale = made.tale;
    const bool written = !made.yaml.empty() && arguments.out_file != "-";
    if (written) out << arguments.out_file << ": ";
    out << made.providers << (made.providers == 1 ? " provider, " : " providers, ") << made.models
        << (made.models == 1 ? " model" : " models") << " of " << arguments.in_file << "; " << tale.carried.size()
        << " settings carried over, " << tale.changed.size() << " changed, " << tale.not_carried.size()
        << " not carried over\n";
    print_notes("not carried over:", tale.not_carried, out);
    print_notes("carried over, but:", tale.changed, out);
    if (!tale.idle.empty()) out << "\nWeir needs nothing in place of: " << idle_words(tale.idle) << "\n";
    if (!made.variables.empty()) out << "\nto be set in Weir's environment: " << joined(made.variables) << "\n";
    if (written) out << "Then: weir check -c " << arguments.out_file << "\n";
}

std::string notes_json(const std::vector<LitellmNote>& notes, const char* what) {
    std::string out = "[";
    for (const LitellmNote& each : notes) {
        out += (out.size() > 1 ? ", " : "") + ("{\"path\": " + json_string(each.path)) +
               ", \"line\": " + std::to_string(each.line);
        if (what != nullptr) out += std::string(", \"") + what + "\": " + json_string(each.why);
        out += "}";
    }
    return out + "]";
}

void print_json(const LitellmImport& made, const ImportLitellmArguments& arguments, std::ostream& out) {
    const LitellmTale& tale = made.tale;
    const std::vector<std::string> variables(made.variables.begin(), made.variables.end());
    const bool written = !made.yaml.empty() && arguments.out_file != "-";
    out << "{\"file\": " << (written ? json_string(arguments.out_file) : "null")
        << ", \"providers\": " << made.providers << ", \"models\": " << made.models
        << ", \"carried\": " << notes_json(tale.carried, "into") << ", \"changed\": " << notes_json(tale.changed, "why")
        << ", \"not_carried\": " << notes_json(tale.not_carried, "why")
        << ", \"not_needed\": " << notes_json(tale.idle, nullptr) << ", \"environment\": " << json_strings(variables)
        << "}\n";
}

}  // namespace

int import_litellm_command(const ImportLitellmArguments& arguments, std::ostream& out, std::ostream& err) {
    const bool to_out = arguments.out_file == "-";
    std::error_code problem;
    if (!to_out && !arguments.force && std::filesystem::exists(arguments.out_file, problem)) {
        err << "weir import litellm: " << arguments.out_file
            << " is there already; --out names another, --force writes "
            << "over it\n";
        return 2;
    }
    const Result<std::string> text = read_file(arguments.in_file, kMaxFileBytes);
    if (!text) {
        err << "weir import litellm: " << text.error().message << "\n";
        return 2;
    }
    const auto made = import_litellm(*text, arguments.in_file);
    if (!made) {
        for (const Diagnostic& each : made.error()) err << to_string(each) << "\n";
        return 2;
    }
    const bool something = !made->yaml.empty();
    if (something && !loads(*made, arguments.out_file, err)) return 1;
    if (something && to_out) {
        out << made->yaml;
    } else if (something) {
        if (const Result<void> written = write_file(arguments.out_file, made->yaml); !written) {
            err << "weir import litellm: " << written.error().message << "\n";
            return 1;
        }
    }
    std::ostream& list = to_out ? err : out;
    if (arguments.format == OutputFormat::json) {
        print_json(*made, arguments, list);
    } else {
        print_table(*made, arguments, list);
    }
    if (something) return 0;
    err << arguments.in_file << ": nothing in its model_list that Weir could serve; nothing is written\n";
    return 2;
}

}  // namespace weir::cli
