#include "eval/cascade_rows.h"

#include <algorithm>
#include <array>
#include <utility>

#include "eval/json_lines.h"
#include "json/scan.h"

namespace weir::eval {
namespace {

constexpr std::array<std::string_view, 5> kRowMembers = {"id", "task", "system", "prompt", "models"};
constexpr std::array<std::string_view, 4> kAnswerMembers = {"answer", "correct", "logconf", "cost_usd"};

tl::unexpected<Error> twice(std::string_view name) {
    return fail(ErrorCode::invalid, "\"" + std::string(name) + "\" stands there twice");
}

Result<RecordedAnswer> read_answer(std::string_view line, json::Span object) {
    RecordedAnswer answer;
    std::array<bool, kAnswerMembers.size()> seen{};
    json::Walk walk(line, object);
    while (walk.next()) {
        for (std::size_t i = 0; i < kAnswerMembers.size(); ++i) {
            if (walk.key_is(kAnswerMembers[i]) && std::exchange(seen[i], true)) return twice(kAnswerMembers[i]);
        }
        const std::string_view raw = walk.raw();
        if (walk.key_is("answer")) {
            if (!json::is_null(raw) && !json::append_string(raw, answer.answer)) {
                return fail(ErrorCode::invalid, "\"answer\" is no string");
            }
        } else if (walk.key_is("correct") && !json::is_null(raw)) {
            const auto truth = json::as_bool(raw);
            const auto number = truth ? std::optional<double>(*truth ? 1 : 0) : json::as_double(raw);
            if (!number || (*number != 0 && *number != 1)) {
                return fail(ErrorCode::invalid, "\"correct\" is neither 0 nor 1");
            }
            answer.correct = *number == 1;
        } else if (walk.key_is("logconf") && !json::is_null(raw)) {
            const auto number = json::as_double(raw);
            if (!number || *number > 0) return fail(ErrorCode::invalid, "\"logconf\" is no number up to 0");
            answer.logconf = static_cast<float>(*number);
        } else if (walk.key_is("cost_usd") && !json::is_null(raw)) {
            const auto number = json::as_double(raw);
            if (!number || *number < 0) return fail(ErrorCode::invalid, "\"cost_usd\" is no number from 0");
            answer.cost_usd = *number;
        }
    }
    return answer;
}

Result<CascadeRow> read_row(std::string_view line, std::span<const std::string> names) {
    std::vector<json::Member> members;
    if (const auto read = json::members(line, members); !read) return tl::unexpected(read.error());
    CascadeRow row;
    row.models.resize(names.size());
    std::vector<bool> found(names.size(), false);
    std::array<bool, kRowMembers.size()> seen{};
    for (const json::Member& member : members) {
        for (std::size_t i = 0; i < kRowMembers.size(); ++i) {
            if (member.key == kRowMembers[i] && std::exchange(seen[i], true)) return twice(kRowMembers[i]);
        }
        const std::string_view raw = member.raw(line);
        std::string* const text = member.key == "id"       ? &row.id
                                  : member.key == "task"   ? &row.task
                                  : member.key == "system" ? &row.system
                                  : member.key == "prompt" ? &row.prompt
                                                           : nullptr;
        if (text != nullptr) {
            text->clear();
            if (json::is_null(raw)) continue;
            if (!json::append_string(raw, *text)) *text = std::string(raw);  // an id may be a number
        } else if (member.key == "models") {
            if (!json::is_object(raw)) return fail(ErrorCode::invalid, "\"models\" is no object");
            json::Walk walk(line, member.value);
            while (walk.next()) {
                for (std::size_t i = 0; i < names.size(); ++i) {
                    if (!walk.key_is(names[i])) continue;
                    if (found[i]) return twice(names[i]);
                    if (!walk.at_object()) return fail(ErrorCode::invalid, names[i] + " is no object");
                    auto answer = read_answer(line, walk.value());
                    if (!answer) return fail(ErrorCode::invalid, names[i] + ": " + answer.error().message);
                    row.models[i] = std::move(*answer);
                    found[i] = true;
                }
            }
        }
    }
    const auto missing = std::find(found.begin(), found.end(), false);
    if (missing != found.end()) {
        return fail(ErrorCode::invalid,
                    "no answer of " + names[static_cast<std::size_t>(missing - found.begin())] + " among \"models\"");
    }
    return row;
}

}  // namespace

Result<std::vector<CascadeRow>> read_cascade_rows(const std::string& file, std::span<const std::string> models) {
    std::vector<CascadeRow> rows;
    const auto read = read_json_lines(file, [&](std::string_view line) -> Result<void> {
        auto row = read_row(line, models);
        if (!row) return tl::unexpected(row.error());
        rows.push_back(std::move(*row));
        return {};
    });
    if (!read) return tl::unexpected(read.error());
    return rows;
}

}  // namespace weir::eval
