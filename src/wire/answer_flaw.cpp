#include "wire/answer_flaw.h"

#include <optional>
#include <string>

#include "text/refusal.h"
#include "wire/answer_form.h"
#include "wire/answer_text.h"

namespace weir::wire {

std::string_view to_string(AnswerFlaw flaw) {
    switch (flaw) {
        case AnswerFlaw::none:
            return "none";
        case AnswerFlaw::empty:
            return "empty";
        case AnswerFlaw::cut_short:
            return "cut short";
        case AnswerFlaw::refused:
            return "a refusal";
        case AnswerFlaw::malformed:
            break;
    }
    return "not of the form asked for";
}

AnswerFlaw flaw_of(std::string_view response_format, const ChatAnswer& read, std::string_view body) {
    if (read.refused) return AnswerFlaw::refused;
    if (!read.finished || !read.whole) return AnswerFlaw::cut_short;
    if (read.empty) return AnswerFlaw::empty;
    const std::optional<std::string> text = answer_text(body);
    if (!text) return AnswerFlaw::none;
    if (text->find_first_not_of(" \t\r\n") == std::string::npos) return AnswerFlaw::empty;
    if (text::refuses(*text)) return AnswerFlaw::refused;
    return has_demanded_form(response_format, *text) ? AnswerFlaw::none : AnswerFlaw::malformed;
}

}  // namespace weir::wire
