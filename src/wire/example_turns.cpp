#include "wire/example_turns.h"

#include "json/scan.h"

namespace weir::wire {
namespace {

void append_message(std::string_view role, std::string_view text, std::string& to) {
    to += R"({"role":")";
    to += role;
    to += R"(","content":)";
    json::write_string(text, to);
    to += "},";
}

// A picture beside the text would be part of what is asked.
bool is_text_alone(const ChatRequest& request) {
    const json::Span content = request.recent.back(0).content;
    if (!json::is_array(content.of(request.body))) return true;
    std::size_t parts = 0;
    for (json::Walk part(request.body, content); part.next();) ++parts;
    return parts == 1;
}

}  // namespace

bool takes_examples(const ChatRequest& request) {
    return !request.question.empty() && request.history.empty() && !request.has_tools && request.n == 1 &&
           is_text_alone(request);
}

std::string with_examples(const ChatRequest& request, std::span<const ExampleTurn> turns) {
    json::Edit edit{{request.turns.begin, request.turns.begin}, {}};
    for (const ExampleTurn& turn : turns) {
        append_message("user", turn.question, edit.text);
        append_message("assistant", turn.answer, edit.text);
    }
    std::string body;
    body.reserve(request.body.size() + edit.text.size());
    json::splice(request.body, {&edit, 1}, body);
    return body;
}

}  // namespace weir::wire
