#include "wire/last_turn.h"

#include <vector>

#include "wire/canonical.h"

namespace weir::wire {
namespace {

// The text of a message's content: a string, or an array of one text part.
bool read_text(std::string_view body, json::Span content, std::string& text) {
    const std::string_view raw = content.of(body);
    if (json::is_string(raw)) return json::append_string(raw, text);
    if (!json::is_array(raw)) return false;
    std::size_t parts = 0;
    for (json::Walk part(body, content); part.next(); ++parts) {
        if (parts > 0 || !part.at_object()) return false;
        bool is_text = false;
        std::optional<json::Span> said;
        for (json::Walk member(body, part.value()); member.next();) {
            if (member.key_is("type")) {
                is_text = json::string_equals(member.raw(), "text");
            } else if (member.key_is("text")) {
                said = member.value();
            } else {
                return false;  // cache_control and whatever else may matter
            }
        }
        if (!is_text || !said || !json::append_string(said->of(body), text)) return false;
    }
    return parts == 1;
}

}  // namespace

std::optional<LastTurn> last_turn(const ChatRequest& request) {
    std::optional<json::Span> last;
    for (const json::Member& member : request.members) {
        if (member.key != "messages") continue;
        for (json::Walk message(request.body, member.value); message.next();) last = message.value();
    }
    if (!last || !json::is_object(last->of(request.body))) return std::nullopt;
    bool from_user = false;
    std::optional<json::Span> content;
    for (json::Walk member(request.body, *last); member.next();) {
        if (member.key_is("role")) {
            from_user = json::string_equals(member.raw(), "user");
        } else if (member.key_is("content")) {
            content = member.value();
        }
    }
    LastTurn turn;
    if (!from_user || !content || !read_text(request.body, *content, turn.text) || turn.text.empty()) {
        return std::nullopt;
    }
    turn.content = *content;
    return turn;
}

Digest256 partition_digest(const ChatRequest& request, const LastTurn& turn, std::string_view scope) {
    std::string rest;
    rest.reserve(request.body.size() + 2);
    rest += request.body.substr(0, turn.content.begin);
    rest += "\"\"";
    rest += request.body.substr(turn.content.end);
    std::vector<json::Member> members;
    if (!json::members(rest, members)) return {};  // it was well-formed before
    const std::string marked = "partition " + std::string(scope);
    return canonical_digest(rest, members, kUncachedMembers, marked);
}

}  // namespace weir::wire
