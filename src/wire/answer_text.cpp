#include "wire/answer_text.h"

#include <vector>

#include "json/scan.h"

namespace weir::wire {
namespace {

using json::Span;
using json::Walk;

// An array of {"type":"text","text":"..."}; nothing where there is a part of another kind.
std::optional<std::string> text_of_parts(std::string_view body, Span parts) {
    std::string text;
    for (Walk part(body, parts); part.next();) {
        if (!part.at_object()) return std::nullopt;
        const std::optional<Span> said = json::find_member(body, part.value(), "text");
        if (!said || !json::append_string(said->of(body), text)) return std::nullopt;
    }
    return text;
}

std::optional<std::string> text_of_message(std::string_view body, Span message) {
    std::optional<std::string> text;
    for (Walk member(body, message); member.next();) {
        const std::string_view raw = member.raw();
        if (member.key_is("tool_calls")) {
            if (json::is_array(raw) && !json::is_empty_container(raw)) return std::nullopt;
        } else if (member.key_is("function_call")) {
            if (json::is_object(raw)) return std::nullopt;
        } else if (member.key_is("refusal")) {
            if (json::is_string(raw) && raw.size() > 2) return std::nullopt;
        } else if (member.key_is("content")) {
            text = json::is_array(raw) ? text_of_parts(body, member.value()) : json::as_string(raw);
        }
    }
    return text;
}

}  // namespace

std::optional<std::string> answer_text(std::string_view body) {
    thread_local std::vector<json::Member> members;
    if (!json::members(body, members)) return std::nullopt;
    for (const json::Member& member : members) {
        if (member.key != "choices" || !json::is_array(member.raw(body))) continue;
        Walk choice(body, member.value);
        if (!choice.next() || !choice.at_object()) return std::nullopt;
        const std::optional<Span> message = json::find_member(body, choice.value(), "message");
        if (!message || !json::is_object(message->of(body))) return std::nullopt;
        return text_of_message(body, *message);
    }
    return std::nullopt;
}

}  // namespace weir::wire
