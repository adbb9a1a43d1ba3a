#include "wire/grader.h"

#include <optional>
#include <vector>

#include "base/hash.h"
#include "json/scan.h"

namespace weir::wire {

Result<std::string> render_grader_question(std::uint64_t task, const JudgedPair& pair) {
    if (const auto fits = check_judged(pair); !fits) return tl::unexpected(fits.error());
    std::string body = R"({"task":")" + to_hex(task) + R"(","system":)";
    json::write_string(pair.question_system, body);
    body += R"(,"question":)";
    json::write_string(pair.question_user, body);
    body += R"(,"reference":)";
    json::write_string(pair.a, body);
    body += R"(,"answer":)";
    json::write_string(pair.b, body);
    return body + "}";
}

JudgeWord read_grader_word(std::string_view body) {
    constexpr double kGoodEnough = 0.5;
    thread_local std::vector<json::Member> members;
    if (!json::members(body, members)) return JudgeWord::none;
    std::optional<JudgeWord> word;
    for (const json::Member& member : members) {
        if (member.key != "verdict" && member.key != "score") continue;
        if (word) return JudgeWord::none;  // two words are none
        word = JudgeWord::none;
        const std::string_view raw = member.raw(body);
        if (member.key == "verdict") {
            if (json::string_equals(raw, "same")) word = JudgeWord::same;
            if (json::string_equals(raw, "better")) word = JudgeWord::b;
            if (json::string_equals(raw, "worse")) word = JudgeWord::a;
        } else if (const auto score = json::as_double(raw); score && *score >= 0 && *score <= 1) {
            word = *score >= kGoodEnough ? JudgeWord::same : JudgeWord::a;
        }
    }
    return word.value_or(JudgeWord::none);
}

}  // namespace weir::wire
