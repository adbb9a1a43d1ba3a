#include "wire/request_memo.h"

#include <functional>
#include <utility>

namespace weir::wire {

std::size_t RequestMemo::Known::bytes() const {
    return sizeof(Known) + body.size() + chat.system_text.size() + chat.members.size() * sizeof(json::Member) +
           scope.size();
}

RequestMemo::Place RequestMemo::find(std::string_view body) const {
    if (body.size() > kMaxBodyBytes) return {};
    Place place{std::hash<std::string_view>()(body), nullptr};
    const std::size_t first = set_of(place.hash);
    for (std::size_t i = first; i < first + kWays; ++i) {
        if (slots_[i].hash == place.hash && slots_[i].known && slots_[i].known->body == body) {
            place.known = slots_[i].known;
            break;
        }
    }
    return place;
}

void RequestMemo::remember(const Place& place, const ChatRequest& chat, const PromptMemo::Prompt& prompt,
                           std::string_view scope, Spelling spelling, const Digest256& key) {
    if (chat.body.size() > kMaxBodyBytes) return;
    const auto mark = static_cast<std::uint32_t>(place.hash >> 32);
    if (std::exchange(seen_[place.hash % kSeen], mark) != mark) return;
    auto known = std::make_shared<Known>();
    known->body = chat.body;
    known->chat = chat;
    known->chat.body = {};
    known->prompt = prompt;
    known->scope = scope;
    known->spelling = spelling;
    known->key = key;
    while (bytes_ + known->bytes() > kMaxBytes) {
        drop(slots_[next_dropped_]);
        next_dropped_ = (next_dropped_ + 1) % kSlots;
    }
    const std::size_t first = set_of(place.hash);
    drop(slots_[first + kWays - 1]);
    for (std::size_t i = kWays - 1; i > 0; --i) slots_[first + i] = std::move(slots_[first + i - 1]);
    bytes_ += known->bytes();
    slots_[first] = {place.hash, std::move(known)};
}

void RequestMemo::drop(Slot& slot) {
    if (slot.known) bytes_ -= slot.known->bytes();
    slot = {};
}

}  // namespace weir::wire
