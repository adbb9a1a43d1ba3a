#include "tiers/student/answer_document.h"

namespace weir::tiers::student {

bool parse_answer(std::string_view answer, AnswerDocument& out) {
    const std::size_t begin = answer.find_first_of("{["), last = answer.find_last_of("}]");
    if (answer.size() > kMostSpanAnswerBytes || begin == std::string_view::npos || last == std::string_view::npos ||
        last < begin) {
        return false;
    }
    out.before = answer.substr(0, begin);
    out.behind = answer.substr(last + 1);
    out.text = "{\"\":";
    out.text += answer.substr(begin, last + 1 - begin);
    out.text += "}";
    std::vector<json::Member> members;
    if (!json::members(out.text, members, 1) || members.size() != 1) return false;
    out.root = members[0].value;
    return true;
}

bool is_number(std::string_view raw) {
    if (raw.empty() || raw.size() > 64 || (raw[0] != '-' && (raw[0] < '0' || raw[0] > '9'))) return false;
    AnswerDocument document;
    return parse_answer("[" + std::string(raw) + "]", document) && json::as_double(raw).has_value() &&
           raw.find_first_of(" ,\t\n\r") == std::string_view::npos;
}

}  // namespace weir::tiers::student
