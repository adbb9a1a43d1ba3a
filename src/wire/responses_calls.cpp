#include "wire/responses_calls.h"

#include <algorithm>

namespace weir::wire {

std::string arguments_in(std::string_view raw) {
    if (json::is_string(raw)) return std::string(raw.substr(1, raw.size() - 2));
    if (!json::is_object(raw)) return {};
    std::string text;
    json::write_string(raw, text);
    return text.substr(1, text.size() - 2);
}

CallQueue::Piece CallQueue::read(json::Walk& walk) {
    Piece piece;
    const auto text = [](std::string_view raw) {
        return json::is_string(raw) && raw.size() > 2 ? raw : std::string_view();
    };
    for (json::Walk member = json::Walk::inside(walk); member.next();) {
        if (member.key_is("index")) {
            piece.number = json::as_int64(member.raw());
        } else if (member.key_is("id")) {
            piece.call_id = text(member.raw());
        } else if (member.at_object() && (member.key_is("function") || member.key_is("custom"))) {
            piece.custom = member.key_is("custom");
            for (json::Walk part = json::Walk::inside(member); part.next();) {
                if (part.key_is("name")) piece.name = text(part.raw());
                if (part.key_is("arguments") || part.key_is("input")) piece.arguments = arguments_in(part.raw());
            }
        }
    }
    return piece;
}

Result<CallQueue::Call*> CallQueue::call_of(const Piece& piece) {
    if (piece.number && (*piece.number < 0 || *piece.number >= static_cast<std::int64_t>(kMaxCalls))) {
        return fail(ErrorCode::too_large, "the answer has too many tool calls");
    }
    const auto place = std::find_if(calls_.rbegin(), calls_.rend(),
                                    [&](const Call& call) { return !piece.number || call.number == *piece.number; });
    if (place != calls_.rend()) {
        const std::string& id = place->item.call_id;
        if (piece.call_id.empty() || id.empty() || id == piece.call_id) return &*place;
    } else {
        const bool known = piece.number ? is_known(*piece.number) : count_ > 0;
        const bool other_id =
            !piece.call_id.empty() &&
            !(piece.number && known && ids_[static_cast<std::size_t>(*piece.number)] == piece.call_id);
        if (known && !other_id) return nullptr;
    }
    const std::size_t number = piece.number ? static_cast<std::size_t>(*piece.number) : ids_.size();
    if (count_ == kMaxCalls || number >= kMaxCalls) {
        return fail(ErrorCode::too_large, "the answer has too many tool calls");
    }
    if (ids_.size() <= number) ids_.resize(number + 1);
    ids_[number] = piece.call_id;
    Call& call = calls_.emplace_back();
    call.number = static_cast<std::int64_t>(number);
    call.ordinal = count_++;
    call.item.custom = piece.custom;
    return &call;
}

Result<std::size_t> CallQueue::take(json::Walk& walk) {
    const Piece piece = read(walk);
    const Result<Call*> found = call_of(piece);
    if (!found) return tl::unexpected(found.error());
    if (*found == nullptr) {
        if (piece.arguments.empty()) return std::size_t{0};
        return fail(ErrorCode::protocol, "a tool call in the answer goes on behind its end");
    }
    Call& call = **found;
    if (call.item.call_id.empty()) {
        call.item.call_id = piece.call_id;
        ids_[static_cast<std::size_t>(call.number)] = piece.call_id;
    }
    if (call.item.name.empty()) call.item.name = piece.name;
    call.waiting += piece.arguments;
    call.progress.feed(json::as_string('"' + piece.arguments + '"').value_or(""));
    return piece.arguments.size();
}

}  // namespace weir::wire
