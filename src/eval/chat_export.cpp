#include "eval/chat_export.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "base/hash.h"
#include "json/scan.h"

namespace weir::eval {
namespace {

using store::Example;

void add_message(std::string_view role, std::string_view content, ExportMask mask, std::string& out) {
    const bool said = role == "assistant";
    out += out.back() == '[' ? "" : ", ";
    out += "{\"role\": \"" + std::string(role) + "\", \"content\": ";
    json::write_string(content, out);
    if (mask == ExportMask::weight && said) out += ", \"weight\": 1";
    if (mask == ExportMask::train) out += said ? ", \"train\": true" : ", \"train\": false";
    out += "}";
}

std::string row_of(const Example& example, ExportMask mask) {
    std::string row = "{\"messages\": [";
    if (example.system_text) add_message("system", *example.system_text, mask, row);
    add_message("user", example.prompt, mask, row);
    add_message("assistant", example.answer, mask, row);
    return row + "]}";
}

std::string provenance_of(const Example& example) {
    std::string row = "{\"request\": \"" + to_hex(static_cast<std::uint64_t>(example.request)) +
                      "\", \"unix_us\": " + std::to_string(example.unix_micros) + ", \"model\": ";
    json::write_string(example.model, row);
    row += ", \"api\": ";
    json::write_string(example.api, row);
    return row + ", \"may_distil\": true, \"system\": \"" + to_hex(example.system) + "\", \"response_format\": \"" +
           to_hex(example.response_format) + "\"}";
}

// All answers to one prompt.
struct Prompt {
    Micros first_asked = 0;
    struct Said {
        std::uint64_t count = 0;
        std::size_t latest = 0;  // index of the example
    };
    std::map<std::uint64_t, Said> answers;

    std::size_t chosen() const {
        const auto better = [](const auto& a, const auto& b) {
            return std::tie(a.second.count, a.second.latest) < std::tie(b.second.count, b.second.latest);
        };
        return std::max_element(answers.begin(), answers.end(), better)->second.latest;
    }
};

// How many of `count` prompts belong to the first, and to the first and the second part.
std::array<std::size_t, 2> borders(std::size_t count, const std::array<std::uint32_t, 3>& parts) {
    const std::uint64_t all = std::accumulate(parts.begin(), parts.end(), std::uint64_t{0});
    if (all == 0) return {count, count};
    const auto share = [&](std::uint64_t part) { return static_cast<std::size_t>((count * part + all / 2) / all); };
    return {share(parts[0]), share(std::uint64_t{parts[0]} + parts[1])};
}

}  // namespace

ChatExport export_chat(std::vector<Example> examples, const ChatExportOptions& options) {
    ChatExport made;
    made.read = examples.size();
    std::erase_if(examples, [&made](const Example& example) {
        if (!example.may_distil) return ++made.not_allowed > 0;
        if (!example.content) return ++made.hashes_only > 0;
        return example.system != 0 && !example.system_text && ++made.texts_missing > 0;
    });
    std::stable_sort(examples.begin(), examples.end(),
                     [](const Example& a, const Example& b) { return a.unix_micros < b.unix_micros; });
    std::map<std::tuple<std::uint64_t, std::uint64_t, std::string>, Prompt> prompts;
    for (std::size_t i = 0; i < examples.size(); ++i) {
        const Example& one = examples[i];
        const auto [prompt, fresh] = prompts.try_emplace({one.system, one.response_format, one.prompt});
        if (fresh) prompt->second.first_asked = one.unix_micros;
        Prompt::Said& said = prompt->second.answers[one.answer_digest];
        ++said.count;
        said.latest = i;
        made.duplicates += fresh ? 0U : 1U;
    }
    struct Row {
        Micros first_asked;
        std::size_t example;
    };
    std::vector<Row> rows;
    for (const auto& [key, prompt] : prompts) {
        rows.push_back({prompt.first_asked, prompt.chosen()});
        made.contradicted += prompt.answers.size() > 1 ? 1U : 0U;
    }
    std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
        return std::tie(a.first_asked, examples[a.example].request) <
               std::tie(b.first_asked, examples[b.example].request);
    });
    const auto [first, second] = borders(rows.size(), options.parts);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Example& example = examples[rows[i].example];
        ChatExport::Part& part = made.parts[i < first ? 0 : i < second ? 1 : 2];
        if (part.rows.empty()) part.first_unix_micros = rows[i].first_asked;
        part.last_unix_micros = rows[i].first_asked;
        part.rows.push_back(row_of(example, options.mask));
        part.provenance.push_back(provenance_of(example));
        ++made.models[example.model];
        ++made.response_formats[example.response_format_text ? *example.response_format_text : std::string()];
        ++made.systems[example.system];
    }
    return made;
}

}  // namespace weir::eval
