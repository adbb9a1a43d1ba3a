#include "cascade/gold.h"

#include <algorithm>
#include <fstream>

#include "base/hash.h"
#include "cascade/answer_words.h"
#include "json/scan.h"

namespace weir::cascade {
namespace {

using namespace answer_words;

std::uint64_t key_of(std::string_view question) {
    std::string text;
    for (const char byte : trimmed(question)) {
        if (!is_space(byte)) {
            text += byte;
        } else if (text.back() != ' ') {
            text += ' ';
        }
    }
    return short_digest(sha256(text));
}

struct Row {
    std::string question, answer;
};

Result<Row> read_row(std::string_view line) {
    Row row;
    if (line.front() != '{') {
        const std::size_t tab = line.find('\t');
        if (tab == std::string_view::npos || line.find('\t', tab + 1) != std::string_view::npos) {
            return fail(ErrorCode::invalid, "neither {\"prompt\", \"answer\"} nor two texts with a tab between them");
        }
        row = {std::string(line.substr(0, tab)), std::string(line.substr(tab + 1))};
    } else {
        std::vector<json::Member> members;
        if (const auto read = json::members(line, members); !read) return tl::unexpected(read.error());
        for (const json::Member& member : members) {
            const bool question = member.key == "prompt";
            if (!question && member.key != "answer") continue;
            std::string& text = question ? row.question : row.answer;
            if (!text.empty() || !json::append_string(member.raw(line), text)) {
                return fail(ErrorCode::invalid, "\"" + member.key + "\" is no text, or stands there twice");
            }
        }
    }
    if (trimmed(row.question).empty() || trimmed(row.answer).empty()) {
        return fail(ErrorCode::invalid, "a question and its answer, neither of them empty");
    }
    return row;
}

}  // namespace

std::optional<bool> GoldAnswers::is_right(std::string_view question, std::string_view answer,
                                          const AgreementRules& rules) const {
    if (answer.size() > kMostGradedBytes) return std::nullopt;
    const auto found = answers_.find(key_of(question));
    if (found == answers_.end()) return std::nullopt;
    const std::vector<std::string> words = words_of(answer);
    bool told = true;
    for (const std::string& gold : found->second) {
        const Agreed agreed = agreement(question, gold, answer, rules).result;
        if (agreed == Agreed::agree) return true;
        if (agreed == Agreed::differ) continue;
        const std::vector<std::string> wanted = words_of(gold);
        const bool is_short = !wanted.empty() && wanted.size() <= kContainedWords;
        if (is_short && contains_words(words, wanted)) return true;
        const bool stands = std::search(words.begin(), words.end(), wanted.begin(), wanted.end()) != words.end();
        told = told && is_short && !stands;  // "not Paris" says nothing of Paris by its form
    }
    return told ? std::optional(false) : std::nullopt;
}

Result<std::shared_ptr<const GoldAnswers>> read_gold(const std::string& file) {
    std::ifstream in(file, std::ios::binary | std::ios::ate);
    if (!in) return fail(ErrorCode::unavailable, file + ": can't be read");
    const auto size = static_cast<std::size_t>(std::max<std::streamoff>(in.tellg(), 0));
    if (size > kMostGoldBytes) return fail(ErrorCode::too_large, file + ": more than 256 MiB");
    in.seekg(0);
    auto gold = std::make_shared<GoldAnswers>();
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (trimmed(line).empty()) continue;
        const std::string where = file + ":" + std::to_string(number) + ": ";
        if (number > kMostGoldRows) return fail(ErrorCode::too_large, where + "more than 1,000,000 rows");
        Result<Row> row = read_row(line);
        if (!row) return fail(row.error().code, where + row.error().message);
        gold->answers_[key_of(row->question)].push_back(std::move(row->answer));
    }
    if (in.bad()) return fail(ErrorCode::unavailable, file + ": can't be read");
    if (gold->answers_.empty()) return fail(ErrorCode::invalid, file + ": no rows");
    return std::shared_ptr<const GoldAnswers>(std::move(gold));
}

}  // namespace weir::cascade
