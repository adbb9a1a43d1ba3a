#include "wire/request_memo.h"

#include <cstring>
#include <utility>

namespace weir::wire {
namespace {

std::uint64_t word_at(const char* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
}

std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// Two multiplications for 32 bytes, as wyhash does it (Wang Yi, https://github.com/wangyi-fudan/wyhash): std::hash
// takes six times as many instructions, a tenth of what an exact hit of 1 KiB costs. Not for anything that a forged
// collision could harm.
std::uint64_t quick_hash(std::string_view bytes) {
    constexpr std::uint64_t kFirst = 0x9e3779b97f4a7c15, kSecond = 0xd6e8feb86659fd93;
    std::uint64_t one = folded_product(bytes.size() ^ kFirst, kSecond), two = one;
    const auto mix = [&](const char* at) {
        one = folded_product(word_at(at) ^ kFirst, word_at(at + 8) ^ one);
        two = folded_product(word_at(at + 16) ^ kSecond, word_at(at + 24) ^ two);
    };
    const char* at = bytes.data();
    for (const char* const end = at + bytes.size() / 32 * 32; at != end; at += 32) mix(at);
    char rest[32] = {};
    if (bytes.size() % 32 != 0) std::memcpy(rest, at, bytes.size() % 32);
    mix(rest);
    return folded_product(one ^ kFirst, two);
}

}  // namespace

std::size_t RequestMemo::Known::bytes() const {
    return sizeof(Known) + body.size() + chat.system_text.size() + chat.members.size() * sizeof(json::Member) +
           scope.size();
}

RequestMemo::Place RequestMemo::find(std::string_view body) const {
    if (body.size() > kMaxBodyBytes) return {};
    Place place{quick_hash(body), nullptr};
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
