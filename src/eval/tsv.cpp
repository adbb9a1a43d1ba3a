#include "eval/tsv.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>
#include <unordered_set>

namespace weir::eval {
namespace {

using Fields = std::vector<std::string_view>;

Error at_line(const std::string& file, std::size_t line, std::string_view what, ErrorCode code = ErrorCode::invalid) {
    return {code, file + ":" + std::to_string(line) + ": " + std::string(what)};
}

// Calls `row` with the fields of each line that is not empty; its answer is what is wrong with the line, or nothing.
Result<void> each_row(const std::string& file, std::size_t fields_wanted,
                      const std::function<std::string(const Fields&)>& row) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(ErrorCode::io, file + ": " + std::strerror(errno));
    std::string line;
    Fields fields;
    std::size_t number = 0, rows = 0;
    while (std::getline(in, line)) {
        ++number;
        if (line.size() > kMostLineBytes) {
            return tl::unexpected(at_line(file, number, "a line of more than 1 MiB", ErrorCode::too_large));
        }
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (line.empty()) continue;
        if (++rows > kMostRows) {
            return tl::unexpected(at_line(file, number, "more than 10,000,000 rows", ErrorCode::too_large));
        }
        fields.clear();
        const std::string_view text = line;
        for (std::size_t begin = 0; begin <= text.size();) {
            const std::size_t end = std::min(text.find('\t', begin), text.size());
            fields.push_back(text.substr(begin, end - begin));
            begin = end + 1;
        }
        if (fields.size() != fields_wanted) {
            return tl::unexpected(at_line(file, number,
                                          "expected " + std::to_string(fields_wanted) + " fields between tabs, found " +
                                              std::to_string(fields.size())));
        }
        if (fields[0].empty()) return tl::unexpected(at_line(file, number, "the id is empty"));
        if (const std::string problem = row(fields); !problem.empty()) {
            return tl::unexpected(at_line(file, number, problem));
        }
    }
    if (in.bad()) return fail(ErrorCode::io, file + ": can't be read to its end");
    if (rows == 0) return fail(ErrorCode::invalid, file + ": there are no rows");
    return {};
}

}  // namespace

Result<std::vector<PairRow>> read_pairs(const std::string& file, bool labelled) {
    std::vector<PairRow> pairs;
    std::unordered_set<std::string> ids;
    const auto done = each_row(file, labelled ? 4 : 3, [&](const Fields& fields) -> std::string {
        PairRow row{std::string(fields[0]), std::string(fields[1]), std::string(fields[2]), false};
        if (!ids.insert(row.id).second) return "the id " + row.id + " was there before";
        if (row.text_a.empty() || row.text_b.empty()) return "a text is empty";
        if (labelled) {
            if (fields[3] != "0" && fields[3] != "1") return "the label is neither 0 nor 1";
            row.label = fields[3] == "1";
        }
        pairs.push_back(std::move(row));
        return {};
    });
    if (!done) return tl::unexpected(done.error());
    return pairs;
}

Result<std::vector<StreamRow>> read_stream(const std::string& file) {
    std::vector<StreamRow> stream;
    std::unordered_set<std::string> ids;
    const auto done = each_row(file, 2, [&](const Fields& fields) -> std::string {
        if (!ids.insert(std::string(fields[0])).second) return "the id " + std::string(fields[0]) + " was there before";
        if (fields[1].empty()) return "the text is empty";
        stream.push_back({std::string(fields[0]), std::string(fields[1])});
        return {};
    });
    if (!done) return tl::unexpected(done.error());
    return stream;
}

Result<std::unordered_map<std::string, std::string>> read_answers(const std::string& file,
                                                                  const std::vector<StreamRow>& stream) {
    std::unordered_map<std::string, std::string> answers;
    const auto done = each_row(file, 2, [&](const Fields& fields) -> std::string {
        if (!answers.emplace(fields[0], fields[1]).second)
            return "the id " + std::string(fields[0]) + " was there before";
        return {};
    });
    if (!done) return tl::unexpected(done.error());
    for (const StreamRow& row : stream) {
        if (!answers.contains(row.id)) return fail(ErrorCode::invalid, file + ": there is no answer for " + row.id);
    }
    return answers;
}

}  // namespace weir::eval
